"""The owner's side of worker processes: who does what, and what to do when a worker is lost.

Everything happens in the thread that owns the pool, when it calls `Pool.poll`: there is no helper thread, so a
program without threads of its own never forks with threads. A worker that is idle gets a batch of calls, of one kind
and only as many as take a moment; no call waits in the pipe of a worker that is busy with another.

A worker that dies takes one call with it, the one that it had begun: its error is `WorkerDied`. What it had finished
has arrived, and what it had not begun goes to another worker. No call is begun twice.
"""

import logging
import multiprocessing
import pickle
import selectors
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.executors._hands import Hand, ctrl_c_later, hire
from miniprefect.executors._many import Many, Parts, Receiver
from miniprefect.executors._sending import NotSendable, decode, encode, encode_by_name
from miniprefect.executors._worker import (
    ALONE,
    ANSWER,
    DONE,
    ERROR,
    LIMIT,
    LOG,
    LOG_LINE,
    MANY,
    NUMBER,
    ONE_BY_ONE,
    OVERLAPPING,
    SECONDS,
    TOGETHER,
    VALUE,
)
from miniprefect.executors.base import Executor, gathered

# All in seconds. A batch is to take so long; one that takes longer than _OVERDUE is shared with idle workers; a call
# whose time is up ends by itself, and if not, with its worker after _LENIENCE.
_BATCH = 0.02
_OVERDUE = 0.1
_LENIENCE = 1.0
_LARGEST_BATCH = 4096
# So many coroutines can wait in a worker at a time.
_OVERLAP = 250
# The kind of calls that wait most of the time.
COROUTINES = object()
# So many workers in a row may die before they begin anything.
_STILLBORN = 5


class WorkerDied(RuntimeError):
    """Say that a worker process died while it made a call."""


class Call:
    """Be a call on its way; a future.

    Args:
        pool: makes it.
        kind: calls of one kind may travel together.
        data: the call as bytes.
    """

    __slots__ = ("_callbacks", "data", "done", "error", "kind", "made_of", "pool", "value")

    def __init__(self, pool: "Pool", kind: Any, data: bytes) -> None:
        self.pool = pool
        self.kind = kind
        self.data: bytes | None = data
        # Kept, as what is sent by its address has to be there still when a worker is forked.
        self.made_of: Any = None
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self._callbacks: list[Callable[[Any], Any]] = []

    def add_done_callback(self, fn: Callable[[Any], Any]) -> None:
        """Have `fn` called with this call when it is done."""
        if self.done:
            fn(self)
        else:
            self._callbacks.append(fn)

    def result(self) -> Any:
        """Return or raise what the call did, when it is done."""
        while not self.done:
            self.pool.poll()
        if self.error is not None:
            raise self.error
        return self.value

    def end(self, value: Any = None, error: BaseException | None = None) -> None:
        """Take in what the call did."""
        if not self.done:
            self.done, self.value, self.error = True, value, error
            self.data = self.made_of = None
            callbacks, self._callbacks = self._callbacks, []
            for fn in callbacks:
                fn(self)


def take_answer(call: Any, data: bytes) -> None:
    """Give the answer of a worker to its call."""
    kind, body = data[:1], memoryview(data)[1:]
    try:
        if kind == VALUE:
            value, error = decode(body), None
        elif kind == ERROR:
            value, error = None, decode(body)
        else:
            value, error = None, NotSendable(bytes(body).decode())
    except NotSendable as problem:
        value, error = None, problem
    call.end(value, error)


def _log(data: bytes) -> None:
    """Give a log line of a worker to the handlers that are here."""
    record = logging.LogRecord.__new__(logging.LogRecord)  # made already, with all that belongs to it
    record.__dict__.update(decode(data))
    logging.getLogger(record.name).callHandlers(record)


def _follows(first: Call, call: "Call | Many") -> bool:
    return isinstance(call, Call) and call.kind == first.kind


def _kind(calls: Sequence[Any]) -> Any:
    """Return the kind of calls that travelled together; of none, one of which nothing is to be learnt."""
    if not calls:
        return COROUTINES
    return calls.many.kind if isinstance(calls, Parts) else calls[0].kind


class Pool(Executor):
    """Be the worker processes of one run.

    Args:
        number: how many there may be; each is started when it is first needed.
        common: what `call` calls; the workers have it from their start.
        start_method: how they are started, in the words of `multiprocessing`.

    Attributes:
        is_to_be_full: whether there is going to be work for all workers, so that one may be started ahead of its calls.
    """

    is_remote = True

    def __init__(self, number: int, common: Callable[..., Any] | None, start_method: str) -> None:
        self.number = number
        self.overlap = _OVERLAP * number
        self.common: Any = common
        self.context = multiprocessing.get_context(start_method)
        if start_method != "fork" and common is not None:
            self.common = encode_by_name(common)
        self.hands: list[Hand] = []
        self.idle: list[Hand] = []
        self.queue: deque[Call | Many] = deque()
        self.selector = selectors.DefaultSelector()
        # By kind, how long a call takes.
        self.pace: dict[Any, float] = {}
        self.most = 1
        self.stillborn = 0
        self.is_to_be_full = False
        self._is_over = False

    @property
    def width(self) -> int:  # type: ignore[override]
        """How many calls it can use: those that run and the next batch of each worker, but at least one more."""
        is_known = self.most > 1 and not (self.queue and self.queue[-1].kind not in self.pace)
        return self.number * 2 * self.most if is_known else self.number + 1

    # ------------------------------------------------------------------ calls

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Call:
        """Have a worker call `fn`; return a future."""
        return self._lined_up(fn, (fn, args, kwargs))

    def call(self, kind: Any, *args: Any, extra_context: dict[str, Any] | None = None) -> Call:
        """Have a worker call what all calls have in common.

        Args:
            kind: tells which calls take about as long; `COROUTINES` for those that wait most of the time.
            *args: what it is called with.
            extra_context: facts about the call, for executors that show them; see `submit`.
        """
        return self._lined_up(kind, (None, args, None))

    def call_many(
        self,
        kind: Any,
        args: tuple[Any, ...],
        size: int,
        receiver: Receiver,
    ) -> None:
        """Have a worker call `many` of what all calls have in common, which makes so many calls; see `Many`."""
        self.queue.append(Many(kind, encode(args), size, receiver))
        if self.idle:  # it need not wait until the next ones have been made
            self._assign()

    def _lined_up(self, kind: Any, call: Any) -> Call:
        try:
            one = Call(self, kind, encode(call))
        except NotSendable as error:
            one = Call(self, kind, b"")
            one.end(error=NotSendable(f"What it is called with can't be sent to a worker process: {error}"))
            return one
        one.made_of = call
        self.queue.append(one)
        return one

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return gathered(futures, lambda future: future.result() if isinstance(future, Call) else future)

    # ------------------------------------------------------------------ who does what

    def poll(self, timeout: float | None = None) -> None:
        """Give the idle workers something to do, and take in what has come, for at most so many seconds."""
        if self._is_over:
            raise RuntimeError("The worker processes have been let go: no call can come to its end any more.")
        self._assign()
        if not self.hands:
            return
        if self.is_to_be_full and not self.idle:
            self._hired()  # while the others are at work, one at a time
        self._take_in(self.selector.select(self._patience(timeout)))

    def _assign(self) -> None:
        while self.queue and not self._is_over and (self.idle or self._hired()):
            hand = self.idle.pop()
            hand.begin(self._batch())
            self._send(hand)

    def _hired(self) -> bool:
        """Start a worker, if there may be one more; say whether that was done."""
        return len(self.hands) < self.number and self._hire()

    @ctrl_c_later()
    def _hire(self) -> bool:
        try:
            hand = hire(self.context, self.common)
        except OSError as error:
            if not self.hands:
                self._give_up(f"No worker process can be started: {error}")
            return False
        self.hands.append(hand)
        self.idle.append(hand)
        for source in hand.sources:
            self.selector.register(source, selectors.EVENT_READ, hand)
        return True

    def _batch(self) -> Sequence[Any]:
        """Take calls of one kind off the queue, as many as take a moment and no more than the worker's share."""
        first = self.queue.popleft()
        if isinstance(first, Many):
            return Parts(first, range(first.size))
        batch: list[Any] = [first]
        most = min(self.most_at_once(first.kind), 1 + len(self.queue) // self.number)
        while len(batch) < most and self.queue and _follows(first, self.queue[0]):
            batch.append(self.queue.popleft())
        return batch

    def most_at_once(self, kind: Any) -> int:
        """Return how many calls of a kind take a moment; one, if nothing is known of them."""
        if kind is COROUTINES:
            return _OVERLAP
        pace = self.pace.get(kind)
        return 1 if pace is None else min(max(int(_BATCH / pace), 1), _LARGEST_BATCH)

    def share(self, kind: Any, number: int) -> int:
        """Return how many of so many calls are to travel as one: none of the workers is to wait for another's."""
        return min(self.most_at_once(kind), -(-number // (2 * self.number)))

    def _send(self, hand: Hand) -> None:
        try:
            if isinstance(hand.calls, Parts):
                many = hand.calls.many
                hand.channel.send_bytes(pickle.dumps((MANY, many.size, many.data)))
                return
            batch = [call.data for call in hand.calls]
            mode = OVERLAPPING if hand.calls[0].kind is COROUTINES else ONE_BY_ONE
            together = sum(map(len, batch)) < TOGETHER
            hand.channel.send_bytes(pickle.dumps((mode, len(batch), batch if together else None)))
            for data in () if together else batch:
                hand.channel.send_bytes(data)
        except OSError:
            self._lost(hand)

    # ------------------------------------------------------------------ what comes back

    @ctrl_c_later()
    def _take_in(self, ready: list[tuple[selectors.SelectorKey, int]]) -> None:
        for key, _ in ready:
            hand: Hand = key.data
            if hand in self.hands:
                self._hear(hand, is_dead=key.fileobj == hand.death)
        self._look_at_the_clock()

    def _hear(self, hand: Hand, is_dead: bool) -> None:
        """Take in all that a worker has sent, and its death."""
        try:
            while hand.has_said():
                self._take(hand, hand.channel.recv_bytes())
        except (EOFError, OSError):
            is_dead = True
        if is_dead:
            self._lost(hand)

    def _take(self, hand: Hand, message: bytes) -> None:
        kind, body = message[:1], message[1:]
        hand.heard = time.monotonic()
        if kind == ANSWER:
            take_answer(hand.calls[NUMBER.unpack(body)[0]], hand.channel.recv_bytes())
        elif kind == DONE:
            self._done(hand, SECONDS.unpack(body)[0])
        elif kind == ALONE:
            take_answer(hand.calls[0], hand.channel.recv_bytes())
            self._done(hand, SECONDS.unpack(body)[0])
        elif kind == LOG:
            self._collect(hand)  # lines that came before
            _log(body)
        elif kind == LIMIT:
            (seconds,) = SECONDS.unpack(body)
            hand.limit = None if seconds < 0 else time.monotonic() + seconds + _LENIENCE

    def _done(self, hand: Hand, seconds: float) -> None:
        self._collect_answers(hand)
        gave = hand.values()
        self.stillborn = 0
        rest = hand.taken_back()
        finished, kind = len(hand.calls), _kind(hand.calls)
        if finished and kind is not COROUTINES:
            self.pace[kind] = max(seconds / finished, 1e-6)
            self.most = self.most_at_once(kind)
        done, hand.calls = hand.calls, []
        self.idle.append(hand)
        self._assign()  # before what the worker did is taken in, which takes a while
        self._give(done, *gave)
        if isinstance(rest, Parts) and rest:
            rest.many.receiver.refused(rest.numbers)

    # ------------------------------------------------------------------ what is late

    def _patience(self, timeout: float | None) -> float | None:
        """Return how long to wait for workers before looking at the clock."""
        now = time.monotonic()
        moments = [hand.limit for hand in self.hands if hand.limit is not None]
        moments += [hand.heard + _OVERDUE for hand in self.hands if len(hand.calls) > 1]
        waits = [max(moment - now, 0.001) for moment in moments]
        if timeout is not None:
            waits.append(timeout)
        return min(waits, default=None)

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        for hand in list(self.hands):
            if hand.limit is not None and now > hand.limit:
                hand.is_late = True
                hand.kill()
                hand.process.join()
                self._hear(hand, is_dead=True)
            elif len(hand.calls) > 1 and now > hand.heard + _OVERDUE:
                # What is done can go on downstream; what has not begun is for others.
                hand.heard = now
                self._collect(hand)
                self._put_back(hand.taken_back())

    def _put_back(self, calls: Sequence[Any]) -> None:
        if _kind(calls) is not COROUTINES:
            self.pace.pop(_kind(calls), None)
        if isinstance(calls, Parts):
            calls.many.receiver.returned(calls.numbers)
        else:
            self.queue.extendleft(reversed(calls))

    def _collect(self, hand: Hand) -> None:
        """Take in the answers and log lines that are in shared memory."""
        self._collect_answers(hand)
        self._give(hand.calls, *hand.values())

    def _give(self, calls: Sequence[Any], first: int, values: list[Any]) -> None:
        if values:
            calls.many.gave(first, values)  # type: ignore[attr-defined]

    def _collect_answers(self, hand: Hand) -> None:
        for number, data in hand.collected():
            if number == LOG_LINE:
                _log(data)
            else:
                take_answer(hand.calls[number], data)

    def _lost(self, hand: Hand) -> None:
        """Do without a worker that died."""
        if hand not in self.hands:
            return
        self.hands.remove(hand)
        if hand in self.idle:
            self.idle.remove(hand)
        for source in hand.sources:
            self.selector.unregister(source)
        hand.kill()
        hand.process.join()
        self._collect(hand)
        rest, begun = hand.taken_back(), hand.calls
        self.stillborn = 0 if begun else self.stillborn + 1
        error: BaseException = (
            TaskTimeoutSignal("Execution timed out.") if hand.is_late else WorkerDied(hand.obituary())
        )
        hand.close()
        for call in begun:
            call.end(error=error)
        if self.stillborn > _STILLBORN:
            self._give_up(f"Worker processes die before they begin anything: {error}", rest)
        else:
            self._put_back(rest)

    def _give_up(self, message: str, calls: Sequence[Any] = ()) -> None:
        """End calls, and all that are in the queue."""
        for call in calls:
            call.end(error=WorkerDied(message))
        while self.queue:
            for call in self._batch():
                call.end(error=WorkerDied(message))

    # ------------------------------------------------------------------ the end

    def end(self) -> None:
        """Let the workers go; they are idle."""
        self._see_off(Hand.dismiss)

    def interrupt(self) -> None:
        """Stop the workers, whatever they do: they have a moment to clean up. What they had finished is taken in."""
        self._see_off(Hand.stop)

    @ctrl_c_later()
    def _see_off(self, farewell: Callable[[Hand], None]) -> None:
        deadline = time.monotonic() + 0.5
        self._is_over = True  # no other call is to begin when a worker says that it is done
        for hand in self.hands:
            for source in hand.sources:
                with suppress(KeyError):  # this is done again where impatience has cut it short
                    self.selector.unregister(source)
            farewell(hand)
        for hand in self.hands:
            hand.see_off(deadline)
            with suppress(EOFError, OSError):
                while hand.has_said():
                    self._take(hand, hand.channel.recv_bytes())
            self._collect(hand)
            hand.close()
        self.hands.clear()
        self.idle.clear()
        self.selector.close()

    def process_ids(self) -> Iterator[int]:
        """List the workers by the ids of their processes."""
        return (hand.process.pid for hand in self.hands if hand.process.pid is not None)
