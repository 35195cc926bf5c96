"""Texts of unknown origin."""

import xml.etree.ElementTree as ET

import pytest

from miniprefect.pictures.text import as_text, counted, escaped, line, lines, seconds, shown, width
from tests.pictures.helpers import HOSTILE


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_is_one_line_that_xml_takes(text):
    clean = line(text)
    clean.encode("utf-8")
    assert len(clean.splitlines()) <= 1
    assert ET.fromstring(f'<a title="{escaped(clean)}">{escaped(clean)}</a>').text in (clean, None)


def test_a_line_is_cut_at_its_end():
    assert line("abcdef", 4) == "abc…"
    assert line("abcd", 4) == "abcd"


def test_lines_lose_their_middle():
    cut = lines("\n".join(map(str, range(1000))), 100)
    assert cut.startswith("0\n1\n")
    assert cut.endswith("\n999")
    assert "characters left out" in cut
    assert len(cut) < 150


def test_lines_keep_their_ends_of_line_and_nothing_else_of_control():
    assert lines("a\r\n\tb\x1b[0m", 100) == "a\n    b\ufffd[0m"


@pytest.mark.parametrize("value", [Broken(), [Broken()], {"a": Broken()}])
def test_a_value_whose_repr_raises_is_named(value):
    assert "Broken" in shown(value, 100)
    assert len(shown(value, 100)) <= 100


def test_a_text_that_cannot_be_had_is_named():
    assert "Broken" in as_text(Broken())


@pytest.mark.parametrize(
    "value", [list(range(10**6)), "x" * 10**6, {n: n for n in range(10**5)}, 10**4000, [[[[[1]]]]]]
)
def test_a_large_value_is_cut(value):
    assert len(shown(value, 80)) <= 80


def test_small_values_are_shown_whole():
    assert shown([1, "a", {"b": None}], 80) == "[1, 'a', {'b': None}]"


def test_widths_grow_with_the_text_and_its_size():
    assert width("iii", 10) < width("xxx", 10) < width("WWW", 10) < width("WWW", 12)
    assert width("漢字", 10) > width("ab", 10)
    assert width("", 10) == 0


LENGTHS = {
    0: "0 µs",
    0.000_25: "250 µs",
    0.0123: "12.3 ms",
    0.5: "500 ms",
    1.26: "1.3 s",
    59.96: "1 min 0 s",
    3599: "59 min 59 s",
    3700: "1 h 1 min",
    -1: "0 µs",
}


@pytest.mark.parametrize(("span", "said"), LENGTHS.items())
def test_lengths_of_time(span, said):
    assert seconds(span) == said


def test_counts():
    assert [counted(1, "task"), counted(0, "task"), counted(1234, "edge")] == ["1 task", "0 tasks", "1,234 edges"]
