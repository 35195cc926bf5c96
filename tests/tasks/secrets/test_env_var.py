"""Secrets from environment variables."""

import logging

import pytest

from miniprefect import Flow
from miniprefect.tasks.secrets import EnvVarSecret, PrefectSecret

NAME = "MINIPREFECT_TEST_SECRET"


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "42")
    monkeypatch.delenv(f"{NAME}_MISSING", raising=False)


def test_the_defaults() -> None:
    secret = EnvVarSecret(NAME)
    assert isinstance(secret, PrefectSecret)
    assert (secret.name, secret.secret_name, secret.cast, secret.raise_if_missing) == (NAME, NAME, None, False)
    assert secret.checkpoint is False


def test_it_is_read_when_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = EnvVarSecret(NAME)
    monkeypatch.setenv(NAME, "43")
    assert secret.run() == "43"


def test_it_is_text_unless_cast() -> None:
    assert EnvVarSecret(NAME).run() == "42"
    assert EnvVarSecret(NAME, cast=int).run() == 42


def test_the_name_may_come_at_run_time() -> None:
    assert EnvVarSecret().run(name=NAME) == "42"
    assert EnvVarSecret("OTHER").run(NAME) == "42"


def test_without_a_name() -> None:
    with pytest.raises(ValueError, match="secret name must be provided"):
        EnvVarSecret().run()


def test_one_that_is_not_there() -> None:
    missing = f"{NAME}_MISSING"
    assert EnvVarSecret(missing, cast=int).run() is None
    with pytest.raises(ValueError, match=f"^Environment variable not set: {missing}$"):
        EnvVarSecret(missing, raise_if_missing=True).run()


def test_one_that_is_empty_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    assert EnvVarSecret(NAME, raise_if_missing=True).run() == ""


def test_one_that_can_not_be_cast_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(NAME, "hush")
    with pytest.raises(ValueError, match=f"{NAME} holds nothing that can be cast: .*int.* raised ValueError") as caught:
        EnvVarSecret(NAME, cast=int).run()
    assert caught.value.__context__ is None
    with caplog.at_level(logging.DEBUG):
        assert Flow("f", tasks=[EnvVarSecret(NAME, cast=int)]).run().is_failed()
    assert NAME in caplog.text
    assert "hush" not in caplog.text
