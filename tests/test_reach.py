"""Modules that scripts reach by dots after a plain import, and variables that they set before it."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "path",
    [
        "engine.results",
        "engine.result_handlers",
        "schedules",
        "storage",
        "run_configs",
        "environments",
        "backend",
        "client",
        "artifacts",
        "executors",
        "tasks.secrets",
        "tasks.control_flow",
        "tasks.core.function",
        "tasks.core.operators",
        "tasks.core.resource_manager",
        "utilities.configuration",
        "utilities.notifications",
    ],
)
def test_a_module_is_reached_by_dots_alone(path: str) -> None:
    script = f"import miniprefect; print(miniprefect.{path}.__name__)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == f"miniprefect.{path}"


@pytest.mark.parametrize("path", ["nothing", "engine.nothing", "tasks.nothing", "utilities.nothing"])
def test_what_is_not_there_is_an_attribute_error(path: str) -> None:
    owner, _, name = f"miniprefect.{path}".rpartition(".")
    module = importlib.import_module(owner)
    assert not hasattr(module, name)


def test_a_script_may_set_variables_before_its_first_import(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os\n"
        "os.environ['PREFECT__LOGGING__LEVEL'] = 'ERROR'\n"
        "os.environ['PREFECT__FLOWS__CHECKPOINTING'] = 'true'\n"
        "os.environ['PREFECT__CONTEXT__SECRETS__TOKEN'] = 'abc'\n"
        "import logging, prefect\n"
        "from prefect.client import Secret\n"
        "print(prefect.config.flows.checkpointing, logging.getLogger('prefect').level, Secret('TOKEN').get())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "miniprefect", "script", str(script)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout.strip() == "True 40 abc"


def test_a_secret_of_the_environment_that_is_json_is_plain_data(tmp_path: Path) -> None:
    script = "import json; from miniprefect.client import Secret; print(json.dumps(Secret('KEY').get()), end='')"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PREFECT__CONTEXT__SECRETS__KEY": '{"k": [1]}',
    }
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == '{"k": [1]}'
