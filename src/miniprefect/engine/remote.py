"""The scheduling loop for executors whose calls run in other processes.

The processes get what all task runs of a flow run have in common once, when they start: the plan, the task runners,
the context. What travels for each task run is small: which task, the states it depends on, and back the state it ends
in. A result comes as bytes of its own, so that a result which can't be read is one task's failure, and a large one as
a file that is read when somebody wants the value: here, or in the process of a task downstream.

What has nothing to compute (a parameter, a task that is not due, the question whether a task can be mapped) runs here,
handlers included.
"""

import datetime
import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from miniprefect.engine.bulk import run_together
from miniprefect.engine.children import children_of
from miniprefect.engine.crew import Crew
from miniprefect.engine.frames import FlowFrame, TaskFrame
from miniprefect.engine.making import succeeded
from miniprefect.engine.mapping import Fan
from miniprefect.engine.parcels import LARGE, Elsewhere, Folder, Gathered, Parcel, packed
from miniprefect.engine.plan import Plan
from miniprefect.engine.result.base import Result
from miniprefect.engine.runner import describe
from miniprefect.engine.scheduling import Run
from miniprefect.engine.state import Failed, Mapped, State
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.engine.waiting import Crowd, Lane, Waiting
from miniprefect.engine.withholding import context_values, encoded, opened, parts
from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.executors.processes import COROUTINES, NotSendable, Turns, WorkerDied, encode
from miniprefect.utilities.clock import clock, utc_now
from miniprefect.utilities.context import Frame, current_frame, entered

# What a task has put into the cache, by cache key.
Caches = dict[str, list[State]]


class Sent(NamedTuple):
    """Be what comes back of a task run.

    Attributes:
        state: the state it ended in, without its result.
        result: the result.
        remembered: what it has put into the cache.
    """

    state: State
    result: Parcel
    remembered: Caches


class Shared:
    """Be what all task runs of a flow run have in common. In a worker process, run them.

    Args:
        plan: the tasks.
        crew: what takes them through their runs.
        frame: the context of the flow run.
        store: where large results are; see `engine.parcels`.
    """

    def __init__(self, plan: Plan, crew: Crew, frame: Frame, store: Any) -> None:
        self.plan = plan
        self.crew = crew
        self.frame = frame
        self.store = store

    def __reduce__(self) -> Any:
        """Travel to a worker that was not forked: as the flow, and as what its context shows."""
        flow = self.frame.flow  # type: ignore[attr-defined]
        crew = self.crew
        made_of = (crew.cls, list(crew.handlers), crew.result, crew.keeps_times)
        return _shared_anew, (flow, made_of, context_values(self.frame), self.store)

    def encoded(self, encode: Callable[[Any], bytes]) -> bytes:
        """Return this as bytes, with each value in it sealed; see `engine.withholding`."""
        return encoded(self, encode)

    def __call__(
        self,
        place: int,
        known: State | None,
        states: list[State],
        values: dict[str, Any] | None,
        cached: list[State],
        due: datetime.datetime | None,
    ) -> Sent:
        """Run a task.

        Args:
            place: where in the plan it is.
            known: the state it begins with.
            states: those it depends on, in the order of `edges`.
            values: values for the context of this run.
            cached: what later runs have put into the cache under the key of this task.
            due: when it became due, if it was to wait.
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
        return self._sent(runner.run_within(self.frame, known, upstream, values), before)

    def _sent(self, state: State, before: dict[str, int]) -> Sent:
        caches = self.frame.get("caches")
        new = {key: found[before.get(key, 0) :] for key, found in caches.items()} if caches else {}
        remembered = {key: found for key, found in new.items() if found}
        held, state._held = state._held, None
        return Sent(state, packed(held, self.store), remembered)

    def many(self, turns: Turns, *children: Any) -> None:
        """Run children of a mapped task, each when it is its turn; see `engine.bulk`."""
        run_together(self, turns, *children)

    def encoded_state(self, state: State, is_bare: bool, before: dict[str, int]) -> bytes:
        """Return a state as bytes: those of its result, if it is bare, or of a `Sent`.

        Args:
            state: what a task run ended in.
            is_bare: whether it says no more than that the run went well, and its result.
            before: how much there was in the cache before the run, by cache key.
        """
        data = _small(state._held) if is_bare and not isinstance(state._held, Result | Sent) else None
        return data or encode(self._sent(state, before))

    def edges(self, place: int, values: dict[str, Any] | None) -> list[Any]:
        """Return the edges that end at a task, of a map's children the mapped ones first, as `mapping.Inputs` does."""
        edges = list(self.plan.edges(place))
        return edges if place not in self.plan.mapped else sorted(edges, key=lambda edge: not edge.mapped)


def _small(value: Any) -> bytes | None:
    """Return a value as bytes, or None if these are too many, or there are none."""
    try:
        data = encode(value)
    except NotSendable:
        return None
    return data if len(data) < LARGE else None


def _shared_anew(flow: Any, made_of: tuple[Any, ...], values: dict[str, Any], store: Any) -> Shared:
    plan = flow.compiled()
    return Shared(plan, Crew(plan, *made_of), FlowFrame(current_frame(), opened(values), flow), store)


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


class Bulk:
    """Be children of a mapped task that travel together, and take in what becomes of them.

    Args:
        remote: the loop that they belong to.
        crowd: the children of the mapped task.
        lane: the lane of the task.
        indexes: which children; their numbers are their places in this.
    """

    def __init__(self, remote: "Remote", crowd: Crowd, lane: Lane, indexes: Sequence[int]) -> None:
        self.remote = remote
        self.crowd = crowd
        self.lane = lane
        self.indexes = indexes

    def gave(self, first: int, values: list[Any]) -> None:
        """Take in plain values: the children, from that number on, succeeded."""
        indexes = self.indexes[first : first + len(values)]
        self.crowd.fan.children.tell(indexes, values)
        self.lane.in_flight -= len(values)
        self.remote.came(self.crowd, indexes)

    def ended(self, number: int, value: Any, error: BaseException | None) -> None:
        """Take in what one child returned, or what its call raised, or a `Sent`."""
        if error is None and not isinstance(value, Sent):
            self.gave(number, [value])
        else:
            self.remote.child_answered(self.crowd.fan, self.indexes[number], lambda: _raised_or(error, value))

    def returned(self, numbers: Sequence[int]) -> None:
        """Line up again what has not begun."""
        self.lane.in_flight -= len(numbers)
        self.remote.line_up_again(self.crowd, [self.indexes[number] for number in numbers])

    def refused(self, numbers: Sequence[int]) -> None:
        """Start by itself each of those that can't travel together: it will tell why."""
        self.lane.in_flight -= len(numbers)
        for number in numbers:
            self.remote.start_child(self.crowd.fan, self.indexes[number])


class Remote(Waiting):
    """Run every task of a plan in other processes; for the arguments see `Scheduling`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        new_store = getattr(self.executor, "new_store", None) or Folder
        self.shared = Shared(self.plan, self.crew, self.frame, new_store())
        # By place, what `_whole` found out.
        self._wholes: dict[int, dict[str, Any] | None] = {}
        # Where in the plan the tasks are that have a large result.
        self._large: set[int] = set()

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
        if hasattr(self.executor, "is_to_be_full"):
            self.executor.is_to_be_full = bool(self.plan.mapped)
        with ExitStack() as stack:
            stack.push(starting)
            yield

    def _refusal(self, error: NotSendable) -> NotSendable:
        """Return the error that says which task keeps the flow from being sent, and what to do about it."""
        store = self.shared.store
        for name, part, remedy in parts(self.plan, self.frame, store.remedy):
            try:
                store.encode_alone(part)
            except Exception as reason:
                return NotSendable(f"{name} can't be sent to {store.others}: {describe(reason)}. {remedy}")
        return NotSendable(f"The flow can't be sent to {store.others}: {error}")

    def submit(self, run: Run) -> Any:
        """Run a task here, or have it run elsewhere."""
        runner = self.crew.runner(run.place)
        known, due = run.known, getattr(run.known, "start_time", None)
        if run.is_parent or runner.task.is_parameter or (due is not None and due > utc_now()):
            return runner.run_within(self.frame, known, run.upstream, run.values, run.is_parent)
        states = [run.upstream[edge] for edge in self.shared.edges(run.place, run.values)]
        if self.crew.is_ordinary and runner.task.wants.ordinary:
            states = [*map(_without_children, states)]
        cached = self.frame.get("caches").get(cache_key(runner), []) if runner.task.wants.cache else []
        sent = (run.place, known, states, run.values, cached, due)
        kind = COROUTINES if self._lane(run.place) is self._coroutines else run.place
        call = self.executor.call(kind, *sent, extra_context=self.facts(run))  # type: ignore[attr-defined]
        return Answer(call, lambda call: self._state(run, call.result))

    # ------------------------------------------------------------------ children that travel together

    def _launch_next(self, lane: Lane) -> None:
        crowd = lane.ready[0][2]
        whole = self._whole(crowd.fan) if isinstance(crowd, Crowd) else None
        if not isinstance(crowd, Crowd) or whole is None:
            super()._launch_next(lane)
            return
        indexes: Sequence[int] = _in_order(self._next_children(crowd, lane))
        self._push_next(crowd)
        columns = crowd.fan.inputs.at(indexes)
        if columns is None:
            indexes = self._without_odd(crowd.fan, indexes)
            columns = crowd.fan.inputs.at(indexes)
        if indexes:
            self._send(Bulk(self, crowd, lane, indexes), columns, whole)
            lane.width = self.executor.width

    def _without_odd(self, fan: Fan, indexes: Sequence[int]) -> list[int]:
        """Start by itself each child whose arguments are not all values that are here; return the others."""
        odd = {index for index in indexes if fan.inputs.at([index]) is None}
        for index in sorted(odd):
            self.start_child(fan, index)
        return [index for index in indexes if index not in odd]

    def _next_children(self, crowd: Crowd, lane: Lane) -> list[int]:
        """Take children that are ready, as many as take a moment, up to where something else goes first."""
        indexes: list[int] = []
        most: int = self.executor.share(crowd.fan.place, crowd.missing)  # type: ignore[attr-defined]
        while len(indexes) < most:
            first = lane.ready[0] if lane.ready else None
            if first is None:
                indexes.extend(itertools.islice(crowd.upcoming, most - len(indexes)))
                break
            if first[2] is crowd:
                indexes.append(heapq.heappop(lane.ready)[0])
                continue
            index = next(crowd.upcoming, None)
            if index is None:
                break
            if first < (index, -crowd.fan.place):
                self._line_up(index, crowd.fan.place, crowd)
                break
            indexes.append(index)
        return indexes

    def _whole(self, fan: Fan) -> dict[str, Any] | None:
        """Return the arguments that are the same for all children, or None if these can't travel together."""
        if fan.place not in self._wholes:
            wants = self.plan.tasks[fan.place].wants
            together = self._is_ordinary() and wants.ordinary and not wants.cache
            together = together and hasattr(self.executor, "call_many") and self._lane(fan.place) is self._work
            self._wholes[fan.place] = fan.inputs.whole() if together else None
        return self._wholes[fan.place]

    def _send(self, bulk: "Bulk", columns: Any, whole: dict[str, Any]) -> None:
        """Have children run."""
        place = bulk.crowd.fan.place
        sent = (place, bulk.indexes, columns, whole)
        try:
            self.executor.call_many(place, sent, len(bulk.indexes), bulk)  # type: ignore[attr-defined]
        except NotSendable:  # one of them; each by itself will tell
            for index in bulk.indexes:
                self.start_child(bulk.crowd.fan, index)
        else:
            bulk.lane.in_flight += len(bulk.indexes)

    # ------------------------------------------------------------------ what comes back

    def came(self, crowd: Crowd, indexes: Sequence[int]) -> None:
        """Take in that children have their states."""
        self._children_came(crowd, indexes)

    def child_answered(self, fan: Fan, index: int, answer: Callable[[], Sent]) -> None:
        """Take in the answer of a child."""
        run = self._child(fan, index)
        self._take_in(run, self._state(run, answer))

    def line_up_again(self, crowd: Crowd, indexes: list[int]) -> None:
        """Line up children that came back without having begun."""
        for index in indexes:
            self._line_up(index, crowd.fan.place, crowd)

    def finish(self, fan: Fan) -> None:
        """Make of the children's states that of the mapped task; large results are not read for that."""
        may_be_large = fan.known or fan.place in self._large
        if may_be_large and any(isinstance(state._held, Elsewhere) for state in fan.states):
            del self.fans[fan.place]
            fan.state._held = Gathered(fan.children.shown())
            self.arrived(fan.place, fan.state)
        else:
            super().finish(fan)

    def _next_arrival(self, timeout: float) -> Any:
        if self._arrivals.empty():
            self.executor.poll(timeout)  # type: ignore[attr-defined]
        return self._arrivals.get_nowait()

    def _state(self, run: Run, answer: Callable[[], Sent]) -> State:
        """Return the state that a call ended in, and put what the task cached into the cache."""
        try:
            state, result, remembered = answer()
        except (NotSendable, WorkerDied, TaskTimeoutSignal) as error:
            return self._lost(run, error)
        for key, found in remembered.items():
            self.frame.get("caches").setdefault(key, []).extend(found)
        try:
            state._held = result.opened(self.shared.store)
            if isinstance(state._held, Elsewhere):
                self._large.add(run.place)
        except NotSendable as error:
            error = NotSendable(f"The result can't be sent from the worker process: {error}")
            if not isinstance(state, Failed):
                return self._lost(run, error)
            state._held = error
        return state

    def _lost(self, run: Run, error: BaseException) -> State:
        """Take a task run to its end whose process did not."""
        runner = self.crew.runner(run.place)
        frame = TaskFrame(self.frame, run.values, runner.task, runner.slug)
        with entered(frame):
            return runner.lost(frame, run.known, error, may_retry=isinstance(error, WorkerDied | TaskTimeoutSignal))


def _in_order(indexes: list[int]) -> Sequence[int]:
    """Sort `indexes`, of which there is one at least, and return them.

    They are a range if they follow one another, which is small, and by which parts of lists are found at once.
    """
    indexes.sort()
    first, last = indexes[0], indexes[-1]
    return range(first, last + 1) if last - first == len(indexes) - 1 else indexes


def _without_children(state: State) -> State:
    """Return a state to send: of a map whose children all went well, no more than their results.

    Only for a task whose run looks at no states: a trigger or a task runner of its own may want to see the children.
    """
    if type(state) is not Mapped or type(state._held) is not list:
        return state
    return succeeded(state._held, ()) if children_of(state).are_plain() else state


def _raised_or(error: BaseException | None, value: Any) -> Any:
    if error is not None:
        raise error
    return value
