"""Change the configuration for the length of a `with` block."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from miniprefect.configuration import Config, config

_ABSENT: Any = object()


@contextmanager
def set_temporary_config(temp_config: Mapping[str, Any]) -> Iterator[Config]:
    """Set the keys of `temp_config`, such as "logging.level", and put everything back at the end.

    Sections that do not exist are made and taken away again. The change holds for all threads.
    """
    undo: list[tuple[Config, str, Any]] = []
    try:
        for dotted, value in temp_config.items():
            *places, key = dotted.split(".")
            section = config
            for place in places:
                section = _section(section, place, dotted, undo)
            undo.append((section, key, section.get(key, _ABSENT)))
            section[key] = value
        yield config
    finally:
        for section, key, old in reversed(undo):
            if old is _ABSENT:
                section.pop(key, None)
            else:
                section[key] = old


def _section(section: Config, place: str, dotted: str, undo: list[tuple[Config, str, Any]]) -> Config:
    if place not in section:
        undo.append((section, place, _ABSENT))
        section[place] = Config()
    found = section[place]
    if not isinstance(found, Config):
        raise TypeError(f"Cannot set {dotted!r}: {place!r} is the value {found!r}, not a section of the configuration.")
    return found
