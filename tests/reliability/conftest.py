"""A test of reliability that hangs ends the run, and says where it hung."""

import faulthandler
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from miniprefect.executors import Executor
from tests.reliability.helpers import EXECUTORS, raw_handler, set_raw_handler


@pytest.fixture(autouse=True)
def no_hanging() -> Iterator[None]:
    faulthandler.dump_traceback_later(90, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Executor:
    make: Callable[[], Executor] = EXECUTORS[request.param]
    return make()


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Whatever happens in a run, afterwards the signals, the timer and standard output are as they were."""
    handlers = {number: raw_handler(number) for number in (signal.SIGINT, signal.SIGALRM)}
    stdout = sys.stdout
    yield
    try:
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0), "a timer is left"
        assert sys.stdout is stdout, "standard output is still redirected"
        for number, handler in handlers.items():
            assert raw_handler(number) == handler, f"the handler of {number.name} is another one"
        assert threading.active_count() < 50, "threads are left"
    finally:
        for number, handler in handlers.items():
            set_raw_handler(number, handler)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout = stdout
