"""What a report tells of a run: its tasks, what became of them and when, and what the whole run waited for."""

import datetime
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from miniprefect.engine.parcels import Elsewhere
from miniprefect.engine.results.secret_result import SecretResult
from miniprefect.engine.state import Mapped, State
from miniprefect.pictures.sketch import kind_of, states_in
from miniprefect.pictures.text import line, lines, shown
from miniprefect.tasks.secrets.base import SecretBase

LONGEST_MESSAGE, LONGEST_RESULT, LONGEST_TRACEBACK = 1000, 400, 12_000
# Of the children of a map, which may be thousands.
LONGEST_CHILD_MESSAGE, LONGEST_CHILD_RESULT = 200, 80
MOST_TRACEBACKS = 200

HIDDEN = "(not shown)"

Span = tuple[float, float]


@dataclass(slots=True)
class Run:
    """Be a task run, or the run of a whole task that was mapped.

    Attributes:
        state: the state it ended in; None if it has none.
        spans: when each attempt began and ended, in seconds from the beginning of the flow run.
        message: what the state says.
        result: what came of it, cut short.
        error: the traceback of the exception.
        is_critical: whether the end of the flow run waited for it.
    """

    state: State | None
    spans: Sequence[Span] = ()
    message: str = ""
    result: str = ""
    error: str = ""
    is_critical: bool = False

    @property
    def begin(self) -> float | None:
        """When the first attempt began."""
        return self.spans[0][0] if self.spans else None

    @property
    def end(self) -> float | None:
        """When the last attempt ended."""
        return self.spans[-1][1] if self.spans else None


@dataclass(slots=True)
class TaskHistory:
    """Be a task and its runs.

    Attributes:
        name: its name.
        kind: see `sketch.Box`.
        run: its run; of a mapped task, from the beginning of its first child to the end of its last.
        upstream: the indexes of the tasks that it depends on, and whether each is mapped child by child.
        children: its children if it is mapped.
        settings: what may explain its times, such as its retries.
    """

    name: str
    kind: str
    run: Run
    upstream: dict[int, bool]
    children: list[Run] = field(default_factory=list)
    settings: str = ""


class Step(NamedTuple):
    """Be one of the task runs that the end of the flow run waited for.

    Attributes:
        task: the index of the task.
        child: the index of the child; -1 for a task that is not mapped.
        since: when it could have begun: at the end of what it waited for.
    """

    task: int
    child: int
    since: float


@dataclass(slots=True)
class History:
    """Be what is known of a flow run.

    Attributes:
        name: the name of the flow.
        state: the state that the run ended in.
        begun: when it began; None if that is not known.
        tasks: its tasks, upstream before downstream.
        critical: the steps of the critical path, in order.
        has_times: whether the times of its task runs were kept.
        sketched: the tasks themselves and their edges.
    """

    name: str
    state: State
    begun: datetime.datetime | None
    tasks: list[TaskHistory]
    critical: list[Step]
    has_times: bool
    sketched: tuple[list[Any], list[Any]]

    def runs(self) -> Iterator[Run]:
        """List the task runs: the children of what is mapped, and all other tasks."""
        for task in self.tasks:
            yield from task.children or ([] if isinstance(task.run.state, Mapped) else [task.run])

    @property
    def seconds(self) -> float:
        """How long it took, to the end of the last task run."""
        return max((run.end for run in self.runs() if run.end is not None), default=0.0)

    @property
    def retries(self) -> int:
        """How many attempts were not the first."""
        return sum(max(0, len(run.spans) - 1) for run in self.runs())

    def kinds(self) -> Counter[str]:
        """Count the task runs by the kinds of their states."""
        return Counter(type(run.state).__name__ for run in self.runs() if run.state is not None)


def history_of(state: State, with_results: bool = True) -> History:
    """Collect what is known of the flow run that `state` is the end of.

    Args:
        state: the state.
        with_results: whether to show what tasks returned.

    Raises:
        ValueError: it is not the state of a flow run.
    """
    states = states_in(state)
    ran = state._ran
    if ran is None and not states:
        raise ValueError(
            f"A report tells of a flow run, but {state!r} is not the state of one. Take the state that flow.run() "
            "returns."
        )
    known: dict[Any, State] = dict(states or {})
    tasks, edges = (_ordered(ran.flow), list(ran.flow.edges)) if ran else (list(known), [])
    begun = ran.begun if ran else _first_moment(known)
    collector = _Collector(begun, with_results)
    found = [collector.task(task, known.get(task)) for task in tasks]
    places = {task: place for place, task in enumerate(tasks)}
    for edge in edges:
        if edge.upstream_task in places and edge.downstream_task in places:
            by_child = bool(edge.mapped and not edge.flattened)
            found[places[edge.downstream_task]].upstream[places[edge.upstream_task]] = by_child
    critical = _critical_path(found)
    name = line(ran.flow.name) if ran else "a flow"
    return History(name, state, begun, found, critical, collector.has_times, (tasks, edges))


def _ordered(flow: Any) -> list[Any]:
    """Return the tasks of a flow upstream before downstream, if it can tell."""
    try:
        return list(flow.sorted_tasks())
    except (AttributeError, ValueError):
        return list(flow.tasks)


def _first_moment(states: dict[Any, State]) -> datetime.datetime | None:
    moments = [s._times[0] for state in states.values() for s in _with_children(state) if s._times]
    return datetime.datetime.fromtimestamp(min(moments), datetime.UTC) if moments else None


def _with_children(state: State) -> Iterator[State]:
    yield state
    if isinstance(state, Mapped):
        yield from (child for child in state.map_states if isinstance(child, State))


class _Collector:
    """Make of tasks and states what a report tells."""

    def __init__(self, begun: datetime.datetime | None, with_results: bool) -> None:
        self.begun = begun
        self.with_results = with_results
        self.has_times = False
        self.tracebacks: dict[int, str] = {}

    def task(self, task: Any, state: State | None) -> TaskHistory:
        """Return the history of a task, but for what it depends on."""
        shows = self.with_results and not is_secret(task)
        if not isinstance(state, Mapped):
            run = self._run(state, shows, LONGEST_MESSAGE, LONGEST_RESULT)
            return TaskHistory(line(task.name), kind_of(task), run, {}, settings=_settings(task))
        children = [
            self._run(child if isinstance(child, State) else None, shows, LONGEST_CHILD_MESSAGE, LONGEST_CHILD_RESULT)
            for child in state.map_states
        ]
        ends = [span for child in children for span in child.spans]
        spans = [(min(begin for begin, _ in ends), max(end for _, end in ends))] if ends else []
        run = Run(state, spans, line(state.message, LONGEST_MESSAGE))
        return TaskHistory(line(task.name), kind_of(task), run, {}, children, _settings(task))

    def _run(self, state: State | None, shows: bool, longest_message: int, longest_result: int) -> Run:
        if state is None:
            return Run(None)
        run = Run(state, self._spans(state), line(state.message or "", longest_message))
        if not is_elsewhere(state) and isinstance(state.result, BaseException):
            run.error = self._traceback(state.result)
        elif is_elsewhere(state) or state.result is not None or state.is_successful():
            run.result = shown_result(state, longest_result) if shows else HIDDEN
        return run

    def _spans(self, state: State) -> list[Span]:
        """Return the attempts in seconds from the beginning; those that ended before it are of another run."""
        if self.begun is None:
            return []
        begun = self.begun.timestamp()
        moments = [moment - begun for moment in state._times]
        spans = [(max(0.0, a), b) for a, b in zip(moments[::2], moments[1::2], strict=True) if b >= 0]
        self.has_times = self.has_times or bool(spans)
        return spans

    def _traceback(self, error: BaseException) -> str:
        """Return the traceback of an exception, made once for all tasks that it failed; not of any number of them."""
        known = self.tracebacks.get(id(error))
        if known is None:
            if len(self.tracebacks) >= MOST_TRACEBACKS:
                return f"{shown(error, LONGEST_CHILD_MESSAGE)}\n(The first {MOST_TRACEBACKS} tracebacks are shown.)"
            known = self.tracebacks[id(error)] = _formatted(error)
        return known


def _formatted(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # an exception whose author broke it
        text = shown(error, LONGEST_MESSAGE)
    return lines(text, LONGEST_TRACEBACK)


def shown_result(state: State, longest: int) -> str:
    """Return a repr of what a task returned, cut short; one that is large and in a file is not read for that."""
    return "(a large result in a file)" if is_elsewhere(state) else shown(state.result, longest)


def is_elsewhere(state: State) -> bool:
    """Say whether a result is in a file, and has not been read."""
    return isinstance(state._held, Elsewhere) and "_read" not in state._held.__dict__


def is_secret(task: Any) -> bool:
    """Say whether what a task returns is to be shown to nobody."""
    return isinstance(task, SecretBase) or isinstance(getattr(task, "result", None), SecretResult)


def _settings(task: Any) -> str:
    """Say in a few words which settings of a task may explain what became of it."""
    said = [
        f"max_retries={task.max_retries}" if task.max_retries else "",
        f"retry_delay={task.retry_delay}" if task.max_retries and task.retry_delay else "",
        f"timeout={task.timeout}" if task.timeout else "",
        f"trigger={getattr(task.trigger, '__name__', task.trigger)}",
        f"tags={', '.join(sorted(map(str, task.tags)))}" if task.tags else "",
    ]
    return line("; ".join(part for part in said if part and part != "trigger=all_successful"), LONGEST_MESSAGE)


# ---------------------------------------------------------------------- the critical path


def _critical_path(tasks: list[TaskHistory]) -> list[Step]:
    """Find what the end of the run waited for: the run that ended last, what that waited for longest, and so on."""
    units = ((run.end, task, child) for task, child, run in _units(tasks) if run.end is not None)
    last = max(units, default=None)
    steps: list[Step] = []
    place: tuple[int, int] | None = last and last[1:]
    while place is not None:
        before = _latest(tasks, place)
        since = 0.0 if before is None else _run_at(tasks, before).end or 0.0
        steps.append(Step(*place, since))
        _run_at(tasks, place).is_critical = True
        tasks[place[0]].run.is_critical = True
        place = before
    return steps[::-1]


def _units(tasks: list[TaskHistory]) -> Iterator[tuple[int, int, Run]]:
    for number, task in enumerate(tasks):
        if task.children:
            yield from ((number, index, child) for index, child in enumerate(task.children))
        else:
            yield number, -1, task.run


def _run_at(tasks: list[TaskHistory], place: tuple[int, int]) -> Run:
    task, child = place
    return tasks[task].run if child < 0 else tasks[task].children[child]


def _latest(tasks: list[TaskHistory], place: tuple[int, int]) -> tuple[int, int] | None:
    """Return what ended last of all that a task run waited for; tasks without times are looked through."""
    task, child = place
    todo = [(other, child if by_child else -1) for other, by_child in tasks[task].upstream.items()]
    seen = set(todo)
    best: tuple[float, tuple[int, int]] | None = None
    while todo:
        other, index = todo.pop()
        found = _last_of(tasks[other], index)
        if found is None:
            more = {(up, -1) for up in tasks[other].upstream} - seen
            seen |= more
            todo.extend(more)
        elif best is None or (found[0], (other, found[1])) > best:
            best = found[0], (other, found[1])
    return best and best[1]


def _last_of(task: TaskHistory, child: int) -> tuple[float, int] | None:
    """Return the end of a task's run, or of a child's, and which child it was; of all if none is asked for."""
    if not task.children:
        return None if task.run.end is None else (task.run.end, -1)
    if 0 <= child < len(task.children):
        end = task.children[child].end
        return None if end is None else (end, child)
    return max(((run.end, at) for at, run in enumerate(task.children) if run.end is not None), default=None)
