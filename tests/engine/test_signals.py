"""Signals: exceptions that carry a state."""

import copy
import datetime
import pickle
from typing import Any

import pytest

from miniprefect.engine import signals
from miniprefect.engine.signals import ENDRUN, FAIL, LOOP, RETRY, PrefectStateSignal, signal_from_state
from miniprefect.engine.state import Cached, Failed, Mapped, Pending, Running, State, Success, TimedOut
from miniprefect.exceptions import PrefectSignal

STATES = {
    "FAIL": "Failed",
    "LOOP": "Looped",
    "PAUSE": "Paused",
    "RETRY": "Retrying",
    "SKIP": "Skipped",
    "SUCCESS": "Success",
    "TRIGGERFAIL": "TriggerFailed",
    "VALIDATIONFAIL": "ValidationFailed",
}
every_signal = pytest.mark.parametrize("name", STATES)
every_but_loop = pytest.mark.parametrize("name", [name for name in STATES if name != "LOOP"])


def signal_class(name: str) -> type[PrefectStateSignal]:
    return getattr(signals, name)  # type: ignore[no-any-return]


@every_signal
def test_a_signal_holds_a_state_with_its_message(name: str) -> None:
    state = signal_class(name)("why").state
    assert (type(state).__name__, state.message) == (STATES[name], "why")


@every_signal
def test_repr_shows_the_class_and_the_message_and_str_the_message(name: str) -> None:
    signal = signal_class(name)("it's why")
    assert repr(signal) == f"{name}({chr(34)}it's why{chr(34)})"
    assert str(signal) == "it's why"


@every_signal
def test_a_signal_needs_no_message(name: str) -> None:
    signal = signal_class(name)()
    assert (repr(signal), signal.state.message) == (f"{name}(None)", None)


@every_but_loop
def test_the_result_is_the_signal_itself(name: str) -> None:
    signal = signal_class(name)("why")
    assert signal.state.result is signal


def test_the_result_of_a_loop_is_its_repr() -> None:
    assert LOOP("why").state.result == "LOOP('why')"
    assert LOOP().state.result == "LOOP()"


@every_signal
@pytest.mark.parametrize("value", [7, 0, None, []])
def test_a_result_of_ones_own_is_kept(name: str, value: Any) -> None:
    signal = signal_class(name)("why", result=value)
    assert (signal.state.result, signal.state.message) == (value, "why")


@every_signal
def test_an_unknown_keyword_is_a_type_error(name: str) -> None:
    with pytest.raises(TypeError, match="nonsense"):
        signal_class(name)("why", nonsense=1)


@every_signal
@pytest.mark.parametrize("again", [copy.deepcopy, lambda signal: pickle.loads(pickle.dumps(signal))])
def test_a_copy_keeps_class_message_and_result(name: str, again: Any) -> None:
    signal = again(signal_class(name)("why", result=[3]))
    assert type(signal) is signal_class(name)
    assert (signal.args, signal.state.message, signal.state.result) == (("why",), "why", [3])
    assert type(signal.state).__name__ == STATES[name]


@every_but_loop
def test_a_pickled_signal_is_still_its_own_result(name: str) -> None:
    signal = pickle.loads(pickle.dumps(signal_class(name)("why")))
    assert signal.state.result is signal


@every_signal
def test_except_exception_does_not_catch_a_signal(name: str) -> None:
    assert issubclass(signal_class(name), PrefectSignal)
    assert not issubclass(signal_class(name), Exception)


def test_trigger_and_validation_failures_are_failures() -> None:
    assert issubclass(signals.TRIGGERFAIL, FAIL)
    assert issubclass(signals.VALIDATIONFAIL, FAIL)


def test_the_direct_subclasses_are_those_of_prefect() -> None:
    ours = [cls for cls in PrefectStateSignal.__subclasses__() if cls.__module__ == signals.__name__]
    assert {cls.__name__ for cls in ours} == {"FAIL", "LOOP", "SUCCESS", "RETRY", "SKIP", "PAUSE"}


def test_arguments_of_the_state_are_passed_on() -> None:
    moment = datetime.datetime(2020, 1, 1)
    state: Any = RETRY("again", start_time=moment, run_count=4).state
    assert (state.start_time, state.run_count) == (moment.replace(tzinfo=datetime.UTC), 4)
    loop: Any = LOOP(loop_count=5, result=2).state
    assert (loop.loop_count, loop.result) == (5, 2)


def test_a_signal_of_ones_own_needs_only_a_state_class() -> None:
    class DONE(PrefectStateSignal):
        _state_cls = Success

    assert type(DONE("yes").state) is Success


@pytest.mark.parametrize("again", [lambda e: e, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("message", ["no", None, ValueError("no")])
def test_endrun_holds_the_state_it_is_given(again: Any, message: Any) -> None:
    end = again(ENDRUN(Failed(message, result=4)))
    assert isinstance(end.state, Failed)
    assert end.state.result == 4


def test_endrun_takes_a_state_and_nothing_less() -> None:
    state = Success()
    assert ENDRUN(state).state is state
    assert ENDRUN(state=state).state is state
    with pytest.raises(TypeError, match="state"):
        ENDRUN()  # type: ignore[call-arg]


@every_signal
def test_the_signal_of_a_state_is_found(name: str) -> None:
    assert signal_from_state(signal_class(name)("x").state) is signal_class(name)


@pytest.mark.parametrize("state", [Pending(), Running(), TimedOut(), Cached(), Mapped()])
def test_a_state_without_a_signal_is_a_value_error(state: State) -> None:
    with pytest.raises(ValueError, match=type(state).__name__):
        signal_from_state(state)
