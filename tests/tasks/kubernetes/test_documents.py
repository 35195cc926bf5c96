"""Configurations as text."""

import sys

import pytest

from miniprefect.tasks.kubernetes._documents import parse
from miniprefect.tasks.kubernetes.errors import ConfigurationError


def test_json_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert parse('{"a": [1, null]}', "file", "") == {"a": [1, None]}


def test_yaml() -> None:
    pytest.importorskip("yaml", reason="reads YAML with PyYAML, which is not installed")
    assert parse("a:\n- 1\n- null\n", "file", "") == {"a": [1, None]}


def test_yaml_without_pyyaml_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ConfigurationError) as caught:
        parse("a: 1", "some.yaml", "write it as JSON.")
    expected = "some.yaml is not JSON, and to read YAML takes PyYAML, which is not installed. "
    assert str(caught.value) == expected + "Run `pip install pyyaml`, or write it as JSON."


def test_several_documents_are_none() -> None:
    pytest.importorskip("yaml", reason="reads YAML with PyYAML, which is not installed")
    with pytest.raises(ConfigurationError, match=r"^some\.yaml, line 2 is neither JSON nor one document of YAML\.$"):
        parse("a: 1\n---\nb: 1\n", "some.yaml", "")


def test_what_is_neither_is_not_quoted() -> None:
    pytest.importorskip("yaml", reason="reads YAML with PyYAML, which is not installed")
    with pytest.raises(ConfigurationError) as caught:
        parse("a: 1\ntoken: [geheim", "some.yaml", "")
    assert str(caught.value) == "some.yaml, line 2 is neither JSON nor one document of YAML."
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
