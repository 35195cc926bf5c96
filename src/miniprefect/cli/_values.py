"""Values on the command line: `name=value`, in JSON or as they stand."""

from collections.abc import Iterable
from typing import Any

from miniprefect.cli._errors import CommandError
from miniprefect.utilities.lazy import LazyModule

json = LazyModule("json")


def pairs(given: Iterable[str], option: str) -> dict[str, Any]:
    """Return the values of an option that may be given several times, by name; the last of a name counts.

    Raises:
        CommandError: one has no name, or begins as JSON and is none.
    """
    found = {}
    for text in given:
        name, is_there, value = text.partition("=")
        if not (name and is_there):
            raise CommandError(f"{option} takes NAME=VALUE, not {text!r}.")
        found[name] = _value(value, f"{option} {name}")
    return found


def _value(text: str, what: str) -> Any:
    """Return the value that `text` is in JSON; text that is no JSON is itself, so that words need no quotes."""
    try:
        return json.loads(text)
    except ValueError as error:
        if text.lstrip()[:1] in ("{", "[", '"'):
            raise CommandError(f"Failed to parse JSON for {what}: {text!r}: {error}.") from None
        return text


def from_file(path: str | None) -> dict[str, Any]:
    """Return the object in a JSON file; nothing, if there is no path.

    Raises:
        CommandError: the file can't be read, or holds something else.
    """
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        raise CommandError(f"Parameter file does not exist: {path!r}.") from None
    except OSError as error:
        raise CommandError(f"Parameter file {path!r} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise CommandError(f"Failed to parse JSON at {path!r}: {error}.") from None
    if not isinstance(found, dict):
        raise CommandError(
            f'A parameter file holds a JSON object such as {{"name": 1}}; {path!r} holds something else.'
        )
    return found
