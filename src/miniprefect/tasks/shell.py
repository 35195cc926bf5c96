"""Shell commands as tasks.

A command runs in a process group of its own, so that whatever ends the task (a timeout, Ctrl-C, the death of this
process) ends all that the command has started, too.
"""

import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from miniprefect.core.task import Task
from miniprefect.engine import signals
from miniprefect.utilities.lazy import LazyModule
from miniprefect.utilities.tasks import defaults_from_attrs

fcntl = LazyModule("fcntl")  # Windows has none

_TICK = 0.05  # seconds between two looks at the output, where only a look can be interrupted
_GRACE = 0.1  # seconds for a command to end by itself when it is asked to
_AT_ONCE = 65536  # bytes
_LAST_LINES = 10
_LONGEST_TAIL = 2000  # characters


class ShellTask(Task):
    """Run a shell command; the result is the last line that it writes, to stdout or stderr.

    Bytes that are no UTF-8 appear as ``\\xff``.

    Args:
        command: the command, or a script of any length; it may also be given when the task is called.
        env: environment variables, in addition to those of this process.
        helper_script: what to run before the command in the same shell, such as functions and exports.
        shell: the program that runs the script: a name or a path, without arguments.
        return_all: whether the result is the list of all lines.
        log_stderr: whether to log the result if the command fails.
        stream_output: whether to log each line as it comes: a level, the name of one, or True for INFO.
        **kwargs: as for `Task`.

    Raises:
        TypeError: there is no such level.
    """

    def __init__(
        self,
        command: str | None = None,
        env: dict[str, str] | None = None,
        helper_script: str | None = None,
        shell: str = "bash",
        return_all: bool = False,
        log_stderr: bool = False,
        stream_output: bool | int | str = False,
        **kwargs: Any,
    ) -> None:
        self.command = command
        self.env = env
        self.helper_script = helper_script
        self.shell = shell
        self.return_all = return_all
        self.log_stderr = log_stderr
        self.stream_output = _as_level(stream_output)
        super().__init__(**kwargs)

    @defaults_from_attrs("command", "env", "helper_script")
    def run(
        self, command: str | None = None, env: dict[str, str] | None = None, helper_script: str | None = None
    ) -> str | list[str] | None:
        """Run the command and return its last line, or with `return_all` all of them.

        Args:
            command: the command.
            env: environment variables, in addition to those of this process.
            helper_script: what to run before the command.

        Raises:
            TypeError: there is no command, or the command, a name or a value of `env` is no text.
            FAIL: the command ended with another exit code than 0. The message has the last lines of its output.
        """
        if command is None:
            raise TypeError("run() missing required argument: 'command'")
        if not isinstance(command, str):
            kind = type(command).__name__
            raise TypeError(f"`command` is text, not an object of type {kind}. Of a list, shlex.join() makes one.")
        output = _Output(self.return_all, self._log_line if self.stream_output else None)
        with _script_file(command, helper_script) as path:
            code = _run([self.shell, path], os.environ | _checked(env or {}), output.take)
        output.end()
        if code:
            raise self._failure(code, output)
        result: str | list[str] | None = output.result()
        return result

    def _log_line(self, line: str) -> None:
        self.logger.log(self.stream_output, line)

    def _failure(self, code: int, output: "_Output") -> signals.FAIL:
        message = f"Command failed with exit code {code}"
        result = output.result()
        self.logger.error(message)
        if self.log_stderr and not self.stream_output:
            self.logger.error("\n".join(result) if isinstance(result, list) else result)
        tail = output.tail()
        return signals.FAIL(f"{message}:\n{tail}" if tail else message, result=result)


def _as_level(given: bool | int | str) -> int:
    """Return the level to log lines with, or 0 for no logging."""
    if isinstance(given, str):
        level = logging.getLevelNamesMapping().get(given)
        if level is None:
            raise TypeError(f"'stream_output': Level {given} is not a valid log level")
        return level
    return logging.INFO if given is True else int(given or 0)


def _checked(env: dict[str, str]) -> dict[str, str]:
    for name, value in env.items():
        if not isinstance(name, str) or not isinstance(value, str):
            kind = type(value).__name__  # not the value, which may be a secret
            raise TypeError(f"`env` maps text to text, and {name!r} to an object of type {kind}. Use str().")
    return env


@contextmanager
def _script_file(command: str, helper_script: str | None) -> Iterator[str]:
    """Write what the shell is to run to a file, and remove that in the end: the path."""
    text = command if helper_script is None else f"{helper_script}\n{command}"
    with tempfile.NamedTemporaryFile("w", prefix="prefect-", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        yield file.name


# ---------------------------------------------------------------------- output


class _Output:
    """Take the output of a command in pieces, and keep of its lines what is needed.

    Args:
        keep_all: whether all lines are needed.
        each: told about each line as soon as it is there.
    """

    def __init__(self, keep_all: bool, each: Callable[[str], None] | None) -> None:
        self.keep_all = keep_all
        self.each = each
        self.lines: deque[str] = deque(maxlen=None if keep_all else _LAST_LINES)
        self._begun: list[bytes] = []  # pieces of a line whose end has not come yet

    def take(self, piece: bytes) -> None:
        """Take the next piece, of any length."""
        *ended, rest = piece.split(b"\n")
        for end in ended:
            self._add(b"".join([*self._begun, end]))
            self._begun = []
        self._begun.append(rest)

    def end(self) -> None:
        """Take what there is of a last line without an end."""
        if any(self._begun):
            self._add(b"".join(self._begun))

    def _add(self, line: bytes) -> None:
        text = line.decode(errors="backslashreplace").rstrip()
        self.lines.append(text)
        if self.each is not None:
            self.each(text)

    def result(self) -> Any:
        """Return what the task returns."""
        if self.keep_all:
            return list(self.lines)
        return self.lines[-1] if self.lines else None

    def tail(self) -> str:
        """Return the end of the output, which mostly says what went wrong."""
        text = "\n".join(list(self.lines)[-_LAST_LINES:]).strip("\n")
        return text if len(text) <= _LONGEST_TAIL else f"...{text[-_LONGEST_TAIL:]}"


# ---------------------------------------------------------------------- processes


def _run(arguments: list[str], environment: dict[str, str], take: Callable[[bytes], None]) -> int:
    """Run a program, hand over its output in pieces as it comes, and return the exit code."""
    with _Leash() as leash:
        process = subprocess.Popen(
            arguments,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=leash.ends[:1],
        )
        with process:
            try:
                leash.attach(process.pid)
                assert process.stdout is not None
                for piece in _pieces(process.stdout):
                    take(piece)
                return _end_of(process)
            except BaseException:
                _kill(process)
                raise


def _pieces(pipe: IO[bytes]) -> Iterator[bytes]:
    """Read until the last process has closed the pipe. A thread is interrupted between two instructions only."""
    poll = select.poll() if hasattr(select, "poll") else None
    if poll is not None:
        poll.register(pipe, select.POLLIN)
    while True:
        if poll is not None and not poll.poll(_TICK * 1000):
            continue
        piece = os.read(pipe.fileno(), _AT_ONCE)
        if not piece:
            return
        yield piece


def _end_of(process: subprocess.Popen[bytes]) -> int:
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_TICK)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a command and all in its group: those that don't go when they are asked to are killed."""
    try:
        _signal(process, signal.SIGTERM)
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # nobody is left, or only who has other rights by now
            os.killpg(process.pid, number)
    else:
        process.send_signal(number)


class _Leash:
    """Have the kernel kill a process group when this process is gone, however it went (on Linux; elsewhere nothing).

    The command holds one end of a pipe, and its group is to get a signal when the other end is closed.
    """

    def __init__(self) -> None:
        self.ends: tuple[int, ...] = ()

    def __enter__(self) -> "_Leash":
        if sys.platform == "linux":
            self.ends = os.pipe()
        return self

    def __exit__(self, *error: Any) -> None:
        # Let go first: what a command leaves behind in the background, when all is well, may go on.
        if self.ends:
            fcntl.fcntl(self.ends[0], fcntl.F_SETFL, os.O_RDONLY)
        for end in self.ends:
            os.close(end)

    def attach(self, group: int) -> None:
        """Begin."""
        if self.ends:
            fcntl.fcntl(self.ends[0], fcntl.F_SETOWN, -group)
            fcntl.fcntl(self.ends[0], fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(self.ends[0], fcntl.F_SETFL, os.O_RDONLY | os.O_ASYNC)
