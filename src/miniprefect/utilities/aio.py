"""Functions that are asynchronous, called from code that is not."""

import inspect
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from miniprefect.utilities.timeouts import call_in_thread


def is_async(fn: Callable[..., Any]) -> bool:
    """Say whether calling `fn` gives a coroutine: an ``async def``, a partial of one, or an object with such a call.

    An ordinary function that returns a coroutine is not recognised: nothing tells before it is called.
    """
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(type(fn).__call__)


def call_async(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run the coroutine of ``fn(*args, **kwargs)`` to its end in an event loop of its own, and return its value.

    The loop runs in this thread, or in a helper thread when this one is running a loop already (as in Jupyter). The
    coroutine works on a copy of the context variables. Tasks that it has left behind are cancelled.

    Within `call_with_timeout` the coroutine is cancelled when the time is up, so that its `finally` and
    `except CancelledError` blocks run, and may take as long as they need.

    Within `LoopOfSeveral.around` it is that loop which runs the coroutine.
    """
    if _is_in_a_loop():
        return call_in_thread(_coroutines().run_coroutine, fn, args, kwargs)
    shared = _loop_of_several.get()
    if shared is not None:
        return shared.running().call(fn, args, kwargs)
    return _coroutines().run_coroutine(fn, args, kwargs)


def _coroutines() -> Any:
    """Return the module that does it. asyncio, which it needs, takes a while to load."""
    return import_module("miniprefect.utilities.coroutines")


def _is_in_a_loop() -> bool:
    """Say whether an event loop runs in this thread."""
    # While another thread is still loading asyncio, there is no loop, and this is not there yet.
    running: Callable[[], Any] | None = getattr(sys.modules.get("asyncio"), "get_running_loop", None)
    if running is None:
        return False
    try:
        running()
    except RuntimeError:
        return False
    return True


_loop_of_several: ContextVar["LoopOfSeveral | None"] = ContextVar("miniprefect_loop", default=None)


class LoopOfSeveral:
    """Be one event loop for the coroutines of several threads, so that they wait at the same time.

    The loop has a thread of its own, started when it is first needed.
    """

    def __init__(self) -> None:
        self._running: Any = None
        self._is_interrupted = False
        self._starting = threading.Lock()

    def around(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Return ``call(*args, **kwargs)``, in which `call_async` uses this loop."""
        token = _loop_of_several.set(self)
        try:
            return call(*args, **kwargs)
        finally:
            _loop_of_several.reset(token)

    def running(self) -> Any:
        """Return the loop, started.

        Raises:
            KeyboardInterrupt: it was closed because of Ctrl-C, while the caller was on its way here.
        """
        with self._starting:
            if self._is_interrupted:
                raise KeyboardInterrupt
            if self._running is None:
                self._running = _coroutines().LoopThread()
            return self._running

    def close(self, is_interrupted: bool = False) -> None:
        """Cancel what the loop still runs, and end it.

        If this is because of Ctrl-C, no thread is in the middle of starting one afterwards, and none will be. So then
        it is safe to interrupt its callers: while a thread is started, or a module loaded, Python may lose that.
        """
        with self._starting:
            self._is_interrupted = self._is_interrupted or is_interrupted
            if self._running is not None:
                self._running.close()
                self._running = None
