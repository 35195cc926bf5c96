"""One line at the bottom of a terminal that changes, while what is printed and logged scrolls above it.

While a `LiveLine` is held, everything that writes to standard output or standard error by way of Python goes through
`_Above`: it takes the line away, writes, and puts the line back. Processes that are forked meanwhile take it away too,
and leave it to the owner to put it back.

Where lines come by the thousand, the line is not put back after each of them.
"""

import logging
import os
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# To the first column, not by a return: Python's streams would write everything out at each of these.
_CLEAR = "\x1b[G\x1b[K"

# In seconds: how soon the line may be put back once more.
_GAP = 0.002

# The one that is held, for there is one bottom line.
_held: "list[LiveLine]" = []


def is_terminal(stream: Any) -> bool:
    """Say whether `stream` is a terminal whose lines can be cleared."""
    try:
        return bool(stream.isatty()) and os.environ.get("TERM", "") not in ("", "dumb")
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


@contextmanager
def live_line() -> "Iterator[LiveLine | None]":
    """Hold the bottom line of the terminal; give None if there is no terminal, or if it is held already."""
    if _held or not is_terminal(sys.stdout):
        yield None
        return
    line = LiveLine(sys.stdout)
    _held.append(line)
    try:
        line.begin()
        yield line
    finally:
        line.end()
        _held.remove(line)


class LiveLine:
    """Be the bottom line of a terminal.

    Args:
        terminal: the stream that writes to it.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        # A signal handler may print while the main thread does.
        self._lock = threading.RLock()
        # Whether the line has had its time; whether another process shows it, of which this one is a fork.
        self.is_over = self.is_elsewhere = False
        self._shown = ""
        # Whether somebody has printed the beginning of a line, which is not to be written over.
        self._is_begun = False
        self._shown_at = 0.0
        # The log handlers that write to it, with their streams.
        self._of_handlers: list[tuple[Any, Any]] = []
        self._above: list[_Above] = []

    def begin(self) -> None:
        """Stand between the terminal and those who write to it."""
        global _knows_of_forks
        if not _knows_of_forks and hasattr(os, "register_at_fork"):
            _knows_of_forks = True
            os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_forked)
        streams = [sys.stdout, *([sys.stderr] if is_terminal(sys.stderr) else [])]
        above = {id(stream): _Above(stream, self) for stream in streams}
        for handler in _stream_handlers():
            if id(handler.stream) in above:
                self._of_handlers.append((handler, handler.stream))
                handler.stream = above[id(handler.stream)]
        self._above = list(above.values())
        sys.stdout = above[id(sys.stdout)]
        sys.stderr = above.get(id(sys.stderr), sys.stderr)

    def end(self) -> None:
        """Clear the line, and have everybody write to the terminal again."""
        with self._lock:
            self.is_over = True
            # Also if it is not shown just now: the ^C of somebody who pressed Ctrl-C may stand there.
            if self._shown_at and not self._is_begun:
                with suppress(OSError):  # the terminal may have gone
                    self._put(_CLEAR)
            self._shown = ""
        for above in self._above:
            above.write_rest()
        for handler, stream in self._of_handlers:
            if isinstance(handler.stream, _Above):
                handler.stream = stream
        for name in ("stdout", "stderr"):
            if isinstance(stream := getattr(sys, name), _Above):
                setattr(sys, name, stream.stream)

    @property
    def encoding(self) -> str:
        """What the terminal takes."""
        return self._terminal.encoding or "ascii"

    def columns(self) -> int:
        """Return how many letters there is place for."""
        try:
            width = os.get_terminal_size(self._terminal.fileno()).columns
        except (OSError, ValueError):
            width = 0
        return (width or 80) - 1

    def show(self, text: str) -> None:
        """Show `text` in place of what is shown; not while a line is being printed."""
        with self._lock:
            if not self.is_over and not self._is_begun and text != self._shown:
                self._shown, self._shown_at = text, time.monotonic()
                self._put(_CLEAR + text)

    def write(self, write: Callable[[str], Any], text: str) -> None:
        """Write above the line, by the `write` of a stream; not for the eye before that is flushed."""
        if self.is_elsewhere:
            # The line may be there again at any time.
            write(_CLEAR + text)
            return
        with self._lock:
            self._is_begun = text[-1] != "\n"
            if not self._shown:
                write(text)
            # Ctrl-C may come between any two of these: the line may be taken for shown when it is not, but not else.
            elif self._is_begun or time.monotonic() - self._shown_at < _GAP:
                write(_CLEAR + text)
                self._shown = ""
            else:
                write(f"{_CLEAR}{text}{self._shown}")
                self._shown_at = time.monotonic()

    def hold_still(self) -> None:
        """Write nothing until `go_on`: a process is being forked, and is not to have half of it in its buffers."""
        self._lock.acquire()

    def go_on(self) -> None:
        """Write again."""
        self._lock.release()

    def forked(self) -> None:
        """Take in that this process is a copy of the one that shows the line."""
        self._lock = threading.RLock()
        self.is_elsewhere = True
        for above in self._above:
            above.forget_rest()

    def _put(self, text: str) -> None:
        self._terminal.write(text)
        self._terminal.flush()


_knows_of_forks = False


def _before_fork() -> None:
    for line in _held:
        line.hold_still()


def _after_fork() -> None:
    for line in _held:
        line.go_on()


def _forked() -> None:
    for line in _held:
        line.forked()


def _stream_handlers() -> "Iterator[logging.StreamHandler[Any]]":
    for logger in (logging.getLogger(), *logging.Logger.manager.loggerDict.values()):
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler):
                yield handler


class _Above:
    """Be a stream whose text is written above the live line, as long as there is one, and by whole lines.

    The rest of a line waits for its end, or for a `flush`, for each thread by itself: neither the live line nor another
    thread comes between the text and the line end of one `print`.
    """

    def __init__(self, stream: Any, line: LiveLine) -> None:
        self.stream = stream
        self._rests: dict[int, str] = {}
        # No methods: where a class has a `__getattr__`, each look at an attribute of `self` takes long.
        self.write, self.flush = _writing(stream, line, self._rests)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write_rest(self) -> None:
        """Write what is left of all threads."""
        while self._rests:
            self.stream.write(self._rests.popitem()[1])

    def forget_rest(self) -> None:
        """Leave what is left to the process that this is a fork of."""
        self._rests.clear()

    def writelines(self, lines: Any) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)


def _writing(stream: Any, line: LiveLine, rests: dict[int, str]) -> tuple[Callable[[str], int], Callable[[], None]]:
    """Return what writes a text to `stream` above `line`, and what writes out what is in `rests` of this thread."""
    raw_write, raw_flush = stream.write, stream.flush

    def write(text: str) -> int:
        lines = text
        if line.is_over:
            raw_write(text)
            return len(text)
        if rests or not text or text[-1] != "\n":
            lines = whole_lines(text)
        if lines:
            line.write(raw_write, lines)
        return len(text)

    def whole_lines(text: str) -> str:
        thread = threading.get_ident()
        lines, end, rest = (rests.pop(thread, "") + text).rpartition("\n")
        if rest:
            rests[thread] = rest
        return lines + end

    def flush() -> None:
        if rests and (rest := rests.pop(threading.get_ident(), "")):
            line.write(raw_write, rest)
        raw_flush()

    return write, flush


def fitting(pieces: list[tuple[int, str]], width: int, encoding: str = "utf-8") -> str:
    """Return those pieces of a line for which there is place, in their order, the most important ones.

    Args:
        pieces: each with its importance, a number; those with the lowest are left out.
        width: how many letters there is place for.
        encoding: what the terminal takes; other letters become question marks.
    """
    kept = [(rank, _printable(text, encoding)) for rank, text in pieces if text]
    while len(kept) > 1 and _width("  ".join(text for _, text in kept)) > width:
        kept.remove(min(kept))
    line = "  ".join(text for _, text in kept)
    while _width(line) > width:
        line = line[:-1]
    return line


def _printable(text: str, encoding: str) -> str:
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text.encode(encoding, "replace").decode(encoding)


def _width(text: str) -> int:
    """Return how many columns `text` takes."""
    return len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
