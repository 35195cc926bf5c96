"""The page docs/names.md: every public name of Prefect 1.4.1, and what became of it here.

The names are those of data/prefect-1.4.1-public.tsv, which record_names.py wrote. Whether one is here is found by
importing it; which parameters and members it lacks, by comparing; what to use instead, from the error of the import.
Only how a name that is here behaves otherwise has to be written down: that is `DIFFERS`.
"""

import contextlib
import functools
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from miniprefect.utilities.missing import advice_for
from tests.test_exports import absent, parameters_of, resolve

RECORD = Path(__file__).parents[1] / "data" / "prefect-1.4.1-public.tsv"
PAGE = "names.md"

WORKS, DIFFERENT, MISSING = "works", "differs", "not here"

RAISES = "can be made; whatever it does raises `NoBackendError`"
CALL_RAISES = "raises `NoBackendError` when it is called"
ARTIFACT = "does nothing and returns None, as in Prefect without a backend"
VIEW = "can be made; fetching one raises `NoBackendError`"
RUN_RAISES = "can be put into a flow; fails when it runs, and says what to do instead"
KEPT = "keeps its arguments; never used, nothing is uploaded or built"
ON_PURPOSE = "[what differs on purpose](coming-from-prefect.md#what-differs-on-purpose)"

# Of a name under the path where Prefect defines it, or of all below a path: the longest that fits counts.
DIFFERS: Mapping[str, str] = {
    "prefect.backend": CALL_RAISES,
    "prefect.backend.flow.FlowView": VIEW,
    "prefect.backend.flow_run.FlowRunView": VIEW,
    "prefect.backend.task_run.TaskRunView": VIEW,
    "prefect.backend.tenant.TenantView": VIEW,
    "prefect.backend.artifacts": ARTIFACT,
    "prefect.artifacts": ARTIFACT,
    "prefect.client.client.Client": RAISES,
    "prefect.client.secrets.Secret": "reads the environment and the configuration; there is no Cloud to ask",
    "prefect.storage": KEPT,
    "prefect.run_configs": KEPT,
    "prefect.tasks.prefect": RUN_RAISES,
    "prefect.cli": "has [commands of its own](command-line.md)",
    "prefect.engine.executors.dask.DaskExecutor": "as `prefect.executors.DaskExecutor`",
    "prefect.engine.executors.dask.LocalDaskExecutor": "as `prefect.executors.LocalDaskExecutor`",
    "prefect.core.flow.Flow": "a cycle raises; tasks run in a fixed order; Ctrl-C gives `Cancelled`; `visualize()` "
    f"needs no Graphviz; `register()` and `run_agent()` raise `NoBackendError`: {ON_PURPOSE}",
    "prefect.core.task.Task": f"`async def run` is awaited; `map(x=5)` raises at once; timeouts that were swallowed "
    f"count: {ON_PURPOSE}",
    "prefect.core.parameter.DateTimeParameter": "gives a `datetime.datetime`, not one of `pendulum`",
    "prefect.utilities.context.Context": "dates are `datetime.datetime`, not of `pendulum`",
    "prefect.executors.dask.LocalDaskExecutor": "threads or processes of the [standard library](executors.md), no "
    "Dask; further settings of Dask have no effect",
    "prefect.executors.dask.DaskExecutor": "needs `miniprefect[dask]`; see [Dask](dask.md)",
    "prefect.engine.serializers.PickleSerializer": "the standard `pickle`, not `cloudpickle`: no lambdas, nothing "
    "that was defined in a function",
    "prefect.engine.results.local_result.LocalResult": "a file that is empty or cut short counts as none",
    "prefect.schedules.clocks.CronClock": "a list of dates that ends, where there are no more; takes any `tzinfo`",
    "prefect.schedules.schedules.CronSchedule": "as `CronClock`",
    "prefect.schedules.clocks.DatesClock": "a date without time zone is in UTC",
    "prefect.tasks.shell.ShellTask": "a timeout ends all that the command started; the message of a failure has the "
    "last lines; bytes that are no UTF-8 are shown as `\\xff`",
    "prefect.tasks.files.compression.Zip": "refuses a source that is missing; leaves itself out",
    "prefect.tasks.database.sqlite.SQLiteQuery": "what it writes is committed",
    "prefect.tasks.docker": "no package `docker` needed; an error of the Engine fails the task; `DOCKER_HOST` and the "
    "like count",
    "prefect.tasks.kubernetes": "no package `kubernetes` needed: answers are dicts with attributes, errors "
    "`ApiError`; finds the cluster [by itself](kubernetes.md)",
    "prefect.tasks.kubernetes.job.RunNamespacedJob": "likewise; logs every line of every container",
    "prefect.tasks.notifications.email_task.EmailTask": "what can't be sent is an `OSError`",
    "prefect.tasks.notifications.slack_task.SlackTask": "what can't be sent is an `OSError`",
    "prefect.tasks.secrets.env_var.EnvVarSecret": "what can't be cast is a `ValueError` that does not quote it",
    "prefect.utilities.notifications.notifications.slack_notifier": "what can't be sent is a `ValueError` that does "
    "not quote the URL",
    "prefect.utilities.notifications.notifications.gmail_notifier": "what can't be sent is a `ValueError` that does "
    "not quote the password",
}

# What these need, here as in Prefect.
NEEDS: Mapping[str, str] = {
    "prefect.engine.results.s3_result.S3Result": "needs `boto3`",
    "prefect.engine.results.gcs_result.GCSResult": "needs `google-cloud-storage`",
    "prefect.engine.results.azure_result.AzureResult": "needs `azure-storage-blob`",
    "prefect.engine.serializers.PandasSerializer": "needs `pandas`",
    "prefect.schedules.clocks.RRuleClock": "needs `dateutil`",
    "prefect.schedules.schedules.RRuleSchedule": "needs `dateutil`",
}

# Names in modules that are here, for which neither an error nor tests/test_exports.py has an answer.
INSTEAD: Mapping[str, str] = {
    "prefect.backend.execution": "Run the flow with flow.run().",
    "prefect.backend.flow_run.FlowRunLog": "It is what Prefect's API answers; read the log, or the report of a run.",
    "prefect.cli": "See the command `miniprefect --help`.",
    "prefect.client.client": "It is what Prefect's API answers.",
    "prefect.configuration": "Read `miniprefect.config`, or change it with `set_temporary_config`.",
    "prefect.executors.dask.PrefectCallback": "It is how Prefect's executor is built.",
    "prefect.storage": "It serves `flow.register()`, which is not here.",
    "prefect.utilities.compatibility": "It is how Prefect is built.",
    "prefect.utilities.logging.LOG_MANAGER": "It serves Prefect's backend, and there is none here.",
}


@dataclass(frozen=True)
class Recorded:
    """A line of the record; `name` is "" for the module itself."""

    module: str
    name: str
    home: str
    members: tuple[str, ...]

    @classmethod
    def parse(cls, line: str) -> "Recorded":
        module, name, home, members = ("" if cell == "-" else cell for cell in line.split("\t"))
        return cls(module, name, home or module, tuple(members.split()))

    @property
    def path(self) -> str:
        """Where it is imported from."""
        return f"{self.module}.{self.name}".rstrip(".")

    @property
    def origin(self) -> str:
        """Where it is defined."""
        return f"{self.home}.{self.name}".rstrip(".")


def recorded() -> list[Recorded]:
    """The lines of the record."""
    lines = RECORD.read_text(encoding="utf-8").splitlines()
    return [Recorded.parse(line) for line in lines if not line.startswith("#")]


@dataclass(frozen=True)
class Row:
    """A row of the page: names with the same answer, under the same modules."""

    modules: tuple[str, ...]
    answer: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(f"`{name}`" for name in self.names if name) or "(the module)"
        return f"| {', '.join(f'`{module}`' for module in self.modules)} | {names} | {self.answer} |"


@functools.cache
def find(path: str) -> Any:
    """What is at a path of Prefect's here; None if nothing is."""
    with contextlib.suppress(ImportError, AttributeError):
        return resolve(path)
    return None


def lacks(found: Any, members: Iterable[str]) -> Iterator[str]:
    """The members, and parameters of them, that Prefect has and `found` has not."""
    for member in members:
        name, _, parameters = member.rstrip(")").partition("(")
        if name and not hasattr(found, name):
            if not (hasattr(found, "__getattr__") or is_set(found, name)):
                yield f"`{name}`"
            continue
        ours = getattr(found, name) if name else found
        known = known_parameters(ours) if "(" in member and callable(ours) else None
        missing = [] if known is None else sorted({*filter(None, parameters.split(","))} - known - {"*"})
        yield from (f"`{name}({one}=)`" for one in missing)


def is_set(cls: type, name: str) -> bool:
    """Whether the methods of a class set an attribute."""
    own = [one for one in cls.__mro__ if one.__module__.startswith("miniprefect")]
    return any(re.search(rf"\bself\.{name}\b.* = ", inspect.getsource(one)) for one in own)


def known_parameters(function: Any) -> set[str] | None:
    """The names that it takes as keywords, or None if it takes any or, being built into Python, does not say."""
    try:
        return parameters_of(function)
    except ValueError:
        return None


def longest(table: Mapping[str, str], path: str) -> str:
    """What a table says of a path or of the longest that is above it; "" for nothing."""
    parts = path.split(".")
    above = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((table[one] for one in above if one in table), "")


def answer_for(one: Recorded, members: Mapping[str, tuple[str, ...]]) -> str:
    """Whether a name works, differs and how, or is not here and what to use instead."""
    found = find(one.path)
    if found is None:
        return f"{MISSING}: {instead_of(one)}"
    if not one.name:
        return f"{DIFFERENT}: {DIFFERS[one.module]}" if one.module in DIFFERS else WORKS
    without = ", ".join(lacks(found, members[one.origin]))
    differs = "; ".join(filter(None, [longest(DIFFERS, one.origin), without and f"without {without}"]))
    needs = NEEDS.get(one.origin, "")
    return f"{DIFFERENT}: {differs}" if differs else ": ".join(filter(None, [WORKS, needs]))


def instead_of(one: Recorded) -> str:
    """What to use instead of a name that is not here."""
    said = said_by_import(one.module, one.name) or longest(INSTEAD, one.path) or absent(one.path)
    said = (said or advice_for(one.module.removeprefix("prefect."))).rstrip(".")
    return f"{said[:1].lower()}{said[1:]}".replace("@task", "`@task`")


def said_by_import(module: str, name: str) -> str:
    """What the error says to somebody who imports a name from a module that is here."""
    try:
        exec(f"from mini{module} import {name or '_'}", {})
    except ImportError as error:
        return str(error).partition(f"{name}. ")[2] if "does not have" in str(error) else ""
    return ""


def rows() -> Iterator[Row]:
    """The rows of the page, by the module that defines the names."""
    everything = recorded()
    members = {one.origin: one.members for one in everything if one.home == one.module}
    origins = {one.path for one in everything}
    places: dict[tuple[str, str], list[Recorded]] = {}
    for one in everything:
        home = one.home if one.origin in origins else one.module
        places.setdefault((f"{home}.{one.name}", answer_for(one, members)), []).append(one)
    found = [
        (
            tuple(sorted({one.module for one in ones}, key=lambda module: (module.count("."), module))),
            answer,
            ones[0].name,
        )
        for (_, answer), ones in places.items()
    ]
    named = {module for modules, _, name in found if name for module in modules}
    kept = sorted(row for row in found if row[2] or row[0][0] not in named)
    for (modules, answer), same in groupby(kept, key=lambda row: row[:2]):
        yield Row(modules, answer, tuple(name for *_, name in same))


HEAD = """\
<!-- Written by `python -m tests.reference` from what really imports here: change tests/reference/names.py instead. -->

# Every public name of Prefect 1.4.1

What became of each here: it *works*; it *differs*, and how; or it is *not here*, and what to use instead. A name that
can be imported from several modules stands in one row with all of them. Replace `prefect` by `miniprefect`, or let
[`miniprefect script`](coming-from-prefect.md#running-an-old-script) do it.

Of {count} names, {works} work, {differs} differ, and {missing} are not here: nearly all of these talk to Prefect's
server or to one vendor's service. Methods and parameters were compared, too: what a class lacks is said.
"""


def page() -> str:
    """The text of docs/names.md."""
    all_rows = sorted(rows(), key=lambda row: (section_of(row), row.modules, row.answer))
    parts = [HEAD.format(**counts(all_rows))]
    for section, group in groupby(all_rows, key=section_of):
        lines = "\n".join(map(str, group))
        parts.append(f"\n## {section}\n\n| Modules | Names | Here |\n|---|---|---|\n{lines}\n")
    return "".join(parts)


def counts(all_rows: Iterable[Row]) -> dict[str, int]:
    """How many names there are of each kind; a name of several modules counts once."""
    by_kind = dict.fromkeys((WORKS, DIFFERENT, MISSING), 0)
    for row in all_rows:
        by_kind[row.answer.partition(":")[0]] += len(row.names)
    total = sum(by_kind.values())
    return {"count": total, "works": by_kind[WORKS], "differs": by_kind[DIFFERENT], "missing": by_kind[MISSING]}


def section_of(row: Row) -> str:
    """The heading under which a row stands."""
    parts = row.modules[0].split(".")
    if parts[1:2] == ["tasks"] and row.answer.startswith(MISSING):
        return "prefect.tasks, not here"
    return ".".join(parts[:2])
