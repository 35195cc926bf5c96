"""The scheduling loop for executors whose calls run in other processes.

The processes get what all task runs of a flow run have in common once, when they start: the plan, the task runners,
the context. What travels for each task run is small: which task, the states it depends on, and back the state it ends
in. A result comes as bytes of its own, so that a result which can't be read is one task's failure, and a large one as
a file that is read when somebody wants the value: here, or in the process of a task downstream.

What has nothing to compute (a parameter, a task that is not due, the question whether a task can be mapped) runs here,
handlers included.
"""

import datetime
import pickle
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from miniprefect.engine.crew import Crew
from miniprefect.engine.frames import FlowFrame, TaskFrame
from miniprefect.engine.mapping import Fan
from miniprefect.engine.parcels import Elsewhere, Folder, Gathered, Parcel, packed
from miniprefect.engine.plan import Plan
from miniprefect.engine.runner import describe
from miniprefect.engine.scheduling import Run
from miniprefect.engine.state import Failed, State
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.engine.waiting import Waiting
from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.executors.processes import NotSendable, WorkerDied
from miniprefect.utilities.clock import clock, utc_now
from miniprefect.utilities.context import Frame, current_frame, entered

# What a task has put into the cache, by cache key.
Caches = dict[str, list[State]]


class Shared:
    """Be what all task runs of a flow run have in common. In a worker process, run them.

    Args:
        plan: the tasks.
        crew: what takes them through their runs.
        frame: the context of the flow run.
    """

    def __init__(self, plan: Plan, crew: Crew, frame: Frame) -> None:
        self.plan = plan
        self.crew = crew
        self.frame = frame
        self.folder = Folder()

    def __reduce__(self) -> Any:
        """Travel to a worker that was not forked: as the flow, and as what its context shows."""
        flow = self.frame.flow  # type: ignore[attr-defined]
        values = {key: value for key, value in self.frame.items() if key not in ("config", "logger", "flow")}
        crew = self.crew
        return _shared_anew, (flow, crew.cls, list(crew.handlers), crew.result, values, self.folder)

    def __call__(
        self,
        place: int,
        known: State | None,
        states: list[State],
        values: dict[str, Any] | None,
        cached: list[State],
        due: datetime.datetime | None,
    ) -> tuple[State, Parcel, Caches]:
        """Run a task.

        Args:
            place: where in the plan it is.
            known: the state it begins with.
            states: those it depends on, in the order of `edges`.
            values: values for the context of this run.
            cached: what later runs have put into the cache under the key of this task.
            due: when it became due, if it was to wait.

        Returns:
            The state it ends in, without its result; the result; what it has put into the cache.
        """
        if due is not None:  # by the clock of the process that decides; this one's may be behind
            clock().sleep_until(due)
        caches = self.frame.get("caches")
        runner = self.crew.runner(place)
        if cached:
            caches[cache_key(runner)] = cached
        before = {key: len(found) for key, found in caches.items()}
        upstream = dict(zip(self.edges(place, values), states, strict=True))
        upstream.update(self.plan.given(place))
        state = runner.run_within(self.frame, known, upstream, values)
        remembered = {key: found[before.get(key, 0) :] for key, found in caches.items()} if caches else {}
        held, state._held = state._held, None
        return state, packed(held, self.folder), remembered

    def edges(self, place: int, values: dict[str, Any] | None) -> list[Any]:
        """Return the edges that end at a task, of a map's children the mapped ones first, as `mapping.Inputs` does."""
        edges = list(self.plan.edges(place))
        return edges if place not in self.plan.mapped else sorted(edges, key=lambda edge: not edge.mapped)


def _shared_anew(
    flow: Any, cls: type[TaskRunner], handlers: list[Any], result: Any, values: dict[str, Any], folder: Any
) -> Shared:
    plan = flow.compiled()
    shared = Shared(plan, Crew(plan, cls, handlers, result), FlowFrame(current_frame(), values, flow))
    shared.folder = folder
    return shared


def cache_key(runner: TaskRunner) -> str:
    """Return the name under which results of a task are cached."""
    return runner.task.cache_key or runner.task.name


class Answer:
    """Be the future of a task run: the answer of its call, made a state when it is read."""

    def __init__(self, call: Any, state: Callable[[Any], State]) -> None:
        self.call = call
        self.state = state

    def add_done_callback(self, fn: Callable[[Any], Any]) -> None:
        """Have `fn` called with this answer when it has come."""
        self.call.add_done_callback(lambda call: fn(self))

    def result(self) -> State:
        """Return the state that the task run ended in."""
        return self.state(self.call)


class Remote(Waiting):
    """Run every task of a plan in other processes; for the arguments see `Scheduling`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.shared = Shared(self.plan, self.crew, self.frame)

    @contextmanager
    def started(self) -> Iterator[None]:
        """Hold the processes, for the length of a ``with`` block."""
        # What is made when it is first read must be the same in all of them.
        for key in (*FlowFrame.makers, *FlowFrame.defaults):
            self.frame.get(key)
        executor: Any = self.executor
        try:
            starting = executor.start_with(self.shared)
            self.executor = starting.__enter__()
        except NotSendable as error:
            raise self._refusal(error) from error
        with ExitStack() as stack:
            stack.push(starting)
            yield

    def _refusal(self, error: NotSendable) -> NotSendable:
        """Return the error that says which task keeps the flow from being sent, and what to do about it."""
        for task in self.plan.tasks:
            try:
                pickle.dumps(task)
            except Exception as reason:
                return NotSendable(
                    f"Task '{task.name}' can't be sent to worker processes that are not forked: {describe(reason)}. "
                    "Make it of a function or class at the top of a module, or use the start method 'fork'."
                )
        return NotSendable(f"The flow can't be sent to worker processes that are not forked: {error}")

    def submit(self, run: Run, known: State | None) -> Any:
        """Run a task here, or have it run elsewhere."""
        runner = self.crew.runner(run.place)
        due = getattr(known, "start_time", None)
        if run.is_parent or runner.task.is_parameter or (due is not None and due > utc_now()):
            return runner.run_within(self.frame, known, run.upstream, run.values, run.is_parent)
        states = [run.upstream[edge] for edge in self.shared.edges(run.place, run.values)]
        cached = self.frame.get("caches").get(cache_key(runner), []) if runner.task.wants.cache else []
        sent = (run.place, known, states, run.values, cached, due)
        call = self.executor.call(run.place, *sent)  # type: ignore[attr-defined]
        return Answer(call, lambda call: self._state(run, known, call))

    def finish(self, fan: Fan) -> None:
        """Make of the children's states that of the mapped task; large results are not read for that."""
        if any(isinstance(state._held, Elsewhere) for state in fan.states):
            del self.fans[fan.place]
            fan.state._held = Gathered(fan.states)
            self.arrived(fan.place, fan.state)
        else:
            super().finish(fan)

    def _next_arrival(self, timeout: float | None) -> Any:
        while self._arrivals.empty():
            self.executor.poll(timeout)  # type: ignore[attr-defined]
            if timeout is not None and self._arrivals.empty():
                raise queue.Empty
        return self._arrivals.get_nowait()

    def _state(self, run: Run, known: State | None, call: Any) -> State:
        """Return the state that a call ended in, and put what the task cached into the cache."""
        try:
            state, result, remembered = call.result()
        except (NotSendable, WorkerDied, TaskTimeoutSignal) as error:
            return self._lost(run, known, error)
        for key, found in remembered.items():
            self.frame.get("caches").setdefault(key, []).extend(found)
        try:
            state._held = result.opened(self.shared.folder)
        except NotSendable as error:
            error = NotSendable(f"The result can't be sent from the worker process: {error}")
            if not isinstance(state, Failed):
                return self._lost(run, known, error)
            state._held = error
        return state  # type: ignore[no-any-return]

    def _lost(self, run: Run, known: State | None, error: BaseException) -> State:
        """Take a task run to its end whose process did not."""
        runner = self.crew.runner(run.place)
        frame = TaskFrame(self.frame, run.values, runner.task, runner.slug)
        with entered(frame):
            return runner.lost(frame, known, error, may_retry=isinstance(error, WorkerDied | TaskTimeoutSignal))
