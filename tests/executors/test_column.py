"""Plain values in shared memory: what comes out is what went in, and nothing that is not all there."""

import enum
import math
import random
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import pytest

from miniprefect.executors._column import ELSEWHERE, Column


@pytest.fixture
def column() -> Iterator[Column]:
    made = Column()
    yield made
    made.close()


INTERNED = (
    "",
    "a",
    "a name",
    "ä",
    "日本",
    b"",
    b"a",
    None,
    True,
    False,
    0,
    1,
    -1,
    2**30,
    2**31,
    -(2**31),
    2**64,
    -(10**40),
)
MADE = (
    lambda chance: chance.getrandbits(chance.randrange(1, 200)) * chance.choice((1, -1)),
    lambda chance: chance.uniform(-1, 1) * 10.0 ** chance.randrange(-300, 300),
    lambda chance: "".join(map(chr, chance.choices(range(0xD800), k=chance.randrange(400)))),
    lambda chance: chance.randbytes(chance.randrange(400)),
    lambda chance: chance.choice(INTERNED),
)


@pytest.mark.parametrize("seed", range(50))
def test_what_goes_in_comes_out_with_its_type(column: Column, seed: int) -> None:
    chance = random.Random(seed)
    values = [chance.choice(MADE)(chance) for _ in range(chance.randrange(200))]
    values += chance.choices(values, k=20) if values else []
    add = column.writer()
    assert [add(value) for value in values] == [True] * len(values)
    first, found = column.take()
    assert (first, found) == (0, values)
    assert [*map(type, found)] == [*map(type, values)]


def test_zero_below_and_what_is_no_number(column: Column) -> None:
    add = column.writer()
    assert add(-0.0)
    assert add(math.nan)
    zero, nan = column.take()[1]
    assert math.copysign(1, zero) == -1
    assert math.isnan(nan)


def test_it_is_read_as_it_grows(column: Column) -> None:
    add = column.writer()
    assert column.take() == (0, [])
    add(1)
    add("two")
    assert column.take() == (0, [1, "two"])
    assert column.take() == (2, [])
    add(ELSEWHERE)
    add(4.0)
    assert column.take() == (2, [..., 4.0])
    column.empty()
    assert column.take() == (0, [])
    assert column.writer()("again")
    assert column.take() == (0, ["again"])


Point = namedtuple("Point", "x")


class Name(str):
    pass


class Number(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize("value", [Point(1), Name("x"), Number.ONE, bytearray(b"x"), [1], (1,), {}, ..., object()])
def test_what_is_not_plain_is_refused(column: Column, value: Any) -> None:
    assert not column.writer()(value)
    assert column.take() == (0, [])


def test_a_value_without_room_leaves_the_rest_its_place(column: Column) -> None:
    add = column.writer()
    assert add("first")
    assert not add("x" * (1 << 18))
    assert add(ELSEWHERE)
    assert add("third")
    assert column.take() == (0, ["first", ..., "third"])


def test_when_it_is_full_it_takes_nothing_more(column: Column) -> None:
    add = column.writer()
    number = 0
    while add(7):
        number += 1
    while add(ELSEWHERE):
        number += 1
    assert not add(None)
    first, values = column.take()
    assert (first, len(values)) == (0, number)


@pytest.mark.parametrize("values", [[1, 2, 2.5, 3], [2.5, 3, 4.5], [1, "a", 2], [1, 2**63, 3], [-(2**63), 2**63 - 1]])
def test_numbers_of_one_type_may_be_followed_by_others(column: Column, values: list[Any]) -> None:
    add, found = column.writer(), []
    for number, value in enumerate(values):
        assert add(value)
        first, new = column.take()
        assert first == number
        found += new
    assert [*map(repr, found)] == [*map(repr, values)]


def test_there_is_room_for_more_numbers_than_are_counted_on(column: Column) -> None:
    add = column.writer()
    assert all(add(number) for number in range(10_000))
    assert column.take() == (0, [*range(10_000)])


def test_after_others_the_type_of_the_first_value_counts_anew(column: Column) -> None:
    for values in ([1.5, 2.5], [1, 2], ["a", 3]):
        column.empty()
        add = column.writer()
        assert [add(value) for value in values] == [True, True]
        assert column.take() == (0, values)
