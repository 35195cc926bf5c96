"""Loggers: the ``prefect`` logger, its handler, and what every log record is told about the run it comes from.

The logger is named ``prefect``, as in Prefect, so that old scripts' logging configuration keeps working. It
writes to standard output at the level of ``config.logging.level`` (``PREFECT__LOGGING__LEVEL``).
"""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from miniprefect.configuration import config
from miniprefect.utilities.context import Frame, context, current_frame

RECORD_ATTRIBUTES = ("flow_name", "task_name", "task_slug", "flow_run_id", "task_run_id")

_make_record = logging.getLogRecordFactory()


def _record_factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Make a log record that knows the flow and the task it comes from (None where there is none)."""
    record = _make_record(*args, **kwargs)
    record.__dict__.update(_facts(current_frame(), config["logging"]["log_attributes"]))
    return record


def _facts(frame: Frame, configured: Any) -> dict[str, Any]:
    """Return what the records of a frame are told. It is kept with the frame: a task run has two lines at least."""
    when, values, attributes, facts = getattr(frame, "told", (None, None, None, None))
    if facts is None or when is not Frame.last_write or values is not frame.values or attributes is not configured:
        # Most of it is the flow run's, for which the frame below keeps it.
        facts = dict.fromkeys(RECORD_ATTRIBUTES) if frame.parent is None else _facts(frame.parent, configured).copy()
        facts.update(frame.own(RECORD_ATTRIBUTES))
        if configured:
            facts.update((name, frame.get(name)) for name in _extra_attributes(configured))
        frame.told = (Frame.last_write, frame.values, configured, facts)
    return facts


def _extra_attributes(names: Any) -> list[str]:
    """Read ``logging.log_attributes``: a list, or (0.10) a string that holds one."""
    if isinstance(names, str):
        names = [name.strip(" '\"") for name in names.strip("[] ").split(",")]
    return [name for name in names if name]


def _formatter(fmt: str, datefmt: str) -> logging.Formatter:
    formatter = logging.Formatter(fmt, datefmt)
    formatter.converter = time.gmtime
    return formatter


def configure_logging(testing: bool = False) -> logging.Logger:
    """Set up and return the ``prefect`` logger as the configuration says.

    With `testing` a logger of its own (``prefect-test-logger``) is set up, so that tests leave the real one alone.
    """
    logger = logging.getLogger("prefect-test-logger" if testing else "prefect")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_formatter(config.logging.format, config.logging.datefmt))
    logger.handlers[:] = [handler]
    logger.setLevel(config.logging.level)
    if logging.getLogRecordFactory() is not _record_factory:
        logging.setLogRecordFactory(_record_factory)
    configure_extra_loggers()
    return logger


def configure_extra_loggers() -> None:
    """Give the loggers named in ``logging.extra_loggers`` the handlers and the level of the ``prefect`` logger."""
    ours = logging.getLogger("prefect")
    for name in config.logging.extra_loggers:
        logger = logging.getLogger(name)
        logger.setLevel(ours.level)
        for handler in ours.handlers:
            if handler not in logger.handlers:
                logger.addHandler(handler)


def get_logger(name: str | None = None) -> logging.Logger:
    """Return the ``prefect`` logger, or its child called `name`."""
    return logging.getLogger("prefect" if name is None else f"prefect.{name}")


def create_diagnostic_logger(name: str) -> logging.Logger:
    """Return a logger called `name` that writes debug lines to standard output in the house format."""
    logger = logging.getLogger(name)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_formatter(config.logging.format, config.logging.datefmt))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG)
    return logger


@contextmanager
def temporary_logger_config(
    level: int | str | None = None, stream_fmt: str | None = None, stream_datefmt: str | None = None
) -> Iterator[logging.Logger]:
    """Change the level or the line format of the ``prefect`` logger for the length of a ``with`` block."""
    logger = logging.getLogger("prefect")
    old_level, old_formatters = logger.level, [(h, h.formatter) for h in logger.handlers]
    try:
        if level is not None:
            logger.setLevel(level)
        if stream_fmt is not None or stream_datefmt is not None:
            new = _formatter(stream_fmt or config.logging.format, stream_datefmt or config.logging.datefmt)
            for handler in logger.handlers:
                handler.setFormatter(new)
        yield logger
    finally:
        logger.setLevel(old_level)
        for handler, formatter in old_formatters:
            handler.setFormatter(formatter)


_stdout_of_task: ContextVar[Any] = ContextVar("miniprefect_stdout")


class _StandInStdout:
    """Be standard output while prints of some tasks are redirected: what others print goes where it always went."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.users = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(_stdout_of_task.get(self.real), name)

    def write(self, text: str) -> Any:
        """Pass `text` to the stream of the task that prints, or to the real one."""
        return _stdout_of_task.get(self.real).write(text)


_stdout_lock = threading.Lock()


@contextmanager
def redirected_stdout(stream: Any) -> Iterator[None]:
    """Send what this thread or asyncio task prints to `stream`, for the length of a ``with`` block."""
    with _stdout_lock:
        if not isinstance(sys.stdout, _StandInStdout):
            sys.stdout = _StandInStdout(sys.stdout)
        stand_in = sys.stdout
        stand_in.users += 1
    token = _stdout_of_task.set(stream)
    try:
        yield
    finally:
        _stdout_of_task.reset(token)
        with _stdout_lock:
            stand_in.users -= 1
            if not stand_in.users and sys.stdout is stand_in:
                sys.stdout = stand_in.real


class RedirectToLog:
    """Be a text stream that turns what is printed into log lines.

    Args:
        logger: where the lines go; by default the logger of the context at the time of printing.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self.logger = logger

    def write(self, s: str) -> None:
        """Log `s`, unless it is the line end that ``print`` writes by itself."""
        if s.strip():
            (self.logger or context["logger"]).info(s.rstrip("\n"))

    def flush(self) -> None:
        """Do nothing: log handlers flush themselves."""


prefect_logger = configure_logging()
