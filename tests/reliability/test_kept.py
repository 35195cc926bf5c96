"""What is kept on the disk: killed processes, races, a full disk, and files that hold nonsense."""

import logging
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.results import LocalResult
from miniprefect.engine.serializers import CompressedSerializer, JSONSerializer, PickleSerializer, Serializer
from miniprefect.engine.state import Cached, Failed, Success
from tests.reliability.helpers import ended, posix, run_python

# ---------------------------------------------------------------------- SIGKILL

# A process of its own, as it forks. Each round has its own folder; a child runs the flow and is killed at a random
# moment, four times over; then one more child runs it to its end. A computation is a line appended to a file.
KILLER = """
import itertools, logging, os, random, signal, sys, time
from miniprefect import Flow, Task, context, task
from miniprefect.engine.results import LocalResult

# To bring a file to a real disk can take a tenth of a second, and only loss of power makes a difference.
os.fsync = lambda file: time.sleep(0.001)
KILLS, IN_A_ROUND = 200, 4
home = sys.argv[1]
journal = os.open(os.path.join(home, "journal"), os.O_APPEND | os.O_CREAT | os.O_RDWR)
warnings = logging.FileHandler(os.path.join(home, "warnings"))
logging.getLogger("prefect").handlers[:] = [warnings]
logging.getLogger("prefect").setLevel(logging.WARNING)

class Big(Task):
    def run(self, letter, before=None):
        name = self.name if context.get("map_index") is None else f"{self.name}{context.map_index}"
        os.write(journal, f"{context.folder} {name}\\n".encode())
        return letter * 200_000

class Whole(Task):
    def run(self, children):
        os.write(journal, f"{context.folder} whole\\n".encode())
        return "".join(child[0] for child in children)

with Flow("killed", result=LocalResult(dir=home)) as flow:
    first = Big(name="first", target="{folder}/first")("a")
    left = Big(name="left", target="{folder}/left")("b", before=first)
    right = Big(name="right", target=lambda **kw: kw["folder"] + "/right")("c", before=first)
    children = Big(name="child", target="{folder}/child{map_index}").map(list("def"), upstream_tasks=[left, right])
    whole = Whole(name="whole", target="{folder}/whole")(children)
TARGETS = {"first", "left", "right", "child0", "child1", "child2", "whole"}

def run(folder, last=False):
    # What a child does; it never returns.
    try:
        with context(folder=folder, checkpointing=True):
            final = flow.run()
        well = final.is_successful() and final.result[whole].result == "def"
        well = well and final.result[right].result == "c" * 200_000
        os._exit(0 if well else 3)
    finally:
        os._exit(4)

def started(folder):
    child = os.fork()
    if child == 0:
        run(folder)
    return child

def finished(folder):
    path = os.path.join(home, folder)
    return set(os.listdir(path)) & TARGETS if os.path.isdir(path) else set()

def computed(folder):
    lines = os.pread(journal, 10_000_000, 0).decode().splitlines()
    return [line.split()[1] for line in lines if line.split()[0] == folder]

begun = time.monotonic()
assert os.waitpid(started("measured"), 0)[1] == 0
whole_run = time.monotonic() - begun
moments = random.Random(1)
killed = midway = 0
for number in itertools.count():
    if killed >= KILLS:
        break
    folder, known = f"round{number}", {}
    for _ in range(IN_A_ROUND):
        child = started(folder)
        time.sleep(moments.random() * whole_run)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        killed += os.WIFSIGNALED(status)
        midway += 0 < len(finished(folder)) < len(TARGETS)
        for name in finished(folder):
            known.setdefault(name, computed(folder).count(name))
    status = os.waitpid(started(folder), 0)[1]
    assert status == 0, f"{folder}: the last run ended with {status}"
    assert finished(folder) == TARGETS
    for name, times in known.items():
        assert computed(folder).count(name) == times, f"{folder}: {name} was finished, and was computed again"
assert os.path.getsize(os.path.join(home, "warnings")) == 0, open(os.path.join(home, "warnings")).read()
print(killed, midway)
"""


@posix
def test_a_flow_killed_at_any_moment_goes_on_from_its_targets(tmp_path: Path) -> None:
    said = run_python(KILLER, tmp_path, timeout=80)
    killed, midway = map(int, said.split())
    assert killed >= 200, "too few were killed before they had ended"
    assert midway > 30, "too few were killed in the middle"


RACER = """
import os, sys, time
from miniprefect import Flow, context, task
from miniprefect.engine.results import LocalResult

os.fsync = lambda file: None
home, rounds = sys.argv[1], 25

def racer(name):
    @task(result=LocalResult(dir=home), target="{folder}/target")
    def work():
        return name * 400_000

    with Flow("race") as flow:
        work()
    for number in range(rounds):
        while time.monotonic() < begun + number * 0.04:
            pass
        with context(folder=f"round{number}", checkpointing=True):
            final = flow.run()
        (state,) = final.result.values()
        if not (final.is_successful() and set(state.result) <= {"a", "b"} and len(set(state.result)) == 1):
            os._exit(3)
        if len(state.result) != 400_000:
            os._exit(5)
    os._exit(0)

begun = time.monotonic() + 0.05
racers = []
for name in "ab":
    child = os.fork()
    if child == 0:
        try:
            racer(name)
        finally:
            os._exit(4)
    racers.append(child)
assert [os.waitpid(child, 0)[1] for child in racers] == [0, 0]
values = [LocalResult(dir=home).read(f"round{number}/target").value for number in range(rounds)]
assert all(value in ("a" * 400_000, "b" * 400_000) for value in values)
assert all(os.listdir(os.path.join(home, f"round{number}")) == ["target"] for number in range(rounds))
print(len(values))
"""


@posix
def test_two_processes_racing_for_one_target_both_end_well(tmp_path: Path) -> None:
    assert run_python(RACER, tmp_path, PREFECT__LOGGING__LEVEL="ERROR") == "25\n"


FULL = """
import os, resource, sys
from miniprefect import Flow, context, task
from miniprefect.engine.results import LocalResult
from miniprefect.triggers import all_finished

home, target = sys.argv[1], sys.argv[2] or None
result = LocalResult(dir=home)
computed = []

@task(result=result, target=target)
def big(size):
    computed.append(size)
    return "x" * size

@task(result=result)
def small():
    return 1

@task(trigger=all_finished)
def after(value):
    return type(value).__name__

with Flow("full") as flow:
    one, two = big(1_000_000), small()
    three = after(one)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
with context(checkpointing=True):
    full = flow.run()
    assert full.is_successful() and full.result[one].is_failed() and full.result[two].is_successful()
    assert isinstance(full.result[one].result, OSError), full.result[one].result
    assert full.result[three].result == "OSError"
    left = [name for name in os.listdir(home) if not name.startswith("prefect-result")]
    assert left == [], left
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    final = flow.run()
assert final.result[one].is_successful()
assert computed == [1_000_000] * 2
print("well")
"""


@posix
@pytest.mark.parametrize("target", ["", "big"])
def test_a_full_disk_fails_the_task_that_writes_and_leaves_nothing(tmp_path: Path, target: str) -> None:
    assert run_python(FULL, tmp_path, target, PREFECT__LOGGING__LEVEL="CRITICAL") == "well\n"


# ---------------------------------------------------------------------- files that hold nonsense

VALUE = {"numbers": [1, 2, 3], "text": "abc" * 50}

SERIALIZERS: dict[str, Serializer] = {
    "pickle": PickleSerializer(),
    "json": JSONSerializer(),
    **{name: CompressedSerializer(PickleSerializer(), name) for name in ("gzip", "bz2", "lzma", "zlib")},
}
DAMAGES: dict[str, Any] = {
    "empty": lambda data: b"",
    "one byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "all but a byte": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
    "garbage": lambda data: bytes((n * 97 + 13) % 256 for n in range(len(data))),
    "text": lambda data: b"<html>504 Gateway Timeout</html>",
    "spaces": lambda data: b"   \n",
}


class Counts(Task):
    """Return VALUE, and count the runs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.runs: list[None] = []

    def run(self) -> Any:
        self.runs.append(None)
        return VALUE


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_damaged_target_is_computed_again(
    serializer: str, damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = Counts(target="{task_name}.bin", result=LocalResult(dir=tmp_path, serializer=SERIALIZERS[serializer]))
    flow = Flow("damaged")
    flow.add_task(counts)
    path = tmp_path / "Counts.bin"
    with context(checkpointing=True):
        assert type(ended(flow).result[counts]) is Success
        whole = path.read_bytes()
        path.write_bytes(DAMAGES[damage](whole))
        caplog.clear()
        again = ended(flow)
        assert (type(again.result[counts]), again.result[counts].result) == (Success, VALUE)
        warnings = warnings_of(caplog)
        assert len(warnings) == 1
        assert str(path) in warnings[0]
        caplog.clear()
        third = ended(flow)
    assert (type(third.result[counts]), third.result[counts].result) == (Cached, VALUE)
    assert warnings_of(caplog) == []
    assert len(counts.runs) == 2


def test_one_damaged_target_of_many_children(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[int] = []

    @task(target="{map_index}", result=LocalResult(dir=tmp_path))
    def square(x: int) -> int:
        seen.append(x)
        return x * x

    with Flow("squares") as flow:
        squares = square.map(list(range(5)))
    with context(checkpointing=True):
        ended(flow)
        (tmp_path / "3").write_bytes(b"")
        seen.clear()
        caplog.clear()
        final = ended(flow)
    assert final.result[squares].result == [0, 1, 4, 9, 16]
    assert seen == [3]
    assert [str(tmp_path / "3") in line for line in warnings_of(caplog)] == [True]


def test_a_pickle_of_a_class_that_is_gone_is_a_miss(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    module = type(sys)("reliability_gone")
    module.Gone = type("Gone", (), {"__module__": "reliability_gone"})  # type: ignore[attr-defined]
    sys.modules["reliability_gone"] = module
    (tmp_path / "x").write_bytes(pickle.dumps(module.Gone()))
    del sys.modules["reliability_gone"]
    counts = Counts(target="x", result=LocalResult(dir=tmp_path))
    flow = Flow("gone")
    flow.add_task(counts)
    with context(checkpointing=True):
        assert ended(flow).result[counts].result == VALUE
    assert len(warnings_of(caplog)) == 1


def test_a_target_that_vanishes_between_looking_and_reading_is_a_miss(tmp_path: Path) -> None:
    """Somebody tidies up while the flow runs."""

    class Vanishing(LocalResult):
        def exists(self, location: str, **kwargs: Any) -> bool:
            found = super().exists(location, **kwargs)
            (tmp_path / "x").unlink(missing_ok=True)
            return found

    (tmp_path / "x").write_bytes(pickle.dumps(1))
    counts = Counts(target="x", result=Vanishing(dir=tmp_path))
    flow = Flow("vanishing")
    flow.add_task(counts)
    with context(checkpointing=True):
        assert ended(flow).result[counts].result == VALUE


@pytest.mark.parametrize("settings", [{}, {"target": "x"}, {"checkpoint": True}], ids=str)
def test_a_result_that_can_not_be_pickled(settings: dict[str, Any], tmp_path: Path) -> None:
    """The task fails, with the error of the pickle; nothing is written, and the rest of the flow goes on."""

    @task(result=LocalResult(dir=tmp_path), **settings)
    def generator() -> Any:
        return (n for n in range(3))

    @task(result=LocalResult(dir=tmp_path, location="fine"))
    def fine() -> int:
        return 1

    with Flow("unpicklable") as flow:
        bad, good = generator(), fine()
    with context(checkpointing=True):
        final = ended(flow)
    assert type(final.result[bad]) is Failed
    assert isinstance(final.result[bad].result, TypeError)
    assert type(final.result[good]) is Success
    assert [path.name for path in tmp_path.iterdir()] == ["fine"]


def test_what_can_not_be_pickled_is_no_trouble_without_checkpoints(tmp_path: Path) -> None:
    @task(result=LocalResult(dir=tmp_path), checkpoint=False)
    def generator() -> Any:
        return (n for n in range(3))

    with Flow("unpicklable") as flow:
        made = generator()
    with context(checkpointing=True):
        assert list(ended(flow).result[made].result) == [0, 1, 2]


@pytest.mark.skipif(sys.platform == "win32", reason="needs permissions of POSIX")
def test_a_folder_that_is_gone_when_the_task_runs_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    counts = Counts(target="deep/er/x", result=LocalResult(dir=folder))
    folder.rmdir()
    flow = Flow("gone")
    flow.add_task(counts)
    with context(checkpointing=True):
        assert type(ended(flow).result[counts]) is Success
        assert type(ended(flow).result[counts]) is Cached


def test_a_missing_key_in_a_template_names_it(tmp_path: Path) -> None:
    counts = Counts(target="{nonsense}/x", result=LocalResult(dir=tmp_path))
    flow = Flow("key")
    flow.add_task(counts)
    with context(checkpointing=True):
        state = ended(flow).result[counts]
    assert type(state) is Failed
    assert "nonsense" in str(state.message)
    assert not counts.runs
