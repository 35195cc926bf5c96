"""Signals: exceptions that set the state of a task."""

import datetime

import prefect
from observe import UTC, describe, error_name, plain, raises, run, scenario
from prefect import Flow, task
from prefect.engine import signals, state

STATE_SIGNALS = ["FAIL", "LOOP", "PAUSE", "RETRY", "SKIP", "SUCCESS", "TRIGGERFAIL", "VALIDATIONFAIL"]


def raising(name, *arguments, **keywords):
    """Return a flow of one task that raises this signal."""

    @task(name=name.lower())
    def raises_it():
        raise getattr(signals, name)(*arguments, **keywords)

    with Flow("flow") as flow:
        raises_it()
    return flow


@scenario(since="0.10")
def each_signal_holds_a_state_with_its_message():
    seen = {}
    for name in STATE_SIGNALS:
        signal = getattr(signals, name)("why")
        seen[name] = [type(signal.state).__name__, signal.state.message, signal.state.result is signal]
    return seen


@scenario(since="0.10")
def the_text_of_a_signal():
    return [repr(signals.FAIL("why")), str(signals.FAIL("why")), repr(signals.SKIP()), str(signals.SKIP())]


@scenario(since="0.10")
def a_result_given_to_a_signal_replaces_itself():
    signal = signals.FAIL("why", result=7)
    return [signal.state.result, signal.state.message]


@scenario(since="0.10")
def signals_refuse_unknown_keywords():
    return raises(lambda: signals.FAIL("why", colour="red"))


@scenario(since="0.10", differed="signals were Exceptions", where=["base", "endrun/1", "is an Exception"])
def the_family_of_signals():
    return {
        "base": [kind.__name__ for kind in signals.FAIL.__mro__],
        "subclasses": sorted(kind.__name__ for kind in signals.PrefectStateSignal.__subclasses__()),
        "is an Exception": issubclass(signals.FAIL, Exception),
        "endrun": [kind.__name__ for kind in signals.ENDRUN.__mro__],
    }


@scenario(since="0.10")
def endrun_carries_any_state():
    ended = signals.ENDRUN(state.Success(result=5))
    return [type(ended.state).__name__, ended.state.result, error_name(ended)]


@scenario
def a_signal_from_a_state():
    return {
        kind.__name__: signals.signal_from_state(kind("m")).__name__
        for kind in (
            state.Failed,
            state.Success,
            state.Skipped,
            state.Paused,
            state.Retrying,
            state.TriggerFailed,
        )
    }


@scenario(since="0.10")
def raising_success():
    return run(raising("SUCCESS", "early"))


@scenario(since="0.10")
def raising_success_with_a_result():
    return run(raising("SUCCESS", "early", result=5))


@scenario(since="0.10")
def raising_fail():
    return run(raising("FAIL", "because"))


@scenario(since="0.10")
def raising_fail_with_a_result():
    return run(raising("FAIL", "because", result=7))


@scenario(since="0.10")
def raising_skip():
    return run(raising("SKIP", "not today"))


@scenario(since="0.10")
def raising_trigger_failure_and_validation_failure():
    return [run(raising("TRIGGERFAIL", "no")), run(raising("VALIDATIONFAIL", "bad"))]


@scenario(since="0.10", differed="signals were Exceptions", where=["tasks/careful-1"])
def an_ordinary_except_does_not_catch_a_signal():
    @task
    def careful():
        try:
            raise signals.SKIP("skipped")
        except Exception:
            return "caught"

    with Flow("flow") as flow:
        careful()
    return run(flow)


@scenario(since="0.10")
def a_signal_without_a_message():
    return [run(raising("FAIL")), run(raising("SKIP"))]


@scenario(since="0.10")
def a_signal_class_may_be_raised_without_calling_it():
    @task
    def skips():
        raise signals.SKIP

    with Flow("flow") as flow:
        skips()
    return run(flow)


@scenario(since="0.10")
def returning_a_signal_or_a_state_is_just_a_value():
    @task
    def returns_a_state():
        return state.Failed("not really")

    with Flow("flow") as flow:
        returns_a_state()
    return run(flow)


@scenario(since="0.10")
def raising_endrun_from_a_task():
    @task
    def ends():
        raise signals.ENDRUN(state.Success("ended", result=5))

    with Flow("flow") as flow:
        ends()
    return run(flow)


@scenario(since="0.10", differed="a pause was to end by itself, after ten years", where=["pause"])
def retry_and_pause_signals_keep_a_start_time():
    start = datetime.datetime(2030, 1, 1, tzinfo=UTC)
    naive = datetime.datetime(2030, 1, 1)
    return {
        "retry": signals.RETRY("later", start_time=start).state.start_time == start,
        "naive means UTC": signals.RETRY("later", start_time=naive).state.start_time == start,
        "run_count": signals.RETRY("later", run_count=4).state.run_count,
        "pause": plain(signals.PAUSE("wait").state.start_time),
    }


@scenario(since="0.10")
def a_loop_signal_carries_its_result():
    signal = signals.LOOP(message="again", result={"a": 1})
    with prefect.context(task_loop_count=3):
        counted = signals.LOOP(message="again")
    return [describe(signal.state), counted.state.loop_count, describe(signals.LOOP("bare").state)]
