"""What every test may rely on: a home of its own, a clean context and configuration, and no outside world.

Nothing here imports miniprefect, so the tests that only read its files run even when it does not import.
"""

import copy
import ipaddress
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

# Configuration is read from the environment when miniprefect is imported: before any fixture could act.
for _name in [name for name in os.environ if name.startswith("PREFECT__")]:
    del os.environ[_name]
HOME = tempfile.mkdtemp(prefix="miniprefect-tests-")
os.environ["PREFECT__HOME_DIR"] = HOME
os.environ["PREFECT__USER_CONFIG_PATH"] = os.path.join(HOME, "config.toml")

# Who starts the tests in the background of a script has Ctrl-C ignored, and so would the programs that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take an executor to put to the test of tests/executors/test_contract.py."""
    parser.addoption("--executor", help="run the contract suite on this executor only: the dotted path of a class")


def pytest_unconfigure() -> None:
    """Remove the home directory of this run."""
    shutil.rmtree(HOME, ignore_errors=True)


class OutsideWorld(OSError):
    """A test reached for another machine; an OSError, as code that finds no network would meet."""


def is_loopback(address: Any) -> bool:
    """Whether a socket address stays on this machine: unix paths, "localhost", 127.0.0.0/8 and ::1."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")


class SocketGuard:
    """Stands in front of the ways out of the `socket` module, and remembers who tried."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def check(self, address: Any) -> None:
        if not is_loopback(address):
            self.refused.append(str(address))
            raise OutsideWorld(f"tests may reach this machine only, not {address}")

    def before(self, original: Any, position: int) -> Any:
        """Wrap `original`, whose argument number `position` (the last one, for -1) is an address."""

        def guarded(*args: Any, **kwargs: Any) -> Any:
            self.check(args[position])
            return original(*args, **kwargs)

        return guarded

    def before_lookup(self, original: Any) -> Any:
        """Wrap `getaddrinfo`: asking for a foreign name leaves this machine too."""

        def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            self.check((name or "", 0))
            return original(host, *args, **kwargs)

        return guarded


@pytest.fixture(scope="session")
def socket_guard() -> Iterator[SocketGuard]:
    """Refuse every socket that leads off this machine, for the whole run."""
    guard = SocketGuard()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guard.before(socket.socket.connect, 1))
        patch.setattr(socket.socket, "connect_ex", guard.before(socket.socket.connect_ex, 1))
        patch.setattr(socket.socket, "sendto", guard.before(socket.socket.sendto, -1))
        patch.setattr(socket, "getaddrinfo", guard.before_lookup(socket.getaddrinfo))
        yield guard


@pytest.fixture(autouse=True)
def no_outside_world(socket_guard: SocketGuard) -> Iterator[None]:
    """Fail a test that tried to leave this machine, even if the code under test swallowed the refusal."""
    socket_guard.refused.clear()
    yield
    assert not socket_guard.refused, f"reached for {socket_guard.refused}"


@pytest.fixture(autouse=True)
def clean_context_and_config() -> Iterator[None]:
    """Drop what the test wrote into the context, and put the configuration back as it was."""
    configuration = sys.modules.get("miniprefect.configuration")
    context = sys.modules.get("miniprefect.utilities.context")
    if configuration is None or context is None:
        yield
        return
    before = copy.deepcopy(dict(configuration.config))
    # Flows that ran between tests, for a fixture of several of them, have left their caches.
    context.current_frame().stack()[-1].values.pop("caches", None)
    with context.context():
        yield
    configuration.config.clear()
    configuration.config.update(before)
