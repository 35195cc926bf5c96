"""`set_temporary_config`."""

import threading

import pytest

from miniprefect.configuration import config
from miniprefect.utilities.configuration import set_temporary_config


def test_keys_are_set_and_put_back() -> None:
    before = config.to_dict()
    logging = config.logging
    with set_temporary_config({"logging.level": "X", "flows": 3}) as changed:
        assert changed is config
        assert (config.logging.level, config.flows) == ("X", 3)
    assert config.to_dict() == before
    assert config.logging is logging


def test_sections_are_invented_and_taken_away() -> None:
    with set_temporary_config({"a.b.c": 1, "a.b.d": 2, "x": {"y": 3}}):
        assert (config.a.b.c, config.a.b.d, config.x.y) == (1, 2, 3)
    assert "a" not in config
    assert "x" not in config


def test_everything_is_put_back_after_an_error() -> None:
    level = config.logging.level
    with pytest.raises(ZeroDivisionError), set_temporary_config({"logging.level": "X", "a.b": 1}):
        _ = 1 / 0
    with pytest.raises(TypeError, match=r"Cannot set 'logging\.level\.deep'"):
        set_temporary_config({"logging.format": "x", "logging.level.deep": 1}).__enter__()
    assert (config.logging.level, "a" in config, config.logging.format == "x") == (level, False, False)


def test_blocks_nest() -> None:
    with set_temporary_config({"a": 1}):
        with set_temporary_config({"a": 2}):
            assert config.a == 2
        assert config.a == 1


def test_other_threads_see_the_change() -> None:
    seen = []
    with set_temporary_config({"a": 1}):
        thread = threading.Thread(target=lambda: seen.append(config.a))
        thread.start()
        thread.join()
    assert seen == [1]
