"""How far a run is, on the bottom line of the terminal.

The loops of a run know nothing of this. They fill lists of states anyway; several times a second somebody looks at
these (`Tally`) and writes what there is to see (`Display`): a thread, or, where processes may be forked, which a script
without threads is to do without threads, the loop that waits for their answers (`_between_arrivals`).
"""

import datetime
import functools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from miniprefect.engine.children import children_of
from miniprefect.engine.flow_runner import FlowRunner
from miniprefect.engine.scheduling import Scheduling
from miniprefect.engine.state import Failed, Finished, Mapped, Retrying, State, Success
from miniprefect.executors.base import Executor
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.live_line import LiveLine, fitting, live_line

# In seconds: short runs show nothing; how often to look; what the rate is the average of.
FIRST = 1.0
OFTEN = 0.125
_RECENTLY = 15.0
# Looking is to take no more than this share of the time.
_SHARE = 0.01

_CHUNK = 512
_NO_STATE = type(None)
_MOST_MAPS = 2


@functools.cache
def watched(cls: type[FlowRunner]) -> type[FlowRunner]:
    """Return a subclass of a class of flow runners whose runs show how far they are; other classes as they are."""
    if issubclass(cls, Watched) or not issubclass(cls, FlowRunner):
        return cls
    return type(cls.__name__, (Watched, cls), {})


class Watched(FlowRunner):
    """Show how far runs are, if standard output is a terminal."""

    _display: "Display | None" = None

    def get_flow_run_state(self, *args: Any, **kwargs: Any) -> State:
        """Run the tasks, and say what their states make of the flow."""
        with self._showing():
            return super().get_flow_run_state(*args, **kwargs)

    def wait_until(self, moment: datetime.datetime) -> None:
        """Wait for what is to be tried again, and show for how long."""
        with self._showing() as display:
            if display is not None:
                display.resumes = moment
                display.look_in_a_thread()
            super().wait_until(moment)

    @contextmanager
    def _showing(self) -> "Iterator[Display | None]":
        """Hold the line, if there is one, for what goes on in a ``with`` block."""
        with live_line() as line:
            if line is None:
                yield None
                return
            # The same for all rounds of a run, for it knows the rate.
            self._display = self._display or Display(self.flow.name)
            with self._display.shown(line):
                yield self._display

    def way(self, executor: Executor) -> Callable[..., Scheduling]:
        """Return the scheduling loop for an executor, which is watched."""
        way, display = super().way(executor), self._display
        if display is None or not display.is_shown:
            return way
        if getattr(executor, "is_remote", False):
            way = _between_arrivals(way, display)
        else:
            display.look_in_a_thread()

        def begun(*args: Any) -> Scheduling:
            scheduling = way(*args)
            display.tally = Tally(scheduling, getattr(executor, "num_workers", None))
            return scheduling

        return begun


def _between_arrivals(way: Any, display: "Display") -> Callable[..., Scheduling]:
    """Return a scheduling loop that looks up from time to time while it waits."""

    class Looking(way):  # type: ignore[misc]
        def _next_arrival(self, timeout: float | None) -> Any:
            display.look_if_due()
            # When nothing has come by then, the loop asks again.
            return super()._next_arrival(OFTEN if timeout is None else min(timeout, OFTEN))

    return Looking


# ---------------------------------------------------------------------- looking


class Series:
    """Count what is in a list of states that a run fills.

    The list is looked at in chunks, and no more at those that are full: a state that is there does not change.

    Args:
        states: the list; None where there is no state yet.
        in_order: whether it is filled from its beginning on, more or less.
    """

    def __init__(self, states: list[Any], in_order: bool = False) -> None:
        self.states = states
        self._in_order = in_order
        self._open = list(range(0, len(states), _CHUNK))
        self._full: Counter[str] = Counter()
        # The states of mapped tasks that were seen, by place.
        self.maps: dict[int, Mapped] = {}

    def look(self) -> Counter[str]:
        """Return how many have finished, of these how many failed, and how many are to be tried again."""
        seen, still_open = Counter[str](), []
        unseen = iter(self._open)
        for start in unseen:
            chunk = self.states[start : start + _CHUNK]
            kinds = set(map(type, chunk))
            if _NO_STATE not in kinds:
                self._full += Counter(finished=len(chunk)) if kinds == {Success} else self._counted(chunk, start)
                continue
            still_open.append(start)
            if kinds != {_NO_STATE}:
                seen += self._counted(chunk, start)
            elif self._in_order:
                still_open.extend(unseen)
        self._open = still_open
        return self._full + seen

    def first_unfilled(self) -> int | None:
        """Return the first place without a state."""
        places = (place for start in self._open for place in range(start, min(start + _CHUNK, len(self.states))))
        return next((place for place in places if self.states[place] is None), None)

    def _counted(self, chunk: list[Any], start: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        for kind, number in Counter(map(type, chunk)).items():
            counts["finished"] += number * issubclass(kind, Finished)
            counts["failed"] += number * issubclass(kind, Failed)
            counts["retrying"] += number * issubclass(kind, Retrying)
            if issubclass(kind, Mapped):
                self.maps.update((place, s) for place, s in enumerate(chunk, start) if isinstance(s, Mapped))
        return counts


class Tally:
    """Count how far a run is; a mapped task counts as its children, as soon as these are known.

    Args:
        scheduling: the loop that runs the tasks.
        workers: how many calls run at a time, if that is known; the executor may have more of them at hand.
    """

    def __init__(self, scheduling: Scheduling, workers: int | None = None) -> None:
        self._scheduling = scheduling
        self._workers = workers
        self._tasks = scheduling.plan.tasks
        self._top = Series(scheduling.outcomes.states, in_order=not hasattr(scheduling, "_work"))
        self._maps: dict[int, Series] = {}
        self.total = len(self._tasks)
        # The mapped tasks whose children run: name, how many have finished, how many there are.
        self.running_maps: list[tuple[str, int, int]] = []

    def look(self) -> Counter[str]:
        """Return how many task runs have finished, failed, or are to be tried again."""
        seen = self._top.look()
        seen["finished"] -= len(self._top.maps)
        self.total = len(self._tasks) - len(self._top.maps)
        self.running_maps = []
        for place, state in self._top.maps.items():
            series = self._maps.setdefault(place, Series(children_of(state).states, in_order=True))
            children, size = series.look(), len(series.states)
            seen += children
            self.total += size
            if children["finished"] < size:
                self.running_maps.append((self._tasks[place].name, children["finished"], size))
        seen["retrying"] += len(getattr(self._scheduling, "_later", ()))
        return seen

    def running(self) -> str:
        """Return how many task runs the executor has, or the name of the only one."""
        work, coroutines = (getattr(self._scheduling, name, None) for name in ("_work", "_coroutines"))
        if work is not None:
            calls = work.in_flight if self._workers is None else min(work.in_flight, self._workers)
            return f"running {calls + (coroutines.in_flight if coroutines is not None else 0)}"
        place = self._top.first_unfilled()
        return "" if self.running_maps or place is None else f"running {self._tasks[place].name}"


# ---------------------------------------------------------------------- showing


class Display:
    """Show how far a run is.

    Args:
        name: of the flow.
    """

    def __init__(self, name: str) -> None:
        self._line: LiveLine | None = None
        self._name = name
        self.tally: Tally | None = None
        # When the next round begins, if the run waits for that.
        self.resumes: datetime.datetime | None = None
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._due = time.monotonic() + FIRST
        self._rate = Rate()

    @contextmanager
    def shown(self, line: LiveLine) -> Iterator[None]:
        """Look and show, on `line`, for the length of a ``with`` block."""
        self._line = line
        self._over.clear()
        try:
            yield
        finally:
            self._over.set()
            if self._thread is not None:
                self._thread.join()
            self._line = self._thread = self.resumes = None

    @property
    def is_shown(self) -> bool:
        """Whether there is a line for it now."""
        return self._line is not None

    def look_in_a_thread(self) -> None:
        """Look from a thread, for the loop of the run is busy."""
        self._thread = threading.Thread(target=self._keep_looking, name="progress", daemon=True)
        self._thread.start()

    def _keep_looking(self) -> None:
        while not self._over.wait(max(0.0, self._due - time.monotonic())):
            self.look_if_due()

    def look_if_due(self) -> None:
        """Look and show, unless that was done just now."""
        if time.monotonic() < self._due or self._over.is_set():
            return
        begun = time.thread_time()
        try:
            if self.tally is not None and self._line is not None:
                self._line.show(fitting(self._pieces(self.tally), self._line.columns(), self._line.encoding))
        except Exception:
            # Whatever it is, a terminal that has gone for instance: no run fails for the sake of its picture.
            self._over.set()
        spent = time.thread_time() - begun
        self._due = time.monotonic() + max(OFTEN, spent / _SHARE)

    def _pieces(self, tally: Tally) -> list[tuple[int, str]]:
        """Return what there is to say, with its importance."""
        seen = tally.look()
        finished, total, resumes = seen["finished"], tally.total, self.resumes
        self._rate.note(finished)
        maps = [f"{name} {done}/{size}" for name, done, size in tally.running_maps]
        more = f"{len(maps) - _MOST_MAPS} more maps" if len(maps) > _MOST_MAPS else ""
        return [
            (2, self._name),
            (9, f"{finished}/{total} {100 * finished // max(total, 1)}%"),
            *((4, text) for text in maps[:_MOST_MAPS]),
            (1, more),
            (5, "" if resumes else tally.running()),
            (8, f"failed {seen['failed']}" if seen["failed"] else ""),
            (6, f"retrying {seen['retrying']}" if seen["retrying"] else ""),
            (3, "" if self.resumes else self._rate.words()),
            (
                7,
                f"next in {_on_clock(_until(self.resumes))}"
                if self.resumes
                else self._rate.time_left(total - finished),
            ),
        ]


class Rate:
    """Know how many task runs finish in a second: the average of the last few."""

    def __init__(self) -> None:
        self._noted = deque([(time.monotonic(), 0)])

    def note(self, finished: int) -> None:
        """Take in how many have finished by now.

        They do not get fewer: a round of a run takes those over that have finished before, one by one.
        """
        now = time.monotonic()
        finished = max(finished, self._noted[-1][1])
        self._noted.append((now, finished))
        while now - self._noted[0][0] > _RECENTLY and len(self._noted) > 2:
            self._noted.popleft()

    def per_second(self) -> float:
        """Return the rate."""
        (begun, before), (now, finished) = self._noted[0], self._noted[-1]
        return (finished - before) / (now - begun) if now > begun else 0.0

    def words(self) -> str:
        """Return the rate for people."""
        rate = self.per_second()
        if rate >= 10:
            return f"{rate:.0f}/s"
        return f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.0f}/min" if rate else ""

    def time_left(self, unfinished: int) -> str:
        """Return how long the rest takes, if it goes on like this."""
        rate = self.per_second()
        if not rate or not unfinished:
            return ""
        return f"{_on_clock(unfinished / rate)} left"


def _until(moment: datetime.datetime) -> float:
    return max(0.0, (moment - utc_now()).total_seconds())


def _on_clock(seconds: float) -> str:
    """Return a time as people read it off a stopwatch."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
