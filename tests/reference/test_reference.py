"""docs/names.md and docs/api/ say what is true now."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import miniprefect
from miniprefect import Flow, Task
from miniprefect.exceptions import NoBackendError
from tests.reference import api, names, pages
from tests.test_exports import NAMES, resolve

DOCS = Path(__file__).parents[2] / "docs"
PAGES = pages()


@pytest.mark.parametrize("name", [*PAGES])
def test_the_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name], "run `python -m tests.reference`"


def test_no_page_is_left_over() -> None:
    assert {f"{api.FOLDER}/{path.name}" for path in (DOCS / api.FOLDER).iterdir()} == {*PAGES} - {names.PAGE}


# The names of Prefect: read from the page, as a reader would

ROW = re.compile(r"^\| (?P<modules>`.*?`) \| (?P<names>.*?) \| (?P<answer>works|differs|not here)\b.*\|$", re.M)
QUOTED = re.compile(r"`([^`]+)`")


def answers() -> Iterator[tuple[str, str, list[str]]]:
    """Each path on the page, what it is said to be, and all paths of its row and name."""
    page = (DOCS / names.PAGE).read_text(encoding="utf-8")
    for row in ROW.finditer(page):
        for name in QUOTED.findall(row["names"]) or [""]:
            paths = [f"{module}.{name}".rstrip(".") for module in QUOTED.findall(row["modules"])]
            yield from ((path, row["answer"], paths) for path in paths)


ANSWERS = [*answers()]
HERE = [(path, paths) for path, answer, paths in ANSWERS if answer != names.MISSING]
NOT_HERE = [path for path, answer, _ in ANSWERS if answer == names.MISSING]


def test_every_name_of_prefect_is_there_exactly_once() -> None:
    everything = [one for one in names.recorded() if one.name]
    assert len(everything) > 1000
    listed = Counter(path for path, *_ in ANSWERS)
    assert {one.path: listed[one.path] for one in everything if listed[one.path] != 1} == {}
    assert {*listed} - {one.path for one in names.recorded()} == set()


def test_every_module_of_prefect_is_there() -> None:
    modules = {path.rpartition(".")[0] for path, *_ in ANSWERS} | {path for path, *_ in ANSWERS}
    assert [one.module for one in names.recorded() if one.module not in modules] == []


def test_the_record_has_what_is_known_from_elsewhere() -> None:
    known = {one.path for one in names.recorded()}
    modules = {one.module for one in names.recorded()}
    paths = [path for path, name in NAMES.items() if "1.4.1" in name.known_from]
    unknown = [path for path in paths if path not in known | modules and path.rpartition(".")[0] not in known]
    assert unknown == []


def test_what_is_said_to_be_here_is() -> None:
    assert len(HERE) > 400
    assert [path for path, paths in HERE if resolve(path) is not resolve(paths[0])] == []


def test_what_is_said_not_to_be_here_is_not() -> None:
    assert len(NOT_HERE) > 400
    assert [path for path in NOT_HERE if names.find(path) is not None] == []


def test_what_is_not_here_comes_with_advice() -> None:
    page = (DOCS / names.PAGE).read_text(encoding="utf-8")
    assert "| not here: |" not in page
    assert "miniprefect has what" not in page


@pytest.mark.parametrize("table", [names.DIFFERS, names.NEEDS, names.INSTEAD])
def test_every_remark_is_about_something(table: dict[str, str]) -> None:
    everything = names.recorded()
    of_missing = table is names.INSTEAD
    about = {
        key
        for one in everything
        for key in table
        if (one.path if of_missing else one.origin).startswith(key) and (names.find(one.path) is None) == of_missing
    }
    assert {*table} - about == set()


def test_what_a_class_lacks_is_found() -> None:
    storage = resolve("prefect.storage.Storage")
    assert [*names.lacks(storage, ["(labels)", "name", "labels", "add_flow(flow)"])] == []
    assert [*names.lacks(storage, ["other", "add_flow(flow,project)"])] == ["`other`", "`add_flow(project=)`"]


def remarked(remark: str) -> list[str]:
    """The paths of which the page says just that."""
    origins = {one.origin for one in names.recorded() if one.name and names.find(one.path) is not None}
    return sorted(origin for origin in origins if names.longest(names.DIFFERS, origin) == remark)


MEMBERS = {one.path: one.members for one in names.recorded() if one.members}


def something(path: str) -> dict[str, str]:
    """A value for each parameter of a function."""
    return dict.fromkeys(filter(None, MEMBERS[path][0].strip("()").split(",")), "x")


@pytest.mark.parametrize("path", remarked(names.CALL_RAISES))
def test_what_is_said_to_raise_does(path: str) -> None:
    with pytest.raises(NoBackendError):
        resolve(path)(**something(path))


@pytest.mark.parametrize("path", remarked(names.ARTIFACT))
def test_what_is_said_to_do_nothing_does_nothing(path: str) -> None:
    assert resolve(path)(**something(path)) is None


@pytest.mark.parametrize("path", remarked(names.RUN_RAISES))
def test_what_is_said_to_fail_in_a_run_does(path: str) -> None:
    task = resolve(path)
    with Flow("x") as flow:
        done = task(**something(path)) if isinstance(task, Task) else task()()
    assert isinstance(flow.run().result[done].result, NoBackendError)


def test_a_client_raises_whatever_it_is_asked() -> None:
    methods = [member.partition("(")[0] for member in MEMBERS["prefect.client.client.Client"] if "(" in member]
    assert len(methods) > 20
    for method in filter(None, methods):
        with pytest.raises(NoBackendError):
            getattr(miniprefect.Client(), method)()


# The API


def test_every_name_of_the_root_has_its_place() -> None:
    shown = {name for page in api.PAGES.values() for _, name, _ in api.names_of(page)}
    assert {*miniprefect.__all__} - shown == {"Client", "config", "context"}


def test_every_entry_has_an_anchor_of_its_own() -> None:
    for page in api.PAGES.values():
        anchors = Counter(api.anchor(name) for _, name, _ in api.names_of(page))
        assert [one for one, times in anchors.items() if times > 1] == []


def test_a_page_shows_what_a_class_takes_from_a_module() -> None:
    assert "#### State.report" in PAGES["api/states-signals-triggers.md"]


def node(source: str) -> Any:
    """The first statement of a source."""
    return ast.parse(source).body[0]


@pytest.mark.parametrize(
    "text",
    [
        "f()",
        "f(a, b=1, *c: int, d: str | None = None, **e) -> list[int]",
        "f(a, /, b, *, c: X)",
        "async f(a: Callable[..., Any] = g)",
    ],
)
def test_a_signature_is_shown_as_it_is_written(text: str) -> None:
    source = f"async def {text[6:]}: ..." if text.startswith("async") else f"def {text}: ..."
    assert api.signature("f", node(source), False) == text


def test_a_method_is_shown_without_self_and_a_type_without_quotes() -> None:
    assert api.signature("g", node("def f(self, a: 'Flow') -> 'Self': ..."), True) == "g(a: Flow) -> Self"
    assert api.signature("g", node("@staticmethod\ndef f(a): ..."), True) == "g(a)"


def test_a_long_signature_has_a_line_for_each_parameter() -> None:
    long = ", ".join(f"parameter_{number}" for number in range(10))
    lines = api.signature("f", node(f"def f({long}): ..."), False).splitlines()
    assert lines[:2] == ["f(", "    parameter_0,"]
    assert lines[-1] == ")"


def test_the_sections_of_a_docstring_become_lists() -> None:
    text = """Do ``it``.

More of `it`.

Args:
    a: what it is, at
        some length: long.
    b, **c: others.

Returns:
    What it
    made.

Raises:
    ValueError: it can't.
"""
    assert api.readable(text).split("\n\n") == [
        "Do `it`.",
        "More of `it`.",
        "Arguments:",
        "* `a`: what it is, at some length: long.\n* `b`, `**c`: others.",
        "Returns: What it made.",
        "Raises:",
        "* `ValueError`: it can't.",
    ]
