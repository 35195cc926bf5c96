"""The configuration: `config.section.key`.

Values come from three places, the later ones winning:

1. the defaults below;
2. the user's file, ~/.prefect/config.toml or where PREFECT__USER_CONFIG_PATH points, if it exists;
3. environment variables: PREFECT__LOGGING__LEVEL=DEBUG sets `config.logging.level`.

Text from 2 and 3 is read as the value it spells (true, 3, 0.5, ["a", "b"], None); $VARIABLES and ~ are
expanded, and `${section.key}` is replaced by that key of the configuration. Keys of environment variables are
lower-cased, except below PREFECT__CONTEXT__SECRETS__, where they are names that the user chose.

`miniprefect.context` starts with what is under `context`: PREFECT__CONTEXT__NAME, or [context] in the file.
"""

import os
import re
import warnings
from ast import literal_eval
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import timedelta
from importlib import import_module
from typing import Any, Self

from miniprefect.utilities.collections import DotDict, Dotted

PREFIX = "PREFECT__"
USER_CONFIG_PATH = "~/.prefect/config.toml"
REFERENCE = re.compile(r"\$\{([^${}]*)\}")
# References may lead to references; a circle of them is left as it is after so many rounds.
MAX_REFERENCE_ROUNDS = 10

DEFAULTS: dict[str, Any] = {
    "debug": False,
    "home_dir": "~/.prefect",
    "backend": "cloud",
    # There is no server and no cloud: these two sections are here because scripts read them.
    "server": {
        "host": "http://localhost",
        "port": 4200,
        "endpoint": "${server.host}:${server.port}",
        "ui": {"host": "http://localhost", "port": 8080, "endpoint": "${server.ui.host}:${server.ui.port}"},
    },
    "cloud": {
        "api": "https://api.prefect.io",
        "endpoint": "https://api.prefect.io",
        "graphql": "${cloud.api}/graphql",
        "use_local_secrets": True,
        "heartbeat_interval": 30.0,
        "heartbeat_mode": "process",
        "check_cancellation_interval": 15.0,
        "diagnostics": False,
        "request_timeout": 15,
        "send_flow_run_logs": True,
        "logging_heartbeat": 5,
        "queue_interval": 30.0,
        "api_key": "",
        "tenant_id": "",
        "agent": {"name": "agent", "labels": [], "level": "INFO", "auth_token": "", "agent_address": ""},
    },
    "logging": {
        "level": "INFO",
        "format": "[%(asctime)s] %(levelname)s - %(name)s | %(message)s",
        "log_attributes": [],
        "datefmt": "%Y-%m-%d %H:%M:%S%z",
        "extra_loggers": [],
    },
    "flows": {
        "eager_edge_validation": False,
        "run_on_schedule": True,
        "checkpointing": False,
        "keep_times": False,
        # Whether a terminal shows how far a run is: True, False, or None: for `miniprefect run` only.
        "progress": None,
        "defaults": {"storage": {"add_default_labels": True, "default_class": "prefect.storage.Local"}},
    },
    "tasks": {"defaults": {"max_retries": 0, "retry_delay": None, "timeout": None}},
    "engine": {
        "executor": {
            "default_class": "prefect.executors.LocalExecutor",
            "dask": {"address": "", "cluster_class": "distributed.deploy.local.LocalCluster"},
        },
        "flow_runner": {"default_class": "prefect.engine.flow_runner.FlowRunner"},
        "task_runner": {"default_class": "prefect.engine.task_runner.TaskRunner"},
    },
}


class Config(Dotted, dict[str, Any]):
    """Hold the configuration: a dict with dots, in which every dict becomes a section (a Config)."""

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.update(*args, **kwargs)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, _as_sections(value))

    # Those of dict would pass `__setitem__` by.
    update = MutableMapping.update
    setdefault = MutableMapping.setdefault

    def __ior__(self, other: Any) -> Self:  # type: ignore[override,misc]
        self.update(other)
        return self


# It was one in Prefect 0.10, before it became a dict: scripts may ask for either.
DotDict.register(Config)


def _as_sections(value: Any) -> Any:
    if isinstance(value, dict):
        return value if isinstance(value, Config) else Config(value)
    if isinstance(value, list):
        return [_as_sections(item) for item in value]
    return value


def load(environ: Mapping[str, str]) -> Config:
    """Return the defaults with the user's file and the variables of `environ` laid over them."""
    loaded = Config(DEFAULTS)
    path = os.path.expanduser(environ.get(f"{PREFIX}USER_CONFIG_PATH", USER_CONFIG_PATH))
    if os.path.isfile(path):
        read_toml = import_module("miniprefect.utilities.toml").read_toml
        _lay_over(loaded, _parsed(read_toml(path)))
    for name in environ:
        if name.startswith(PREFIX):
            _set_variable(loaded, name, parse(environ[name]))
    loaded.home_dir = os.path.expanduser(loaded.home_dir)
    _resolve_references(loaded)
    defaults = loaded.tasks.defaults
    if isinstance(defaults.retry_delay, (int, float)):
        defaults.retry_delay = timedelta(seconds=defaults.retry_delay)
    return loaded


def parse(text: str) -> Any:
    """Return the value that `text` spells, after expanding $VARIABLES and ~; text that spells none is itself.

    >>> parse("true"), parse("3"), parse('["a"]'), parse("plain")
    (True, 3, ['a'], 'plain')
    """
    text = os.path.expanduser(os.path.expandvars(text))
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        with warnings.catch_warnings():
            # Of what would be odd Python, such as the path /data/run-5in.
            warnings.simplefilter("ignore")
            return literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _parsed(section: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            values[key] = _parsed(value)
        else:
            values[key] = parse(value) if isinstance(value, str) else value
    return values


def _lay_over(section: Config, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(section.get(key), Config):
            _lay_over(section[key], value)
        else:
            _set_key(section, key, value)


def _set_variable(loaded: Config, name: str, value: Any) -> None:
    *places, key = name.removeprefix(PREFIX).split("__")
    if [place.lower() for place in places[:2]] == ["context", "secrets"]:
        places[:2] = ["context", "secrets"]
    else:
        places, key = [place.lower() for place in places], key.lower()
    section = loaded
    for place in places:
        if not isinstance(section.get(place), Config):
            _set_key(section, place, {})
        section = section[place]
    _set_key(section, key, value)


def _set_key(section: Config, key: str, value: Any) -> None:
    if hasattr(Config, key):
        raise ValueError(f'Invalid config key: "{key}". The configuration has a method of that name.')
    section[key] = value


def _resolve_references(loaded: Config) -> None:
    for _ in range(MAX_REFERENCE_ROUNDS):
        referring = [leaf for leaf in _leaves(loaded) if isinstance(leaf[2], str) and "${" in leaf[2]]
        for section, key, text in referring:
            section[key] = _resolved(text, loaded)
        if not referring:
            return


def _leaves(section: Config) -> Iterator[tuple[Config, str, Any]]:
    for key, value in section.items():
        if isinstance(value, Config):
            yield from _leaves(value)
        else:
            yield section, key, value


def _resolved(text: str, loaded: Config) -> Any:
    """Replace the references in `text`; one that is the whole text keeps the type of what it refers to."""
    if whole := REFERENCE.fullmatch(text):
        return _look_up(loaded, whole[1])
    return REFERENCE.sub(lambda reference: str(_look_up(loaded, reference[1])), text)


def _look_up(loaded: Config, dotted: str) -> Any:
    value: Any = loaded
    for key in dotted.split("."):
        value = value.get(key, "") if isinstance(value, Config) else ""
    return "" if isinstance(value, Config) else value


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(PREFIX)}


config = load(os.environ)
_loaded_from = _variables(os.environ)


def reload_if_changed(environ: Mapping[str, str]) -> bool:
    """Read the configuration anew, into the same `config`, if variables of it were set since; say whether it was.

    A script may set them before its first `import prefect`, when the configuration has been read already.
    """
    global _loaded_from
    if _variables(environ) == _loaded_from:
        return False
    _loaded_from = _variables(environ)
    fresh = load(environ)
    config.clear()
    config.update(fresh)
    return True
