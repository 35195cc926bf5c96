"""Secrets that tasks find in the context."""

import datetime
import logging
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.results import PrefectResult, SecretResult
from miniprefect.tasks.secrets import PrefectSecret, Secret, SecretBase


def test_the_defaults() -> None:
    secret = PrefectSecret("key")
    assert (secret.name, secret.secret_name, secret.max_retries, secret.checkpoint) == ("key", "key", 0, False)
    assert isinstance(secret.result, SecretResult)
    assert (secret.result.location, secret.result.secret_task) == ("key", secret)
    assert PrefectSecret().name == "PrefectSecret"


def test_it_is_a_task_like_any_other() -> None:
    secret = PrefectSecret("key", max_retries=2, retry_delay=datetime.timedelta(0), tags=["t"])
    assert isinstance(secret, SecretBase)
    assert (secret.max_retries, secret.tags) == (2, {"t"})


def test_it_is_never_checkpointed() -> None:
    assert PrefectSecret("key", checkpoint=True).checkpoint is False


@pytest.mark.parametrize("name", ["result", "result_handler"])
def test_where_it_is_written_can_not_be_said(name: str) -> None:
    settings: Any = {name: PrefectResult()}
    with pytest.raises(ValueError, match="Result types for Secrets are not configurable"):
        PrefectSecret("key", **settings)
    assert PrefectSecret("key", result=None).name == "key"


def test_the_base_finds_nothing() -> None:
    assert SecretBase().name == "SecretBase"
    assert SecretBase().run() is None


@pytest.mark.parametrize(("value", "found"), [("text", "text"), ('{"x": 1}', {"x": 1}), ("5", 5), (5, 5), ([1], [1])])
def test_it_comes_from_the_context(value: Any, found: Any) -> None:
    with context(secrets={"key": value}):
        assert PrefectSecret("key").run() == found


def test_the_name_may_come_at_run_time() -> None:
    with context(secrets={"a": "1", "b": "2"}):
        assert PrefectSecret().run(name="b") == 2
        assert PrefectSecret("a").run("b") == 2


def test_without_a_name() -> None:
    with pytest.raises(ValueError, match="secret name must be provided"):
        PrefectSecret().run()


@pytest.mark.parametrize("name", ["absent", ""])
def test_one_that_is_not_there(name: str) -> None:
    with pytest.raises(ValueError, match=f'Local Secret "{name}" was not found'):
        PrefectSecret(name).run()


def test_in_a_flow() -> None:
    @task
    def use(value: str) -> str:
        return f"got {value}"

    with Flow("f") as flow:
        used = use(PrefectSecret("key"))
        named = PrefectSecret()("key")
    with context(secrets={"key": "text"}):
        state = flow.run()
    assert state.result[used].result == "got text"
    assert state.result[named].result == "text"


def test_the_value_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    flow = Flow("f", tasks=[PrefectSecret("key")])
    with caplog.at_level(logging.DEBUG), context(secrets={"key": "hush"}):
        assert flow.run().is_successful()
    assert "hush" not in caplog.text


def test_the_early_name() -> None:
    with context(secrets={"key": "text"}):
        assert Secret("key").run() == "text"
    assert issubclass(Secret, PrefectSecret)
    assert issubclass(Secret, Task)
