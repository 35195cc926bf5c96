"""The life of one flow run: where it begins, the scheduling loop, and what its tasks' states make of it."""

import datetime
import functools
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from miniprefect.configuration import config
from miniprefect.engine.children import each_child, each_kind_of_child
from miniprefect.engine.crew import Crew
from miniprefect.engine.defaults import get_default_executor_class, get_default_task_runner_class
from miniprefect.engine.frames import FlowFrame
from miniprefect.engine.plan import FlowLike, Plan
from miniprefect.engine.runner import INTERRUPTED, Runner, describe, logger_of, tell
from miniprefect.engine.scheduling import Scheduling
from miniprefect.engine.signals import ENDRUN
from miniprefect.engine.state import Cancelled, Failed, Pending, Queued, Running, State, Submitted, Success
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.exceptions import TimeUp
from miniprefect.executors.base import Executor
from miniprefect.utilities.clock import clock, utc_now
from miniprefect.utilities.collections import DotDict
from miniprefect.utilities.context import context as the_context
from miniprefect.utilities.context import current_frame, enter_frame, with_whole_config
from miniprefect.utilities.lazy import LazyModule

remote = LazyModule("miniprefect.engine.remote")
waiting = LazyModule("miniprefect.engine.waiting")

TaskStates = Mapping[Any, State]


class FlowRunnerInitializeResult(NamedTuple):
    """What `FlowRunner.initialize_run` returns."""

    state: State
    task_states: dict[Any, State]
    context: dict[str, Any]
    task_contexts: dict[Any, dict[str, Any]]


class FlowRunner(Runner):
    """Take a flow through one run: every task gets its turn once; what waits for a retry is left for the next run.

    On an executor that answers with futures, tasks that fail here are tried again here, when that is due.

    Args:
        flow: the flow.
        task_runner_cls: the class that takes tasks through their runs; `TaskRunner` by default.
        state_handlers: functions of (runner, old state, new state), called after the flow's own handlers.
    """

    def __init__(
        self,
        flow: FlowLike,
        task_runner_cls: type[TaskRunner] | None = None,
        state_handlers: Iterable[Callable[..., Any]] | None = None,
    ) -> None:
        super().__init__(state_handlers)
        if not hasattr(flow, "compiled"):
            raise AttributeError(f"A FlowRunner runs a Flow, not {flow!r}.")
        self.flow = flow
        self._made_in = current_frame()
        self.task_runner_cls = task_runner_cls or get_default_task_runner_class()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.flow.name}>"

    @functools.cached_property
    def context(self) -> DotDict:
        """What the context showed where the runner was made."""
        return DotDict(dict(self._made_in.items()))

    @property
    def target(self) -> str:
        """The flow, as log lines call it."""
        return f"Flow '{self.flow.name}'"

    def run(
        self,
        state: State | None = None,
        task_states: TaskStates | None = None,
        return_tasks: Iterable[Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        task_runner_state_handlers: Iterable[Callable[..., Any]] | None = None,
        executor: Executor | None = None,
        context: Mapping[str, Any] | None = None,
        task_contexts: Mapping[Any, dict[str, Any]] | None = None,
    ) -> State:
        """Run the flow once and return the state it ends in.

        Args:
            state: the state to begin with; Pending by default. A finished one is returned as it is.
            task_states: states that tasks have already; finished tasks do not run again.
            return_tasks: the tasks whose states the result is to hold.
            parameters: values of the flow's parameters.
            task_runner_state_handlers: functions of (task runner, old state, new state).
            executor: where the tasks run.
            context: values for the context of the run.
            task_contexts: values for the context of single tasks.
        """
        self.logger.info("Beginning Flow run for '%s'", self.flow.name)
        executor = executor or get_default_executor_class()()
        self.logger.debug("Using executor type %s", type(executor).__name__)
        begun = self.initialize_run(state, task_states, context, task_contexts, parameters)
        before = current_frame()
        try:
            enter_frame(FlowFrame(before, begun.context, self.flow))
            return self._live(
                begun,
                return_tasks=set(return_tasks or ()),
                handlers=list(task_runner_state_handlers or ()),
                executor=executor,
            )
        finally:
            # Not by a `with` block, which Ctrl-C may leave before it has quite begun.
            enter_frame(before)

    def wait_until(self, moment: datetime.datetime) -> None:
        """Wait between two rounds of a run, until `moment`, when a task is to be tried again."""
        clock().sleep_until(moment)

    def _live(
        self,
        begun: FlowRunnerInitializeResult,
        return_tasks: set[Any],
        handlers: list[Callable[..., Any]],
        executor: Executor,
    ) -> State:
        """Take the run from its first state to its last, whatever happens on the way."""
        state = begun.state
        try:
            for step in (
                self.check_flow_is_pending_or_running,
                self.check_flow_reached_start_time,
                self.set_flow_to_running,
            ):
                state = self._told(state, step(state))
            last = self.get_flow_run_state(
                state, begun.task_states, begun.task_contexts, return_tasks, handlers, executor
            )
            return self._told(state, last)
        except ENDRUN as end:
            return end.state
        except KeyboardInterrupt:
            return self._ended(state, Cancelled(INTERRUPTED))
        except TimeUp:
            raise
        except BaseException as error:
            if the_context.get("raise_on_exception"):
                raise
            message = f"Unexpected error: {describe(error)}"
            self.logger.exception(message)
            return self._ended(state, Failed(message, result=error))

    def _told(self, state: State, new: State) -> State:
        return new if new is state else self.handle_state_change(state, new)

    def _ended(self, state: State, new: State) -> State:
        """Tell the handlers of an end that nobody planned; they can't stop it any more."""
        try:
            return self.handle_state_change(state, new)
        except ENDRUN as end:
            return end.state
        except KeyboardInterrupt:
            return new

    # ------------------------------------------------------------------ steps

    def initialize_run(  # type: ignore[override]
        self,
        state: State | None,
        task_states: TaskStates | None,
        context: Mapping[str, Any] | None,
        task_contexts: Mapping[Any, dict[str, Any]] | None,
        parameters: Mapping[str, Any] | None,
    ) -> FlowRunnerInitializeResult:
        """Return what a run begins with: its state, the tasks' states, and the contexts."""
        values = dict(context or {})
        if "config" in values:
            values = with_whole_config(values, the_context["config"])
        given = {
            **(self._made_in.get("parameters") or {}),
            **(values.get("parameters") or {}),
            **(parameters or {}),
        }
        values["parameters"] = {**self._parameter_defaults(), **given}
        values.setdefault("scheduled_start_time", utc_now())
        values["flow_name"] = self.flow.name
        return FlowRunnerInitializeResult(
            state=_begun(state),
            task_states=dict(task_states or {}),
            context=values,
            task_contexts=_with_whole_configs(task_contexts, values) if task_contexts else {},
        )

    def _parameter_defaults(self) -> dict[str, Any]:
        return {task.name: task.default for task in self.flow.compiled().parameters if not task.required}

    def call_runner_target_handlers(self, old_state: State, new_state: State) -> State:
        """Tell the flow's own handlers, in order; each may replace the state."""
        return tell(self.flow, old_state, new_state)

    def check_flow_is_pending_or_running(self, state: State) -> State:
        """End the run, unchanged, if it has finished."""
        if not (state.is_pending() or state.is_running()):
            self.logger.info("Flow run has already finished.")
            raise ENDRUN(state)
        return state

    def check_flow_reached_start_time(self, state: State) -> State:
        """End the run, unchanged, if it is to begin later."""
        start_time = getattr(state, "start_time", None)
        if state.is_scheduled() and start_time is not None and start_time > utc_now():
            self.logger.debug("Flow '%s': start_time has not been reached; ending run.", self.flow.name)
            raise ENDRUN(state)
        return state

    def set_flow_to_running(self, state: State) -> State:
        """Begin."""
        if state.is_pending():
            return Running("Running flow.")
        if state.is_running():
            return state
        raise ENDRUN(state)

    def get_flow_run_state(
        self,
        state: State,
        task_states: dict[Any, State],
        task_contexts: dict[Any, dict[str, Any]],
        return_tasks: set[Any],
        task_runner_state_handlers: list[Callable[..., Any]],
        executor: Executor,
    ) -> State:
        """Run the tasks, and say what their states make of the flow."""
        plan = self.flow.compiled()
        if not plan.places.keys() >= return_tasks:
            raise ValueError("Some tasks in return_tasks were not found in the flow.")
        crew = self._crew(plan, task_runner_state_handlers)
        task_states = _without_setups(plan, task_states)
        scheduling = self.way(executor)(plan, crew, executor, current_frame(), task_states, task_contexts)
        try:
            with scheduling.started():
                states = scheduling.run()
        except KeyboardInterrupt:
            self.logger.error(INTERRUPTED)
            return Cancelled(INTERRUPTED, result=scheduling.so_far())
        listed = each_child if self._shows_states() else each_kind_of_child
        key_states = terminal_states = set(listed(states[place] for place in plan.terminal))
        if plan.reference != plan.terminal:
            key_states = set(listed(states[place] for place in plan.reference))
        return_states = _chosen(plan.tasks, states, return_tasks)
        return self.determine_final_state(state, key_states, return_states, terminal_states)

    def _shows_states(self) -> bool:
        """Say whether somebody gets the states that decide about that of the flow, and not only their kinds matter."""
        is_own = type(self).determine_final_state is not FlowRunner.determine_final_state
        return is_own or self.flow.terminal_state_handler is not None

    def _crew(self, plan: Plan, handlers: list[Callable[..., Any]]) -> Crew:
        """Return what takes the tasks of the plan through their runs; made once for runs that do not differ."""
        # The crew keeps the handlers and the result alive, so that no other object can have the same id.
        keeps_times = logger_of(TaskRunner.__name__).isEnabledFor(logging.INFO) or bool(config["flows"]["keep_times"])
        made_for = (self.task_runner_cls, keeps_times, id(self.flow.result), *map(id, handlers))
        crew: Crew | None = plan.crews.get(made_for)
        if crew is None:
            crew = Crew(plan, self.task_runner_cls, handlers, self.flow.result, keeps_times)
            plan.crews = {made_for: crew}
        return crew

    def way(self, executor: Executor) -> Callable[..., Scheduling]:
        """Return the scheduling loop for an executor. One of a user's own need not say what it is."""
        if getattr(executor, "runs_at_once", False):
            return Scheduling
        way: Callable[..., Scheduling] = remote.Remote if getattr(executor, "is_remote", False) else waiting.Waiting
        return way

    def determine_final_state(
        self,
        state: State,
        key_states: set[State],
        return_states: dict[Any, State],
        terminal_states: set[State],
    ) -> State:
        """Return the state of the flow.

        Args:
            state: the state of the flow so far.
            key_states: the states of the reference tasks.
            return_states: what the result is to hold.
            terminal_states: the states of the tasks that no other depends on.
        """
        kinds = _one_of_each_kind(key_states)
        if not all(s.is_finished() for s in _one_of_each_kind(terminal_states)):
            self.logger.info("Flow run RUNNING: terminal tasks are incomplete.")
            state.result = return_states
            return state
        if any(s.is_failed() for s in kinds):
            self.logger.info("Flow run FAILED: some reference tasks failed.")
            final: State = Failed("Some reference tasks failed.", result=return_states)
        elif all(s.is_successful() for s in kinds):
            self.logger.info("Flow run SUCCESS: all reference tasks succeeded")
            final = Success("All reference tasks succeeded.", result=return_states)
        else:
            self.logger.info("Flow run SUCCESS: no reference tasks failed")
            final = Success("No reference tasks failed.", result=return_states)
        return self._judged(final, key_states)

    def _judged(self, state: State, key_states: set[State]) -> State:
        """Let the flow's `terminal_state_handler`, if it has one, replace the final state."""
        handler = self.flow.terminal_state_handler
        judged = state if handler is None else handler(self.flow, state, key_states) or state
        if judged.result is None:
            judged.result = state.result
        return judged


def _with_whole_configs(contexts: Mapping[Any, dict[str, Any]], values: dict[str, Any]) -> dict[Any, dict[str, Any]]:
    """Return contexts of single tasks; a `config` in one is merged into that of the run, whose context is `values`."""
    config = values.get("config") or the_context["config"]
    return {task: with_whole_config(dict(own), config) for task, own in contexts.items()}


def _one_of_each_kind(states: set[State]) -> Iterable[State]:
    """Return a state of each class. Whether states are finished, failed or successful is said by their classes."""
    return {type(state): state for state in states}.values()


def _begun(state: State | None) -> State:
    """Return the state that a run begins with: the one given, without what is said about it, or Pending."""
    while isinstance(state, Submitted | Queued):
        state = state.state
    return Pending() if state is None else state


def _without_setups(plan: Plan, known: dict[Any, State]) -> dict[Any, State]:
    """Forget that a resource was set up if a task that comes after it is still to run: the resource may be gone."""
    if not plan.setups or not known:
        return known
    pending = {
        edge.upstream_task
        for place, task in enumerate(plan.tasks)
        for edge in plan.edges(place)
        if task not in known or not known[task].is_finished()
    }
    return {task: state for task, state in known.items() if task not in plan.setups or task not in pending}


def _chosen(tasks: list[Any], states: list[State], return_tasks: set[Any]) -> dict[Any, State]:
    """Return the states of those tasks that were asked for, which are mostly all of them."""
    found = dict(zip(tasks, states, strict=True))
    return found if len(return_tasks) == len(found) else {task: s for task, s in found.items() if task in return_tasks}
