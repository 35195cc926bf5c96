"""Run a coroutine in an event loop of its own. `utilities.aio` loads this when it is needed, as asyncio is big."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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


class LoopThread:
    """Run the coroutines of several threads in an event loop that has a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="event loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def call(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return or raise what the coroutine of ``fn(*args, **kwargs)`` does; it sees the context of the caller."""
        supervised, ended, context = _Supervised(), _Ended(), contextvars.copy_context()

        def begin() -> None:
            coroutine = supervised.run(fn, args, kwargs, shares_loop=True)
            self._loop.create_task(coroutine, context=context).add_done_callback(ended.take)

        with interrupted_gently(supervised.stop):
            self._loop.call_soon_threadsafe(begin)
            outcome = ended.result()
        if outcome is None:
            raise TimeUp if supervised.asked else asyncio.CancelledError
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def close(self) -> None:
        """Cancel what still runs, and end the loop; one that a coroutine holds up is given up."""
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop)
        self._thread.join(_PATIENCE)

    async def _cancel_all(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        self._loop.stop()


# In seconds: how long a loop has for its end.
_PATIENCE = 0.5


class _Ended(Future[Any]):
    """Wait for the outcome of an asyncio task in another thread; a task that was cancelled has none."""

    def take(self, task: "asyncio.Task[_Outcome]") -> None:
        self.set_result(None if task.cancelled() else task.result())


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

    async def run(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], shares_loop: bool = False
    ) -> _Outcome:
        """Await the coroutine of ``fn(*args, **kwargs)``; return what it returns or raises."""
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        if not shares_loop:
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
            if self.asked and not shares_loop:
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
