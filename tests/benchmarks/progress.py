"""What the progress line costs: a map run in a terminal with it and without, with the log off and on.

A terminal is a pseudo-terminal that `cat` reads. The line is there from the start, not only after a second.
"""

import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import process_time
from typing import Any
from unittest.mock import patch

from miniprefect.configuration import config
from miniprefect.utilities.logging import get_logger
from tests.benchmarks.contenders import Work, settle
from tests.benchmarks.logs import sent_to

TITLES = ("progress, map of", "log", "off us/child", "on us/child", "on beside off (best)")
TARGET = 0.02
SPINS = 10_000  # 0.2 to 0.3 ms
LONGEST = 5_000


@dataclass(frozen=True)
class Shown:
    """A map of a size, whether its log is on, and seconds of CPU by round: without the line, and with it."""

    size: int
    is_logged: bool
    off: list[float] = field(default_factory=list)
    on: list[float] = field(default_factory=list)

    def share(self) -> float:
        """What the line adds: the median of the rounds."""
        return median(on / off for off, on in zip(self.off, self.on, strict=True)) - 1

    def row(self) -> tuple[str, ...]:
        """Its line in the table."""
        best = min(self.on) / min(self.off) - 1
        spans = [f"{min(times) / self.size * 1e6:.1f}" for times in (self.off, self.on)]
        return (f"{self.size:,}", "on" if self.is_logged else "off", *spans, f"{self.share():+.1%} ({best:+.1%})")


@contextmanager
def terminal() -> Iterator[Any]:
    """Put a terminal in the place of standard output."""
    ours, theirs = pty.openpty()
    with (
        subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as reader,
        open(theirs, "w", encoding="utf-8") as stream,
        patch.object(sys, "stdout", stream),
        patch.dict(os.environ, TERM="xterm"),
    ):
        os.close(ours)
        try:
            yield stream
        finally:
            reader.terminate()


@contextmanager
def logging_to(stream: Any, is_logged: bool) -> Iterator[None]:
    """Send the log to a terminal, or nowhere."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(get_logger().handlers[0].formatter)
    with sent_to(handler, get_logger()):
        get_logger().setLevel("INFO" if is_logged else "CRITICAL")
        yield


def spin(number: int) -> None:
    """Be busy for a moment."""
    for _ in range(SPINS):
        pass


def build(api: Any, size: int) -> Work:
    """Return the run of a flow that maps `spin`."""
    with api.Flow("benchmark") as flow:
        api.task(spin).map(list(range(size)))

    def work() -> None:
        assert flow.run().is_successful()

    return work


def seconds(api: Any, size: int, shows: bool) -> float:
    """How much CPU time a run takes, that of the line included."""
    work = build(api, size)
    config.flows.progress = shows
    settle()
    start = process_time()
    work()
    return process_time() - start


def measure(api: Any, size: int, rounds: int, is_logged: bool) -> Shown:
    """Run a map with and without the line, in turn; the order changes from round to round."""
    found = Shown(size, is_logged)
    before = config.flows.get("progress")
    try:
        with terminal() as stream, logging_to(stream, is_logged), patch("miniprefect.engine.progress.FIRST", 0.0):
            for number in range(rounds):
                for shows in (False, True) if number % 2 else (True, False):
                    (found.on if shows else found.off).append(seconds(api, size, shows))
    finally:
        config.flows.progress = before
    return found


def shortfalls(found: Shown) -> Iterator[str]:
    """What misses the target."""
    if found.share() > TARGET:
        log = "on" if found.is_logged else "off"
        yield f"progress, map of {found.size:,}, log {log}: costs {found.share():.1%}, more than {TARGET:.0%}"
