"""Values on the command line. What real Prefect 1.4.1 made of the same text is in the comments where it differs."""

from pathlib import Path

import pytest

from miniprefect.cli._errors import CommandError
from miniprefect.cli._values import from_file, pairs


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        (" 5", 5),
        ("1e3", 1000.0),
        ("01", "01"),
        ("true", True),
        ("True", "True"),
        ("null", None),
        ("tru", "tru"),
        ("", ""),
        ("-", "-"),
        ("word", "word"),
        (" two words ", " two words "),
        ("it's", "it's"),
        ('"5"', "5"),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("a=b", "a=b"),
        ("2020-01-01", "2020-01-01"),
        ("http://host:1/?x=[1]", "http://host:1/?x=[1]"),
        (r"C:\new", r"C:\new"),  # Prefect reads escapes in bare words, too
        ('a"b', 'a"b'),  # Prefect: an error
    ],
)
def test_values_are_json_or_themselves(text: str, value: object) -> None:
    assert pairs([f"name={text}"], "--param") == {"name": value}


def test_the_last_of_a_name_counts() -> None:
    assert pairs(["a=1", "b=2", "a=3"], "--param") == {"a": 3, "b": 2}


@pytest.mark.parametrize("text", ["{a", '{"a":', "[1", '"open'])
def test_what_begins_as_json_has_to_be_some(text: str) -> None:
    with pytest.raises(CommandError, match="Failed to parse JSON for --param name"):
        pairs([f"name={text}"], "--param")


@pytest.mark.parametrize("text", ["name", "=5", ""])
def test_a_pair_has_a_name_and_a_value(text: str) -> None:
    with pytest.raises(CommandError, match="--param takes NAME=VALUE"):
        pairs([text], "--param")


def test_a_file_of_parameters(tmp_path: Path) -> None:
    assert from_file(None) == {}
    file = tmp_path / "parameters.json"
    file.write_text('{"name": "ä", "times": [1]}', encoding="utf-8")
    assert from_file(str(file)) == {"name": "ä", "times": [1]}


@pytest.mark.parametrize(
    ("content", "complaint"), [("bad", "Failed to parse JSON at"), ("[1]", "holds a JSON object"), (None, "not exist")]
)
def test_a_bad_file_of_parameters(content: str | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "parameters.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandError, match=complaint):
        from_file(str(file))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        from_file(str(tmp_path))
