"""The pages docs/api/*.md: signatures and docstrings of what scripts import.

Signatures are read from the source, not from the objects, so that they are the same under every version of Python.
What stands on which page is said by `PAGES`.
"""

import ast
import copy
import functools
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.test_exports import resolve

FOLDER = "api"
WIDEST = 100  # of a signature in one line
LINE = 120

# Names that differ from others of their page, `Task` and `Success`, in capitals only, which anchors do not have.
TWINS = {"task": "function", "SUCCESS": "signal"}

Callables = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Page:
    """A page: its title, what to read besides, and the names on it by the module that they are imported from."""

    title: str
    guide: str
    names: dict[str, str]


PAGES: dict[str, Page] = {
    "flows-and-tasks": Page(
        "Flows and tasks",
        "[Tasks and flows](../tasks-and-flows.md), [parameters](../parameters.md) and [mapping](../mapping.md)",
        {
            "miniprefect": "Flow Task task Parameter tags apply_map mapped unmapped flatten",
            "miniprefect.core": "Edge",
            "miniprefect.core.parameter": "DateTimeParameter",
            "miniprefect.utilities.tasks": "as_task defaults_from_attrs pause_task",
            "miniprefect.tasks.core.function": "FunctionTask",
            "miniprefect.tasks.core.constants": "Constant",
            "miniprefect.tasks.core.collections": "List Tuple Set Dict",
        },
    ),
    "control-flow": Page(
        "Control flow",
        "[Control flow](../control-flow.md)",
        {
            "miniprefect": "case resource_manager",
            "miniprefect.tasks.control_flow": "switch ifelse merge FilterTask",
            "miniprefect.tasks.core.resource_manager": "ResourceManager ResourceContext",
        },
    ),
    "states-signals-triggers": Page(
        "States, signals, triggers",
        "[States and results](../states-and-results.md)",
        {
            "miniprefect.engine.state": "State Pending Scheduled Paused Resume Retrying Running Cancelling Finished "
            "Looped Success Cached Mapped Skipped Failed TimedOut TriggerFailed ValidationFailed Cancelled "
            "ClientFailed Submitted Queued",
            "miniprefect.engine.signals": "PrefectStateSignal FAIL LOOP PAUSE RETRY SKIP SUCCESS TRIGGERFAIL "
            "VALIDATIONFAIL ENDRUN signal_from_state",
            "miniprefect.triggers": "all_successful all_failed all_finished any_successful any_failed some_successful "
            "some_failed not_all_skipped manual_only",
        },
    ),
    "results-and-caching": Page(
        "Results and caching",
        "[Retries, timeouts, caching, results](../retries-timeouts-caching-results.md)",
        {
            "miniprefect.engine.result": "Result",
            "miniprefect.engine.results": "LocalResult PrefectResult ConstantResult SecretResult S3Result GCSResult "
            "AzureResult",
            "miniprefect.engine.serializers": "Serializer PickleSerializer JSONSerializer DateTimeSerializer "
            "PandasSerializer CompressedSerializer",
            "miniprefect.engine.cache_validators": "never_use duration_only all_inputs all_parameters "
            "partial_inputs_only partial_parameters_only",
        },
    ),
    "executors": Page(
        "Executors",
        "[Executors](../executors.md) and [Dask](../dask.md)",
        {
            "miniprefect.executors": "Executor LocalExecutor ThreadExecutor ProcessExecutor LocalDaskExecutor "
            "DaskExecutor",
        },
    ),
    "schedules": Page(
        "Schedules",
        "[Schedules](../schedules.md)",
        {
            "miniprefect.schedules": "Schedule IntervalSchedule CronSchedule RRuleSchedule OneTimeSchedule "
            "UnionSchedule",
            "miniprefect.schedules.clocks": "Clock IntervalClock CronClock DatesClock RRuleClock ClockEvent",
            "miniprefect.schedules.filters": "on_datetime on_date at_time between_datetimes between_dates "
            "between_times is_weekday is_weekend is_month_start is_month_end is_day_of_week",
            "miniprefect.schedules.adjustments": "add next_weekday",
        },
    ),
    "task-library": Page(
        "The task library",
        "[The task library](../task-library.md), [notifications and secrets](../notifications-and-secrets.md) and "
        "[Kubernetes](../kubernetes.md)",
        {
            "miniprefect.tasks.shell": "ShellTask",
            "miniprefect.tasks.files": "Copy Move Remove Glob Zip Unzip",
            "miniprefect.tasks.database": "SQLiteQuery SQLiteScript",
            "miniprefect.tasks.templates": "StringFormatter",
            "miniprefect.tasks.notifications": "EmailTask SlackTask",
            "miniprefect.tasks.secrets": "PrefectSecret EnvVarSecret SecretBase",
            "miniprefect.tasks.docker": "PullImage BuildImage TagImage PushImage ListImages RemoveImage "
            "CreateContainer StartContainer WaitOnContainer GetContainerLogs StopContainer ListContainers "
            "RemoveContainer",
            "miniprefect.tasks.kubernetes": "RunNamespacedJob CreateNamespacedJob ReadNamespacedJob "
            "ListNamespacedJob PatchNamespacedJob ReplaceNamespacedJob DeleteNamespacedJob CreateNamespacedPod "
            "ReadNamespacedPod ListNamespacedPod PatchNamespacedPod ReplaceNamespacedPod DeleteNamespacedPod "
            "ReadNamespacedPodLogs KubernetesSecret",
        },
    ),
    "context-and-utilities": Page(
        "Context, configuration, utilities",
        "[States and results](../states-and-results.md#the-context), [notifications and "
        "secrets](../notifications-and-secrets.md) and [coming from Prefect](../coming-from-prefect.md)",
        {
            "miniprefect.utilities.context": "Context",
            "miniprefect.utilities.configuration": "set_temporary_config",
            "miniprefect.utilities.logging": "get_logger",
            "miniprefect.utilities.debug": "raise_on_exception is_serializable",
            "miniprefect.utilities.notifications": "slack_notifier gmail_notifier callback_factory",
            "miniprefect.client": "Secret",
            "miniprefect": "install_as_prefect uninstall_as_prefect",
            "miniprefect.exceptions": "NoBackendError PrefectSignal TaskTimeoutSignal",
            "miniprefect.pictures": "Picture",
        },
    ),
}

NOTE = "<!-- Written by `python -m tests.reference` from the docstrings: change those instead. -->\n\n"


# Reading the source


@functools.cache
def tree_of(module: Any) -> ast.Module:
    """The source of a module, parsed."""
    return ast.parse(inspect.getsource(module))


@functools.cache
def aliases_of(module: Any) -> dict[str, ast.expr]:
    """The names that a module gives to types, such as `AnyPath = str | os.PathLike[str]`."""
    assigned = [node for node in tree_of(module).body if isinstance(node, ast.Assign)]
    kinds = ast.Subscript | ast.BinOp
    named = [(node.targets[0], node.value) for node in assigned if isinstance(node.value, kinds)]
    return {target.id: value for target, value in named if isinstance(target, ast.Name)}


def definition(thing: Any) -> ast.ClassDef | Callables:
    """Where a class or a function of a module is defined; of several with one name, as of overloads, the last."""
    thing = inspect.unwrap(thing)
    found: ast.ClassDef | Callables | None = None
    for node in ast.walk(tree_of(inspect.getmodule(thing))):
        if isinstance(node, ast.ClassDef | Callables) and node.name == thing.__name__:
            found = node
    if found is None:
        raise LookupError(f"{thing!r} is not defined by a statement")
    return found


def members_of(cls: type) -> dict[str, Callables]:
    """The methods and properties of a class body, by name; also functions that it takes over, as `report = report`."""
    node = definition(cls)
    functions = {one.name: one for one in node.body if isinstance(one, Callables) and not is_setter(one)}
    taken = {name: one for name, one in vars(cls).items() if name not in functions and is_of_a_module(one)}
    found = {name: spelled_out(one, inspect.getmodule(cls)) for name, one in functions.items()}
    return found | {name: spelled_out(definition(one), inspect.getmodule(one)) for name, one in taken.items()}


def is_of_a_module(thing: Any) -> bool:
    """Whether a value is a public function that stands in no class."""
    return inspect.isfunction(thing) and thing.__qualname__ == thing.__name__ and not thing.__name__.startswith("_")


def is_setter(node: Callables) -> bool:
    """Whether a function of a class body is the setter of a property."""
    return any(isinstance(mark, ast.Attribute) and mark.attr == "setter" for mark in node.decorator_list)


def marks_of(node: Callables) -> set[str]:
    """The names of the decorators of a function."""
    return {ast.unparse(mark).partition("(")[0].rpartition(".")[2] for mark in node.decorator_list}


# Signatures


class WithoutAliases(ast.NodeTransformer):
    """Puts types where a module's own names for them are."""

    def __init__(self, aliases: dict[str, ast.expr]) -> None:
        self.aliases = aliases

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.visit(self.aliases[node.id]) if node.id in self.aliases else node


def spelled_out(node: Callables, module: Any) -> Callables:
    """A function whose types are those that readers know."""
    copied = copy.deepcopy(node)
    change = WithoutAliases(aliases_of(module))
    for one in ast.walk(copied.args):
        if isinstance(one, ast.arg) and one.annotation:
            one.annotation = change.visit(one.annotation)
    copied.returns = copied.returns and change.visit(copied.returns)
    return copied


def signature(name: str, node: Callables, is_method: bool) -> str:
    """A function with its parameters; each in a line of its own if they do not fit in one."""
    arguments = parameters(node.args)[1 if is_method and "staticmethod" not in marks_of(node) else 0 :]
    returns = f" -> {annotation(node.returns)}" if node.returns and node.name != "__init__" else ""
    start = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    line = f"{start}{name}({', '.join(arguments)}){returns}"
    if len(line) <= WIDEST:
        return line
    return f"{start}{name}(\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){returns}"


def parameters(arguments: ast.arguments) -> list[str]:
    """The parameters as they are written."""
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    found = [parameter(one, default) for one, default in zip(plain, defaults, strict=True)]
    if arguments.posonlyargs:
        found.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg:
        found.append(f"*{parameter(arguments.vararg, None)}")
    elif arguments.kwonlyargs:
        found.append("*")
    found += [parameter(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return found + ([f"**{parameter(arguments.kwarg, None)}"] if arguments.kwarg else [])


def parameter(one: ast.arg, default: ast.expr | None) -> str:
    """A parameter with its type and its default."""
    text = f"{one.arg}: {annotation(one.annotation)}" if one.annotation else one.arg
    if default is None:
        return text
    return f"{text} = {ast.unparse(default)}" if one.annotation else f"{text}={ast.unparse(default)}"


def annotation(node: ast.expr) -> str:
    """A type without the quotes that only Python needs."""
    return re.sub(r"""(['"])([^'"]*)\1""", r"\2", ast.unparse(node))


# Docstrings

SECTION = re.compile(r"^(Args|Raises|Returns|Yields):\s*$", re.M)
ITEM = re.compile(r"^(?P<name>[\w., *]+): +(?P<text>.*)", re.S)


def readable(docstring: str) -> str:
    """A docstring as Markdown; the items of its sections become lists."""
    first, *rest = SECTION.split(docstring.strip())
    parts = [prose(first)]
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        parts.append(section(title, textwrap.dedent(body.strip("\n"))))
    return "\n\n".join(filter(None, parts))


def section(title: str, body: str) -> str:
    """A section: a list if it has items, or else its text."""
    blocks = re.split(r"\n(?=\S)", body.strip())
    items = [ITEM.match(" ".join(block.split())) for block in blocks]
    if title in ("Args", "Raises") and all(items):
        lines = [bullet(item["name"].replace(", ", "`, `"), item["text"]) for item in items if item]
        return f"{title if title == 'Raises' else 'Arguments'}:\n\n" + "\n".join(lines)
    return markdown(f"{title}: {body}")


def bullet(name: str, text: str) -> str:
    """An item of a list."""
    return fill(re.sub(r"``([^`]+)``", r"`\1`", f"* `{name}`: {text}"), "  ")


def prose(text: str) -> str:
    """Paragraphs; those that are indented are shown as they are."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(f"```text\n{one}\n```" if one.startswith("    ") else markdown(one) for one in paragraphs)


def markdown(text: str) -> str:
    """A paragraph with its double backticks made single; lists keep their lines."""
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    if re.search(r"^\s*[*-] ", text, re.M):
        return text
    return fill(text)


def fill(text: str, indent: str = "") -> str:
    """Text in lines of readable length, but for the first indented."""
    whole = " ".join(text.split())
    return textwrap.fill(whole, LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


# Entries


def heading(name: str) -> str:
    """The heading of an entry."""
    return f"{name} ({TWINS[name]})" if name in TWINS else name


def anchor(name: str) -> str:
    """What a link to an entry ends in."""
    return re.sub(r"[^\w-]", "", heading(name).lower().replace(" ", "-"))


def entry(name: str, thing: Any, documented: set[Any]) -> str:
    """What a page says of a class or a function."""
    if not inspect.isclass(thing):
        node = spelled_out(definition(thing), inspect.getmodule(inspect.unwrap(thing)))
        return f"### {heading(name)}\n\n{fenced(signature(name, node, False))}\n\n{readable(document(node))}\n"
    return f"### {heading(name)}\n\n" + "\n\n".join(filter(None, class_parts(name, thing, documented))) + "\n"


def fenced(text: str) -> str:
    """A block that is only shown."""
    return f"```text\n{text}\n```"


def class_parts(name: str, cls: type, documented: set[Any]) -> Iterator[str]:
    """The constructor of a class, what it says of itself, its properties and its methods."""
    own, base = own_classes(cls, documented)
    members: dict[str, Callables] = {}
    for one in own:
        members |= {key: node for key, node in members_of(one).items() if key not in members}
    yield constructor(name, cls, members)
    yield f"A kind of `{base.__name__}`." if base else ""
    yield readable(document(definition(cls)))
    public = [node for key, node in members.items() if key == "__call__" or not key.startswith("_")]
    shown = [node for node in public if document(node)]
    short = [node for node in shown if is_short(node)]
    if short:
        lines = (bullet(node.name if is_property(node) else called(node), document(node)) for node in short)
        yield "Members:\n\n" + "\n".join(lines)
    for node in shown:
        if node not in short:
            yield f"#### {name}.{node.name}\n\n{fenced(called(node))}\n\n{readable(document(node))}"


def document(node: Any) -> str:
    """The docstring of a definition."""
    return ast.get_docstring(node) or ""


def called(node: Callables) -> str:
    """How a method is called."""
    return signature(node.name, node, True)


def is_short(node: Callables) -> bool:
    """Whether a line says all that there is to say of a method, as of a property."""
    return is_property(node) or "\n" not in called(node) + document(node).strip()


def is_property(node: Callables) -> bool:
    """Whether a method is read without a call."""
    return bool(marks_of(node) & {"property", "cached_property"})


def own_classes(cls: type, documented: set[Any]) -> tuple[list[type], type | None]:
    """The class with those bases that no page shows, and the first base that one does."""
    own = []
    for one in cls.__mro__:
        if one is not cls and one in documented:
            return own, one
        if one.__module__.startswith("miniprefect"):
            own.append(one)
    return own, None


def constructor(name: str, cls: type, members: dict[str, Any]) -> str:
    """How the class is called; "" if as the class that it derives from."""
    if "__init__" in members:
        return fenced(signature(name, members["__init__"], True))
    if hasattr(cls, "__dataclass_fields__"):
        fields = [one for one in definition(cls).body if isinstance(one, ast.AnnAssign)]
        arguments = [parameter(ast.arg(ast.unparse(one.target), one.annotation), one.value) for one in fields]
        return fenced(f"{name}({', '.join(arguments)})")
    return ""


# Pages


def names_of(page: Page) -> Iterator[tuple[str, str, Any]]:
    """Module, name and object of all that stands on a page."""
    for module, names in page.names.items():
        for name in names.split():
            yield module, name, resolve(f"prefect{module.removeprefix('miniprefect')}.{name}")


def text_of(page: Page, documented: set[Any]) -> str:
    """The text of one page."""
    parts = [f"{NOTE}# {page.title}\n\n[The API](index.md). To learn it:\n{page.guide}.\n"]
    for module, name, thing in names_of(page):
        heading = f"\n## {module}\n"
        if heading not in parts:
            parts.append(heading)
        parts.append("\n" + entry(name, thing, documented))
    return "".join(parts)


def index(pages: Iterable[tuple[str, Page]]) -> str:
    """The text of docs/api/index.md."""
    lines = [f"{NOTE}# The API\n\nWhat scripts import, with its arguments, as the docstrings say.\n"]
    for file, page in pages:
        lines.append(f"\n## [{page.title}]({file}.md)\n\n")
        for module, group in itertools.groupby(names_of(page), key=lambda found: found[0]):
            links = ", ".join(f"[`{name}`]({file}.md#{anchor(name)})" for _, name, _ in group)
            lines.append(f"* `{module}`: {links}\n")
    return "".join(lines)


def pages() -> dict[str, str]:
    """The pages by their names below docs/."""
    documented = {thing for page in PAGES.values() for _, _, thing in names_of(page)}
    texts = {f"{FOLDER}/{file}.md": text_of(page, documented) for file, page in PAGES.items()}
    return {f"{FOLDER}/index.md": index(PAGES.items()), **texts}
