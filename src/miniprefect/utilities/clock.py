"""The time: what it is, and waiting for it. Everything asks the clock in use, so that tests can hand in another."""

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Wall clocks jump (summer sleep of a laptop, NTP), so a long wait looks at the clock again this often.
LONGEST_SLEEP = 5.0


class Clock:
    """Tell the time of the machine, and wait by sleeping."""

    def now(self) -> datetime.datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.datetime.now(datetime.UTC)

    def timestamp(self) -> float:
        """Return the present moment in seconds since 1970: what `now` says, for those who ask often."""
        return time.time() if type(self) is Clock else self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def sleep_until(self, moment: datetime.datetime) -> None:
        """Wait until `moment`, an aware datetime; return at once if it has passed."""
        while (remaining := (moment - self.now()).total_seconds()) > 0:
            self.sleep(min(remaining, LONGEST_SLEEP))


_in_use = [Clock()]


def clock() -> Clock:
    """Return the clock in use."""
    return _in_use[-1]


def utc_now() -> datetime.datetime:
    """Return the present moment by the clock in use, aware, in UTC."""
    return _in_use[-1].now()


@contextmanager
def use_clock(other: Clock) -> Iterator[Clock]:
    """Use another clock, in all threads, for the length of a ``with`` block."""
    _in_use.append(other)
    try:
        yield other
    finally:
        _in_use.remove(other)
