"""A live line on a terminal that keeps what was written to it; for real terminals see tests/cli/test_progress.py."""

import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

import pytest

from miniprefect.utilities import live_line as module
from miniprefect.utilities.live_line import LiveLine, fitting, is_terminal, live_line

CLEAR = "\x1b[G\x1b[K"


class FakeTerminal(io.StringIO):
    """Say that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def taken(self) -> str:
        """What was written since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> FakeTerminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module, "_GAP", 0.0)
    return FakeTerminal()


@contextmanager
def held(terminal: FakeTerminal) -> Iterator[LiveLine]:
    """Hold the bottom line of a terminal that is standard output, which pytest sets anew after the fixtures."""
    with redirect_stdout(terminal), live_line() as line:
        assert line is not None
        yield line


def test_lines_scroll_above(terminal: FakeTerminal) -> None:
    with held(terminal) as line:
        print("before")
        line.show("half")
        print("between")
        line.show("all")
    assert terminal.getvalue() == f"before\n{CLEAR}half{CLEAR}between\nhalf{CLEAR}all{CLEAR}"


def test_the_same_is_not_written_again(terminal: FakeTerminal) -> None:
    with held(terminal) as line:
        line.show("half")
        line.show("half")
        assert terminal.getvalue() == f"{CLEAR}half"


def test_a_line_that_is_being_printed_is_not_written_over(terminal: FakeTerminal) -> None:
    with held(terminal) as line:
        line.show("half")
        print("name: ", end="", flush=True)
        line.show("more")
        assert terminal.taken() == f"{CLEAR}half{CLEAR}name: "
        print("me")
        line.show("more")
        assert terminal.taken() == f"me\n{CLEAR}more"


def test_lines_of_several_threads_stay_whole(terminal: FakeTerminal) -> None:
    with held(terminal):
        sys.stdout.write("mi")
        thread = threading.Thread(target=lambda: sys.stdout.write("theirs\nand a re"))
        thread.start()
        thread.join()
        sys.stdout.write("ne\n")
        assert terminal.getvalue() == "theirs\nmine\n"
    assert terminal.getvalue() == "theirs\nmine\nand a re"


def test_it_is_not_put_back_all_the_time(terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GAP", 3600.0)
    with held(terminal) as line:
        line.show("half")
        print("a")
        print("b")
        assert terminal.taken() == f"{CLEAR}half{CLEAR}a\nb\n"
    assert terminal.getvalue() == CLEAR


def test_log_lines_scroll_above(terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.StreamHandler(terminal)
    logger = logging.getLogger("test_live_line")
    monkeypatch.setattr(logger, "handlers", [handler])
    with held(terminal) as line:
        line.show("half")
        logger.error("a log line")
    logger.error("later")
    assert terminal.getvalue() == f"{CLEAR}half{CLEAR}a log line\nhalf{CLEAR}later\n"
    assert handler.stream is terminal


def test_everything_is_as_before_afterwards(terminal: FakeTerminal) -> None:
    with redirect_stdout(terminal):
        with suppress(KeyError), live_line() as line:
            assert line is not None
            line.show("half")
            kept = sys.stdout
            raise KeyError
        assert sys.stdout is terminal
    kept.write("late\n")
    line.show("late")
    assert terminal.getvalue() == f"{CLEAR}half{CLEAR}late\n"


def test_there_is_one_bottom_line(terminal: FakeTerminal) -> None:
    with held(terminal), live_line() as other:
        assert other is None


def test_a_fork_writes_whole_lines_and_does_not_put_the_line_back(terminal: FakeTerminal) -> None:
    with held(terminal) as line:
        line.show("half")
        sys.stdout.write("of the owner")
        terminal.taken()
        line.forked()  # what a fork calls in the child
        print("a", "b")
        sys.stdout.write("no end")
        assert terminal.taken() == f"{CLEAR}a b\n"
        sys.stdout.flush()
        assert terminal.taken() == f"{CLEAR}no end"


@pytest.mark.parametrize("name", ["", "dumb"])
def test_a_terminal_that_clears_no_lines_is_none(
    name: str, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_terminal(terminal)
    monkeypatch.setenv("TERM", name)
    assert not is_terminal(terminal)


def test_what_is_no_terminal(terminal: FakeTerminal) -> None:
    assert not is_terminal(io.StringIO())
    assert not is_terminal(None)
    terminal.close()
    terminal.isatty = io.StringIO.isatty.__get__(terminal)  # type: ignore[method-assign]
    assert not is_terminal(terminal)


PIECES = [(2, "flow"), (9, "5/10"), (4, "map 1/2"), (1, ""), (8, "failed 1")]


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, "flow  5/10  map 1/2  failed 1"),
        (29, "flow  5/10  map 1/2  failed 1"),
        (28, "5/10  map 1/2  failed 1"),
        (22, "5/10  failed 1"),
        (13, "5/10"),
        (3, "5/1"),
        (0, ""),
    ],
)
def test_what_does_not_fit_is_left_out(width: int, text: str) -> None:
    assert fitting(PIECES, width) == text


def test_hostile_and_foreign_names() -> None:
    assert fitting([(1, "a\x1b[2J\nb\tc")], 80) == "a?[2J?b?c"
    assert fitting([(1, "naïve ✓")], 80, "ascii") == "na?ve ?"
    assert fitting([(1, "日本語")], 5) == "日本"
