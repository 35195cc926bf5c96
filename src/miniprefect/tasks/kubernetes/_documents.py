"""Configurations and manifests as text: JSON, or YAML where PyYAML is installed."""

import json
from typing import Any

from miniprefect.tasks.kubernetes.errors import ConfigurationError
from miniprefect.utilities.lazy import LazyModule

yaml = LazyModule("yaml")


def parse(text: str, source: str, remedy: str) -> Any:
    """Return what `text` says: JSON, or else YAML.

    Args:
        text: the document.
        source: where it is from, for messages.
        remedy: how to get it as JSON, for messages.

    Raises:
        ConfigurationError: it is neither, or it is YAML and PyYAML is missing.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        load, problem = yaml.safe_load, yaml.YAMLError
    except ImportError:
        raise ConfigurationError(
            f"{source} is not JSON, and to read YAML takes PyYAML, which is not installed. "
            f"Run `pip install pyyaml`, or {remedy}"
        ) from None
    try:
        return load(text)
    except problem as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
    # Not raised from the error, which quotes the text: there may be a token in it.
    raise ConfigurationError(f"{source}{line} is neither JSON nor one document of YAML.")
