"""The scheduling loop: decide what is ready, hand it to the executor, collect the states. No user code runs here.

Tasks are submitted in the order of the plan. An executor that runs calls at once answers with their states, and
nothing ever waits. Another answers with futures; a task whose upstream tasks are still on their way is then set
aside until the last of them arrives.

Arrivals come through a queue, because futures call back in whatever thread finished them.
"""

import copy
import functools
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from miniprefect.engine.mapping import children, flattened
from miniprefect.engine.plan import Node, Plan
from miniprefect.engine.result.base import Result
from miniprefect.engine.runner import STOPPING, describe
from miniprefect.engine.state import Failed, Mapped, State, Success
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.executors.base import Executor
from miniprefect.utilities.context import Frame
from miniprefect.utilities.lazy import LazyModule
from miniprefect.utilities.logging import get_logger

queue = LazyModule("queue")

Deliver = Callable[[State], None]

_UNMAPPABLE = "At least one upstream state has an unmappable result."


class Scheduling:
    """Run every task of a plan once.

    Args:
        plan: what to run.
        runners: what takes each task of the plan through its run.
        executor: where to run it; it has been started.
        frame: the context of the flow run.
        known: states that tasks have before the run, by task.
        contexts: values for the context of single tasks, by task.
    """

    def __init__(
        self,
        plan: Plan,
        runners: Sequence[TaskRunner],
        executor: Executor,
        frame: Frame,
        known: Mapping[Any, State],
        contexts: Mapping[Any, dict[str, Any]],
    ) -> None:
        self.nodes = plan.nodes
        self.runners = runners
        self.executor = executor
        self.frame = frame
        self.known = known
        self.contexts = contexts
        self.states: list[Any] = [None] * len(plan.nodes)
        self._in_flight = 0
        # A queue.SimpleQueue of (deliver, future), once there is a future to wait for.
        self._arrivals: Any = None
        self._waits: deque[tuple[Deliver, Any]] = deque()
        self._ready: deque[int] = deque()
        self._missing: dict[int, int] = {}
        self._dependents: dict[int, list[int]] = {}

    def run(self) -> list[State]:
        """Run everything and return the states in the order of the plan."""
        for place, node in enumerate(self.nodes):
            if not self._in_flight or not self._set_aside(place, node):
                self._launch(place, node)
        while self._ready or self._in_flight:
            if self._ready:
                place = self._ready.popleft()
                self._launch(place, self.nodes[place])
            else:
                self._receive()
        return self.states

    def _set_aside(self, place: int, node: Node) -> bool:
        """Let a task wait for the upstream tasks that are on their way; say whether there are any."""
        awaited = {source for source in node.sources if self.states[source] is None}
        for source in awaited:
            self._dependents.setdefault(source, []).append(place)
        if awaited:
            self._missing[place] = len(awaited)
        return bool(awaited)

    def arrived(self, place: int, state: State) -> None:
        """Take in the state of a task, and release those that waited for nothing else."""
        self.states[place] = state
        if not self._dependents:
            return
        for dependent in self._dependents.pop(place, ()):
            self._missing[dependent] -= 1
            if not self._missing[dependent]:
                self._ready.append(dependent)

    # ------------------------------------------------------------------ one task

    def _launch(self, place: int, node: Node) -> None:
        """Begin one task."""
        task = node.task
        known = self.known.get(task) if self.known else None
        if task.is_constant:
            self.arrived(place, Success(result=task.value))
        elif known is not None and known.is_finished() and not (known.is_mapped() or known.is_cached()):
            self.arrived(place, self.runners[place].loaded(known))
        else:
            upstream = node.upstream_states(self.states)
            if node.flattens:
                try:
                    upstream = flattened(upstream)
                except STOPPING:
                    raise
                except BaseException as error:
                    self.arrived(place, self._unusable(place, "An upstream result can't be flattened.", error))
                    return
            deliver = functools.partial(self._map, place, known, upstream) if node.mapped else None
            self.submit(place, known, upstream, self.contexts.get(task) if self.contexts else None, deliver)

    def submit(
        self,
        place: int,
        known: State | None,
        upstream: dict[Any, State],
        values: dict[str, Any] | None,
        deliver: Deliver | None = None,
        is_child: bool = False,
    ) -> None:
        """Hand one task run to the executor.

        Args:
            place: where in the plan the task is.
            known: the state that it begins with.
            upstream: the states that it depends on.
            values: values for the context of this run.
            deliver: what takes its final state; by default it becomes the state of the task.
            is_child: whether this is one run of many of a mapped task.
        """
        is_parent = self.nodes[place].mapped and not is_child
        answer = self.executor.submit(self.runners[place].run_within, self.frame, known, upstream, values, is_parent)
        if isinstance(answer, State):
            if deliver is None:
                self.arrived(place, answer)
            else:
                deliver(answer)
            return
        deliver = deliver or functools.partial(self.arrived, place)
        self._in_flight += 1
        if hasattr(answer, "add_done_callback"):
            self._arrivals = self._arrivals or queue.SimpleQueue()
            answer.add_done_callback(lambda future: self._arrivals.put((deliver, future)))
        else:
            self._waits.append((deliver, answer))

    def _receive(self) -> None:
        """Wait for one of the calls on their way."""
        self._in_flight -= 1
        if self._waits:
            deliver, future = self._waits.popleft()
            deliver(_state_of(functools.partial(self.executor.wait, future)))
        else:
            deliver, future = self._arrivals.get()
            deliver(_state_of(future.result))

    def _unusable(self, place: int, message: str, error: BaseException) -> State:
        """Return the state of a task that could not begin because of what an upstream task returned."""
        get_logger("FlowRunner").error("Task '%s': %s", self.nodes[place].task.name, message, exc_info=error)
        return Failed(message, result=error)

    # ------------------------------------------------------------------ a map

    def _map(self, place: int, known: State | None, upstream: dict[Any, State], parent: State) -> None:
        """Begin the children of a mapped task, if it turned out that it can be mapped."""
        if not isinstance(parent, Mapped):
            self.arrived(place, parent)
            return
        try:
            size, inputs = children(upstream)
        except STOPPING:
            raise
        except BaseException as error:
            self.arrived(place, self._unusable(place, _UNMAPPABLE, error))
            return
        if isinstance(known, Mapped):
            parent = copy.copy(parent)
            parent.cached_inputs = {edge.key: Result(s.result) for edge, s in upstream.items() if edge.key is not None}
        _Map(self, place, parent, known, size).begin(inputs)


class _Map:
    """Collect the states of the children of one mapped task."""

    def __init__(self, loop: Scheduling, place: int, parent: Mapped, known: State | None, size: int) -> None:
        self.loop = loop
        self.place = place
        self.parent = parent
        self.known = known.map_states if isinstance(known, Mapped) else []
        self.states: list[Any] = [None] * size
        self.missing = size

    def begin(self, inputs: Iterable[dict[Any, State]]) -> None:
        """Submit every child that is not known to have finished."""
        if not self.states:
            self._finish()
        values = self.loop.contexts.get(self.loop.nodes[self.place].task) or {}
        for index, upstream in enumerate(inputs):
            known = self.known[index] if index < len(self.known) else None
            deliver = functools.partial(self._arrived, index)
            if known is not None and known.is_finished():
                deliver(known)
            else:
                child_values = {**values, "map_index": index}
                self.loop.submit(self.place, known, upstream, child_values, deliver, is_child=True)

    def _arrived(self, index: int, state: State) -> None:
        self.states[index] = state
        self.missing -= 1
        if not self.missing:
            self._finish()

    def _finish(self) -> None:
        parent = self.parent
        results = [state.result for state in self.states]
        mapped = Mapped(parent.message, results, self.states, parent.context, parent._cached_inputs)
        self.loop.arrived(self.place, mapped)


def _state_of(answer: Callable[[], Any]) -> State:
    """Return the state that a call ended with; a call that was lost on the way is a failed task."""
    try:
        state: State = answer()
        return state
    except STOPPING:
        raise
    except BaseException as error:
        message = f"The executor lost the task run: {describe(error)}"
        get_logger("FlowRunner").error(message, exc_info=error)
        return Failed(message, result=error)
