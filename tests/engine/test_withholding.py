"""Values that are sealed one by one, so that what can't be sent is missed by those only that want it."""

import pickle
import threading
from typing import Any

import pytest

from miniprefect import Flow, Parameter, task
from miniprefect.engine.withholding import Sealed, encoded, opened
from miniprefect.executors.processes import NotSendable, encode


@task
def takes(x: Any, y: Any, z: Any) -> Any:
    return x


def test_a_flow_travels_without_the_values_that_can_not() -> None:
    with Flow("flow") as flow:
        takes(threading.Lock(), [1], Parameter("lock", default=threading.Lock()))
    (values,) = pickle.loads(encoded(flow, encode)).constants.values()
    assert values["y"].value == [1]
    with pytest.raises(NotSendable, match="cannot pickle"):
        values["x"].value  # noqa: B018 - reading it is what fails
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(flow)


def test_a_context_is_opened_as_far_as_it_can_be(caplog: pytest.LogCaptureFixture) -> None:
    parameters = {"good": Sealed(encode([1])), "bad": Sealed(problem="it is a lock")}
    assert opened({"parameters": parameters, "worse": Sealed(b"?"), "plain": 1}) == {
        "parameters": {"good": [1]},
        "plain": 1,
    }
    assert "The parameter 'bad' is missing in the context here." in caplog.text
    assert "can't be sent to a worker: it is a lock." in caplog.text
    assert "The value 'worse' is missing" in caplog.text
