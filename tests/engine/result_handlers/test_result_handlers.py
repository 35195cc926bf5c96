"""Prefect 0.10's result handlers, by themselves and as results."""

import copy
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from miniprefect.configuration import config
from miniprefect.engine.result.base import Result
from miniprefect.engine.result_handlers import (
    AzureResultHandler,
    ConstantResultHandler,
    GCSResultHandler,
    JSONResultHandler,
    LocalResultHandler,
    ResultHandler,
    S3ResultHandler,
    SecretResultHandler,
    as_result,
)
from miniprefect.engine.results import AzureResult, GCSResult, LocalResult, PrefectResult, S3Result
from miniprefect.utilities.context import context
from tests.engine.results.clouds import AzureBlobs, Boto3


class Shelf(ResultHandler):
    """A handler of somebody's own."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def write(self, result: Any) -> str:
        self.kept.append(result)
        return str(len(self.kept) - 1)

    def read(self, location: str) -> Any:
        return self.kept[int(location)]


class Hidden:
    """As much of a secret task as a handler needs."""

    name = "password"

    def run(self) -> str:
        return "secret"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden)

    __hash__ = object.__hash__


HANDLERS = [
    AzureResultHandler("c", "string"),
    ConstantResultHandler([5]),
    GCSResultHandler("b"),
    JSONResultHandler(),
    LocalResultHandler(),
    S3ResultHandler("b", boto3_kwargs={"region_name": "r"}),
    SecretResultHandler(Hidden()),
    Shelf(),
]
each_handler = pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: type(handler).__name__)


@each_handler
@pytest.mark.parametrize("again", [lambda h: pickle.loads(pickle.dumps(h)), copy.deepcopy])
def test_they_travel(handler: ResultHandler, again: Any) -> None:
    assert again(handler) == handler
    assert hash(again(handler)) == hash(handler)
    assert as_result(again(handler)) == as_result(handler)


@each_handler
def test_each_is_accepted_as_a_result(handler: ResultHandler) -> None:
    result = as_result(handler)
    assert isinstance(result, Result)
    assert repr(handler) == f"<ResultHandler: {type(handler).__name__}>"
    assert handler.logger.name == f"prefect.{type(handler).__name__}"


def test_they_differ() -> None:
    assert ConstantResultHandler(1) != ConstantResultHandler(2)
    assert JSONResultHandler() == JSONResultHandler()
    assert JSONResultHandler() != LocalResultHandler()


def test_the_base_class_keeps_nothing() -> None:
    with pytest.raises(NotImplementedError, match=r"ResultHandler\.read"):
        ResultHandler().read("x")
    with pytest.raises(NotImplementedError, match=r"ResultHandler\.write"):
        ResultHandler().write(1)


# As results


def test_local(tmp_path: Path) -> None:
    handler = LocalResultHandler(dir=str(tmp_path / "kept"))
    place = handler.write({"a": 1})
    assert os.path.dirname(place) == str(tmp_path / "kept")
    assert os.path.basename(place).startswith("prefect-result")
    assert handler.read(place) == {"a": 1}
    assert as_result(handler) == LocalResult(dir=tmp_path / "kept")
    written = handler.as_result().write([2])
    assert handler.read(written.location or "") == [2]


def test_local_by_default(tmp_path: Path) -> None:
    config.home_dir = str(tmp_path / "home")
    assert LocalResultHandler().dir == str(tmp_path / "home" / "results")
    assert LocalResultHandler(dir="relative", validate=False).dir == "relative"
    assert not os.path.exists("relative")


def test_json() -> None:
    handler = JSONResultHandler()
    assert handler.write({"a": None}) == '{"a": null}'
    assert handler.read('{"a": null}') == {"a": None}
    assert as_result(handler) == PrefectResult()
    with pytest.raises(TypeError):
        handler.write({1, 2})


def test_constant() -> None:
    handler = ConstantResultHandler("x")
    assert handler.read("anything") == "x"
    assert handler.write("y") == "'x'"
    written = handler.as_result().write("y")
    assert (written.location, written.value) == ("'x'", "y")
    assert written.read(written.location or "").value == "x"


def test_secret() -> None:
    handler = SecretResultHandler(Hidden())
    assert handler.write("very secret") == "password"
    assert handler.read("password") == "secret"
    assert handler.as_result().write("very secret").location == "password"


def test_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert as_result(GCSResultHandler("b")) == GCSResult("b")
    assert as_result(S3ResultHandler("b")) == S3Result("b")
    assert as_result(AzureResultHandler("c", "string")) == AzureResult("c", "string")
    s3, azure = Boto3(), AzureBlobs()
    for name, module in {"boto3": s3, "azure": s3, "azure.storage": s3, "azure.storage.blob": azure}.items():
        monkeypatch.setitem(sys.modules, name, module)
    with context(secrets={"OWN": {"ACCESS_KEY": "a"}, "AZ_CREDENTIALS": "string"}):
        for handler in (S3ResultHandler("b", aws_credentials_secret="OWN"), AzureResultHandler("c")):
            assert handler.read(handler.write(5)) == 5
    assert s3.clients[0] == ("s3", {"aws_access_key_id": "a"})
    assert azure.strings[0] == "string"


def test_the_credentials_of_gcs_may_have_another_name() -> None:
    assert GCSResultHandler("b", credentials_secret="OWN").as_result().credentials_secret == "OWN"


def test_ones_own() -> None:
    handler = Shelf()
    result = as_result(handler)
    assert result is not None
    written = result.write("value", x=1)
    assert (written.location, written.value, handler.kept) == ("0", "value", ["value"])
    assert result.read("0").value == "value"
    assert not result.exists("0")
    assert result.from_value(3).write(3).location == "1"


def test_what_has_both_functions_is_a_handler() -> None:
    class Duck:
        def read(self, location: str) -> str:
            return location

        def write(self, result: Any) -> str:
            return "x"

    result = as_result(Duck())
    assert result is not None
    assert result.read("there").value == "there"


def test_none_and_results_stay() -> None:
    result = PrefectResult()
    assert as_result(result) is result
    assert as_result(None) is None


@pytest.mark.parametrize("wrong", ["folder", 5, JSONResultHandler, object()])
def test_what_is_no_handler(wrong: Any) -> None:
    with pytest.raises(TypeError, match="`result_handler` is a ResultHandler or a Result"):
        as_result(wrong)
