"""Run a coroutine in an event loop of its own. `utilities.aio` loads this when it is needed, as asyncio is big."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from miniprefect.exceptions import TimeUp
from miniprefect.utilities.timeouts import interrupted_gently


def run_coroutine(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return or raise what the coroutine of ``fn(*args, **kwargs)`` does; see `utilities.aio.call_async`.

    Raises:
        TimeUp: it was cancelled because the time of a `call_with_timeout` around it is up.
    """
    supervised = _Supervised()
    try:
        # The loop is made here and handed to no policy: a loop that the program has set up for itself stays set.
        with interrupted_gently(supervised.stop), asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            outcome = runner.run(supervised.run(fn, args, kwargs))
    except asyncio.CancelledError:
        if supervised.asked:
            raise TimeUp from None
        raise
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


class _Outcome:
    """Hold what a coroutine returned or raised. asyncio shows the results of its tasks, and some can't be shown."""

    def __init__(self, value: Any, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error


class _Supervised:
    """Run a coroutine so that it can be cancelled from a signal handler or from another thread."""

    def __init__(self) -> None:
        self.asked = False
        self.heard = False
        self._task: asyncio.Task[Any] | None = None
        self._pool = ThreadPoolExecutor(thread_name_prefix="asyncio")  # starts threads only when it is used

    async def run(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Outcome:
        """Await the coroutine of ``fn(*args, **kwargs)``; return what it returns or raises."""
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._pool)
        if self.asked:
            self._cancel()
        try:
            return _Outcome(await fn(*args, **kwargs))
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            return _Outcome(None, error)
        finally:
            self._task = None
            if self.asked:
                self._leave_threads(loop)

    def stop(self) -> bool:
        """Have the coroutine cancelled. Return False when asked again and the event loop has not got to it yet."""
        if not self.asked:
            self.asked = True
            if self._task is not None:
                self._task.get_loop().call_soon_threadsafe(self._cancel)
            return True
        return self.heard

    def _cancel(self) -> None:
        self.heard = True
        if self._task is not None:
            self._task.cancel()

    def _leave_threads(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up what runs in threads (`asyncio.to_thread`), which can't be stopped: closing the loop would wait."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        loop.set_default_executor(ThreadPoolExecutor())
