"""The owner's side of a Dask cluster: calls go there in batches, what has become of them comes back as events.

Everything but taking the events off the wire happens in the thread that owns the run, when it calls `Cluster.poll`.
"""

import functools
import logging
import os
import queue
import signal
import sys
import time
import weakref
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from miniprefect.executors._dask_worker import (
    LARGE,
    PROCESS,
    TOPIC,
    Aboard,
    Common,
    Key,
    encode,
    end_soon,
    is_naming,
    naming,
    run,
    run_waiting,
    stores,
)
from miniprefect.executors._pool import COROUTINES, Call, WorkerDied, take_answer
from miniprefect.executors._sending import NotSendable, decode
from miniprefect.executors.base import Executor, gathered
from miniprefect.utilities.identity import new_id
from miniprefect.utilities.lazy import LazyModule

distributed = LazyModule("distributed")

# Calls that Dask may have at a time: enough for a large cluster, and few enough for the memory of its scheduler.
_WIDTH = 5000
# Calls that are sent as one.
_BATCH = 1000
# All in seconds. So often it is asked whether calls were lost. A cluster that has lost all of its workers is given up
# after _PATIENCE. After an interruption, results are fetched for so long as _GRACE.
_LOOK = 0.5
_PATIENCE = 60.0
_GRACE = 5.0

logger = logging.getLogger("prefect.DaskExecutor")


class Store:
    """Be the place for the large results of a run: Dask's workers, as the owner sees them; see `engine.parcels`."""

    large = LARGE
    encode = staticmethod(encode)
    encode_alone = staticmethod(encode)
    others = "Dask's workers"
    remedy = "Make what can't be sent when the task runs."

    def __init__(self) -> None:
        self.run = new_id()
        self.client: Any = None
        self.process_id = os.getpid()
        # By key: the results on workers, and those that were fetched when the run ended.
        self.futures: dict[str, Any] = {}
        self.fetched: dict[str, Any] = {}
        stores[self.run] = self

    def __reduce__(self) -> Any:
        return Aboard, (self.run,)

    def keep(self, held: Any, key: Key) -> None:
        """Let go of a result when it is no longer known."""
        weakref.finalize(held, self._forget, key.name)

    def _forget(self, name: str) -> None:
        if os.getpid() == self.process_id:
            self.futures.pop(name, None)
            self.fetched.pop(name, None)

    def reference(self, held: Any, key: Key) -> Any:
        """Return what to pickle in place of a result: the result itself, unless it goes to a worker of this run."""
        if is_naming() and self.client is not None:
            return type(held), (key, self)
        return _value_of, (encode(held.value),)

    def read(self, key: Key) -> Any:
        """Return a result as bytes.

        Raises:
            NotSendable: it is lost.
        """
        if key.name not in self.fetched and key.name in self.futures:
            self.fetch([key.name])
        if key.name not in self.fetched:
            raise NotSendable(f"The result of {key.name} was lost with the Dask worker that had it.")
        return self.fetched.pop(key.name)

    def fetch(self, names: Iterable[str] | None = None, timeout: float | None = None) -> None:
        """Fetch results from the workers: these, or all that are known."""
        wanted = [self.futures[name] for name in (self.futures if names is None else names)]
        # Without workers, Dask would wait for some.
        if wanted and self.client.scheduler_info()["workers"]:
            gather = functools.partial(self.client.gather, wanted, errors="skip", asynchronous=True)
            found = self.client.sync(gather, callback_timeout=timeout, asynchronous=False)
            self.fetched.update((outcome.key, outcome.data) for outcome in found)


def _value_of(data: bytes) -> Any:
    return decode(data)


class Cluster(Executor):
    """Be the workers of a Dask cluster, for one run.

    Args:
        client: Dask's connection to it.
        common: what `call` calls.
        is_own: whether the workers are there for this run only.
    """

    is_remote = True
    width = _WIDTH
    overlap = _WIDTH

    def __init__(self, client: Any, common: Any = None, is_own: bool = False) -> None:
        self.client = client
        self.is_own = is_own
        self.inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        # Those to be sent, and by key those that are on their way.
        self.ready: list[DaskCall] = []
        self.calls: dict[str, DaskCall] = {}
        # Those that may have ended workers: each is to be made once more when there is no other.
        self.suspects: deque[DaskCall] = deque()
        self.next_look = 0.0
        self.lost_at: float | None = None
        if common is not None:
            self._share(common)

    def _share(self, common: Any) -> None:
        """Send what all calls have in common."""
        self.store: Store = common.store
        self.store.client = self.client
        self.run = self.store.run
        data = common.encoded(encode)
        self.client.subscribe_topic(TOPIC, self._hear)
        self.client.subscribe_topic("all", self._hear_of_workers)
        # As a call of its own: if the worker that has it dies, Dask makes it again.
        is_aliased = sys.modules.get("prefect") is sys.modules["miniprefect"]
        arguments = (data, self.run, PROCESS, _levels(), self.is_own, is_aliased)
        self.common = self.client.submit(Common, *arguments, key=f"flow-{self.run}", pure=False)

    # ------------------------------------------------------------------ calls

    def submit(self, fn: Any, *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """Have a worker call `fn`; return Dask's future."""
        facts = extra_context or {}
        options = {"key": self._key(facts), "resources": _resources(facts), "pure": False}
        return self.client.submit(fn, *args, **options, **kwargs)

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return gathered(futures, lambda one: one.result() if hasattr(one, "result") else one)

    def call(self, kind: Any, *args: Any, extra_context: dict[str, Any] | None = None) -> "DaskCall":
        """Have a worker call what all calls have in common; return a future.

        Args:
            kind: `COROUTINES` for calls that wait most of the time.
            *args: what it is called with.
            extra_context: facts about the call; see `Executor.submit`.
        """
        facts = extra_context or {}
        one = DaskCall(self, kind, b"")
        one.key, one.resources = self._key(facts), _resources(facts)
        one.priority = args[0] if isinstance(args[0], int) else 0
        try:
            with naming() as names:
                one.data = encode(args)
        except NotSendable as error:
            one.end(error=NotSendable(f"What it is called with can't be sent to a worker: {error}"))
            return one
        one.luggage = tuple(self.store.futures[name] for name in names if name in self.store.futures)
        self.ready.append(one)
        return one

    def _key(self, facts: dict[str, Any]) -> str:
        """Name a call as Prefect does, by task, so that Dask's dashboard can be read."""
        index = facts.get("task_index")
        name = facts.get("task_name") or "call"
        return f"{name}-{new_id()}" if index is None else f"{name}-{index}-{new_id()}"

    # ------------------------------------------------------------------ back and forth

    def poll(self, timeout: float | None = None) -> None:
        """Send what is to be sent, and take in what has come, for at most so many seconds."""
        self._send()
        try:
            self._take(self.inbox.get(timeout=_LOOK if timeout is None else min(timeout, _LOOK)))
            while True:
                self._take(self.inbox.get_nowait())
        except queue.Empty:
            pass
        if time.monotonic() > self.next_look:
            self._look_for_lost()
            self.next_look = time.monotonic() + _LOOK

    def _send(self) -> None:
        """Send calls: those that are alike in the eyes of Dask as one; a suspect by itself."""
        if any(call.is_alone for call in self.calls.values()):
            return
        if self.suspects and not self.calls and not self.ready:
            self._send_suspect(self.suspects.popleft())
        ready, self.ready = self.ready, []
        alike: dict[Any, list[DaskCall]] = {}
        for call in ready:
            self.calls[call.key] = call
            if call.luggage:
                self._send_one(call)
            else:
                kind = (call.kind is COROUTINES, call.priority, *(call.resources or {}).items())
                alike.setdefault(kind, []).append(call)
        for calls in alike.values():
            for begin in range(0, len(calls), _BATCH):
                self._send_many(calls[begin : begin + _BATCH])

    def _send_one(self, call: "DaskCall") -> None:
        call.future = self.client.submit(
            _function(call), self.common, call.data, *call.luggage, key=call.key, **self._options(call)
        )

    def _send_suspect(self, call: "DaskCall") -> None:
        logger.warning("%s may have ended the Dask workers that were lost. It is run once more, by itself.", call.key)
        call.is_alone, call.is_overdue = True, False
        call.key += "-alone"
        self.calls[call.key] = call
        self._send_one(call)

    def _send_many(self, calls: "list[DaskCall]") -> None:
        futures = self.client.map(
            _function(calls[0]),
            [self.common] * len(calls),
            [call.data for call in calls],
            key=[call.key for call in calls],
            **self._options(calls[0]),
        )
        for call, future in zip(calls, futures, strict=True):
            call.future = future

    def _options(self, call: "DaskCall") -> dict[str, Any]:
        options: dict[str, Any] = {"pure": False, "priority": call.priority, "resources": call.resources}
        workers = list(self.client.scheduler_info()["workers"]) if call.kind is COROUTINES else []
        if workers:
            # Of calls that name workers, Dask hands out all at once, of others as many as there are threads. Then it
            # has to hear of each that it waits, before it hands out the next.
            options |= {"workers": workers, "allow_other_workers": True}
        return options

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take an event off the wire, in the thread of Dask's client."""
        if event[1].get("run") == self.run:
            self.inbox.put(event[1])

    def _hear_of_workers(self, event: tuple[float, dict[str, Any]]) -> None:
        if event[1].get("action") == "remove-worker" and not event[1].get("expected"):
            self.inbox.put(event[1])

    def _take(self, event: dict[str, Any]) -> None:
        if "action" in event:
            self._worker_lost(event)
            return
        for line in event["lines"]:
            record = logging.makeLogRecord(decode(line))
            logging.getLogger(record.name).callHandlers(record)
        for key, is_large, answer in event["calls"]:
            call = self.calls.get(key)
            if call is None:  # Dask has made it again
                continue
            if is_large:
                self.store.futures[key] = call.future
            if answer is None:
                self._fetch_answer(call)
            else:
                self._end(call, answer)

    def _end(self, call: "DaskCall", answer: Any) -> None:
        del self.calls[call.key]
        call.future, call.luggage = None, ()
        take_answer(call, answer)

    # ------------------------------------------------------------------ what is lost

    def _look_for_lost(self) -> None:
        """Fail the calls that Dask has given up, and fetch the answers of those whose event was lost."""
        for call in list(self.calls.values()):
            status = call.future.status
            if status == "pending":
                continue
            if not call.is_overdue:
                call.is_overdue = True  # an event that tells of it, or of its worker, may be on its way
            elif status == "finished":
                self._fetch_answer(call)
            else:
                self._given_up(call)
        if self.lost_at is not None and self.calls:
            self._look_for_workers()

    def _fetch_answer(self, call: "DaskCall") -> None:
        for outcome in self.client.gather([call.future], errors="skip"):
            if outcome.data:
                self.store.futures[call.key] = call.future
            self._end(call, bytes(outcome.answer))
            return
        self._given_up(call)

    def _given_up(self, call: "DaskCall") -> None:
        """Fail a call that Dask has given up, unless others were on the workers that died: it may be one of them."""
        error = call.future.exception() if call.future.status == "error" else None
        if type(error).__name__ == "KilledWorker" and call.has_company and not call.is_alone:
            del self.calls[call.key]
            self.suspects.append(call)
        else:
            self._fail(call, _why(call.future.status, error))

    def _fail(self, call: "DaskCall", reason: str) -> None:
        del self.calls[call.key]
        call.future, call.luggage = None, ()
        call.end(error=WorkerDied(reason))

    def _worker_lost(self, event: dict[str, Any]) -> None:
        """Say which calls Dask begins again, as nobody else will."""
        self.lost_at = self.lost_at or time.monotonic()
        running = event.get("processing-tasks", ())
        again = [key for key in running if key in self.calls]
        for key in again:
            self.calls[key].has_company = self.calls[key].has_company or len(running) > 1
        lost = [key for key in event.get("lost-computed-tasks", ()) if key in self.store.futures]
        if again or lost:
            logger.warning(
                "The Dask worker %s was lost. Dask runs again elsewhere, up to its limit: %s",
                event.get("worker"),
                ", ".join(sorted(map(str, again + lost))),
            )

    def _look_for_workers(self) -> None:
        """Give up when all workers were lost and none comes back."""
        if self.client.scheduler_info()["workers"]:
            self.lost_at = None
        elif time.monotonic() > (self.lost_at or 0) + _PATIENCE:
            for call in list(self.calls.values()):
                self._fail(call, f"The Dask cluster has lost its workers, and got none for {_PATIENCE:.0f} seconds.")

    # ------------------------------------------------------------------ the end

    def end(self) -> None:
        """Fetch what is still on the workers: they may be gone soon."""
        if hasattr(self, "store"):
            self.store.fetch()
        self._let_go()

    def interrupt(self) -> None:
        """Drop the calls, and fetch what is there."""
        nannies = self._own_nannies()
        for nanny in nannies:  # Ctrl-C in a terminal ends the workers, too, and they are not to be replaced
            nanny.auto_restart = False
        try:
            self.client.cancel([call.future for call in self.calls.values() if call.future], asynchronous=False)
            if hasattr(self, "store"):
                self.store.fetch(timeout=_GRACE)
            if self.is_own:
                self.client.run(end_soon, PROCESS, on_error="ignore")
        except Exception as error:  # nothing must hide the interruption
            logger.debug("After an interruption, Dask could not be told: %r", error)
        for nanny in nannies:
            _kill(nanny.pid)
        self._let_go()

    def _own_nannies(self) -> list[Any]:
        """List what watches over the worker processes of a cluster that was made for this run, where that is here."""
        workers = getattr(self.client.cluster, "workers", None) if self.is_own else None
        if not isinstance(workers, dict):  # a class of cluster of one's own
            return []
        # Copied in one step: another thread may change it.
        return [worker for worker in list(workers.values()) if isinstance(worker, distributed.Nanny)]

    def _let_go(self) -> None:
        self.calls.clear()
        self.ready.clear()
        self.suspects.clear()
        if hasattr(self, "store"):
            with suppress(Exception):  # the scheduler was lost, and so the client has closed
                for topic in (TOPIC, "all"):
                    self.client.unsubscribe_topic(topic)
            self.store.futures.clear()
            self.store.client = self.common = None


class DaskCall(Call):
    """Be a call on its way to a Dask worker.

    Attributes:
        key: Dask's name for it.
        future: Dask's future of it, when it has been sent.
        luggage: Dask's futures of what it wants beside its arguments.
        priority: those with a higher one go first: it is the place in the plan, so that maps go depth first.
        resources: what it takes of those that workers have.
        is_overdue: whether Dask was done with it at the last look, and nothing was heard of it.
        has_company: whether there were others on a worker that was lost with it.
        is_alone: whether it was sent when there was no other.
    """

    __slots__ = ("future", "has_company", "is_alone", "is_overdue", "key", "luggage", "priority", "resources")

    def __init__(self, pool: Any, kind: Any, data: bytes) -> None:
        super().__init__(pool, kind, data)
        self.key = ""
        self.future: Any = None
        self.luggage: tuple[Any, ...] = ()
        self.priority = 0
        self.resources: dict[str, float] | None = None
        self.is_overdue = self.has_company = self.is_alone = False


def _kill(process_id: int | None) -> None:
    if process_id is not None:
        with suppress(OSError):  # it has ended
            os.kill(process_id, signal.SIGKILL)


def _function(call: DaskCall) -> Any:
    return run_waiting if call.kind is COROUTINES else run


def _resources(facts: dict[str, Any]) -> dict[str, float] | None:
    """Read the tags of a task that name what it takes of a worker, such as ``dask-resource:GPU=1``."""
    resources = {}
    for tag in facts.get("task_tags") or ():
        if str(tag).startswith("dask-resource:"):
            name, _, amount = str(tag).removeprefix("dask-resource:").partition("=")
            try:
                resources[name] = float(amount)
            except ValueError:
                raise ValueError(f"The tag {tag!r} names no amount. Write it as 'dask-resource:GPU=1'.") from None
    return resources or None


def _why(status: str, error: BaseException | None) -> str:
    """Say why Dask has given up a call."""
    if error is None:
        return f"Dask dropped it ({status}): the scheduler was lost, or somebody cancelled it."
    if type(error).__name__ == "KilledWorker":
        return f"the worker that ran it died, and so did the others that tried: {error}"
    return f"Dask could not run it: {type(error).__name__}: {error}"


def _levels() -> dict[str, int]:
    """Return the levels of the loggers here that tasks may use: Dask's own are its own business."""
    known = {name: getattr(one, "level", 0) for name, one in logging.Logger.manager.loggerDict.items()}
    others = ("distributed", "dask", "tornado", "asyncio", "bokeh")
    return {name: level for name, level in known.items() if level and name.partition(".")[0] not in others}
