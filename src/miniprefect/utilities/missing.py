"""What to say when a script imports something of Prefect that miniprefect does not have.

For modules: `compat` asks `advice_for("tasks.aws")` when `import prefect.tasks.aws` finds nothing.

For names in a module that is there: the module's last line lists the names of Prefect's that it lacks,

    __getattr__ = missing_names(__name__, {"HeartbeatThread": "There is no backend that listens."})

and `from miniprefect.utilities.executors import HeartbeatThread` raises an ImportError with that advice; in
a package, so do its missing modules (`from miniprefect.tasks import aws`). Asked for in any other way, as by
`hasattr`, such a name is not there. Python calls a module's `__getattr__` only for names that it does not find,
so this costs nothing otherwise. Names that are neither there nor listed stay what they are in any module: an
AttributeError, or "cannot import name".
"""

import opcode
import sys
from collections.abc import Callable, Mapping
from types import FrameType, MappingProxyType
from typing import Any, NoReturn

NO_BACKEND = "There is no backend here: run the flow with flow.run(), on a schedule or from cron."
OTHERWISE = "miniprefect has what Prefect 0.10 to 1.4 could do without a server."

# For modules and names below prefect: the longest prefix that fits gives the advice.
ADVICE: dict[str, str] = {
    "tasks": "Write it as a @task that calls the vendor's own Python library.",
    "tasks.aws": "Write it as a @task that calls boto3.",
    "tasks.azure": "Write it as a @task that calls the azure-storage-blob or another azure-* library.",
    "tasks.azureml": "Write it as a @task that calls azure-ai-ml.",
    "tasks.databricks": "Write it as a @task that calls databricks-sdk.",
    "tasks.database": "Write it as a @task that calls sqlite3 or another database module.",
    "tasks.dbt": "Write it as a @task that calls dbt with subprocess.run.",
    "tasks.exasol": "Write it as a @task that calls pyexasol.",
    "tasks.gcp": "Write it as a @task that calls google-cloud-storage or another google-cloud-* library.",
    "tasks.github": "Write it as a @task that calls GitHub's REST API with urllib.request.",
    "tasks.great_expectations": "Write it as a @task that calls great_expectations.",
    "tasks.gsheets": "Write it as a @task that calls gspread.",
    "tasks.jupyter": "Write it as a @task that calls papermill.",
    "tasks.mysql": "Write it as a @task that calls pymysql.",
    "tasks.postgres": "Write it as a @task that calls psycopg.",
    "tasks.kubernetes": "Tasks for jobs, pods and secrets are here. Call kubectl with subprocess.run for the others.",
    "tasks.powershell": "Write it as a @task that calls pwsh with subprocess.run.",
    "tasks.redis": "Write it as a @task that calls redis.",
    "tasks.snowflake": "Write it as a @task that calls snowflake-connector-python.",
    "tasks.sql_server": "Write it as a @task that calls pyodbc.",
    "tasks.secrets.vault_secret": "Write it as a @task that calls hvac.",
    "hello_world": "See the examples.",
    "engine.cloud": NO_BACKEND,
    "utilities.backend": NO_BACKEND,
    "utilities.cli": "See the command `miniprefect --help`.",
    "utilities.datetimes": "Add Task(retry_delay=...) to datetime.datetime.now(datetime.UTC).",
    "utilities.diagnostics": "Print miniprefect.config, sys.version and platform.platform().",
    "utilities.filesystems": "Call pathlib, or the vendor's library for its file store.",
    "utilities.git": "Call git with subprocess.run.",
    "utilities.importtools": "Call importlib.import_module and getattr.",
    "utilities.plugins": NO_BACKEND,
    "utilities.serialization": "Flows, tasks and states pickle; flow.serialize() describes a flow as a dict.",
    "utilities.storage": "Import the flow from its module, or read what flow.save() wrote with Flow.load().",
    "utilities.executors": "Timeouts are here as Task(timeout=...).",
    "utilities.jupyter": "Run the notebook with nbclient or papermill in a @task.",
    "contrib": "Write it as a @task of your own.",
    "agent": NO_BACKEND,
    "backend": NO_BACKEND,
    "client": NO_BACKEND,
    "cli": "See the command `miniprefect --help`.",
    "serialization": "Flows, tasks and states pickle; flow.serialize() describes a flow as a dict.",
    "utilities.agent": NO_BACKEND,
    "utilities.aws": "Call boto3 directly.",
    "utilities.gcp": "Call the google-cloud-* library directly.",
    "utilities.graphql": "It builds queries for Prefect's API, and there is no backend here to send them to.",
    "utilities.kubernetes": "Call the kubernetes library directly, or use the tasks of tasks.kubernetes.",
}


def advice_for(module: str) -> str:
    """Return what to use instead of Prefect's `module`, a dotted name below `prefect` such as "tasks.aws"."""
    parts = module.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((ADVICE[prefix] for prefix in prefixes if prefix in ADVICE), OTHERWISE)


def missing_names(module: str, names: Mapping[str, str] = MappingProxyType({})) -> Callable[[str], Any]:
    """Make the `__getattr__` of `module`; `names` maps names that it lacks to what to use instead."""

    def getattr_of_module(name: str) -> Any:
        refuse(module, name, sys._getframe(1), names.get(name))

    return getattr_of_module


def refuse(module: str, name: str, asking: FrameType, advice: str | None = None) -> NoReturn:
    """Say that `module` has no `name`, and what to use instead if that is known, to the code of the frame `asking`."""
    advice = advice or ADVICE.get(f"{module.partition('.')[2]}.{name}".lstrip("."), "")
    if advice and _imports_a_name(asking):
        raise ImportError(f"miniprefect does not have {module}.{name}. {advice}", name=module)
    hint = f". {advice}" if advice else ""
    raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}", name=name)


def _imports_a_name(frame: FrameType) -> bool:
    """Say whether the code of `frame` is at a ``from module import name``.

    Nothing else tells it from `hasattr`, which lets no ImportError pass; and of an AttributeError, Python makes an
    ImportError that has no advice.
    """
    return frame.f_code.co_code[frame.f_lasti] == opcode.opmap["IMPORT_FROM"]
