"""What happens on Dask's workers: calls are made there, and large results stay there.

A call comes as bytes and leaves an `Outcome` on its worker. What its owner has to know of that goes ahead as an event
of Dask: the answer, which is small, and the log lines. So the owner fetches no outcome, unless somebody wants a large
result there; and for a task downstream, Dask takes it from worker to worker.
"""

import logging
import os
import pickle
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from miniprefect.executors._sending import NotSendable, decode
from miniprefect.executors._worker import _packed, answer_of
from miniprefect.utilities.aio import LoopOfSeveral
from miniprefect.utilities.identity import new_id
from miniprefect.utilities.lazy import LazyModule
from miniprefect.utilities.pickling import by_value

distributed = LazyModule("distributed")
cloudpickle = LazyModule("cloudpickle")
compat = LazyModule("miniprefect.compat")

# Where the events are. One for all runs, for Dask's scheduler keeps the last thousand events of each topic for ever.
TOPIC = "miniprefect"
# In bytes, pickled: answers and results of more stay on the worker.
LARGE = 1 << 12
# In seconds: log lines of a call that goes on leave the worker so often.
_MOMENT = 0.25
# In seconds: a worker that was told to end says so before it does.
_LAST_MOMENT = 0.05

# Tells whether a worker is in the process of the owner, as those of a cluster of threads are.
PROCESS = new_id()


def encode(value: Any) -> bytes:
    """Return `value` as bytes that any process can read that has the modules it is from.

    Raises:
        NotSendable: it can't be pickled, or its pickling fails.
    """
    try:
        try:
            data = pickle.dumps(value, 5)
        except (pickle.PicklingError, AttributeError, TypeError):
            return _encode_by_value(value)
        # What is in the script has a name, but not one that leads to it elsewhere.
        return _encode_by_value(value) if any(name.encode() in data for name in _by_value()) else data
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        raise NotSendable(f"it can't be pickled: {_said(error)}") from error


def _encode_by_value(value: Any) -> bytes:
    token = by_value.set(_by_value())
    try:
        return cloudpickle.dumps(value, 5)  # type: ignore[no-any-return]
    finally:
        by_value.reset(token)


def _by_value() -> frozenset[str]:
    return frozenset({"__main__", *cloudpickle.list_registry_pickle_by_value()})


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


class Outcome:
    """Be what a call leaves on its worker.

    Args:
        key: Dask's name for it.
        answer: the value of the call or its error, as `miniprefect.executors._pool.take_answer` reads it.
        data: the large result, if it has one, as bytes.
    """

    __slots__ = ("answer", "data", "key")

    def __init__(self, key: str, answer: Any, data: Any = b"") -> None:
        self.key = key
        self.answer = answer
        self.data = data

    def __reduce_ex__(self, protocol: Any) -> Any:
        # Dask sends buffers as they are, without a copy, if the other side can read them.
        buffer: Any = pickle.PickleBuffer if protocol >= 5 else bytes
        return Outcome, (self.key, self.answer, buffer(self.data))

    def __sizeof__(self) -> int:
        """Tell Dask how much memory this takes."""
        return 100 + len(self.answer) + len(self.data)


class Common:
    """Be what all calls of a run have in common: sent to each worker once, and made anew there at the first call.

    Args:
        data: it, as bytes.
        run: the name of the run.
        process: the `PROCESS` of its owner.
        levels: those of the owner's loggers.
        is_own: whether the worker is there for this run only.
        is_aliased: whether `prefect` stands for `miniprefect` where it comes from.
    """

    def __init__(
        self, data: Any, run: str, process: str, levels: dict[str, int], is_own: bool, is_aliased: bool
    ) -> None:
        self.data = data
        self.run = run
        self.process = process
        self.levels = levels
        self.is_own = is_own
        self.is_aliased = is_aliased
        self.outbox = Outbox(run)
        self._made: Any = None
        self._making = threading.Lock()
        self._waiters = Waiters()

    def __reduce__(self) -> Any:
        settings = (self.run, self.process, self.levels, self.is_own, self.is_aliased)
        return Common, (bytes(self.data), *settings)

    def made(self) -> Callable[..., Any]:
        """Return it.

        Raises:
            NotSendable: it can't be made anew here.
        """
        with self._making:
            if self._made is None:
                if self.process != PROCESS:
                    _forward_log(self.levels)
                    if self.is_own:
                        distributed.get_worker().loop.add_callback(_leave_interrupts_to_the_owner)
                if self.is_aliased:
                    compat.install_as_prefect()
                self._made = _made_anew(self.data)
            return self._made  # type: ignore[no-any-return]

    def waiter(self) -> Any:
        """Return a context for a call of a coroutine: it gives its place to another, and waits with others."""
        return self._waiters.one()


def _leave_interrupts_to_the_owner() -> None:
    """Go on when Ctrl-C is pressed, which all processes of a terminal hear of: the owner wants the results first."""
    if threading.current_thread() is threading.main_thread():
        # A function, not SIG_IGN: programs that a task starts are not to inherit it.
        signal.signal(signal.SIGINT, lambda number, frame: None)


def end_soon(process: str) -> None:
    """End this worker, unless it is in the owner's process: a cluster that is closed waits for calls that sleep."""
    if process != PROCESS:
        timer = threading.Timer(_LAST_MOMENT, os._exit, (0,))
        timer.daemon = True
        timer.start()


def _made_anew(data: Any) -> Any:
    try:
        return decode(data)
    except NotSendable as error:
        raise NotSendable(
            f"The flow can't be loaded on the Dask worker: {error}. Of the script that runs, all goes there; the "
            "modules that it imports have to be there: install them, send them with `upload_file` of Dask's Client, "
            "or have them sent with `cloudpickle.register_pickle_by_value`."
        ) from error


class Aboard:
    """Be the place for large results as a call on a worker knows it; see `engine.parcels`."""

    large = LARGE
    encode = staticmethod(encode)

    def __init__(self, run: str) -> None:
        self.run = run

    def write(self, data: bytes) -> "Key":
        """Leave a result on this worker; return where it is."""
        call = _call.get()
        call.data = data
        return Key(call.key)

    def read(self, key: "Key") -> Any:
        """Return the result of another call."""
        luggage = _call.get().luggage
        if key.name not in luggage:
            raise NotSendable(f"The result of {key.name} was lost with the Dask worker that had it.")
        return luggage[key.name]

    def reference(self, held: Any, key: "Key") -> Any:
        """Return what to pickle in place of a result."""
        return type(held), (key, self)

    def __reduce__(self) -> Any:
        return store_of, (self.run,)


class Key:
    """Be the name of a result on a worker. Those that are pickled can be told; see `naming`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> Any:
        names = _names.get()
        if names is not None:
            names[self.name] = None
        return Key, (self.name,)


_names: ContextVar[dict[str, None] | None] = ContextVar("miniprefect_dask_names", default=None)


@contextmanager
def naming() -> Iterator[dict[str, None]]:
    """Collect the names of the results on workers that are pickled within the block."""
    names: dict[str, None] = {}
    token = _names.set(names)
    try:
        yield names
    finally:
        _names.reset(token)


def is_naming() -> bool:
    """Say whether what is pickled here is on its way to a worker, or from one."""
    return _names.get() is not None or _call.get(None) is not None


# The places for large results of the runs that this process owns.
stores: Any = weakref.WeakValueDictionary()


def store_of(run: str) -> Any:
    """Return the place for large results as it is seen from here."""
    return Aboard(run) if _call.get(None) is not None else stores.get(run) or Aboard(run)


class _Call:
    """Be a call on its worker.

    Attributes:
        data: the large result, if it has one.
        luggage: the large results of others that it may want.
        outbox: takes its log lines.
    """

    __slots__ = ("data", "key", "luggage", "outbox")

    def __init__(self, key: str, luggage: dict[str, Any], outbox: "Outbox") -> None:
        self.key = key
        self.luggage = luggage
        self.outbox = outbox
        self.data = b""


_call: ContextVar[_Call] = ContextVar("miniprefect_dask_call")


def run(common: Common, data: Any, *luggage: Outcome) -> Outcome:
    """Make a call: this is what Dask runs. It comes with the outcomes of others that it may want."""
    worker = distributed.get_worker()
    key = worker.get_current_task()
    call = _Call(key, {outcome.key: outcome.data for outcome in luggage}, common.outbox)
    token = _call.set(call)
    try:
        answer = answer_of(lambda: encode(common.made()(*decode(data))), encode)
    finally:
        _call.reset(token)
    outcome = Outcome(key, answer, call.data)
    common.outbox.tell(worker, outcome)
    return outcome


def run_waiting(common: Common, data: Any, *luggage: Outcome) -> Outcome:
    """Make a call of a coroutine, beside others."""
    with common.waiter() as around:
        return around(run, common, data, *luggage)  # type: ignore[no-any-return]


class Waiters:
    """Be the event loop of the coroutines of a run on this worker, there while any of them runs."""

    def __init__(self) -> None:
        self._number = 0
        self._changing = threading.Lock()
        self._loop = LoopOfSeveral()

    @contextmanager
    def one(self) -> Iterator[Callable[..., Any]]:
        """Have the loop for a coroutine, and let the worker begin another call meanwhile."""
        with self._changing:
            self._number += 1
            loop = self._loop
        distributed.secede()
        try:
            yield loop.around
        finally:
            with self._changing:
                self._number -= 1
                if not self._number:
                    self._loop = LoopOfSeveral()
                    loop.close()


# ---------------------------------------------------------------------- what the owner is told


class Outbox:
    """Collect what the owner of a run is to be told, so that it travels together.

    Args:
        run: the name of the run.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        self._lines: list[bytes] = []
        self._calls: list[tuple[str, bool, bytes | None]] = []
        self._lock = threading.Lock()
        self._is_due = self._is_due_soon = False

    def tell(self, worker: Any, outcome: "Outcome") -> None:
        """Send what became of a call, before Dask says that it has ended."""
        answer = outcome.answer if len(outcome.answer) < 2 * LARGE else None
        with self._lock:
            self._calls.append((outcome.key, bool(outcome.data), answer))
            is_due, self._is_due = self._is_due, True
        if not is_due:
            worker.loop.add_callback(self._send, worker)

    def log(self, record: logging.LogRecord) -> None:
        """Send a log line with what is sent next, or in a moment."""
        line = _packed(record)
        with self._lock:
            self._lines.append(line)
            is_due, self._is_due_soon = self._is_due_soon, True
        if not is_due:
            worker = distributed.get_worker()
            worker.loop.add_callback(worker.loop.call_later, _MOMENT, self._send, worker)

    def _send(self, worker: Any) -> None:
        with self._lock:
            lines, calls, self._lines, self._calls = self._lines, self._calls, [], []
            self._is_due = self._is_due_soon = False
        if lines or calls:
            worker.log_event(TOPIC, {"run": self.run, "lines": lines, "calls": calls})


_forwarding = threading.Lock()
_is_forwarding = False


def _forward_log(levels: dict[str, int]) -> None:
    """Have what calls log collected, not shown here, from the level on that its owner wants."""
    global _is_forwarding
    with _forwarding:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if _is_forwarding:
            return
        _is_forwarding = True
        handle = logging.Logger.callHandlers

        def forward(logger: logging.Logger, record: logging.LogRecord) -> None:
            call = _call.get(None)
            if call is None:
                handle(logger, record)
            else:
                call.outbox.log(record)

        setattr(logging.Logger, "callHandlers", forward)  # noqa: B010 - not typed so
