"""The context: values that code can read anywhere in a run without being handed them.

The context is a stack of frames. Each ``with context(...)``, each flow run and each task run puts one frame
on top and takes it away when it ends. Reading walks down the stack; writing goes to the top frame, so that
nothing outlives the block that set it.

A frame costs next to nothing until somebody reads it: besides the values it was given, its class may name
*makers* (values this frame defines, such as ``task_name``) and *defaults* (values it offers when no frame
below was given one, such as ``date``). Both are functions of the frame, called at the first read.

The stack hangs on a ``contextvars.ContextVar``: every thread starts with a fresh one, and every asyncio task
with its own view.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from miniprefect.configuration import config
from miniprefect.utilities.collections import DotDict, merge_dicts

Maker = Callable[[Any], Any]

_ABSENT: Any = object()
_DELETED: Any = object()


class Frame:
    """Hold one level of the context: the values given to it and the frame below."""

    __slots__ = ("gathered", "parent", "told", "values")

    # What `core.building` has gathered for this frame, and `utilities.logging` has told of it; each with the last write
    # before that, and with the values: a frame may get others when it serves one task run after the other.
    gathered: Any
    told: Any

    # Another object after each writing to any frame: what was gathered before may be out of date.
    last_write: ClassVar[object] = object()

    makers: ClassVar[Mapping[str, Maker]] = {}
    defaults: ClassVar[Mapping[str, Maker]] = {}

    def __init__(self, parent: "Frame | None" = None, values: dict[str, Any] | None = None) -> None:
        self.parent = parent
        self.values = values

    def remember(self, key: str, value: Any) -> Any:
        """Keep `value` under `key` in this frame and return it."""
        if self.values is None:
            self.values = {}
        self.values[key] = value
        Frame.last_write = object()
        return value

    def define(self, key: str, maker: Maker) -> Any:
        """Make the value of a key at its first read. All threads that a flow run has get the same."""
        if self.values is None:
            self.values = {}
        return self.values.setdefault(key, maker(self))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key` as seen from this frame, or `default`."""
        frame: Frame | None = self
        while frame is not None:
            values = frame.values
            if values is not None and key in values:
                value = values[key]
                return default if value is _DELETED else value
            if key in frame.makers:
                return frame.define(key, frame.makers[key])
            frame = frame.parent
        return self._offered(key, default)

    def gather(self, *keys: str) -> list[Any]:
        """Return the values given for several keys, None for each that was not: one walk instead of many."""
        found: dict[str, Any] = {}
        for frame in reversed(self.stack()):
            found.update(frame.values or ())
        return [None if (value := found.get(key)) is _DELETED else value for key in keys]

    def own(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values of those of `keys` that this very frame was given or defines; None for a deleted one."""
        given, makers, found = self.values or {}, self.makers, {}
        for key in keys:
            if key in given:
                found[key] = None if given[key] is _DELETED else given[key]
            elif key in makers:
                found[key] = self.define(key, makers[key])
        return found

    def _offered(self, key: str, default: Any) -> Any:
        frame: Frame | None = self
        while frame is not None:
            if key in frame.defaults:
                return frame.define(key, frame.defaults[key])
            frame = frame.parent
        return default

    def keys(self) -> list[str]:
        """List every key that can be read from this frame, those of the lowest frame first."""
        found: dict[str, None] = {}
        for frame in reversed(self.stack()):
            found.update(dict.fromkeys((*frame.defaults, *frame.makers)))
            # A copy: other threads may write meanwhile.
            for key, value in list((frame.values or {}).items()):
                found.pop(key, None)
                if value is not _DELETED:
                    found[key] = None
        return list(found)

    def items(self) -> list[tuple[str, Any]]:
        """List every key that can be read from this frame, and its value."""
        return [(key, self.get(key)) for key in self.keys()]

    def stack(self) -> "list[Frame]":
        """List this frame and those below it, the topmost first."""
        frames: list[Frame] = [self]
        while (parent := frames[-1].parent) is not None:
            frames.append(parent)
        return frames

    @property
    def task_tags(self) -> Any:
        """The tags of the task that runs here, or None outside a task run."""
        return self.get("task_tags")


class RootFrame(Frame):
    """Be the bottom of a stack: what the configuration puts into the context, the configuration, the logger."""

    __slots__ = ()

    makers: ClassVar[Mapping[str, Maker]] = {
        "config": lambda frame: config,
        "logger": lambda frame: logging.getLogger("prefect"),
    }


_frame: ContextVar[Frame] = ContextVar("miniprefect_context")


def current_frame() -> Frame:
    """Return the topmost frame of this thread or asyncio task."""
    frame = _frame.get(None)
    if frame is None:
        frame = RootFrame(values=_configured())
        _frame.set(frame)
    return frame


def _configured() -> dict[str, Any]:
    """Return what the configuration puts into the context, as plain dicts."""
    values: Any = config.get("context", {})
    return dict(values.to_dict() if isinstance(values, DotDict) else values)


def take_configuration() -> None:
    """Put what the configuration says by now into the bottom of this thread's context."""
    bottom = current_frame().stack()[-1]
    bottom.values = {**(bottom.values or {}), **_configured()}
    Frame.last_write = object()


# To make a frame the topmost one, and with the token that this gives, the one before again. There is one call for each
# task run, so there is nothing in between.
enter_frame = _frame.set
leave_frame = _frame.reset


@contextmanager
def entered(frame: Frame) -> Iterator[Frame]:
    """Make `frame` the topmost one for the length of a ``with`` block."""
    token = enter_frame(frame)
    try:
        yield frame
    finally:
        leave_frame(token)


class BlockFrame(Frame):
    """Be the frame of a ``with context(...)`` block, which a generator may leave after the block around it."""

    __slots__ = ("closed",)

    def __init__(self, parent: Frame, values: dict[str, Any]) -> None:
        super().__init__(parent, values)
        self.closed = False

    def close(self) -> None:
        """Leave the block: the topmost frame is then the next one whose block has not been left."""
        self.closed = True
        top: Frame | None = current_frame()
        while top is not None and getattr(top, "closed", False):
            top = top.parent
        if top is not None:
            _frame.set(top)


def with_whole_config(values: dict[str, Any], config: Mapping[Any, Any]) -> dict[str, Any]:
    """Return values for a context; what they have under `config`, which may be a part only, merged into `config`."""
    if "config" not in values:
        return values
    return {**values, "config": merge_dicts(config, values["config"])}


class Context(DotDict):
    """Give dictionary and attribute access to the context of the code that asks.

    There is one object of this class, `miniprefect.context`. What it shows depends on who reads it: inside a
    task run it has the keys of that task run, in another thread those of that thread.
    """

    def __init__(self) -> None:
        # The values live in frames, so there is nothing for DotDict to set up.
        pass

    def __getitem__(self, key: str) -> Any:
        value = current_frame().get(key, _ABSENT)
        if value is _ABSENT:
            raise KeyError(key)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default` when the context has none."""
        return current_frame().get(key, default)

    def __setitem__(self, key: str, value: Any) -> None:
        current_frame().remember(key, value)

    def __delitem__(self, key: str) -> None:
        self[key]
        current_frame().remember(key, _DELETED)

    def __getattr__(self, name: str) -> Any:
        value = current_frame().get(name, _ABSENT)
        if value is _ABSENT:
            raise AttributeError(f"The context has no {name!r} here. It has: {', '.join(sorted(self))}.")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"The context has no {name!r} to delete.")
        del self[name]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and current_frame().get(key, _ABSENT) is not _ABSENT

    def __iter__(self) -> Iterator[str]:
        return iter(current_frame().keys())

    def __len__(self) -> int:
        return len(current_frame().keys())

    def __repr__(self) -> str:
        return "<Context>"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(type(self)), *self})

    def __reduce__(self) -> str:
        return "context"

    def copy(self) -> DotDict:
        """Return what the context shows now as a plain `DotDict`."""
        return DotDict(dict(self))

    @contextmanager
    def __call__(self, *args: Mapping[str, Any], **kwargs: Any) -> Iterator["Context"]:
        """Set values for the length of a ``with`` block.

        Args:
            *args: mappings whose items are set.
            **kwargs: single values; they win over those of the mappings.

        A mapping given as ``config`` is merged into the configuration that the block sees; any other
        value replaces what was there.
        """
        values: dict[str, Any] = {}
        for given in (*args, kwargs):
            values.update(given)
        frame = BlockFrame(current_frame(), with_whole_config(values, self["config"]))
        enter_frame(frame)
        try:
            yield self
        finally:
            frame.close()


context = Context()
