"""`Secret`: found in `context.secrets`."""

import os
import subprocess
import sys
from typing import Any

import pytest

from miniprefect.client import Secret
from miniprefect.client.client import Client
from miniprefect.client.secrets import Secret as SameSecret
from miniprefect.exceptions import NoBackendError
from miniprefect.utilities.configuration import set_temporary_config
from miniprefect.utilities.context import context


@pytest.mark.parametrize(
    ("kept", "value"),
    [
        ("abc", "abc"),
        ('{"a": 1}', {"a": 1}),
        ("5", 5),
        ("[1", "[1"),
        ("null", None),
        ({"x": 1}, {"x": 1}),
        (None, None),
        ("", ""),
    ],
)
def test_values_that_are_json_are_parsed(kept: Any, value: Any) -> None:
    with context(secrets={"A": kept}):
        assert Secret("A").get() == value
        assert Secret("A").exists()


def test_a_missing_secret() -> None:
    assert not Secret("A").exists()
    with pytest.raises(ValueError, match=r'^Local Secret "A" was not found\. .*PREFECT__CONTEXT__SECRETS__A'):
        Secret("A").get()


def test_without_local_secrets_a_backend_would_be_asked() -> None:
    with set_temporary_config({"cloud.use_local_secrets": False}), context(secrets={"A": "x"}):
        assert Secret("A").get() == "x"
        with pytest.raises(NoBackendError, match="Fetching the secret 'B' needs"):
            Secret("B").get()


def test_secrets_come_from_the_environment() -> None:
    program = "from miniprefect.client import Secret; print(Secret('My_Key').get(), Secret('J').get()['a'])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"PREFECT__CONTEXT__SECRETS__My_Key": "v", "PREFECT__CONTEXT__SECRETS__J": '{"a": 1}'}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout.split() == [b"v", b"1"]


def test_attributes() -> None:
    assert Secret("A").name == "A"
    assert isinstance(Secret("A").client, Client)
    assert SameSecret is Secret
