"""The scheduling loop: give every task of a plan its turn, and collect the states.

This is the loop for an executor that runs calls at once and answers with their states: tasks get their turn in the
order of the plan, and nothing ever waits. Most of it is left to `engine.plainly`. For executors
that answer with futures there is `engine.waiting`.
"""

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from miniprefect.engine.crew import Crew
from miniprefect.engine.mapping import Fan, Inputs, flattened
from miniprefect.engine.plainly import Outcomes, run_children, run_tasks
from miniprefect.engine.plan import Plan
from miniprefect.engine.result.base import Result
from miniprefect.engine.runner import STOPPING
from miniprefect.engine.state import Failed, Mapped, State, Success
from miniprefect.executors.base import Executor
from miniprefect.utilities.context import Frame
from miniprefect.utilities.logging import get_logger


class Run(NamedTuple):
    """One task run: all that is needed to start it, again if it has to be, and what takes in its state.

    Attributes:
        place: where in the plan the task is.
        known: the state that it begins with.
        upstream: the states that it depends on, by edge.
        values: values for the context of this run.
        is_parent: whether it is to find out if the task can be mapped.
        deliver: takes its final state.
    """

    place: int
    known: State | None
    upstream: dict[Any, State]
    values: dict[str, Any] | None
    is_parent: bool
    deliver: Callable[[State], None]


class Scheduling:
    """Run every task of a plan once.

    Args:
        plan: what to run.
        crew: what takes the tasks of the plan through their runs.
        executor: where to run it; it has been started.
        frame: the context of the flow run.
        known: states that tasks have before the run, by task.
        contexts: values for the context of single tasks, by task.
    """

    def __init__(
        self,
        plan: Plan,
        crew: Crew,
        executor: Executor,
        frame: Frame,
        known: Mapping[Any, State],
        contexts: Mapping[Any, dict[str, Any]],
    ) -> None:
        self.plan = plan
        self.crew = crew
        self.executor = executor
        self.frame = frame
        self.known = known
        self.contexts = contexts
        self.outcomes = Outcomes(len(plan.tasks))
        # The mapped tasks whose children run, by place.
        self.fans: dict[int, Fan] = {}

    def started(self) -> AbstractContextManager[Any]:
        """Hold what the executor needs, for the length of a ``with`` block."""
        return self.executor.start()

    def run(self) -> list[State]:
        """Run everything and return the states in the order of the plan."""
        places = iter(range(len(self.plan.tasks)))
        while (place := self._next_of(places)) is not None:
            self.launch(place)
        return self.outcomes.states

    def so_far(self) -> dict[Any, State]:
        """Return the states there are when the run is cut short; children that have none are pending."""
        for fan in self.fans.values():
            fan.close()
        states = self.outcomes.states
        return {task: state for task, state in zip(self.plan.tasks, states, strict=True) if state is not None}

    def _next_of(self, places: Iterator[int]) -> int | None:
        """Return the next place, after running what can be run ordinarily."""
        if self._is_ordinary():
            return run_tasks(places, self.crew, self.outcomes, self.frame)
        return next(places, None)

    def _is_ordinary(self) -> bool:
        return self.crew.is_ordinary and not self.known and not self.contexts

    # ------------------------------------------------------------------ one task

    def launch(self, place: int) -> None:
        """Begin one task."""
        task = self.plan.tasks[place]
        known = self.known.get(task) if self.known else None
        if task.is_constant:
            self.arrived(place, Success(result=task.value))
        elif known is not None and known.is_finished() and not (known.is_mapped() or known.is_cached()):
            self.arrived(place, self.crew.runner(place).loaded(known))
        else:
            try:
                upstream = self._upstream(place)
            except STOPPING:
                raise
            except BaseException as error:
                self._fail(place, "An upstream result can't be flattened.", error)
                return
            is_parent = place in self.plan.mapped
            deliver: Callable[[State], None] = functools.partial(self.arrived, place)
            if is_parent:
                deliver = functools.partial(self._spread, place, known, upstream)
            values = self.contexts.get(task) if self.contexts else None
            self.start(Run(place, known, upstream, values, is_parent, deliver))

    def _upstream(self, place: int) -> dict[Any, State]:
        upstream = self.plan.upstream_states(place, self.outcomes.states)
        return flattened(upstream) if place in self.plan.flattening else upstream

    def start(self, run: Run) -> None:
        """Hand a task run to the executor."""
        run.deliver(self.submit(run))

    def submit(self, run: Run) -> Any:
        """Hand a task run to the executor, and return what that answers."""
        runner = self.crew.runner(run.place)
        return self.executor.submit(runner.run_within, self.frame, *run[1:5])

    def arrived(self, place: int, state: State) -> None:
        """Take in the state of a task."""
        self.outcomes.add(place, state)

    def _fail(self, place: int, message: str, error: BaseException) -> None:
        """Fail a task that could not begin because of what an upstream task returned."""
        get_logger("FlowRunner").error("Task '%s': %s", self.plan.tasks[place].name, message, exc_info=error)
        self.arrived(place, Failed(message, result=error))

    # ------------------------------------------------------------------ a map

    def _spread(self, place: int, known: State | None, upstream: dict[Any, State], parent: State) -> None:
        """Begin the children of a mapped task, if it turned out that it can be mapped."""
        waits = isinstance(known, Mapped) and not all(state.is_finished() for state in upstream.values())
        if waits or not isinstance(parent, Mapped):
            self.arrived(place, parent)
            return
        try:
            inputs = Inputs(upstream)
        except STOPPING:
            raise
        except BaseException as error:
            self._fail(place, "At least one upstream state has an unmappable result.", error)
            return
        if isinstance(known, Mapped):
            parent = copy.copy(parent)
            parent.cached_inputs = {edge.key: Result(s.result) for edge, s in upstream.items() if edge.key is not None}
        fan = self.fans[place] = Fan(place, inputs, parent, known, self.plan.tasks[place].labels)
        self.outcomes.states[place] = fan.state
        self.run_children(fan)

    def run_children(self, fan: Fan) -> None:
        """Take all children of a mapped task through their runs."""
        is_ordinary = self._is_ordinary() and self.plan.tasks[fan.place].wants.ordinary
        inputs = fan.inputs.plain() if is_ordinary else None
        if inputs is None:
            for index in fan.unfinished():
                self.start_child(fan, index)
        else:
            run_children(range(len(fan.states)), fan.states, self.crew, fan.place, *inputs, self.frame)
        self.finish(fan)

    def start_child(self, fan: Fan, index: int) -> None:
        """Begin one child."""
        self.start(self._child(fan, index))

    def _child(self, fan: Fan, index: int) -> Run:
        values = {**(self.contexts.get(self.plan.tasks[fan.place]) or {}), "map_index": index}
        deliver = functools.partial(self.child_arrived, fan, index)
        return Run(fan.place, fan.known_of(index), fan.inputs.of(index), values, False, deliver)

    def child_arrived(self, fan: Fan, index: int, state: State) -> None:
        """Take in the state of a child."""
        fan.states[index] = state

    def finish(self, fan: Fan) -> None:
        """Make of the children's states that of the mapped task."""
        fan.close()
        del self.fans[fan.place]
        self.arrived(fan.place, fan.state)
