"""Short cuts for the tests of reliability: executors, processes, and errors of the nastiest kind."""

import _signal
import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.engine.state import State
from miniprefect.executors import Executor, LocalExecutor
from tests.executors.helpers import Threads

ROOT = Path(__file__).resolve().parents[2]

# The functions below those of `signal`, which show a handler while they look up its name: one that holds an exception
# that can't be shown makes them raise.
raw_handler: Any = _signal.getsignal
set_raw_handler: Any = _signal.signal

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and limits of POSIX")

EXECUTORS: dict[str, Callable[[], Executor]] = {"local": LocalExecutor, "threads": Threads}


class NoStr(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no str")


class NoRepr(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class NoText(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("no text")

    __str__ = __repr__


class ReprIsNone(Exception):
    def __repr__(self) -> str:
        return None  # type: ignore[return-value]


class ReprIsWorse(Exception):
    def __repr__(self) -> str:
        raise GeneratorExit("from repr")  # not SystemExit: pytest could not stand it

    __str__ = __repr__


class NoReduce(Exception):
    def __reduce__(self) -> Any:
        raise RuntimeError("no reduce")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise RuntimeError("no reduce")


# Each makes an exception; none of them may take more with it than the task that raises it.
ERRORS: dict[str, Callable[[], BaseException]] = {
    "ValueError": lambda: ValueError("boom"),
    "NoStr": NoStr,
    "NoRepr": NoRepr,
    "NoText": NoText,
    "ReprIsNone": ReprIsNone,
    "ReprIsWorse": ReprIsWorse,
    "NoReduce": NoReduce,
    "SystemExit": lambda: SystemExit(3),
    "GeneratorExit": GeneratorExit,
    "MemoryError": MemoryError,
    "CancelledError": asyncio.CancelledError,
    "StopIteration": lambda: StopIteration(5),
    "RecursionError": RecursionError,
}


def ended(flow: Flow, **options: Any) -> State:
    """Run a flow and return its state; nothing at all may come out of `flow.run`."""
    try:
        final = flow.run(**options)
    except BaseException as error:
        problem = f"flow.run raised {type(error).__name__}"
    else:
        assert isinstance(final, State)
        return final
    raise AssertionError(problem)


def run_python(script: str, *arguments: object, timeout: float = 60, **variables: str) -> str:
    """Run a script in a process of its own; return what it prints, once it has ended well."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def at_once(*calls: Callable[[], Any], timeout: float = 30) -> list[Any]:
    """Make calls in a thread each, at the same time; return what they return."""
    together = threading.Barrier(len(calls), timeout=timeout)
    answers: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def make(number: int, call: Callable[[], Any]) -> None:
        together.wait()
        try:
            answers[number] = call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=make, args=item, daemon=True) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    assert not any(thread.is_alive() for thread in threads), "a call hangs"
    assert not errors, errors
    return answers
