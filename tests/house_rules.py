"""The house rules of docs/architecture.md, read off the source: layers, cycles, imports, budgets, docstrings.

Every rule is a small function that takes a `Tree` and returns the complaints it has: see `RULES` at the end.
"""

import ast
import io
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median, quantiles

PACKAGE = "miniprefect"

# The layers, lowest first: a module imports from its own layer and from those before it. A name stands for
# the module and all below it, unless a longer name says otherwise: a new file of `utilities` is a basic one.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "basics": ("exceptions", "utilities"),
    "configuration": ("configuration", "utilities.configuration"),
    "context, logging, schedules": ("utilities.context", "utilities.logging", "utilities.debug", "schedules"),
    "records": ("storage", "run_configs", "environments", "client", "backend", "artifacts"),
    "executors": ("executors",),
    "engine": ("engine",),
    "triggers": ("triggers",),
    "core": ("core",),
    "utilities.tasks": ("utilities.tasks", "utilities.notifications"),
    "tasks, pictures": ("tasks", "pictures"),
    "top": ("", "__main__", "cli", "compat", "script", "_script_worker"),
}

LONGEST_FILE = 600
LONGEST_FUNCTION = 50
MOST_FUNCTIONS = 25  # the 95th percentile
MEDIAN_FUNCTION = 6
DEEPEST_NESTING = 4

# Functions that may be longer than LONGEST_FUNCTION, each with its reason.
LONG_FOR_A_REASON: Mapping[str, str] = {}

TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "src", "tests", "examples", "docs"}
BUILD_ARTEFACTS = {"build", "dist", "__pycache__"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported module, in the spelling of the file that imports it."""

    module: str
    line: int
    typing_only: bool
    inside: str  # the function it stands in, or ""


@dataclass(frozen=True)
class Module:
    """A source file: its dotted name within the package ("" for the package), and what can be read off it."""

    name: str
    source: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def code_lines(self) -> frozenset[int]:
        """The numbers of the lines that hold code, blank ones and comments aside."""
        skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
        tokens = tokenize.generate_tokens(io.StringIO(self.source).readline)
        spans = (range(token.start[0], token.end[0] + 1) for token in tokens if token.type not in skipped)
        return frozenset(line for span in spans for line in span)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree, typing_only=False, inside=""))

    @cached_property
    def functions(self) -> tuple[tuple[str, Function], ...]:
        """Every function with its qualified name, nested ones included."""
        return tuple(_functions(self.tree, ""))


class Tree(dict[str, Module]):
    """The modules of a package by name."""

    @classmethod
    def of(cls, **sources: str) -> "Tree":
        """A made-up tree; `a__b` stands for the module a.b, `root` for the package itself."""
        names = {"" if name == "root" else name.replace("__", "."): name for name in sources}
        return cls({name: Module(name, sources[keyword]) for name, keyword in names.items()})

    @classmethod
    def read(cls, folder: Path) -> "Tree":
        """The package in `folder`."""
        tree = cls()
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            tree[name] = Module(name, path.read_text(encoding="utf-8"), is_package)
        return tree

    def inner_imports(self, module: Module) -> Iterator[tuple[str, Import]]:
        """What `module` imports of this package: the names of the modules, and where."""
        for found in module.imports:
            package, _, name = found.module.partition(".")
            if package == PACKAGE:
                yield self._module_of(name), found

    def _module_of(self, name: str) -> str:
        """The module that `name` is or lies in: of `from miniprefect.a import b`, a unless b is a module."""
        while name and name not in self:
            name = name.rpartition(".")[0]
        return name


def _imports(node: ast.AST, *, typing_only: bool, inside: str) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, typing_only, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = "." * child.level + (child.module or "")
            yield from (Import(f"{base}.{alias.name}", child.lineno, typing_only, inside) for alias in child.names)
        elif isinstance(child, Function):
            yield from _imports(child, typing_only=typing_only, inside=child.name)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _imports(child, typing_only=True, inside=inside)
        else:
            yield from _imports(child, typing_only=typing_only, inside=inside)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
        is_scope = isinstance(child, Function | ast.ClassDef)
        yield from _functions(child, f"{prefix}{child.name}." if is_scope else prefix)


# The rules: imports


def layer_of(module: str) -> int | None:
    """The number of the layer that `module` belongs to, by the longest name in LAYERS that covers it."""
    best: tuple[int, int] | None = None
    for number, names in enumerate(LAYERS.values()):
        for name in names:
            if module == name or (name and module.startswith(f"{name}.")):
                best = max(best or (-1, -1), (len(name), number))
    return best[1] if best else None


def without_layer(tree: Tree) -> list[str]:
    """Modules that LAYERS does not place."""
    return [f"{name} has no layer: name it in LAYERS" for name in tree if layer_of(name) is None]


def upward(tree: Tree, *, typing_only: bool) -> list[str]:
    """Imports of a higher layer, at run time or (the others) for type checkers only."""
    titles = list(LAYERS)
    complaints = []
    for module in tree.values():
        own = layer_of(module.name)
        for target, found in tree.inner_imports(module):
            other = layer_of(target)
            if found.typing_only is typing_only and own is not None and other is not None and other > own:
                where = f"{module.name}:{found.line}"
                complaints.append(f"{where} ({titles[own]}) imports {target} ({titles[other]})")
    return complaints


def upward_at_run_time(tree: Tree) -> list[str]:
    """Imports of a higher layer that happen."""
    return upward(tree, typing_only=False)


def upward_for_types(tree: Tree) -> list[str]:
    """Imports of a higher layer under TYPE_CHECKING."""
    return upward(tree, typing_only=True)


def cycles(tree: Tree) -> list[str]:
    """A chain of modules that import each other, if there is one."""
    graph = {
        module.name: {name for name, found in tree.inner_imports(module) if not found.typing_only}
        for module in tree.values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


def inside_functions(tree: Tree) -> list[str]:
    """Imports that stand in a function."""
    return [
        f"{module.name}:{found.line} imports {found.module} in {found.inside}()"
        for module in tree.values()
        for found in module.imports
        if found.inside
    ]


def of_the_root(tree: Tree) -> list[str]:
    """Any spelling but `from miniprefect.module import name`: the package itself, or a relative import."""
    complaints = []
    for module in tree.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                bad = any(alias.name.split(".")[0] == PACKAGE for alias in node.names)
            elif isinstance(node, ast.ImportFrom):  # the package itself may name its modules: who else could
                bad = (node.module == PACKAGE and module.name != "") or node.level > 0
            else:
                continue
            if bad:
                complaints.append(f"{module.name}:{node.lineno}: {ast.unparse(node)}")
    return complaints


def not_standard(tree: Tree) -> list[str]:
    """Imports of anything but the standard library and this package."""
    known = sys.stdlib_module_names | {PACKAGE, ""}
    return [
        f"{module.name}:{found.line} imports {found.module}"
        for module in tree.values()
        for found in module.imports
        if found.module.split(".")[0] not in known
    ]


# The rules: budgets


def body_without_docstring(node: Function) -> list[ast.stmt]:
    """The statements of a function; none where it only declares a signature (`...`)."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    is_stub = all(isinstance(statement, ast.Expr) and _is_ellipsis(statement.value) for statement in body)
    return [] if is_stub else body


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def lengths(tree: Tree) -> dict[str, int]:
    """Code lines of every function: no signature, docstring, comment or blank line; stubs are left out."""
    found = {}
    for module in tree.values():
        for name, node in module.functions:
            if body := body_without_docstring(node):
                lines = range(body[0].lineno, (body[-1].end_lineno or 0) + 1)
                found[f"{module.name}:{name}:{node.lineno}"] = len(module.code_lines.intersection(lines))
    return found


def too_long(tree: Tree) -> list[str]:
    """Functions of more than LONGEST_FUNCTION lines."""
    return [
        f"{name} has {lines} lines"
        for name, lines in lengths(tree).items()
        if lines > LONGEST_FUNCTION and name.rpartition(":")[0] not in LONG_FOR_A_REASON
    ]


def too_long_as_a_whole(tree: Tree) -> list[str]:
    """The median and the 95th percentile of all functions against their budgets."""
    all_lengths = list(lengths(tree).values())
    middle, most = median(all_lengths), quantiles(all_lengths, n=20)[-1]
    complaints = []
    if middle > MEDIAN_FUNCTION:
        complaints.append(f"the median function has {middle} lines")
    if most > MOST_FUNCTIONS:
        complaints.append(f"one function in twenty has more than {most:.0f} lines")
    return complaints


def depth(node: ast.AST) -> int:
    """How many blocks lie in each other below `node`; an `elif` is no deeper than its `if`."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef | ast.Lambda):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        is_block = isinstance(child, ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith)
        is_block = is_block or isinstance(child, ast.Try | ast.TryStar | ast.Match)
        deepest = max(deepest, depth(child) + (is_block and not is_elif))
    return deepest


def too_deep(tree: Tree) -> list[str]:
    """Functions whose blocks lie more than DEEPEST_NESTING deep."""
    return [
        f"{module.name}:{name} is {depth(node)} blocks deep"
        for module in tree.values()
        for name, node in module.functions
        if depth(node) > DEEPEST_NESTING
    ]


def too_big(tree: Tree) -> list[str]:
    """Files of more than LONGEST_FILE lines."""
    counts = {name: len(module.source.splitlines()) for name, module in tree.items()}
    return [f"{name} has {count} lines" for name, count in counts.items() if count > LONGEST_FILE]


# The rules: docstrings


def undocumented(tree: Tree) -> list[str]:
    """Public modules, classes, functions and methods without a docstring of their own or of a base class."""
    inherited = _documented_by_bases(tree)
    complaints = []
    for module in tree.values():
        if any(part.startswith("_") and part != "__main__" for part in module.name.split(".")):
            continue
        if not ast.get_docstring(module.tree):
            complaints.append(f"module {module.name or PACKAGE}")
        for owner, node in _public_definitions(module.tree):
            if not ast.get_docstring(node) and node.name not in inherited.get(owner, ()):
                complaints.append(f"{module.name}:{node.lineno} {owner}{'.' * bool(owner)}{node.name}")
    return complaints


def _public_definitions(tree: ast.Module) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Classes and functions of a module and methods of its classes, each with its owner's name, or ""."""
    for node in _definitions(tree):
        yield "", node
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, method) for method in _definitions(node))


def _definitions(scope: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for node in scope.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not _is_variant(node):
            yield node


def _is_variant(node: Function | ast.ClassDef) -> bool:
    """Whether `node` is a setter, a deleter or an overload of something that has its docstring elsewhere."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"setter", "deleter", "overload"})


def _documented_by_bases(tree: Tree) -> dict[str, set[str]]:
    """For each class by name: the methods that its base classes in this tree document."""
    classes = [node for module in tree.values() for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    bases = {node.name: [ast.unparse(base).rpartition(".")[2] for base in node.bases] for node in classes}
    own = {node.name: {child.name for child in _definitions(node) if ast.get_docstring(child)} for node in classes}

    def documented(name: str, seen: frozenset[str]) -> set[str]:
        above = [base for base in bases.get(name, ()) if base not in seen]
        return own.get(name, set()).union(*(documented(base, seen | {name}) for base in above))

    return {name: documented(name, frozenset()) - own[name] for name in own}


# The rules: the repository


def strangers(names: Iterable[str]) -> list[str]:
    """Entries of the top level that do not belong there."""
    return sorted({name for name in names if name not in TOP_LEVEL and not name.startswith(".")})


def top_level_of(repository: Path) -> list[str]:
    """What lies on the top level: what git tracks or would, or without git all but what building leaves."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(listing, cwd=repository, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [path.name for path in repository.iterdir() if path.name not in BUILD_ARTEFACTS]
    return [line.split("/")[0] for line in done.stdout.splitlines()]


# All rules

Rule = Callable[[Tree], list[str]]

RULES: tuple[Rule, ...] = (
    without_layer,
    upward_at_run_time,
    upward_for_types,
    cycles,
    inside_functions,
    of_the_root,
    not_standard,
    too_long,
    too_long_as_a_whole,
    too_deep,
    too_big,
    undocumented,
)
