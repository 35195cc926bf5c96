"""Read the user's TOML file: a module of its own, so that `tomllib` is imported only when there is a file."""

import tomllib
from typing import Any


def read_toml(path: str) -> dict[str, Any]:
    """Return the content of the TOML file at `path`; a mistake in it is a ValueError that says where."""
    with open(path, "rb") as file:
        try:
            return tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"The configuration file {path} is not valid TOML: {error}") from error
