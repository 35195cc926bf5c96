"""The context: reading, writing, blocks, threads, asyncio tasks and generators."""

import asyncio
import copy
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import miniprefect
from miniprefect import Flow, config, context, task
from miniprefect.utilities.collections import DotDict
from miniprefect.utilities.context import Context, Frame, current_frame, entered


def in_thread(function: Any) -> Any:
    """Return what `function` returns in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


# ---------------------------------------------------------------------- one object


def test_the_context_is_one_object_under_two_names() -> None:
    assert miniprefect.context is context
    assert isinstance(context, Context)
    assert isinstance(context, DotDict)
    assert repr(context) == "<Context>"


def test_outside_a_run_there_are_config_and_logger() -> None:
    assert {"config", "logger"} <= set(context)
    assert context.logger.name == "prefect"
    assert context.config.logging.level == config.logging.level


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_a_copy_of_the_object_is_the_object(again: Any) -> None:
    """So that a function that refers to it can be pickled; Prefect refuses to pickle it."""
    assert again(context) is context


# ---------------------------------------------------------------------- blocks


def test_values_hold_for_the_block() -> None:
    with context(a=1, b=2):
        assert (context.a, context["a"], context.get("a"), "a" in context) == (1, 1, 1, True)
    assert "a" not in context
    assert context.get("a") is None


def test_values_come_from_dicts_and_keywords_and_keywords_win() -> None:
    with context({"a": 1, "b": 2}, b=3):
        assert (context.a, context.b) == (1, 3)


def test_the_block_gives_the_context_itself() -> None:
    with context(a=1) as inner:
        assert inner is context


def test_an_inner_block_hides_what_an_outer_one_set() -> None:
    with context(a=1, b=1):
        with context(a=2):
            assert (context.a, context.b) == (2, 1)
        assert context.a == 1


def test_a_block_ends_by_an_error_too() -> None:
    with pytest.raises(ValueError, match="x"), context(a=1):
        raise ValueError("x")
    assert "a" not in context


def test_what_is_set_in_a_block_ends_with_it() -> None:
    with context(a=1):
        context.a = 2
        context.z = 3
        context["q"] = 4
        context.update({"u": 5}, v=6)
        assert (context.a, context.z, context.q, context.u, context.v) == (2, 3, 4, 5, 6)
    assert not {"a", "z", "q", "u", "v"} & set(context)


def test_what_an_inner_block_sets_does_not_reach_the_outer_one() -> None:
    with context(a=1):
        with context(b=2):
            context.a = 9
        assert (context.a, context.get("b")) == (1, None)


def test_the_given_dict_is_not_changed() -> None:
    given = {"a": 1}
    with context(given):
        context.a = 2
        context.b = 3
    assert given == {"a": 1}


def test_nested_dicts_stay_plain() -> None:
    with context(a={"b": {"c": 1}}):
        assert type(context.a) is dict
        assert type(context.a["b"]) is dict


# ---------------------------------------------------------------------- reading and deleting


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="nope"):
        _ = context.nope
    with pytest.raises(KeyError, match="nope"):
        context["nope"]
    assert context.get("nope") is None
    assert context.get("nope", 3) == 3
    assert getattr(context, "nope", 4) == 4
    assert not hasattr(context, "nope")


@pytest.mark.parametrize("value", [None, 0, "", False])
def test_falsy_values_are_there(value: Any) -> None:
    with context(a=value):
        assert "a" in context
        assert context.get("a", 5) == value
        assert context.a == value


def test_del_takes_a_key_away() -> None:
    with context(a=1, b=2):
        del context.a
        del context["b"]
        assert "a" not in context
        assert "b" not in context
        assert not {"a", "b"} & set(context)
        with pytest.raises(AttributeError):
            _ = context.a
        with pytest.raises(KeyError):
            context["b"]


def test_del_in_an_inner_block_does_not_reach_the_outer_one() -> None:
    with context(a=1):
        with context():
            del context.a
            assert "a" not in context
        assert context.a == 1


def test_a_deleted_key_can_be_set_again() -> None:
    with context(a=1):
        del context.a
        context.a = 2
        assert context.a == 2


def test_del_of_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="nope"):
        del context.nope
    with pytest.raises(KeyError, match="nope"):
        del context["nope"]


def test_the_methods_of_a_dict_work() -> None:
    with context(a=1, b=2):
        assert context.pop("a") == 1
        assert "a" not in context
        assert context.setdefault("b", 9) == 2
        assert context.setdefault("c", 9) == 9
        assert dict(context.items())["b"] == 2
        assert {"b", "c"} <= set(context.keys())
        assert 9 in list(context.values())
        assert len(context) == len(list(context)) == len(set(context))
        assert bool(context)


def test_copies_are_snapshots() -> None:
    with context(a=1, b={"c": 1}):
        snapshot, plain = context.copy(), context.to_dict()
        context.a = 2
    assert (snapshot.a, snapshot["a"]) == (1, 1)
    assert type(plain) is dict
    assert (plain["a"], plain["b"]) == (1, {"c": 1})


def test_dir_and_completion_do_not_fail() -> None:
    with context(a=1):
        assert isinstance(dir(context), list)


# ---------------------------------------------------------------------- config


def test_config_is_merged_deeply() -> None:
    before = config.logging.level
    with context(config={"logging": {"level": "X"}, "mine": {"a": 1}}):
        assert context.config.logging.level == "X"
        assert context.config.logging.format == config.logging.format
        assert context.config.mine.a == 1
    assert context.config.logging.level == before
    assert "mine" not in context.config


def test_config_in_a_block_leaves_the_configuration_alone() -> None:
    before = config.logging.level
    with context(config={"logging": {"level": "X"}}):
        assert config.logging.level == before


def test_config_blocks_nest() -> None:
    with context(config={"a": {"b": 1}}), context(config={"a": {"c": 2}}):
        assert (context.config.a.b, context.config.a.c) == (1, 2)


def test_changes_of_the_configuration_show() -> None:
    config.logging.level = "ERROR"
    assert context.config.logging.level == "ERROR"


# ---------------------------------------------------------------------- threads


def test_a_thread_starts_with_a_fresh_context() -> None:
    with context(a=1):
        assert in_thread(lambda: ("a" in context, "config" in context)) == (False, True)


def test_what_a_thread_sets_stays_in_it() -> None:
    def work() -> Any:
        with context(a=2):
            context.b = 3
            return context.a

    with context(a=1):
        assert in_thread(work) == 2
        assert (context.a, context.get("b")) == (1, None)


def test_threads_side_by_side_do_not_mix() -> None:
    both = threading.Barrier(2, timeout=5)

    def work(n: int) -> Any:
        with context(a=n):
            both.wait()
            context.b = n
            both.wait()
            return context.a, context.b

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, [1, 2])) == [(1, 1), (2, 2)]


# ---------------------------------------------------------------------- asyncio


def test_asyncio_tasks_side_by_side_do_not_mix() -> None:
    async def work(n: int) -> Any:
        with context(a=n):
            await asyncio.sleep(0)
            context.b = n
            await asyncio.sleep(0)
            return context.a, context.b

    async def main() -> Any:
        with context(a="outer"):
            found = await asyncio.gather(*(work(n) for n in range(5)))
            return found, context.a, context.get("b")

    assert asyncio.run(main()) == ([(n, n) for n in range(5)], "outer", None)


def test_an_asyncio_task_sees_the_context_it_was_made_in() -> None:
    async def look() -> Any:
        return context.a

    async def main() -> Any:
        with context(a=1):
            made = asyncio.ensure_future(look())
        return await made

    assert asyncio.run(main()) == 1


# ---------------------------------------------------------------------- generators


def test_a_generator_that_ends_its_block_early_takes_nothing_else_away() -> None:
    def numbers() -> Iterator[Any]:
        with context(a="inner"):
            yield context.a
            yield context.a

    with context(a="outer"):
        first = next(iter_numbers := numbers())
        iter_numbers.close()
        assert (first, context.a) == ("inner", "outer")


def test_a_generator_closed_after_the_block_around_it_does_not_bring_it_back() -> None:
    def numbers() -> Iterator[Any]:
        with context(a="inner"):
            yield 1

    generator = numbers()
    with context(a="outer"):
        next(generator)
    assert context.get("a") in (None, "inner")
    generator.close()
    assert context.get("a") is None


# ---------------------------------------------------------------------- runs


def test_nothing_is_left_when_a_run_fails() -> None:
    @task
    def bad() -> None:
        context.mark = 1
        raise ValueError("x")

    with Flow("flow") as flow:
        bad()
    before = set(context) - {"caches"}
    flow.run()
    assert set(context) - {"caches"} == before
    assert context.logger.name == "prefect"


def test_flow_is_in_the_context_of_its_block_only() -> None:
    assert "flow" not in context
    with Flow("outer") as outer:
        assert context.flow is outer
        with Flow("inner") as inner:
            assert context.flow is inner
        assert context.flow is outer
    assert "flow" not in context


def test_what_is_set_in_a_flow_block_ends_with_it() -> None:
    with Flow("flow"):
        context.mark = 1
        assert context.mark == 1
    assert "mark" not in context


# ---------------------------------------------------------------------- frames


class Lazy(Frame):
    """A frame that defines one key and offers another, and counts how often it was asked."""

    __slots__ = ("asked",)

    makers = {"made": lambda frame: frame.asked.append("made") or "made here"}
    defaults = {"offered": lambda frame: frame.asked.append("offered") or "offered here"}

    def __init__(self, parent: Frame | None) -> None:
        super().__init__(parent)
        self.asked: list[str] = []


def test_values_are_made_at_the_first_reading_and_kept() -> None:
    frame = Lazy(current_frame())
    with entered(frame):
        assert frame.asked == []
        assert (context.made, context.made, context.offered, context.offered) == (
            *("made here",) * 2,
            *("offered here",) * 2,
        )
    assert frame.asked == ["made", "offered"]


def test_looking_for_other_keys_or_listing_them_makes_nothing() -> None:
    frame = Lazy(current_frame())
    with entered(frame):
        assert "nope" not in context
        assert {"made", "offered"} <= set(context)
        assert len(context) >= 2
    assert frame.asked == []


def test_a_default_gives_way_to_what_is_given_below_and_a_maker_does_not() -> None:
    with context(made="outer", offered="outer"), entered(Lazy(current_frame())):
        assert (context.made, context.offered) == ("made here", "outer")


def test_what_is_given_above_wins_over_both() -> None:
    with entered(Lazy(current_frame())), context(made="inner", offered="inner"):
        assert (context.made, context.offered) == ("inner", "inner")
