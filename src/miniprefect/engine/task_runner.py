"""The life of one task run: a short list of steps, each of which takes a state and returns a state.

First come the *gates* (`engine.gates`), which ask whether the task may run. When everything is as it mostly is
(nothing went before, and all upstream tasks plainly succeeded) they would all say yes, and are not asked.

Then come the *steps*, which do the work. A task has only those it needs: which, is decided once, when the runner
is made, from what the task wants (`_STEPS`). A subclass that overrides a gate or a step always has it.
"""

import datetime
import functools
import inspect
import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, NamedTuple

from miniprefect.engine.cache_validators import plain
from miniprefect.engine.frames import TaskFrame
from miniprefect.engine.gates import Gates, UpstreamStates, is_content_with_success
from miniprefect.engine.keeping import Inputs, Keeping
from miniprefect.engine.making import fresh, succeeded
from miniprefect.engine.plan import TaskLike, Wants
from miniprefect.engine.result.base import Result
from miniprefect.engine.runner import STOPPING, checked, describe, logger_of, tell
from miniprefect.engine.signals import ENDRUN, SUCCESS, PrefectStateSignal
from miniprefect.engine.state import (
    PLAINLY_WELL,
    Cached,
    Failed,
    Looped,
    Pending,
    Queued,
    Resume,
    Retrying,
    Running,
    State,
    Submitted,
    TimedOut,
)
from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.context import Frame, context, current_frame, enter_frame, entered
from miniprefect.utilities.lazy import LazyModule
from miniprefect.utilities.logging import RedirectToLog, redirected_stdout

aio = LazyModule("miniprefect.utilities.aio")
timeouts = LazyModule("miniprefect.utilities.timeouts")

# What a run begins with when nobody watches: these two are never seen outside.
_PENDING = Pending()
_RUNNING = Running("Starting task run.")

# What goes through the steps of a task run: its end, and what no run holds up.
_PASSING = (ENDRUN, *STOPPING)

# Tells of a change of a task: from the old state to the new one, in a run of a task runner; returns what is left.
Teller = Callable[[Any, State, State, Any], State]

# A part of a run: from a state, or None at the beginning of what is ordinary, and what goes with it, to the last state.
Part = Callable[[Any, Any], State]


def _tell_all(task: TaskLike, old_state: State, new_state: State, runner: "TaskRunner") -> State:
    """Tell everybody, and not only the handlers of the task."""
    return runner.handle_state_change(old_state, new_state)


class TaskRunnerInitializeResult(NamedTuple):
    """What `TaskRunner.initialize_run` returns."""

    state: State
    context: dict[str, Any]


# The first and the last line that the log has of each run.
STARTING = "Task '%s': Starting task run..."
FINISHED = "Task '%s': Finished task run for task with final state: '%s'"


class TaskRunner(Keeping):
    """Take a task through its runs. A runner keeps nothing of a run, so that it can serve many.

    Args:
        task: the task.
        state_handlers: functions of (runner, old state, new state), called after the task's own handlers.
        flow_result: where results are written unless the task says otherwise.
        slug: the unique name of the task in its flow.
    """

    __slots__ = ("_keeps", "_wants", "_way", "slug")

    def __init__(
        self,
        task: TaskLike,
        state_handlers: Iterable[Callable[..., Any]] | None = None,
        flow_result: Result | None = None,
        slug: str | None = None,
    ) -> None:
        # Not by way of `Runner`: there is one for each task.
        self._handlers = None if state_handlers is None else checked(state_handlers)
        try:
            self._wants = task.wants
        except AttributeError:
            raise AttributeError(f"A TaskRunner runs a Task, not {task!r}.") from None
        self._way = _way(type(self), self._wants)
        self.logger = self._way.logger
        self._serve(task, flow_result, slug)

    def _serve(self, task: TaskLike, flow_result: Result | None, slug: str | None) -> None:
        self.task = task
        self.result = task.result or flow_result
        self.slug = slug or task.slug
        self._keeps = self.result is not None and task.checkpoint is not False

    def go_over_to(self, task: TaskLike, flow_result: Result | None, slug: str) -> None:
        """Run another task from now on: for runs of which nobody sees the runner, one can serve all."""
        if task.wants is not self._wants:
            self._wants = task.wants
            self._way = _way(type(self), self._wants)
        self._serve(task, flow_result, slug)

    # ------------------------------------------------------------------ the run

    def run(
        self,
        state: State | None = None,
        upstream_states: UpstreamStates | None = None,
        context: dict[str, Any] | None = None,
        is_mapped_parent: bool = False,
    ) -> State:
        """Run the task and return the state it ends in.

        Args:
            state: the state to begin with; Pending by default.
            upstream_states: the states of the upstream tasks, by edge.
            context: values for the context of this run.
            is_mapped_parent: whether only to find out if the task can be mapped; its children run by themselves.
        """
        return self._run(current_frame(), state, upstream_states or {}, context, is_mapped_parent)

    def run_within(
        self,
        parent: Frame,
        state: State | None,
        upstream_states: UpstreamStates,
        values: dict[str, Any] | None = None,
        is_mapped_parent: bool = False,
        extra_context: Any = None,
    ) -> State:
        """Run the task in the context of `parent`, in whatever thread this is; for the rest see `run`.

        `extra_context` is not used: an executor written for 0.10 passes on what is meant for itself.
        """
        if self._way.runs:
            with entered(parent):
                return self.run(state, upstream_states, values, is_mapped_parent)
        return self._run(parent, state, upstream_states, values, is_mapped_parent)

    def _run(
        self,
        parent: Frame,
        state: State | None,
        upstream_states: UpstreamStates,
        values: dict[str, Any] | None,
        is_mapped_parent: bool,
    ) -> State:
        frame, before = TaskFrame(parent, values, self.task, self.slug), current_frame()
        try:
            enter_frame(frame)
            return self._logged(frame, self._mapped if is_mapped_parent else self._live, state, upstream_states)
        finally:
            enter_frame(before)

    def run_ordinarily(self, frame: TaskFrame, inputs: Inputs) -> State:
        """Run the task in the context of `frame`, which is entered already, as its gates would all say yes."""
        return self._logged(frame, self._go, None, inputs)

    def run_quietly(self, inputs: Inputs) -> State:
        """Run the task as `run_ordinarily` does, when the log has no lines of runs, and nobody looks at the clock."""
        return self._ended(self._quiet, None, inputs)

    def _logged(self, frame: TaskFrame, part: Part, state: State | None, data: Any) -> State:
        """Return the state that `part` of the run ends in, between the two lines of the log that every run has."""
        if not self.logger.isEnabledFor(logging.INFO):
            return self._ended(part, state, data)
        self.logger.info(STARTING, frame.full_name)
        ended = self._ended(part, state, data)
        self.logger.info(FINISHED, frame.full_name, type(ended).__name__)
        return ended

    def _mapped(self, state: State | None, upstream_states: UpstreamStates) -> State:
        """Find out if the task can be mapped."""
        return self._pass(_MAP_GATES, self._begin(current_frame(), state), upstream_states, self._teller())

    def _live(self, state: State | None, upstream_states: UpstreamStates) -> State:
        """Take the run from its first state to its last."""
        if state is not None or not self._is_ordinary(upstream_states):
            begun = self._begin(current_frame(), state)
            state = self._pass(self._way.gates, begun, upstream_states, self._teller())
        if self._way.collects:
            inputs = self.get_task_inputs(state or _PENDING, upstream_states)
        else:
            inputs = {edge.key: s.result for edge, s in upstream_states.items() if edge.key is not None}
        return self._go(state, inputs)

    def _quiet(self, state: State | None, inputs: Inputs) -> State:
        """Take an ordinary run to its last state of which nobody but the handlers of the task learns."""
        return self._taken(state, inputs, tell if self.task.state_handlers else None)

    def _go(self, state: State | None, inputs: Inputs) -> State:
        """Take the run from where its gates have left it, None if they were not asked, to its last state."""
        return self._taken(state, inputs, self._teller())

    def _taken(self, state: State | None, inputs: Inputs, tell: Teller | None) -> State:
        """Take the run through its steps."""
        if state is None and tell is None and self._way.is_plain:
            # Nobody watches, and there is nothing to do but the work: the state on the way is not made.
            state = self._work(_RUNNING, inputs)
        else:
            begun = state or (fresh(Pending, None, self.task.labels) if tell else _PENDING)
            state = self._pass(self._way.steps, begun, inputs, tell)
        return self.check_task_is_looping(state, inputs) if isinstance(state, Looped) else state

    def _ended(self, part: Part, state: Any, data: Any) -> State:
        """Return the state that a part of the run ends in, whatever happens in it."""
        try:
            return part(state, data)
        except ENDRUN as end:
            return end.state
        except STOPPING:
            raise
        except BaseException as error:
            return self._unexpected(error)

    def _unexpected(self, error: BaseException) -> State:
        if context.get("raise_on_exception"):
            raise error
        message = f"Unexpected error: {describe(error)}"
        self.logger.error("Task '%s': %s", self.task.name, message, exc_info=error)
        return Failed(message, result=error)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.task.name}>"

    @property
    def target(self) -> str:
        """The task, as log lines call it."""
        return f"Task '{context.get('task_full_name', self.task.name)}'"

    def _teller(self) -> Teller | None:
        """Return what to call at each change of state, or None if nobody learns of them: no handler, no debug line."""
        if self._handlers or self._way.tells or self.logger.isEnabledFor(logging.DEBUG):
            return _tell_all
        return tell if self.task.state_handlers else None

    def _is_ordinary(self, upstream_states: UpstreamStates) -> bool:
        """Say whether every gate would let a fresh run pass."""
        if self._way.asks:
            return False
        return PLAINLY_WELL.issuperset(map(type, upstream_states.values()))

    def _pass(
        self,
        steps: Iterable[Callable[..., State]],
        state: State,
        data: Any,
        tell: Teller | None,
    ) -> State:
        """Take steps, one after the other, and tell of every change of state if anybody learns of them."""
        for step in steps:
            try:
                new = step(self, state, data)
            except ENDRUN as end:
                if tell is not None and end.state is not state:
                    end.state = tell(self.task, state, end.state, self)
                raise
            if new is not state:
                state = new if tell is None else tell(self.task, state, new, self)
        return state

    # ------------------------------------------------------------------ where a run begins

    def initialize_run(self, state: State | None, context: dict[str, Any]) -> TaskRunnerInitializeResult:
        """Return the state that a run begins with, and the context that it has."""
        frame = TaskFrame(current_frame(), dict(context), self.task, self.slug)
        return TaskRunnerInitializeResult(self._begin(frame, state), dict(frame.items()))

    def _begin(self, frame: Frame, state: State | None) -> State:
        """Go on where the attempt that left `state` ended."""
        while isinstance(state, Submitted | Queued):
            state = state.state
        if state is None or (isinstance(state, Cached) and self.task.cache_for is None):
            return Pending()
        known = {"task_run_count": state.run_count + 1} if isinstance(state, Retrying) else {}
        for key, value in {**state.context, **known}.items():
            if key in ("task_run_count", "task_loop_count", "task_loop_result"):
                frame.remember(key, value)
        if isinstance(state, Resume):
            frame.remember("resume", True)
        return state

    def call_runner_target_handlers(self, old_state: State, new_state: State) -> State:
        """Tell the task's own handlers, in order; each may replace the state."""
        return tell(self.task, old_state, new_state)

    # ------------------------------------------------------------------ steps

    def get_task_inputs(self, state: State, upstream_states: UpstreamStates) -> Inputs:
        """Collect the arguments of the task, as results, from the upstream states."""
        return {edge.key: upstream._result for edge, upstream in upstream_states.items() if edge.key is not None}

    def set_task_to_running(self, state: State, inputs: Inputs) -> State:
        """Begin."""
        if not isinstance(state, Pending):
            raise ENDRUN(state)
        return _RUNNING if state is _PENDING else fresh(Running, _RUNNING.message, self.task.labels)

    def get_task_run_state(self, state: State, inputs: Inputs) -> State:
        """Do the work, and say how it ended."""
        return self._work(state, plain(inputs))

    def _work(self, state: State, inputs: Inputs) -> State:
        """Call the task, and say how that ended."""
        if not isinstance(state, Running):
            raise ENDRUN(state)
        if state is not _RUNNING and self.logger.isEnabledFor(logging.DEBUG):
            self.logger.debug("%s: Calling task.run() method...", self.target)
        try:
            value = self._specially(inputs) if self._way.is_special else self.task.run(**inputs)
            ended: State = succeeded(value, self.task.labels)
        except BaseException as error:
            ended = self._raised(error)
        return self._kept(ended, inputs) if self._keeps else ended

    def _raised(self, error: BaseException) -> State:
        """Return what it means that the call of the task raised."""
        if isinstance(error, PrefectStateSignal):
            return self._signalled(error)
        if isinstance(error, TaskTimeoutSignal):
            return TimedOut("Task timed out during execution.", result=error)
        if isinstance(error, _PASSING):
            raise error
        return self._failure(error)

    def recovered(self, error: BaseException, inputs: Inputs) -> State:
        """Return the state that a plain run ends in whose call raised; see `engine.plainly`."""
        return self._ended(self._after, error, inputs)

    def _after(self, error: BaseException, inputs: Inputs) -> State:
        state = self._pass(self._way.afterwards, self._raised(error), inputs, tell=None)
        return self.check_task_is_looping(state, inputs) if isinstance(state, Looped) else state

    def lost(self, frame: TaskFrame, state: State | None, error: BaseException, may_retry: bool) -> State:
        """Return the state that a run ends in of which no more will be heard than `error`; its handlers are told."""

        def fail(runner: TaskRunner, state: State, inputs: Inputs) -> State:
            return self._raised(error)

        steps = (fail, *(step for step in self._way.steps[-1:] if may_retry and self.task.max_retries))
        self._begin(frame, state)
        part = functools.partial(self._pass, steps, tell=self._teller())
        return self._ended(part, Running("Starting task run."), {})

    def _kept(self, state: State, inputs: Inputs) -> State:
        """Write the result; a failure of that is one of the task, and may be retried like any other."""
        try:
            return self.kept(state, inputs)
        except _PASSING:
            raise
        except BaseException as error:
            return self._unexpected(error)

    def _signalled(self, signal: PrefectStateSignal) -> State:
        """Return the state that a signal carries."""
        state = signal.state
        if isinstance(state, Looped):
            state.message = f"Task is looping ({state.loop_count})" if state.message is None else state.message
        elif not isinstance(signal, SUCCESS):
            self.logger.info("%s signal raised: %r", type(signal).__name__, signal)
        return state

    def _specially(self, inputs: Inputs) -> Any:
        """Call a task that has a time limit, or is asynchronous, or whose output is logged."""
        call: Callable[..., Any] = self.task.run
        if is_async(call):
            call = functools.partial(aio.call_async, call)
        if self.task.timeout:
            call = functools.partial(timeouts.call_with_timeout, call, self.task.timeout)
        with redirected_stdout(RedirectToLog(self.logger)) if self.task.log_stdout else nullcontext():
            return call(**inputs)

    def _failure(self, error: BaseException) -> State:
        if context.get("raise_on_exception"):
            raise error
        self.logger.error(
            "Task '%s': Exception encountered during task execution!",
            context.get("task_full_name", self.task.name),
            exc_info=error,
        )
        return Failed(f"Error during execution of task: {describe(error)}", result=error)

    def check_task_is_looping(
        self,
        state: State,
        inputs: Inputs | None = None,
        upstream_states: UpstreamStates | None = None,
        context: dict[str, Any] | None = None,
    ) -> State:
        """Take the further turns of a loop, one after the other, until one ends in another state."""
        tell = self._teller()
        inputs = (inputs or {}) if self._way.collects else plain(inputs)
        with entered(Frame(current_frame())) as frame:
            while isinstance(state, Looped):
                frame.remember("task_loop_count", state.loop_count + 1)
                frame.remember("task_loop_result", state.result)
                frame.remember("task_run_count", 1)
                again = Pending(f"Looping task (on loop index {state.loop_count})")
                state = self._pass(self._way.steps, again, inputs, tell)
        return state

    def check_for_retry(self, state: State, inputs: Inputs) -> State:
        """Plan another attempt if this one failed and there are attempts left."""
        if not isinstance(state, Failed):
            return state
        run_count = context.get("task_run_count", 1)
        if run_count > self.task.max_retries or not self._retries_on(state.result):
            return state
        return Retrying(
            f"Retrying Task (after attempt {run_count} of {self.task.max_retries + 1})",
            start_time=utc_now() + (self.task.retry_delay or datetime.timedelta(0)),
            run_count=run_count,
            context={key: context[key] for key in ("task_loop_count", "task_loop_result") if key in context},
        )

    def _retries_on(self, error: Any) -> bool:
        kinds = self.task.retry_on
        return kinds is None or not isinstance(error, BaseException) or isinstance(error, tuple(kinds))


def is_async(run: Callable[..., Any]) -> bool:
    """Say whether calling `run` gives a coroutine."""
    code = getattr(run, "__code__", None)
    if code is None:
        # A partial, a class, an object with `__call__`: rare, and slow to ask.
        return bool(aio.is_async(run))
    return bool(code.co_flags & inspect.CO_COROUTINE)


def wants_of(task: Any) -> Wants:
    """Return what the settings of a task ask of its runs; a task keeps this until a setting changes."""
    steps = (
        task.task_run_name is not None,
        task.target is not None,
        task.cache_for is not None,
        bool(task.timeout or task.log_stdout or is_async(task.run)),
    )
    asking = not is_content_with_success(task.trigger)
    keeps = task.result is not None and task.checkpoint is not False
    has_a_role = task.is_constant or task.is_parameter or task.is_setup or task.is_cleanup
    is_ordinary = not (asking or has_a_role)
    is_plain = is_ordinary and not (any(steps) or keeps)
    return Wants(*steps, asking, retries=task.max_retries > 0, ordinary=is_ordinary, plain=is_plain)


# Every gate, in order; the first two look at the state alone.
_GATES = (
    "check_task_is_ready",
    "check_task_reached_start_time",
    "check_upstream_finished",
    "check_upstream_skipped",
    "check_task_trigger",
)
_STATE_ONLY = _GATES[:2]
_MAP_GATES = (Gates.check_upstream_finished, Gates.check_upstream_skipped, Gates.check_task_ready_to_map)

# Every step of a run, in order, each with what a task must want to need it; None is needed by all.
_STEPS = (
    ("set_task_run_name", "run_name"),
    ("check_target", "target"),
    ("check_task_is_cached", "cache"),
    ("set_task_to_running", None),
    ("get_task_run_state", None),
    ("cache_result", "cache"),
    ("check_for_retry", "retries"),
)
# The steps of a task that wants nothing more than to run.
_PLAIN_STEPS = (TaskRunner.set_task_to_running, TaskRunner._work)


class _Way(NamedTuple):
    """The way in which runners of one class take tasks of one kind through their runs."""

    logger: logging.Logger
    gates: tuple[Callable[..., State], ...]
    steps: tuple[Callable[..., State], ...]
    afterwards: tuple[Callable[..., State], ...]
    is_plain: bool
    is_special: bool
    asks: bool
    tells: bool
    runs: bool
    collects: bool


def _way(cls: Any, wants: Wants) -> _Way:
    """Return the way of a class for what a task wants, kept with the class: it must not outlive that."""
    ways: dict[Wants, _Way] | None = cls.__dict__.get("_ways")
    if ways is None:
        ways = cls._ways = {}
    known = ways.get(wants)
    if known is None:
        known = ways[wants] = _made_way(cls, wants)
    return known


def _made_way(cls: type[TaskRunner], wants: Wants) -> _Way:
    names = [name for name, want in _STEPS if want is None or getattr(wants, want) or _overrides(cls, name)]
    collects = _overrides(cls, "get_task_inputs")
    steps = tuple(_step(cls, name, collects) for name in names)
    return _Way(
        logger=logger_of(cls.__name__),
        gates=tuple(_gate(cls, name) for name in _GATES),
        steps=steps,
        afterwards=steps[names.index("get_task_run_state") + 1 :],
        is_plain=steps == _PLAIN_STEPS,
        is_special=wants.special,
        asks=wants.asking or _overrides(cls, *_GATES),
        tells=_overrides(cls, "handle_state_change", "call_runner_target_handlers"),
        runs=_overrides(cls, "run"),
        collects=collects,
    )


def _gate(cls: type[TaskRunner], name: str) -> Callable[..., State]:
    """Return a gate of `cls` as a function of the runner, the state and the upstream states."""
    gate: Callable[..., State] = getattr(cls, name)
    return (lambda runner, state, upstream_states: gate(runner, state)) if name in _STATE_ONLY else gate


def _step(cls: type[TaskRunner], name: str, collects: bool) -> Callable[..., State]:
    """Return a step of `cls` as a function of the runner, the state and the inputs."""
    step: Callable[..., Any] = getattr(cls, name)
    if step is TaskRunner.get_task_run_state and not collects:  # the inputs are plain values
        return TaskRunner._work
    if name == "set_task_run_name":
        return lambda runner, state, inputs: step(runner, inputs) or state
    return step


def _overrides(cls: type[TaskRunner], *names: str) -> bool:
    return any(getattr(cls, name) is not getattr(TaskRunner, name) for name in names)
