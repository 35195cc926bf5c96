"""Where the configuration comes from and how it is read."""

import copy
import datetime
import json
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from miniprefect.configuration import Config, config, load, parse
from miniprefect.utilities.collections import DotDict


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    """Return the path of the user's file, not written yet."""
    return tmp_path / "config.toml"


def load_with(user_file: Path, **variables: str) -> Config:
    return load({"PREFECT__USER_CONFIG_PATH": str(user_file), **variables})


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("debug", False),
        ("logging.level", "INFO"),
        ("logging.format", "[%(asctime)s] %(levelname)s - %(name)s | %(message)s"),
        ("logging.datefmt", "%Y-%m-%d %H:%M:%S%z"),
        ("logging.log_attributes", []),
        ("flows.checkpointing", False),
        ("flows.run_on_schedule", True),
        ("flows.eager_edge_validation", False),
        ("tasks.defaults.max_retries", 0),
        ("tasks.defaults.retry_delay", None),
        ("tasks.defaults.timeout", None),
        ("engine.executor.default_class", "prefect.executors.LocalExecutor"),
        ("cloud.use_local_secrets", True),
        ("server.endpoint", "http://localhost:4200"),
        ("home_dir", str(Path.home() / ".prefect")),
    ],
)
def test_defaults(user_file: Path, dotted: str, value: Any) -> None:
    found: Any = load_with(user_file)
    for key in dotted.split("."):
        found = getattr(found, key)
    assert found == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("42", 42),
        ("-3", -3),
        (" 5 ", 5),
        ("0x10", 16),
        ("1_000", 1000),
        ("007", "007"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ('["a", 1]', ["a", 1]),
        ("(1, 2)", (1, 2)),
        ('{"a": 1}', {"a": 1}),
        ('"quoted"', "quoted"),
        ("None", None),
        ("null", "null"),
        ("yes", "yes"),
        ("", ""),
        ("[1,", "[1,"),
        ("1+1", "1+1"),
        ("a plain text", "a plain text"),
        ("${logging.level}-x", "INFO-x"),
        ("${tasks.defaults.max_retries}", 0),
        ("${tasks.defaults.max_retries}!", "0!"),
        ("${nothing.here}", ""),
        ("${logging}", ""),
        ("${test.key}", "${test.key}"),
    ],
)
def test_values_of_environment_variables(user_file: Path, text: str, value: Any) -> None:
    found = load_with(user_file, PREFECT__TEST__KEY=text).test.key
    assert found == value
    assert isinstance(found, type(value)) or isinstance(value, dict)


def test_variables_and_home_are_expanded(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "here")
    loaded = load_with(
        user_file,
        PREFECT__T__A="$PLACE/x",
        PREFECT__T__B="${PLACE}/x",
        PREFECT__T__C="~/x",
        PREFECT__HOME_DIR="~/h",
    )
    assert loaded.t.to_dict() == {"a": "here/x", "b": "here/x", "c": str(Path.home() / "x")}
    assert load_with(user_file, PREFECT__HOME_DIR="~/h").home_dir == str(Path.home() / "h")


def test_references_may_lead_to_references(user_file: Path) -> None:
    loaded = load_with(user_file, PREFECT__A="${b}", PREFECT__B="${c}", PREFECT__C="[1]")
    assert loaded.a == [1]


def test_names_of_environment_variables_become_lower_case_sections(user_file: Path) -> None:
    loaded = load_with(
        user_file, PREFECT__LOGGING__LEVEL="DEBUG", PREFECT__New__Sub__Key="1", PREFECT__TOP="2", OTHER="3"
    )
    assert (loaded.logging.level, loaded.new.sub.key, loaded.top, "other" in loaded) == ("DEBUG", 1, 2, False)


def test_secrets_in_the_context_keep_their_names(user_file: Path) -> None:
    assert "context" not in load_with(user_file)
    loaded = load_with(user_file, PREFECT__CONTEXT__SECRETS__My_Key="v", PREFECT__CONTEXT__FOO="1")
    assert loaded.context.to_dict() == {"secrets": {"My_Key": "v"}, "foo": 1}


def test_the_retry_delay_becomes_a_timedelta(user_file: Path) -> None:
    loaded = load_with(user_file, PREFECT__TASKS__DEFAULTS__RETRY_DELAY="3", PREFECT__TASKS__DEFAULTS__TIMEOUT="4")
    assert loaded.tasks.defaults.retry_delay == datetime.timedelta(seconds=3)
    assert loaded.tasks.defaults.timeout == 4


def test_the_users_file(user_file: Path) -> None:
    user_file.write_text(
        """
        debug = true
        text = "x${logging.level}"
        number = "5"
        [logging]
        level = "WARNING"
        [a.b]
        c = 1
        Mixed = 2
        [context.secrets]
        MY_Key = "v"
        """
    )
    loaded = load_with(user_file, PREFECT__A__B__C="9")
    assert (loaded.debug, loaded.text, loaded.number, loaded.logging.level) == (
        True,
        "xWARNING",
        5,
        "WARNING",
    )
    assert loaded.a.b.to_dict() == {"c": 9, "Mixed": 2}
    assert loaded.context.secrets.MY_Key == "v"
    assert loaded.logging.datefmt == load_with(user_file.with_name("none")).logging.datefmt


def test_a_broken_file_is_named(user_file: Path) -> None:
    user_file.write_text("x =")
    with pytest.raises(ValueError, match=r"config\.toml is not valid TOML: Invalid value"):
        load_with(user_file)


@pytest.mark.parametrize("name", ["update", "items", "copy"])
def test_keys_named_like_methods_are_refused(user_file: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f'Invalid config key: "{name}"'):
        load_with(user_file, **{f"PREFECT__X__{name.upper()}": "1"})
    user_file.write_text(f"{name} = 1")
    with pytest.raises(ValueError, match=f'Invalid config key: "{name}"'):
        load_with(user_file)


def test_reading_and_changing(user_file: Path) -> None:
    loaded = load_with(user_file)
    assert loaded.get("nope", 3) == 3
    assert "logging" in loaded
    with pytest.raises(AttributeError, match="'Config' object has no attribute 'nope'"):
        _ = loaded.nope
    with pytest.raises(AttributeError, match="'Config' object has no attribute 'nope'"):
        _ = loaded.logging.nope
    with pytest.raises(KeyError):
        loaded["logging.level"]
    loaded.new = {"x": [{"y": 1}]}
    assert loaded.new.x[0].y == 1
    assert json.loads(json.dumps(loaded.new.to_dict())) == {"x": [{"y": 1}]}


def test_sections_are_dicts_that_json_can_say(user_file: Path) -> None:
    loaded = load_with(user_file)
    assert json.loads(json.dumps(loaded.server)) == loaded.server.to_dict()
    assert json.loads(json.dumps(loaded))["logging"]["level"] == "INFO"
    assert type(dict(loaded.server)["ui"]) is Config
    assert type(loaded.server.to_dict()["ui"]) is dict
    # In Prefect 0.10 they were DotDicts, and no dicts.
    assert isinstance(loaded.server, dict)
    assert isinstance(loaded.server, DotDict)


def test_dicts_become_sections_however_they_are_put_in(user_file: Path) -> None:
    loaded = load_with(user_file)
    loaded["a"] = loaded.b = {"x": {}}
    loaded.update({"c": {"x": {}}}, d={"x": {}})
    loaded.setdefault("e", {"x": {}})
    loaded |= {"f": {"x": {}}}
    assert {type(loaded[name].x) for name in "abcdef"} == {Config}
    assert type(loaded.copy()) is Config
    assert loaded.copy().a is loaded.a


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, Config.copy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_are_equal_and_changed_on_their_own(duplicate: Any, user_file: Path) -> None:
    loaded = load_with(user_file)
    other = duplicate(loaded)
    assert other == loaded
    assert type(other) is Config
    other.debug = "X"
    assert loaded.debug is False


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_and_pickles(duplicate: Any, user_file: Path) -> None:
    loaded = load_with(user_file)
    other = duplicate(loaded)
    assert other == loaded
    assert type(other) is type(other.logging) is Config
    other.logging.level = "X"
    assert loaded.logging.level == "INFO"


def test_loading_twice_shares_nothing(user_file: Path) -> None:
    load_with(user_file).logging.log_attributes.append("x")
    assert load_with(user_file).logging.log_attributes == []


def test_config_is_read_from_the_environment_when_imported(user_file: Path) -> None:
    assert isinstance(config, Config)
    program = "import sys, miniprefect.configuration as c; print(c.config.x.y, 'tomllib' in sys.modules)"
    environment = {**os.environ, "PREFECT__X__Y": "5", "PREFECT__USER_CONFIG_PATH": str(user_file)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["5", "False"]


@pytest.mark.parametrize("text", ["/data/run-5in_a", "1else", r"'C:\data'", "0x1for x"])
def test_text_that_happens_to_look_like_python_is_read_without_a_warning(text: str) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert parse(text) == text.strip("'")
    assert warned == []
