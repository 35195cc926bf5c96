"""The scheduling loop for executors that answer with futures: what waits for what, and what goes first.

A task waits until all its upstream tasks have arrived. A child of a mapped task that takes its inputs from the
children of another waits for those children only, not for the whole map. A task run that is to be tried again waits
until that is due, while the others go on; when all others have ended, it is left to the next run.

What is ready goes to the executor: tasks in the order of the plan, then the children of mapped tasks, first those with
a low index and of these the ones furthest downstream, so that chained maps go depth first. An executor that says how
many calls it can use (`width`) gets no more at a time; the rest is still to be chosen from when a call comes back.

Arrivals come through a queue, because futures call back in whatever thread finished them.
"""

import functools
import heapq
import itertools
import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from miniprefect.engine.mapping import Fan
from miniprefect.engine.runner import STOPPING, describe
from miniprefect.engine.scheduling import Run, Scheduling
from miniprefect.engine.state import Failed, Retrying, State
from miniprefect.engine.task_runner import is_async
from miniprefect.executors.base import Executor
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.context import context
from miniprefect.utilities.logging import get_logger

# How many seconds to wait for an arrival before looking again. Of Ctrl-C that comes in the moment before Python begins
# to wait, or that the system hands to another thread, Python learns when the wait ends.
_LONGEST_WAIT = 0.5


class Waiting(Scheduling):
    """Run every task of a plan, on an executor whose calls take their time; for the arguments see `Scheduling`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._arrivals: queue.SimpleQueue[tuple[Run, Any]] = queue.SimpleQueue()
        # The calls whose futures can't call back.
        self._silent: deque[tuple[Run, Any]] = deque()
        self._work, self._coroutines = Lane(), Lane()
        self._lanes: list[Lane | None] = [None] * len(self.plan.tasks)
        # The futures of the calls on their way that can call back.
        self._futures: set[Any] = set()
        # What is to be tried again, as (due, number, run, the state that says so).
        self._later: list[tuple[Any, int, Run, State]] = []
        self._numbers = itertools.count()
        # By event, which is a place (the task has arrived) or ~place (its children have begun): who waits for it.
        self._dependents: dict[int, list[int]] = {}
        self._missing: dict[int, int] = {}
        # The mapped tasks whose children have begun and not all ended, by place.
        self._crowds: dict[int, Crowd] = {}

    @contextmanager
    def started(self) -> Iterator[None]:
        """Hold what the executor needs, for the length of a ``with`` block."""
        with self.executor.start() as started:
            if isinstance(started, Executor):
                self.executor = started
            yield

    def run(self) -> list[State]:
        """Run everything and return the states in the order of the plan."""
        for place in range(len(self.plan.tasks)):
            self._begin_waiting(place)
        try:
            self._work_off((self._work, self._coroutines))
        except BaseException:
            for future in list(self._futures):
                # What has not begun is not to begin.
                getattr(future, "cancel", bool)()
            raise
        return self.outcomes.states

    def so_far(self) -> dict[Any, State]:
        """Return the states there are when the run is cut short, those that have come since included."""
        while not self._arrivals.empty():
            run, future = self._arrivals.get()
            with suppress(BaseException):
                run.deliver(future.result())
        return super().so_far()

    def _work_off(self, lanes: "tuple[Lane, ...]") -> None:
        while True:
            self._try_again()
            self._work.width = getattr(self.executor, "width", None)
            self._coroutines.width = getattr(self.executor, "overlap", None)
            for lane in lanes:
                while lane.is_open():
                    self._launch_next(lane)
            if any(lane.in_flight for lane in lanes):
                self._receive()
                while not self._arrivals.empty():
                    self._receive()
            elif self._later and not any(lane.ready for lane in lanes):
                self._leave_retries()
            elif not any(lane.ready for lane in lanes):
                return

    # ------------------------------------------------------------------ what waits for what

    def _begin_waiting(self, place: int) -> None:
        events = self._events(place)
        for event in events:
            self._dependents.setdefault(event, []).append(place)
        self._missing[place] = len(events)
        if not events:
            self._line_up(-1, place, None)

    def _events(self, place: int) -> set[int]:
        """Return what a task waits for."""
        return {self._event(edge) for edge in self.plan.edges(place)}

    def _event(self, edge: Any) -> int:
        source = self.plan.places[edge.upstream_task]
        return ~source if edge.mapped and not edge.flattened and source in self.plan.mapped else source

    def _happened(self, event: int) -> None:
        """Release the tasks that waited for nothing else."""
        for place in self._dependents.pop(event, ()):
            self._missing[place] -= 1
            if not self._missing[place]:
                self._line_up(-1, place, None)

    def arrived(self, place: int, state: State) -> None:
        """Take in the state of a task."""
        self.outcomes.states[place] = state  # not `add`: it reads the value, which may be large and in a file
        self._happened(~place)
        self._happened(place)

    # ------------------------------------------------------------------ maps

    def run_children(self, fan: Fan) -> None:
        """Line up the children that have their inputs; the others follow the children that they take them from."""
        sources = [self._crowds[~event] for event in self._events(fan.place) if ~event in self._crowds]
        crowd = self._crowds[fan.place] = Crowd(fan, sources)
        self._push_next(crowd)
        self._happened(~fan.place)
        self._finish_if_done(crowd)

    def child_arrived(self, fan: Fan, index: int, state: State) -> None:
        """Take in the state of a child."""
        super().child_arrived(fan, index, state)
        self._child_came(self._crowds[fan.place], index)

    def _child_came(self, crowd: "Crowd", index: int) -> None:
        self._children_came(crowd, (index,))

    def _children_came(self, crowd: "Crowd", indexes: Sequence[int]) -> None:
        crowd.missing -= len(indexes)
        for follower in crowd.followers:
            for index in filter(follower.released, indexes):
                self._line_up(index, follower.fan.place, follower)
        if not crowd.missing:
            self._finish_if_done(crowd)

    def _finish_if_done(self, crowd: "Crowd") -> None:
        if not crowd.missing:
            del self._crowds[crowd.fan.place]
            self.finish(crowd.fan)

    # ------------------------------------------------------------------ what goes first

    def _lane(self, place: int) -> "Lane":
        """Return the lane of a task: coroutines have one of their own, if the executor can overlap them."""
        lane = self._lanes[place]
        if lane is None:
            apart = getattr(self.executor, "overlap", None) and is_async(self.plan.tasks[place].run)
            lane = self._lanes[place] = self._coroutines if apart else self._work
        return lane

    def _line_up(self, index: int, place: int, crowd: "Crowd | None") -> None:
        heapq.heappush(self._lane(place).ready, (index, -place if crowd else place, crowd))

    def _launch_next(self, lane: "Lane") -> None:
        index, place, what = heapq.heappop(lane.ready)
        if what is None:
            self.launch(place)
        elif isinstance(what, Run):
            self.start(what)
        else:
            self._push_next(what)
            self.start_child(what.fan, index)

    def _push_next(self, crowd: "Crowd") -> None:
        """Line up the next child that waits for nothing: one at a time, for there may be millions."""
        index = next(crowd.upcoming, None)
        if index is not None:
            self._line_up(index, crowd.fan.place, crowd)

    # ------------------------------------------------------------------ calls on their way

    def submit(self, run: Run) -> Any:
        """Hand a task run to the executor, with some facts about it, and return what that answers."""
        runner = self.crew.runner(run.place)
        return self.executor.submit(runner.run_within, self.frame, *run[1:5], extra_context=self.facts(run))

    def facts(self, run: Run) -> dict[str, Any]:
        """Return what an executor may use or show to people: names that Prefect gave them, and ours."""
        task = self.plan.tasks[run.place]
        facts = {"task_name": task.name, "task_tags": task.labels}
        if not run.is_parent and run.place in self.fans:
            facts["task_index"] = run.values and run.values.get("map_index")
        if self._lane(run.place) is self._coroutines:
            facts["is_async"] = True
        return facts

    def start(self, run: Run) -> None:
        """Hand a task run to the executor."""
        answer = self.submit(run)
        if isinstance(answer, State):
            run.deliver(answer)
            return
        self._lane(run.place).in_flight += 1
        if hasattr(answer, "add_done_callback"):
            self._futures.add(answer)
            answer.add_done_callback(lambda future: self._arrivals.put((run, future)))
        else:
            self._silent.append((run, answer))

    def _receive(self) -> None:
        """Take in one of the calls on their way; return without one when none comes in time."""
        if self._silent:
            run, future = self._silent.popleft()
            state = _state_of(functools.partial(self.executor.wait, future))
        else:
            try:
                run, future = self._next_arrival(self._patience())
            except queue.Empty:
                return
            self._futures.discard(future)
            state = _state_of(future.result)
        self._take_in(run, state)

    def _take_in(self, run: Run, state: State) -> None:
        self._lane(run.place).in_flight -= 1
        if isinstance(state, Retrying) and state.start_time is not None and not _is_the_same(state, run.known):
            heapq.heappush(self._later, (state.start_time, next(self._numbers), run, state))
        else:
            run.deliver(state)

    def _next_arrival(self, timeout: float) -> tuple[Run, Any]:
        return self._arrivals.get(timeout=timeout)

    def _patience(self) -> float:
        """Return how many seconds to wait for an arrival: no longer than until a retry is due."""
        if not self._later:
            return _LONGEST_WAIT
        seconds: float = (self._later[0][0] - utc_now()).total_seconds()
        return min(max(seconds, 0.0), _LONGEST_WAIT)

    def _leave_retries(self) -> None:
        """Leave the retries that are not due to the next run: there is nothing else to do until then."""
        while self._later:
            _, _, run, state = heapq.heappop(self._later)
            run.deliver(state)

    def _try_again(self) -> None:
        """Line up the task runs whose retries are due, ahead of all others."""
        while self._later and self._later[0][0] <= utc_now():
            _, number, run, state = heapq.heappop(self._later)
            heapq.heappush(self._lane(run.place).ready, (-2, number, run._replace(known=state)))


class Lane:
    """Be the calls that may begin, and count those that have.

    Attributes:
        ready: what may begin, in order: a retry as (-2, number, run), the place of a task as (-1, place, None), a
            child as (index, -place, its crowd).
        in_flight: how many calls the executor has.
        width: how many it can use; None for any number.
    """

    def __init__(self) -> None:
        self.ready: list[tuple[int, int, Crowd | Run | None]] = []
        self.in_flight = 0
        self.width: int | None = None

    def is_open(self) -> bool:
        """Say whether a call is to begin."""
        return bool(self.ready) and (self.width is None or self.in_flight < self.width)


class Crowd:
    """Be the children of a mapped task while some of them are still to come.

    Args:
        fan: the children.
        sources: the mapped tasks whose children some of them take their inputs from.

    Attributes:
        missing: how many have not ended.
        upcoming: those that wait for nothing and have not been lined up.
        followers: the mapped tasks whose children take their inputs from these.
    """

    def __init__(self, fan: Fan, sources: "list[Crowd]") -> None:
        self.fan = fan
        self.missing = fan.states.count(None)
        self.followers: list[Crowd] = []
        # By index, how many inputs are still to come; -1 when the last has come.
        self._awaited = [0] * len(fan.states)
        for source in sources:
            source.followers.append(self)
            for index in source.fan.unfinished():
                if index < len(fan.states):
                    self._awaited[index] += 1
        self.upcoming: Iterator[int] = iter(range(len(fan.states)))
        if sources or self.missing < len(fan.states):
            self.upcoming = (index for index in fan.unfinished() if self._awaited[index] == 0)

    def released(self, index: int) -> bool:
        """Take in that an input of a child has come; say whether the child can begin now."""
        if index >= len(self._awaited) or self.fan.states[index] is not None:
            return False
        self._awaited[index] = self._awaited[index] - 1 or -1
        return self._awaited[index] < 0


def _is_the_same(state: Retrying, known: State | None) -> bool:
    """Say whether the gates of a run gave back the state that it began with, here or in another process."""
    if not isinstance(known, Retrying):
        return False
    return (state.start_time, state.run_count) == (known.start_time, known.run_count)


def _state_of(answer: Callable[[], Any]) -> State:
    """Return the state that a call ended with; a call that was lost on the way is a failed task."""
    try:
        state = answer()
        if not isinstance(state, State):
            raise TypeError(f"the call gave {state!r}, which is no state")
        return state
    except STOPPING:
        raise
    except BaseException as error:
        if context.get("raise_on_exception"):
            raise
        message = f"The executor lost the task run: {describe(error)}"
        get_logger("FlowRunner").error(message, exc_info=error)
        return Failed(message, result=error)
