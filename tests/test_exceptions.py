"""The tree of errors and signals."""

import pickle

import pytest

from miniprefect import exceptions
from miniprefect.exceptions import (
    AuthorizationError,
    ClientError,
    FlowStorageError,
    NoBackendError,
    ObjectNotFoundError,
    PrefectException,
    PrefectSignal,
    TaskTimeoutSignal,
    VersionLockMismatchSignal,
    no_backend,
)


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (PrefectException, Exception),
        (ClientError, PrefectException),
        (AuthorizationError, ClientError),
        (ObjectNotFoundError, ClientError),
        (NoBackendError, ClientError),
        (FlowStorageError, PrefectException),
        (PrefectSignal, BaseException),
        (VersionLockMismatchSignal, PrefectSignal),
        (TaskTimeoutSignal, PrefectSignal),
        (TaskTimeoutSignal, TimeoutError),
    ],
)
def test_the_tree(child: type, parent: type) -> None:
    assert issubclass(child, parent)


@pytest.mark.parametrize("name", ["PrefectSignal", "VersionLockMismatchSignal"])
def test_signals_are_not_caught_as_exceptions(name: str) -> None:
    assert not issubclass(getattr(exceptions, name), Exception)


@pytest.mark.parametrize(
    "kind",
    [PrefectException, PrefectSignal, ClientError, TaskTimeoutSignal, FlowStorageError, NoBackendError],
)
def test_messages(kind: type[PrefectException]) -> None:
    assert (str(kind()), kind().args) == ("", ("",))
    assert (str(kind("a")), str(kind(message="a"))) == ("a", "a")
    assert repr(kind("a")) == f"{kind.__name__}('a')"
    copied = pickle.loads(pickle.dumps(kind("a")))
    assert (type(copied), copied.args) == (kind, ("a",))
    with pytest.raises(TypeError):
        kind("a", "b")  # type: ignore[call-arg]


def test_no_backend_says_what_and_what_to_do() -> None:
    error = no_backend("Client.graphql()", "Run the flow with flow.run().")
    assert str(error) == (
        "Client.graphql() needs Prefect's backend, and miniprefect has none. Run the flow with flow.run()."
    )
