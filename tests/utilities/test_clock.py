"""The time, and waiting for it."""

import datetime
import threading
import time

import pytest

from miniprefect.utilities.clock import Clock, clock, use_clock, utc_now
from tests.core.helpers import StoppedClock

MINUTES = datetime.timedelta(minutes=1)


def test_the_clock_of_the_machine_is_aware_and_in_utc():
    before = datetime.datetime.now(datetime.UTC)
    assert before <= utc_now() <= datetime.datetime.now(datetime.UTC)
    assert utc_now().tzinfo is datetime.UTC


def test_another_clock_is_used_in_the_block_only():
    with use_clock(StoppedClock()) as stopped:
        assert clock() is stopped
        assert utc_now() == stopped.time
    assert type(clock()) is Clock


def test_blocks_nest():
    with use_clock(StoppedClock()) as outer:
        with use_clock(StoppedClock()):
            pass
        assert clock() is outer


def test_a_clock_is_given_back_after_an_error():
    with pytest.raises(KeyError), use_clock(StoppedClock()):
        raise KeyError("x")
    assert type(clock()) is Clock


def test_a_clock_is_used_in_all_threads():
    seen = []
    with use_clock(StoppedClock()) as stopped:
        thread = threading.Thread(target=lambda: seen.append(clock()))
        thread.start()
        thread.join()
    assert seen == [stopped]


def test_waiting_for_a_moment_looks_at_the_clock_again_and_again():
    stopped = StoppedClock()
    moment = stopped.now() + MINUTES
    stopped.sleep_until(moment)
    assert stopped.now() == moment
    assert max(stopped.waits) < sum(stopped.waits) == 60


def test_waiting_for_a_moment_that_has_passed_does_not_wait():
    stopped = StoppedClock()
    stopped.sleep_until(stopped.now() - MINUTES)
    stopped.sleep_until(stopped.now())
    assert stopped.waits == []


def test_a_clock_that_jumps_ahead_ends_the_wait():
    class Laptop(StoppedClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            self.time += datetime.timedelta(hours=8)

    laptop = Laptop()
    laptop.sleep_until(laptop.now() + MINUTES)
    assert len(laptop.waits) == 1


def test_the_clock_of_the_machine_really_waits():
    begun = time.monotonic()
    Clock().sleep(0.01)
    assert time.monotonic() - begun >= 0.009


def test_a_timestamp_is_the_present_in_seconds():
    before = time.time()
    assert before <= clock().timestamp() <= time.time()
    with use_clock(StoppedClock()) as stopped:
        assert clock().timestamp() == stopped.time.timestamp()
