"""The package keeps the house rules, and every rule bites.

Each rule of house_rules.py is used twice: on the package, where it must have no complaint, and on a made-up
tree that breaks it, where it must have the right one.
"""

import ast
from pathlib import Path

import pytest

from tests.house_rules import (
    PACKAGE,
    RULES,
    Rule,
    Tree,
    cycles,
    depth,
    inside_functions,
    layer_of,
    lengths,
    not_standard,
    of_the_root,
    strangers,
    too_big,
    too_deep,
    too_long,
    too_long_as_a_whole,
    top_level_of,
    undocumented,
    upward_at_run_time,
    upward_for_types,
    without_layer,
)

REPOSITORY = Path(__file__).parents[1]

# The package keeps them

TREE = Tree.read(REPOSITORY / "src" / PACKAGE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps(rule: Rule) -> None:
    complaints = rule(TREE)
    assert not complaints, "\n".join([rule.__doc__ or "", *complaints])


def test_the_package_was_read() -> None:
    assert {"", "core.flow", "core.task", "engine.state", "engine.flow_runner", "executors"} <= TREE.keys()


def test_tests_and_examples_are_of_readable_size() -> None:
    complaints = [text for folder in ("tests", "examples") for text in too_big(Tree.read(REPOSITORY / folder))]
    assert not complaints


def test_the_top_level_holds_nothing_else() -> None:
    assert not strangers(top_level_of(REPOSITORY))


def test_it_is_typed_for_its_users() -> None:
    assert (REPOSITORY / "src" / PACKAGE / "py.typed").exists()


# The rules bite: each made-up tree breaks one of them

LINE = "    x = 1\n"
DEEP = "def f(a):\n" + "".join(f"{'    ' * level}if a:\n" for level in range(1, 6)) + f"{'    ' * 6}pass\n"

VIOLATIONS: tuple[tuple[Rule, Tree, str], ...] = (
    (without_layer, Tree.of(novelty=""), "novelty has no layer"),
    (
        upward_at_run_time,
        Tree.of(utilities__new="from miniprefect.configuration import config", configuration=""),
        "utilities.new:1 (basics) imports configuration (configuration)",
    ),
    (
        upward_at_run_time,
        Tree.of(engine__plan="from miniprefect.core.flow import Flow", core__flow=""),
        "engine.plan:1 (engine) imports core.flow (core)",
    ),
    (
        upward_at_run_time,
        Tree.of(engine__plan="def f():\n    from miniprefect.core import flow", core__flow=""),
        "engine.plan:2 (engine) imports core.flow (core)",
    ),
    (
        upward_for_types,
        Tree.of(
            triggers="if typing.TYPE_CHECKING:\n    from miniprefect.core import Edge",
            core="",
        ),
        "triggers:2 (triggers) imports core (core)",
    ),
    (
        cycles,
        Tree.of(core__a="from miniprefect.core.b import x", core__b="from miniprefect.core import a"),
        " -> ",
    ),
    (inside_functions, Tree.of(a="class A:\n    def f(self):\n        import os"), "a:3 imports os in f()"),
    (
        inside_functions,
        Tree.of(a="def f():\n    if x:\n        from os import path"),
        "imports os.path in f()",
    ),
    (of_the_root, Tree.of(a="import miniprefect"), "a:1: import miniprefect"),
    (of_the_root, Tree.of(a="import miniprefect.core.flow as flow"), "a:1: import miniprefect.core.flow"),
    (
        of_the_root,
        Tree.of(a="def f():\n    from miniprefect import Flow"),
        "a:2: from miniprefect import Flow",
    ),
    (of_the_root, Tree.of(a="from . import b"), "a:1: from . import b"),
    (not_standard, Tree.of(a="import os, requests"), "a:1 imports requests"),
    (
        not_standard,
        Tree.of(a="try:\n    from yaml import load\nexcept ImportError: pass"),
        "imports yaml.load",
    ),
    (too_long, Tree.of(a="def f():\n" + LINE * 51), "a:f:1 has 51 lines"),
    (too_long, Tree.of(a="class A:\n  async def f():\n" + LINE * 60), "a:A.f:2 has 60 lines"),
    (too_long_as_a_whole, Tree.of(a=("def f():\n" + LINE * 7) * 3), "the median function has 7 lines"),
    (
        too_long_as_a_whole,
        Tree.of(a=("def f():\n" + LINE) * 9 + "def f():\n" + LINE * 40),
        "one function in twenty has more than",
    ),
    (too_deep, Tree.of(a=DEEP), "a:f is 5 blocks deep"),
    (too_big, Tree.of(a="\n" * 601), "a has 601 lines"),
    (undocumented, Tree.of(root=""), "module miniprefect"),
    (undocumented, Tree.of(a='"""A."""\ndef f(): pass'), "a:2 f"),
    (undocumented, Tree.of(a='"""A."""\nclass A: pass'), "a:2 A"),
    (
        undocumented,
        Tree.of(a='"""A."""\nclass A:\n    """A."""\n    @property\n    def p(self): pass'),
        "a:5 A.p",
    ),
)


@pytest.mark.parametrize(("rule", "tree", "complaint"), VIOLATIONS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_violation_is_found(rule: Rule, tree: Tree, complaint: str) -> None:
    complaints = rule(tree)
    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_every_rule_has_a_violation() -> None:
    assert {rule for rule, _, _ in VIOLATIONS} == set(RULES)


ALLOWED = Tree.of(
    root='''"""P."""
from miniprefect import triggers
from miniprefect.core.flow import Flow
from typing import overload

@overload
def task(): ...
def task():
    """T."""
''',
    triggers='"""T."""',
    core__flow='''"""F."""
from miniprefect.engine.state import State

class Flow:
    """A."""

    def method(self):
        """M."""
''',
    core__part='''"""P."""
from miniprefect.core.flow import Flow

class Part(Flow):
    """P."""

    def method(self): return 1
''',
    engine__state='''"""S."""
import os.path

class _Private: pass
''',
    engine___hidden="def f(): pass",
)


def test_what_is_allowed_draws_no_complaint() -> None:
    rules = [rule for rule in RULES if rule is not too_long_as_a_whole]
    assert [rule(ALLOWED) for rule in rules] == [[] for _ in rules]


LENGTHS = '''
def f(
    a,
    b,
):
    """Doc.

    More.
    """
    # why

    x = """two
    lines"""
    return x

def stub():
    """Doc."""
    ...
'''


def test_lengths_count_code_only() -> None:
    assert lengths(Tree.of(a=LENGTHS)) == {"a:f:2": 3}


def test_an_elif_is_no_deeper() -> None:
    source = "def f(a):\n    if a: pass\n    elif a: pass\n    elif a: pass\n    else:\n        for _ in a: pass\n"
    assert depth(ast.parse(source).body[0]) == 2


def test_the_longest_name_places_a_module() -> None:
    assert layer_of("utilities.context") != layer_of("utilities.collections")
    assert layer_of("engine.results.local_result") == layer_of("engine")


def test_strangers_at_the_top_level_are_found(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "build").mkdir()
    (tmp_path / ".gitignore").touch()
    assert strangers(top_level_of(tmp_path)) == ["notes.txt"]
