"""The pages docs/api/*.md: signatures and docstrings of what scripts import.

Signatures are read from the source, not from the objects, so that they are the same under every version of Python.
What stands on which page is said by `PAGES`.
"""

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.test_exports import resolve

FOLDER = "api"
WIDEST = 100

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
        },
    ),
    "states-signals-triggers": Page(
        "States, signals, triggers",
        "[States and results](../states-and-results.md)",
        {
            "miniprefect.engine.state": "State Pending Scheduled Paused Resume Retrying Running Cancelling Finished "
            "Looped Success Cached Mapped Skipped Failed TimedOut TriggerFailed ValidationFailed Cancelled ClientFailed "
            "Submitted Queued",
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


def members_of(cls: type) -> dict[str, ast.AST]:
    """The methods and properties that a class body defines, by name."""
    node = definition(cls)
    functions = [one for one in node.body if isinstance(one, Callables)]
    return {one.name: one for one in functions if not any(is_setter(mark) for mark in one.decorator_list)}


def is_setter(mark: ast.expr) -> bool:
    """Whether a decorator makes the setter of a property."""
    return isinstance(mark, ast.Attribute) and mark.attr == "setter"


def marks_of(node: Callables) -> set[str]:
    """The names of the decorators of a function."""
    return {ast.unparse(mark).partition("(")[0].rpartition(".")[2] for mark in node.decorator_list}


# Signatures


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
ITEM = re.compile(r"^(?P<name>\*{0,2}[\w., ]+): +(?P<text>.*)", re.S)


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
        lines = [f"* `{item['name']}`: {markdown(item['text'])}" for item in items if item]
        return f"{title if title == 'Raises' else 'Arguments'}:\n\n" + "\n".join(lines)
    return f"{title}: {markdown(' '.join(body.split()))}"


def prose(text: str) -> str:
    """Paragraphs; those that are indented are shown as they are."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(f"```text\n{one}\n```" if one.startswith("    ") else markdown(one) for one in paragraphs)


def markdown(text: str) -> str:
    """Text with its double backticks made single, in one line a paragraph."""
    lines = re.sub(r"``([^`]+)``", r"`\1`", text).splitlines()
    return "\n".join(lines) if any(line.lstrip().startswith(("*", "-")) for line in lines) else " ".join(lines)


# Entries


def entry(name: str, thing: Any, documented: set[Any]) -> str:
    """What a page says of a class or a function."""
    if not inspect.isclass(thing):
        node = definition(thing)
        assert isinstance(node, Callables)
        return f"### {name}\n\n{fenced(signature(name, node, False))}\n\n{readable(ast.get_docstring(node) or '')}\n"
    return f"### {name}\n\n" + "\n\n".join(filter(None, class_parts(name, thing, documented))) + "\n"


def fenced(text: str) -> str:
    """A block that is only shown."""
    return f"```text\n{text}\n```"


def class_parts(name: str, cls: type, documented: set[Any]) -> Iterator[str]:
    """The constructor of a class, what it says of itself, its properties and its methods."""
    own, base = own_classes(cls, documented)
    members: dict[str, Any] = {}
    for one in reversed(own):
        members.update(members_of(one))
    yield constructor(name, cls, members)
    yield f"A kind of `{base.__name__}`." if base else ""
    yield readable(ast.get_docstring(definition(cls)) or "")
    shown = {key: node for key, node in members.items() if not key.startswith("_") and ast.get_docstring(node)}
    properties = [node for node in shown.values() if is_property(node)]
    yield "\n".join(f"* `{node.name}`: {readable(ast.get_docstring(node) or '')}" for node in properties)
    for key, node in shown.items():
        if not is_property(node):
            yield f"#### {name}.{key}\n\n{fenced(signature(key, node, True))}"
            yield readable(ast.get_docstring(node) or "")


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
    parts = [f"{NOTE}# {page.title}\n\n[The API](index.md). To learn it: {page.guide}.\n"]
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
        for module, names in page.names.items():
            links = ", ".join(f"[`{name}`]({file}.md#{name.lower()})" for name in names.split())
            lines.append(f"* `{module}`: {links}\n")
    return "".join(lines)


def pages() -> dict[str, str]:
    """The pages by their names below docs/."""
    documented = {thing for page in PAGES.values() for _, _, thing in names_of(page)}
    texts = {f"{FOLDER}/{file}.md": text_of(page, documented) for file, page in PAGES.items()}
    return {f"{FOLDER}/index.md": index(PAGES.items()), **texts}
