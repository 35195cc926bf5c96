"""What a run puts into the context: the keys that tasks see, each made when it is read."""

import datetime
import re
from typing import Any

import pytest

from miniprefect import Flow, Task, config, context, task
from miniprefect.engine import TaskRunner
from miniprefect.engine.frames import FlowFrame, TaskFrame, new_id
from miniprefect.utilities.clock import clock, use_clock
from miniprefect.utilities.context import current_frame
from tests.engine.helpers import NOON, FakeClock, Returns, Sees

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# What Prefect 1.4.1 shows to a task.
KEYS = (
    *("caches", "checkpointing", "config", "date", "flow_id", "flow_name", "flow_run_id", "flow_run_name"),
    *("logger", "map_index", "parameters", "scheduled_start_time", "task_full_name", "task_id", "task_name"),
    *("task_run_count", "task_run_id", "task_slug", "task_tags", "today", "today_nodash", "tomorrow"),
    *("tomorrow_nodash", "yesterday", "yesterday_nodash"),
)


class Later(Task):
    def run(self) -> Any:
        clock().sleep(3600)


def seen(*keys: str, task_args: dict[str, Any] | None = None, **run_args: Any) -> dict[str, Any]:
    """Return what a task of a flow sees under `keys`."""
    with Flow("my flow") as flow:
        looking = Sees(*keys, name="look", **(task_args or {}))()
    return flow.run(**run_args).result[looking].result  # type: ignore[no-any-return]


@pytest.mark.parametrize("key", KEYS)
def test_a_task_has_every_key_that_prefect_gives_it(key: str) -> None:
    @task
    def look() -> Any:
        return key in context, key in list(context), key in context.to_dict(), hasattr(context, key)

    with Flow("flow") as flow:
        looked = look()
    assert flow.run().result[looked].result == (True, True, True, True)


def test_the_dates_are_those_of_the_run() -> None:
    with use_clock(FakeClock(NOON)):
        dates = seen("date", "today", "yesterday", "tomorrow", "scheduled_start_time")
        nodash = seen("today_nodash", "yesterday_nodash", "tomorrow_nodash")
    assert dates == {
        "date": NOON,
        "today": "2024-02-29",
        "yesterday": "2024-02-28",
        "tomorrow": "2024-03-01",
        "scheduled_start_time": NOON,
    }
    assert list(nodash.values()) == ["20240229", "20240228", "20240301"]


def test_the_dates_are_those_of_the_beginning_of_the_run() -> None:
    """A run that goes on after midnight is still about the day on which it began."""
    look = Sees("date", "today", "scheduled_start_time")
    flow = Flow("flow")
    flow.chain(Task(name="first"), Later(), look)
    with use_clock(FakeClock(NOON.replace(hour=23, minute=30))):
        found = flow.run().result[look].result
    begun = NOON.replace(hour=23, minute=30)
    assert found == {"date": begun, "today": "2024-02-29", "scheduled_start_time": begun}


def test_all_tasks_of_a_run_see_the_same_date_and_start() -> None:
    looks = [Sees("date", "scheduled_start_time", "flow_run_id", "flow_run_name") for _ in range(2)]
    flow = Flow("flow")
    flow.chain(looks[0], Later(), looks[1])
    with use_clock(FakeClock()):
        result = flow.run().result
    assert result[looks[0]].result == result[looks[1]].result


def test_names_slugs_and_tags() -> None:
    keys = ("flow_name", "flow_id", "task_name", "task_full_name", "task_slug", "task_id", "task_tags")
    found = seen(*keys, "map_index", "task_run_count", task_args={"tags": ["b", "a"]})
    assert found == {
        "flow_name": "my flow",
        "flow_id": "my flow",
        "task_name": "look",
        "task_full_name": "look",
        "task_slug": "look-a-b-1",
        "task_id": "look-a-b-1",
        "task_tags": {"a", "b"},
        "map_index": None,
        "task_run_count": 1,
    }


def test_a_mapped_child_knows_its_place() -> None:
    with Flow("flow") as flow:
        looks = Sees("map_index", "task_full_name", "task_name", "task_slug", name="look").map(
            upstream_tasks=[["a", "b"]]
        )
    assert flow.run().result[looks].result == [
        {"map_index": n, "task_full_name": f"look[{n}]", "task_name": "look", "task_slug": "look-1"} for n in range(2)
    ]


def test_ids_are_uuids_of_the_run_and_of_each_task_run() -> None:
    looks = [Sees("flow_run_id", "task_run_id") for _ in range(2)]
    flow = Flow("flow")
    for look in looks:
        flow.add_task(look)
    result = flow.run().result
    one, other = (result[look].result for look in looks)
    assert UUID.fullmatch(one["flow_run_id"])
    assert UUID.fullmatch(one["task_run_id"])
    assert one["flow_run_id"] == other["flow_run_id"]
    assert one["task_run_id"] != other["task_run_id"]
    assert flow.run().result[looks[0]].result["flow_run_id"] != one["flow_run_id"]


def test_an_id_stays_the_same_within_a_task_run() -> None:
    @task
    def twice() -> bool:
        return context.task_run_id == context.task_run_id and context.flow_run_id == context["flow_run_id"]

    with Flow("flow") as flow:
        same = twice()
    assert flow.run().result[same].result is True


def test_the_logger_is_that_of_the_task() -> None:
    @task(name="my task")
    def look() -> Any:
        return context.logger.name, context.get("logger") is context.logger

    with Flow("flow") as flow:
        looked = look()
    assert flow.run().result[looked].result == ("prefect.my task", True)


def test_a_tasks_own_logger_is_the_context_logger() -> None:
    class Own(Task):
        def run(self) -> bool:
            return self.logger is context.logger

    with Flow("flow") as flow:
        own = Own()()
    assert flow.run().result[own].result is True


def test_checkpointing_and_config_follow_the_configuration() -> None:
    assert seen("checkpointing") == {"checkpointing": False}
    config.flows.checkpointing = True
    assert seen("checkpointing") == {"checkpointing": True}


def test_flow_run_name_can_be_given() -> None:
    assert seen("flow_run_name", flow_run_name="hello") == {"flow_run_name": "hello"}
    assert UUID.fullmatch(seen("flow_run_name")["flow_run_name"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("date", datetime.datetime(2000, 2, 3)),
        ("today", "some day"),
        ("yesterday", "the day before"),
        ("flow_run_id", "my id"),
        ("flow_run_name", "my name"),
        ("checkpointing", "perhaps"),
        ("anything", 4),
    ],
)
def test_the_users_context_wins(key: str, value: Any) -> None:
    assert seen(key, context={key: value}) == {key: value}


@pytest.mark.parametrize("key", ["date", "today", "checkpointing", "anything"])
def test_the_context_around_a_run_wins_too(key: str) -> None:
    with context({key: "mine"}):
        assert seen(key) == {key: "mine"}


@pytest.mark.parametrize("key", ["flow_run_id", "flow_run_name"])
def test_a_run_has_an_identity_of_its_own_whatever_is_around_it(key: str) -> None:
    with context({key: "that of another run"}):
        assert seen(key) != {key: "that of another run"}


def test_scheduled_start_time_is_not_the_users() -> None:
    assert seen("scheduled_start_time", context={"scheduled_start_time": 42}) != {"scheduled_start_time": 42}


@pytest.mark.parametrize("key", ["flow_name", "task_name", "task_slug", "task_run_count", "logger"])
def test_what_names_the_run_itself_is_not_the_users(key: str) -> None:
    assert seen(key, context={key: "mine"})[key] != "mine"


def test_what_a_task_writes_ends_with_it() -> None:
    @task
    def write() -> Any:
        context.one = 1
        context["two"] = 2
        context.update(three=3)
        return context.one, context.two, context.three

    looking = Sees("one", "two", "three")
    with Flow("flow") as flow:
        written = write()
        looking.set_upstream(written)
    result = flow.run().result
    assert result[written].result == (1, 2, 3)
    assert result[looking].result == {"one": None, "two": None, "three": None}


def test_nothing_of_a_run_is_left_in_the_context() -> None:
    with Flow("flow") as flow:
        Sees("today", "logger")()
    before = set(context) - {"caches"}
    flow.run(context={"color": "red"})
    assert set(context) - {"caches"} == before


def test_a_flow_that_runs_inside_a_task_has_its_own_context() -> None:
    inside = Sees("flow_name", "task_name", "map_index", "task_run_count", "parameters")
    inner = Flow("inner")
    inner.add_task(inside)

    @task
    def outer() -> Any:
        ids = context.flow_run_id, context.task_run_id
        state = inner.run()
        after = (context.flow_name, context.task_name, context.map_index)
        return state.result[inside].result, after, ids == (context.flow_run_id, context.task_run_id)

    with Flow("outer flow") as flow:
        outers = outer.map(upstream_tasks=[[1]])
    found, after, same_ids = flow.run().result[outers].result[0]
    assert found["flow_name"] == "inner"
    assert found["task_name"] == "Sees"
    assert found["map_index"] is None
    assert found["task_run_count"] == 1
    assert after == ("outer flow", "outer", 0)
    assert same_ids


def test_a_value_is_made_only_when_it_is_read() -> None:
    made: list[str] = []

    class Counting(FlowFrame):
        makers = {**FlowFrame.makers, "costly": lambda frame: made.append("x") or "value"}

    frame = Counting(current_frame(), {}, Flow("flow"))  # type: ignore[arg-type]
    inner = TaskFrame(frame, None, Returns(), "slug")
    assert inner.get("task_name") == "Returns"
    assert not made
    assert (inner.get("costly"), inner.get("costly")) == ("value", "value")
    assert len(made) == 1


def test_a_task_runner_alone_gives_its_task_what_there_is() -> None:
    state = TaskRunner(Sees("task_name", "flow_name", "task_run_count", "map_index")).run()
    assert state.result == {"task_name": "Sees", "flow_name": None, "task_run_count": 1, "map_index": None}


def test_new_ids_differ() -> None:
    assert len({new_id() for _ in range(100)}) == 100


def test_states_of_a_run_carry_the_tags_of_their_task() -> None:
    tagged = Returns(ValueError(), tags=["red"])
    flow = Flow("flow")
    flow.add_task(tagged)
    assert flow.run().result[tagged].context["tags"] == ["red"]


def test_states_of_a_task_without_tags_carry_none() -> None:
    plain = Returns(1)
    flow = Flow("flow")
    flow.add_task(plain)
    assert flow.run().result[plain].context == {"tags": []}
