"""Running a flow to its end: the checks before, the schedule, and as many runs as its retries need."""

import datetime
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from miniprefect.configuration import config
from miniprefect.core.checks import NEEDED_IN_CONTEXT, MisuseError, check_context, expect, named, nearest
from miniprefect.engine.children import each_child
from miniprefect.engine.defaults import get_default_executor_class, get_default_flow_runner_class
from miniprefect.engine.runner import INTERRUPTED, describe
from miniprefect.engine.showing import Ran
from miniprefect.engine.state import Cancelled, Paused, Pending, Resume, Scheduled, State
from miniprefect.utilities.clock import clock, utc_now
from miniprefect.utilities.context import context, current_frame

if TYPE_CHECKING:
    from miniprefect.core.flow import Flow

# How many events to look at for one that has not had its run: mostly, it is the first.
_SEARCHES = (1, 10, 100, 1000)
_OPTIONS = ("context", "executor", "state", "task_contexts", "task_runner_state_handlers", "task_states")


def run_flow(
    flow: "Flow",
    parameters: Mapping[str, Any] | None,
    run_on_schedule: bool | None,
    runner_cls: type[Any] | None,
    keywords: dict[str, Any],
) -> State | None:
    """Do what `Flow.run` says."""
    if context.get("loading_flow"):
        warnings.warn(
            "Attempting to call `flow.run` during execution of flow file will lead to unexpected results.",
            stacklevel=3,
        )
        return None
    _check_place(flow)
    runner_cls = runner_cls or get_default_flow_runner_class()
    expect(_answers(runner_cls, "run"), repr(flow), "runner_cls", "a class such as FlowRunner", runner_cls)
    _check_contexts(flow, keywords)
    given, options = _sorted_out(flow, parameters, keywords, runner_cls)
    _check_options(flow, options)
    if run_on_schedule is None:
        run_on_schedule = config.flows.run_on_schedule
    if context.get("caches") is None:
        context["caches"] = {}
    runs = _Runs(flow, runner_cls, given, options)
    return runs.on_schedule() if run_on_schedule and flow.schedule is not None else runs.once(utc_now())


# ---------------------------------------------------------------------- checks


def _check_place(flow: "Flow") -> None:
    if context.get("flow") is flow:
        raise RuntimeError(
            "Don't call `flow.run()` from within a `Flow` context manager. Call it after the `with` block of "
            f"{flow.name!r}:\n\n  with Flow(...) as flow:\n      ...\n  flow.run(...)"
        )


def _check_contexts(flow: "Flow", keywords: dict[str, Any]) -> None:
    """Check what the run reads from the context around it, and from those that are given for it."""
    around = zip(NEEDED_IN_CONTEXT, current_frame().gather(*NEEDED_IN_CONTEXT), strict=True)
    needed = {key: value for key, value in around if value}
    given = keywords.keys() & {"context", "task_contexts"}
    if needed or given:
        given -= {parameter.name for parameter in flow.compiled().parameters}
        options, owner = {name: keywords[name] for name in given}, f"{flow!r}.run"
        check_context({**needed, **named(options.get("context"), "context")}, owner, "context")
        for task, values in named(options.get("task_contexts"), "task_contexts").items():
            check_context(named(values, f"task_contexts[{task}]"), owner, f"task_contexts[{task}]")


def _sorted_out(
    flow: "Flow", parameters: Mapping[str, Any] | None, keywords: dict[str, Any], runner_cls: type[Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tell the keywords of parameters from those of options; check that nothing is missing or unknown."""
    if "return_tasks" in keywords:
        raise ValueError(
            "The `return_tasks` keyword cannot be provided to `flow.run()`; all task states are always returned. For "
            "some of them only, use a FlowRunner."
        )
    known = {parameter.name: parameter for parameter in flow.compiled().parameters}
    if not (known or keywords) and parameters is None:
        return {}, {}
    if parameters is not None and not isinstance(parameters, Mapping):
        raise MisuseError(f"`parameters` is a dict of names and values, not {parameters!r}.")
    given = dict(parameters or {})
    unexpected = sorted(map(str, given.keys() - known.keys()))
    options = {name: value for name, value in keywords.items() if name not in known}
    unknown = _unknown(options, runner_cls)
    given.update({name: value for name, value in keywords.items() if name in known})
    required = {name for name, parameter in known.items() if parameter.required}
    missing = sorted(required - given.keys() - _from_elsewhere(flow, options))
    if unexpected:
        raise ValueError(
            f"Flow.run received the following unexpected parameters: {', '.join(unexpected)}" + _hint(unexpected, known)
        )
    if missing:
        raise ValueError(
            f"Flow.run did not receive the following required parameters: {', '.join(missing)}" + _hint(unknown, known)
        )
    if unknown:
        raise TypeError(f"FlowRunner.run() got an unexpected keyword argument {unknown[0]!r}" + _hint(unknown, known))
    return given, options


def _unknown(options: dict[str, Any], runner_cls: type[Any]) -> list[str]:
    """Return the options that a runner does not take; it may take more than `FlowRunner` does."""
    unusual = options.keys() - {*_OPTIONS, "flow_run_name"}
    return sorted(unusual - inspect.signature(runner_cls.run).parameters.keys()) if unusual else []


def _from_elsewhere(flow: "Flow", options: dict[str, Any]) -> set[str]:
    """Return the parameters that the context or the schedule gives."""
    given = {**(context.get("parameters") or {})}
    given.update((options.get("context") or {}).get("parameters") or {})
    for event_clock in getattr(flow.schedule, "clocks", ()):
        given.update(event_clock.parameter_defaults or {})
    return set(given)


def _hint(wrong: Iterable[str], known: Iterable[str]) -> str:
    """Return the end of a message: the valid names, and which one was probably meant."""
    names = sorted(known)
    if not names:
        return ". The flow has no parameters." if wrong else ""
    meant = [f"for {name!r}, did you mean {near!r}?" for name in wrong if (near := nearest(name, names, cutoff=0.6))]
    listed = f". The parameters of this flow are: {', '.join(names)}."
    return f"{listed} {' '.join(meant).capitalize()}".rstrip() if meant else listed


def _check_options(flow: "Flow", options: dict[str, Any]) -> None:
    owner = f"{flow!r}.run"
    executor = options.get("executor") or flow.executor
    if executor is not None:
        fits = not isinstance(executor, type) and _answers(executor, "start", "submit", "wait")
        expect(fits, owner, "executor", "an executor such as LocalExecutor()", executor)
    state = options.get("state")
    expect(state is None or isinstance(state, State), owner, "state", "a State such as Pending()", state)
    named(options.get("task_states"), "task_states")
    for task, task_state in (options.get("task_states") or {}).items():
        expect(isinstance(task_state, State), owner, f"task_states[{task}]", "a State", task_state)
    if flow.schedule is not None:
        wanted = "a schedule such as IntervalSchedule(...) or Schedule(clocks=[...])"
        expect(_answers(flow.schedule, "next"), owner, "schedule", wanted, flow.schedule)


def _answers(thing: Any, *methods: str) -> bool:
    return all(callable(getattr(thing, method, None)) for method in methods)


# ---------------------------------------------------------------------- the runs


class _Runs:
    """Run a flow as often as it needs."""

    def __init__(
        self, flow: "Flow", runner_cls: type[Any], parameters: dict[str, Any], options: dict[str, Any]
    ) -> None:
        self.flow = flow
        self.runner_cls = runner_cls
        self.parameters = parameters
        self.options = dict(options)
        self.context = dict(self.options.pop("context", None) or {})
        if "flow_run_name" in self.options:
            self.context["flow_run_name"] = self.options.pop("flow_run_name")
        self.options["executor"] = self.options.get("executor") or flow.executor or get_default_executor_class()()

    def on_schedule(self) -> State:
        """Run at every time that the schedule names; return the last state."""
        last, due = None, None
        while (event := self._next_event(due)) is not None:
            due = event.start_time
            self.flow.logger.info("Waiting for next scheduled run at %s", due)
            if not _waited(due):
                return last or self._complete(_interrupted({}), utc_now())
            last = self.once(due, event.parameter_defaults)
            if isinstance(last, Cancelled):
                return last
        if last is None:
            raise ValueError(f"Flow {self.flow.name!r} has no more scheduled runs.")
        return last

    def _next_event(self, last: datetime.datetime | None) -> Any:
        """Return the next event of the schedule, or None if there is none; times that have passed are left out.

        An adjustment may have moved an event that is yet to come to the time `last`, or before it. It has had its run.
        """
        after = utc_now() if last is None else max(utc_now(), last)
        for number in _SEARCHES:
            events = self.flow.schedule.next(number, after=after, return_events=True)
            coming = (event for event in events if last is None or event.start_time > last)
            if (event := next(coming, None)) is not None or len(events) < number:
                return event
        return None

    def once(self, start_time: datetime.datetime, parameter_defaults: Mapping[str, Any] | None = None) -> State:
        """Run from beginning to end, waiting for the tasks that retry; return the final state."""
        options = dict(self.options)
        state = options.pop("state", None) or Scheduled(start_time=start_time)
        task_states = dict(options.pop("task_states", None) or {})
        run_context = {**self.context, "caches": context["caches"], "scheduled_start_time": start_time}
        runner = self.runner_cls(flow=self.flow)
        while True:
            state = runner.run(
                state=state,
                task_states=task_states,
                return_tasks=self.flow.tasks,
                parameters={**(parameter_defaults or {}), **self.parameters},
                context=run_context,
                **options,
            )
            if isinstance(state.result, dict) and not state.is_finished():
                task_states.update(state.result)
            elif isinstance(state.result, BaseException):
                self.flow.logger.error("Unexpected error occured in FlowRunner: %s", describe(state.result))
            due = None if state.is_finished() else _next_start(task_states.values())
            if due is None and not state.is_finished():
                due = _ask_about_paused(task_states)
            if due is None:
                return self._complete(state, start_time)
            if due > utc_now():
                self.flow.logger.info("Waiting for next available Task run at %s", due)
                if not _waited(due, getattr(runner, "wait_until", None)):
                    return self._complete(_interrupted(task_states), start_time)

    def _complete(self, state: State, begun: datetime.datetime) -> State:
        """See to it that the result has a state for every task, unless it is the error that ended the run."""
        state._ran = Ran(self.flow, begun)
        if isinstance(state.result, dict) and len(state.result) == len(self.flow.tasks):
            return state
        if not isinstance(state.result, BaseException):
            known = state.result if isinstance(state.result, dict) else {}
            state.result = {task: known.get(task) or Pending("Task not run.") for task in list(self.flow.tasks)}
        return state


def _next_start(states: Iterable[State]) -> datetime.datetime | None:
    """Return when the first waiting task is due, or None if none is ever."""
    starts = (getattr(state, "start_time", None) for state in each_child(states))
    return min((start for start in starts if start is not None), default=None)


def _ask_about_paused(task_states: dict[Any, State]) -> datetime.datetime | None:
    """Ask the person at the terminal, if there is one, which paused tasks go on; return the present if any does."""
    if not sys.stdin.isatty():
        return None
    paused = [task for task, state in task_states.items() if isinstance(state, Paused)]
    resumed = [task for task in paused if input(f"{task} is currently Paused; enter 'y' to resume: ").lower() == "y"]
    task_states.update({task: Resume() for task in resumed})
    return utc_now() if resumed else None


def _waited(moment: datetime.datetime, wait_until: Callable[[datetime.datetime], None] | None = None) -> bool:
    """Wait until `moment`, in a certain way perhaps; say whether nobody interrupted that."""
    try:
        (wait_until or clock().sleep_until)(moment)
    except KeyboardInterrupt:
        return False
    return True


def _interrupted(task_states: dict[Any, State]) -> State:
    """Return the state of a flow that was interrupted while it waited."""
    return Cancelled(INTERRUPTED, result=dict(task_states))
