"""State classes: hierarchy, attributes, comparison, text."""

import datetime

import prefect
from observe import UTC, plain, raises, scenario
from prefect.engine import state as states
from prefect.engine.state import (
    Cached,
    Failed,
    Finished,
    Looped,
    Mapped,
    Paused,
    Pending,
    Queued,
    Resume,
    Retrying,
    Running,
    Scheduled,
    Skipped,
    State,
    Submitted,
    Success,
    TimedOut,
    TriggerFailed,
)

CLASSES = [
    "Cached",
    "Cancelled",
    "Cancelling",
    "ClientFailed",
    "Failed",
    "Finished",
    "Looped",
    "Mapped",
    "Paused",
    "Pending",
    "Queued",
    "Resume",
    "Retrying",
    "Running",
    "Scheduled",
    "Skipped",
    "State",
    "Submitted",
    "Success",
    "TimedOut",
    "TriggerFailed",
    "ValidationFailed",
]


def each(question):
    return {name: question(getattr(states, name)) for name in CLASSES}


@scenario
def the_hierarchy():
    return each(lambda kind: [one.__name__ for one in kind.__mro__[1:-1] if not one.__name__.startswith("_")])


@scenario
def what_each_state_is():
    questions = [name for name in dir(State) if name.startswith("is_")]

    def answers(kind):
        state = kind()
        return [question for question in questions if getattr(state, question)()]

    return each(answers)


@scenario
def each_state_has_its_colour():
    return each(lambda kind: kind.color)


@scenario
def the_default_attributes():
    def attributes(kind):
        state = kind()
        return [state.message, plain(state.result), plain(state.context), plain(state.cached_inputs)]

    return each(attributes)


@scenario(since="0.10", differed="a missing message was shown", where=["bare"])
def text_shows_class_and_message():
    return {
        "bare": repr(Success()),
        "message": repr(Success("a message")),
        "str": str(Failed("boom")),
        "exception": repr(Failed(ValueError("boom"))),
    }


@scenario(since="0.10")
def the_first_argument_is_the_message():
    state = State("text")
    return [state.message, state.result, State(message="other", result=5).result]


@scenario(since="0.10")
def falsy_results_survive():
    return [plain(Success(result=value).result) for value in (0, "", [], False, None)]


@scenario(since="0.10")
def a_message_may_be_an_exception():
    error = ValueError("boom")
    return Failed(message=error).message is error


@scenario(since="0.10")
def equality_looks_at_type_result_and_inputs():
    return {
        "same": Success(result=1) == Success(result=1),
        "message ignored": Success("a", result=1) == Success("b", result=1),
        "context ignored": Success(context={"a": 1}) == Success(context={"a": 2}),
        "result": Success(result=1) == Success(result=2),
        "type": Success(result=1) == Failed(result=1),
        "subclass": Success(result=1) == Cached(result=1),
        "other thing": Success() == 1,
        "nested": Success(result={"a": Success(result=1)}) == Success(result={"a": Success(result=1)}),
    }


@scenario(since="0.10")
def states_are_hashable_even_with_lists_inside():
    return [isinstance(hash(Success(result=[1])), int), len({Success(), Failed()})]


@scenario
def children_and_parents():
    return {
        "children": sorted(kind.__name__ for kind in Success.children()),
        "with self": sorted(kind.__name__ for kind in Success.children(include_self=True)),
        "names": sorted(Failed.children(names_only=True)),
        "all": sorted(State.children(names_only=True)),
        "parents": sorted(kind.__name__ for kind in Success.parents()),
        "parents with self": sorted(Cached.parents(include_self=True, names_only=True)),
        "of a leaf": plain(TimedOut.children()),
    }


@scenario(since="0.10", differed="a pause was to end by itself, after ten years", where=["Paused"])
def start_times():
    def kind_of(value):
        return None if value is None else type(value).__name__ != "str" and isinstance(value, datetime.datetime)

    given = datetime.datetime(2020, 1, 1, tzinfo=UTC)
    seen = {}
    for kind in (Scheduled, Retrying, Resume, Paused, Queued, Pending, Running, Success):
        state = kind()
        seen[kind.__name__] = kind_of(state.start_time) if hasattr(state, "start_time") else "no start_time"
    return {**seen, "given": Scheduled(start_time=given).start_time == given}


@scenario(since="0.10")
def scheduled_states_take_the_run_count_into_their_context():
    with prefect.context(task_run_count=3):
        return {kind.__name__: plain(kind().context) for kind in (Scheduled, Retrying, Paused, Running, Success)}


@scenario(since="0.10")
def retrying_counts_from_one_or_from_the_context():
    seen = [Retrying().run_count, Retrying(run_count=5).run_count]
    with prefect.context(task_run_count=3):
        return [*seen, Retrying().run_count]


@scenario(since="0.10")
def states_take_the_tags_of_the_context():
    with prefect.context(task_tags=["a"]):
        return [
            plain(Success().context),
            plain(Success(context={"tags": ["own"]}).context),
            Success("m").message,
        ]


@scenario(since="0.10")
def meta_states_hold_another_state():
    inner = Retrying(run_count=2)
    return [
        Submitted(state=inner).state is inner,
        Queued(state=inner).state is inner,
        plain(Submitted().state),
    ]


@scenario
def a_mapped_state_keeps_the_states_of_its_children():
    state = Mapped(map_states=[Success(result=1), Failed(result=2)])
    return {
        "n_map_states": state.n_map_states,
        "result": plain(state.result),
        "states": [type(child).__name__ for child in state.map_states],
        "bare": [Mapped().n_map_states, plain(Mapped().map_states)],
        "only a number": [Mapped(n_map_states=3).n_map_states, plain(Mapped(n_map_states=3).map_states)],
    }


@scenario(since="0.10")
def a_looped_state_keeps_its_count():
    return [Looped().loop_count, Looped(loop_count=4).loop_count]


@scenario(since="0.10")
def cached_states_know_their_inputs_and_expiration():
    state = Cached(result=1, cached_parameters={"a": 1})
    return [
        plain(state.cached_parameters),
        state.cached_result_expiration,
        state.cached_inputs,
        state.is_cached(),
    ]


@scenario(since="0.10")
def unknown_arguments_are_refused():
    return {
        "State": raises(lambda: State(colour="red")),
        "Success": raises(lambda: Success(start_time=1)),
    }


@scenario(since="0.10")
def a_result_object_shows_its_value():
    from prefect.engine.result import Result

    return plain(Success(result=Result(5)).result)


@scenario(since="0.10")
def successful_and_failed_families():
    return {
        kind.__name__: [kind().is_successful(), kind().is_failed(), kind().is_finished()]
        for kind in (Skipped, Mapped, Cached, TriggerFailed, TimedOut, Finished, Looped)
    }
