"""Lines out of what comes in pieces, and the times that they begin with."""

import pytest

from miniprefect.tasks.kubernetes._logs import _taken_apart, split_lines


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([], []),
        ([b"\n"], [""]),
        ([b"a\nb"], ["a", "b"]),
        ([b"a", b"b\r", b"\nc\n"], ["ab", "c"]),
        ([b"\xc3", b"\xa4\n"], ["ä"]),
        ([b"\xc3"], ["\N{REPLACEMENT CHARACTER}"]),
        ([b"a\x85b\x0cc\n"], ["a\N{REPLACEMENT CHARACTER}b\x0cc"]),
    ],
)
def test_lines(pieces: list[bytes], lines: list[str]) -> None:
    assert list(split_lines(iter(pieces))) == lines


def test_times_are_ordered_whatever_their_digits_and_zone() -> None:
    texts = [
        "2024-02-29T12:00:00Z a",
        "2024-02-29T12:00:00.5Z b",
        "2024-02-29T12:00:00.51Z c",
        "2024-02-29T14:00:00.510000001+02:00 d",
        "2024-02-29T11:00:00.510000002-01:00 e",
    ]
    taken = [_taken_apart(text) for text in texts]
    assert taken == sorted(found for found in taken if found)
    assert [found[1] for found in taken if found] == list("abcde")
    assert _taken_apart("2024-02-29T12:00:00.5Z ") == ((1709208000.0, "500000000"), "")


@pytest.mark.parametrize("text", ["", "no time", "2024-02-29Tnonsense x", "12.5 x"])
def test_what_has_no_time(text: str) -> None:
    assert _taken_apart(text) is None
