"""Caches that processes share: one after the other, at once, killed, and with records that hold nonsense."""

import datetime
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.cache_validators import all_inputs
from miniprefect.engine.result import Result
from miniprefect.engine.results import LocalResult
from miniprefect.engine.state import Cached
from miniprefect.executors import Executor
from tests.reliability.helpers import ERRORS, at_once, ended, posix, run_python
from tests.reliability.places import Make

HOUR = datetime.timedelta(hours=1)


def records(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("caches/*/*"))


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# ---------------------------------------------------------------------- real processes

# Prints what was computed, and the results. A computation is a line that is appended to a file, too.
SCRIPT = """
import datetime, json, os, signal, sys
from miniprefect import Flow, Parameter, task
from miniprefect.engine import cache_validators
from miniprefect.engine.results import LocalResult

home, validator, values = sys.argv[1], getattr(cache_validators, sys.argv[2]), json.loads(sys.argv[3])
journal = os.open(os.path.join(home, "journal"), os.O_APPEND | os.O_CREAT | os.O_RDWR)
computed = []

@task(cache_for=datetime.timedelta(hours=1), cache_validator=validator)
def double(x):
    os.write(journal, f"{x}\\n".encode())
    computed.append(x)
    return [x, x]

with Flow("shared", result=LocalResult(dir=home)) as flow:
    doubled = double.map(Parameter("values"))
"""
RUN = """
final = flow.run(values=values)
assert final.is_successful(), final
print(json.dumps([sorted(computed), final.result[doubled].result]))
"""
# Kills itself while it writes a record: with half of it written, just before it is in its place, and just after.
KILLED = """
moment, write, replace = sys.argv[4], os.fsync, os.replace

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def is_record(path):
    return "caches" in str(path)

def fsync(file):
    if moment == "half written" and is_record(os.readlink(f"/proc/self/fd/{file}")):
        os.truncate(file, os.fstat(file).st_size // 2)
        die()
    write(file)

def renamed(old, new):
    if moment == "before" and is_record(new):
        die()
    replace(old, new)
    if moment == "after" and is_record(new):
        die()

os.fsync, os.replace = fsync, renamed
if os.fork() == 0:
    flow.run(values=values)
    os._exit(1)
status = os.wait()[1]
assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
"""
ON = {"PREFECT__FLOWS__CHECKPOINTING": "true", "PREFECT__LOGGING__LEVEL": "WARNING"}


@pytest.mark.parametrize(
    ("validator", "first", "second", "computed"),
    [
        ("all_inputs", "[1, 2]", "[2, 1, 3]", "[3]"),
        ("all_parameters", "[1]", "[1]", "[]"),
        ("all_parameters", "[1]", "[2]", "[2]"),
        ("duration_only", "[1]", "[1]", "[]"),
        ("never_use", "[1]", "[1]", "[1]"),
    ],
)
def test_a_later_process_finds_the_cache(
    tmp_path: Path, validator: str, first: str, second: str, computed: str
) -> None:
    run_python(SCRIPT + RUN, tmp_path, validator, first, **ON)
    said = run_python(SCRIPT + RUN, tmp_path, validator, second, **ON)
    doubles = [[x, x] for x in json.loads(second)]
    assert said == f"[{computed}, {doubles}]\n"


def test_without_checkpointing_a_later_process_finds_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        assert run_python(SCRIPT + RUN, tmp_path, "all_inputs", "[1]").endswith("[[1], [[1, 1]]]\n")
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]


@posix
@pytest.mark.parametrize("moment", ["half written", "before", "after"])
def test_a_process_killed_while_it_writes_a_record(tmp_path: Path, moment: str) -> None:
    if moment == "half written" and not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to know which file is written")
    values = "[1, 2]"
    run_python(SCRIPT + RUN, tmp_path, "all_inputs", "[1]", **ON)
    run_python(SCRIPT + KILLED, tmp_path, "all_inputs", values, moment, **ON)
    computed = "[]" if moment == "after" else "[2]"
    # The log goes to standard output: there are no warnings.
    assert run_python(SCRIPT + RUN, tmp_path, "all_inputs", values, **ON) == f"[{computed}, [[1, 1], [2, 2]]]\n"
    assert run_python(SCRIPT + RUN, tmp_path, "all_inputs", values, **ON) == "[[], [[1, 1], [2, 2]]]\n"


# Two processes that begin every round at the same time, with a validator of the user's own: one record for all.
RACER = """
import datetime, os, pickle, sys, time
from miniprefect import Flow, Parameter, context, task
from miniprefect.engine.results import LocalResult

os.fsync = lambda file: None
home, rounds = sys.argv[1], 25

def same(state, inputs, parameters):
    return state.cached_inputs["x"].value == inputs["x"]

@task(cache_for=datetime.timedelta(hours=1), cache_validator=same, result=LocalResult(dir=home))
def work(x):
    computed.append(x)
    return x * 100_000

with Flow("race") as flow:
    worked = work.map(Parameter("xs"))

def race(name):
    for number in range(rounds):
        while time.monotonic() < begun + number * 0.05:
            pass
        xs = [f"{number}", f"{number} {name}"]
        final = flow.run(xs=xs)
        if final.result[worked].result != [x * 100_000 for x in xs]:
            os._exit(3)
    os._exit(0)

computed = []
with context(checkpointing=True):
    begun = time.monotonic() + 0.05
    racers = []
    for name in "ab":
        child = os.fork()
        if child == 0:
            try:
                race(name)
            finally:
                os._exit(4)
        racers.append(child)
    assert [os.waitpid(child, 0)[1] for child in racers] == [0, 0]
    xs = [f"{number}" for number in range(rounds)]
    assert flow.run(xs=xs).result[worked].result == [x * 100_000 for x in xs]
(folder,) = os.scandir(os.path.join(home, "caches"))
(record,) = os.scandir(folder)
assert len(pickle.load(open(record, "rb"))) >= rounds
print(len(computed) < rounds)
"""


@posix
def test_two_processes_racing_for_one_record_both_end_well(tmp_path: Path) -> None:
    assert run_python(RACER, tmp_path, PREFECT__LOGGING__LEVEL="WARNING") == "True\n"


# ---------------------------------------------------------------------- records that hold nonsense

DAMAGES: dict[str, Any] = {
    "empty": lambda data: b"",
    "one byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "all but a byte": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
    "garbage": lambda data: bytes((n * 97 + 13) % 256 for n in range(len(data))),
    "text": lambda data: b"<html>504 Gateway Timeout</html>",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_a_miss_and_is_replaced(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    @task(cache_for=HOUR, cache_validator=all_inputs, result=LocalResult(dir=tmp_path))
    def double(x: int) -> int:
        seen.append(x)
        return 2 * x

    with Flow("damaged") as flow:
        doubled = double(4)

    def again() -> list[str]:
        caplog.clear()
        with context(caches={}, checkpointing=True):
            state = ended(flow).result[doubled]
        assert (type(state), state.result) == (Cached, 8)
        return warnings_of(caplog)

    assert again() == []
    (record,) = records(tmp_path)
    record.write_bytes(DAMAGES[damage](record.read_bytes()))
    (warning,) = again()
    assert str(record) in warning
    assert warning.startswith("Task 'double': its cached states at ")
    assert again() == []
    assert seen == [4, 4]


@pytest.mark.parametrize("method", ["exists", "read", "write"])
@pytest.mark.parametrize("error", ERRORS)
def test_a_place_that_fails_for_records_only(
    method: str, error: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make: Make = ERRORS[error]

    class Raises(LocalResult):
        def _check(self, called: str, location: Any) -> None:
            if called == method and "caches" in str(location):
                raise make()

        def exists(self, location: str, **kwargs: Any) -> bool:
            self._check("exists", location)
            return super().exists(location, **kwargs)

        def read(self, location: str) -> Any:
            self._check("read", location)
            return super().read(location)

        def write(self, value_: Any, **kwargs: Any) -> Result:
            self._check("write", self.location)
            return super().write(value_, **kwargs)

    class Counts(Task):
        def run(self) -> int:
            runs.append(None)
            return 3

    runs: list[None] = []
    counts = Counts(cache_for=HOUR, result=Raises(dir=tmp_path))
    flow = Flow("fails", tasks=[counts])
    for _ in range(2):
        with context(caches={}, checkpointing=True):
            state = ended(flow).result[counts]
        assert (type(state), state.result) == (Cached, 3)
    assert len(runs) == 2
    assert {warning[:13] for warning in warnings_of(caplog)} == {"Task 'Counts'"}


# ---------------------------------------------------------------------- at once, in one process


def test_children_at_once_keep_their_records(executor: Executor, tmp_path: Path) -> None:
    seen: list[int] = []

    @task(cache_for=HOUR, cache_validator=all_inputs, result=LocalResult(dir=tmp_path))
    def double(x: int) -> int:
        seen.append(x)
        return 2 * x

    with Flow("children") as flow:
        doubled = double.map(list(range(40)))
    for _ in range(2):
        with context(caches={}, checkpointing=True):
            assert ended(flow, executor=executor).result[doubled].result == [2 * x for x in range(40)]
    # Two children may have the same record; of two that write it at once, one may be lost, and computed again.
    assert 40 <= len(seen) < 45


def test_flows_at_once_share_a_record(tmp_path: Path) -> None:
    @task(cache_for=HOUR, result=LocalResult(dir=tmp_path))
    def three() -> int:
        return 3

    flow = Flow("at once", tasks=[three])

    def run() -> Any:
        with context(caches={}, checkpointing=True):
            return ended(flow).result[three].result

    assert at_once(*[run] * 8) == [3] * 8
    assert len(records(tmp_path)) == 1
