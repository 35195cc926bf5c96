"""What log lines cost: a chain with its log on, into a file, beside the same lines written with `logging` alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from miniprefect.utilities.logging import get_logger
from tests.benchmarks.contenders import Work, build_flow, settle
from tests.benchmarks.shapes import CHAIN

TITLES = ("log on, chain of", "lines", "bare us/line", "run us/line", "x bare (median)")
TARGET = 1.5


@dataclass(frozen=True)
class Lines:
    """A chain of a size, the lines that its log has, and seconds by round: of these lines alone, and of the run."""

    size: int
    lines: int
    bare: list[float]
    run: list[float]

    def ratio(self) -> float:
        """Best against best."""
        return min(self.run) / min(self.bare)

    def row(self) -> tuple[str, ...]:
        """Its line in the table."""
        middle = median(run / bare for run, bare in zip(self.run, self.bare, strict=True))
        spans = [f"{min(times) / self.lines * 1e6:.2f}" for times in (self.bare, self.run)]
        return (f"{self.size:,}", f"{self.lines:,}", *spans, f"{self.ratio():.2f} ({middle:.2f})")


class Collect(logging.Handler):
    """Keep the records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.records.append(record)


@contextmanager
def sent_to(handler: logging.Handler, logger: logging.Logger) -> Iterator[None]:
    """Send what a logger is told at INFO to `handler` alone."""
    handlers, level, propagate = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel("INFO")
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
        handler.close()


@contextmanager
def plain_records() -> Iterator[None]:
    """Have records made as `logging` makes them, without what miniprefect puts into each."""
    factory = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    try:
        yield
    finally:
        logging.setLogRecordFactory(factory)


def file_handler(folder: str, name: str) -> logging.Handler:
    """A handler to a file, with miniprefect's own format."""
    handler = logging.FileHandler(Path(folder, name), mode="w")
    handler.setFormatter(get_logger().handlers[0].formatter)
    return handler


def seconds(work: Work) -> float:
    """How long it takes."""
    settle()
    start = perf_counter()
    work()
    return perf_counter() - start


def bare_lines(records: list[logging.LogRecord], bare: logging.Logger) -> Work:
    """A loop that logs the same lines, by loggers that lie as deep as those of the records."""
    lines = [(bare.getChild(record.name.rpartition(".")[2]).info, record.msg, record.args) for record in records]

    def work() -> None:
        for log, message, arguments in lines:
            log(message, *arguments)

    return work


def measure(api: object, size: int, rounds: int) -> Lines:
    """Run a chain with the log on, and write the lines that it wrote, in turn; each run is of a new flow."""
    kept, bare = Collect(), logging.getLogger("benchmarks")
    with sent_to(kept, get_logger()):
        build_flow(api, CHAIN, size)()
    found = Lines(size, len(kept.records), [], [])
    write = bare_lines(kept.records, bare)
    with TemporaryDirectory() as folder:
        for _ in range(rounds):
            with sent_to(file_handler(folder, "bare"), bare), plain_records():
                found.bare.append(seconds(write))
            work = build_flow(api, CHAIN, size)
            with sent_to(file_handler(folder, "run"), get_logger()):
                found.run.append(seconds(work))
    return found


def shortfalls(found: Lines) -> Iterator[str]:
    """What misses the target."""
    if found.ratio() > TARGET:
        yield f"log on, chain of {found.size:,}: costs {found.ratio():.2f} x the same lines, short of {TARGET:g} x"
