"""Lines out of what comes in pieces, and the times that they begin with."""

from typing import Any

import pytest

from miniprefect.tasks.kubernetes import _logs
from miniprefect.tasks.kubernetes._client import connect
from miniprefect.tasks.kubernetes._logs import LogStream, _taken_apart, split_lines
from tests.tasks.kubernetes.cluster import Cluster, Request


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


# Logs that break off


def followed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """The lines of a log, whose answers all break off but the last; "03 a" stands for a line of the third second."""
    monkeypatch.setattr(_logs, "PAUSE", 0.0)
    left = list(answers)

    def answer(request: Request, connection: Any) -> bool:
        if not request.target["log"]:
            return False
        text = "".join(f"2024-02-29T12:00:{line}\n" for line in left.pop(0).split("|"))
        connection.stream(iter([text.replace(" ", "Z ").encode()]), end=not left)
        return True

    cluster.fault = answer
    return list(LogStream(connect(None), "default", "p").lines())


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        (["01 a|02 b"], "ab"),
        (["01 a|02 b", "01 a|02 b|03 c"], "abc"),
        # Times are not always in order, nor always different.
        (["01 a|03 b|02 c", "01 a|03 b|02 c|03 d"], "abcd"),
        (["01 a|01 b", "01 a|01 b|01 c"], "abc"),
        # The beginning is cut off, by now or before.
        (["01 a|02 b|03 c", "02 b|03 c|04 d"], "abcd"),
        (["01 a|02 b|03 c", "04 d|05 e", "04 d|05 e|06 f"], "abcdef"),
        (["01 a|02 b", "02 b|03 c", "02 b|03 c|04 d"], "abcd"),
    ],
)
def test_a_log_goes_on_where_it_was(
    answers: list[str], lines: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert followed(cluster, monkeypatch, *answers) == list(lines)
