"""Play the scenarios of one topic and print what they saw, as JSON: `python play.py TOPIC [SCENARIO ...]`.

`--library miniprefect` (the default) makes `import prefect` mean miniprefect; `--library prefect` wants the
real one. The scenarios run in a child process with a home folder of their own, so the alias and their traces
stay there; a scenario that hangs or kills its process is reported as such, and the others are still played.
Unless they are named, miniprefect plays all scenarios, and the real Prefect those that are recorded from it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PATIENCE = 20  # seconds; no scenario needs two


def main() -> None:
    arguments = parse()
    if arguments.child:
        play_here(arguments.topic, arguments.library, arguments.quiet, arguments.scenarios, Path(arguments.child))
    else:
        options = ["--library", arguments.library, *(["--quiet"] if arguments.quiet else [])]
        if arguments.executor:
            os.environ["CONFORMANCE_EXECUTOR"] = arguments.executor
        json.dump(play(arguments.topic, options, arguments.scenarios), sys.stdout, indent=2)
        print()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("topic", help="a file of scenarios/, without .py")
    parser.add_argument("scenarios", nargs="*", help="only these (default: all of the topic)")
    parser.add_argument("--library", choices=["miniprefect", "prefect"], default="miniprefect")
    parser.add_argument("--quiet", action="store_true", help="switch the log off")
    parser.add_argument("--executor", default="", help="run flows on this one unless they say otherwise (dotted path)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


# --- the parent: starts a child, and another one for the rest when a child does not come back ---------------


def play(topic: str, options: list[str], wanted: list[str]) -> dict[str, Any]:
    """Return an entry for each scenario: `observation` or `error`, and the differences that it states."""
    played: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="conformance-") as home:
        report = Path(home) / "report.jsonl"
        while True:
            report.write_text("")
            complaint = run_child(topic, options, wanted, home, report)
            events = [json.loads(line) for line in report.read_text().splitlines()]
            if not events:
                raise SystemExit(f"The scenarios of {topic!r} could not be loaded:\n{complaint}")
            names = events[0]["scenarios"]
            played.update({event["scenario"]: event for event in events[1:] if "started" not in event})
            if events[-1].get("started"):
                played[events[-1]["scenario"]] = {"error": f"the process died or hung in it\n{complaint}"}
            wanted = [name for name in names if name not in played]
            if not wanted:
                return {name: played[name] for name in played}


def run_child(topic: str, options: list[str], wanted: list[str], home: str, report: Path) -> str:
    command = [sys.executable, str(HERE / "play.py"), topic, *wanted, *options, "--child", str(report)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT__")}
    if "CONFORMANCE_EXECUTOR" in os.environ:
        environment["PREFECT__ENGINE__EXECUTOR__DEFAULT_CLASS"] = os.environ["CONFORMANCE_EXECUTOR"]
    environment.update(HOME=home, TZ="UTC", PREFECT__HOME_DIR=f"{home}/prefect", PREFECT__LOGGING__LEVEL="INFO")
    # The child runs in a folder of its own, where "src" would be nothing.
    given = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment["PYTHONPATH"] = os.pathsep.join([*given, str(HERE)])
    child = subprocess.run(
        command,
        env=environment,
        cwd=home,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return child.stdout[-3000:]


# --- the child ----------------------------------------------------------------------------------------------


def play_here(topic: str, library: str, quiet: bool, wanted: list[str], report: Path) -> None:
    """Play the scenarios in this process, telling the report about each as it starts and as it ends."""
    version = choose(library)
    if quiet:
        logging.getLogger("prefect").setLevel(logging.CRITICAL)
    observe = importlib.import_module("observe")
    importlib.import_module(f"scenarios.{topic}")
    names = wanted or [name for name, one in observe.SCENARIOS.items() if version in (None, *one.versions)]
    with report.open("a", buffering=1) as lines:
        lines.write(json.dumps({"scenarios": names}) + "\n")
        for name in names:
            lines.write(json.dumps({"scenario": name, "started": True}) + "\n")
            watchdog = threading.Timer(PATIENCE, give_up)
            watchdog.daemon = True
            watchdog.start()
            entry = play_one(observe.SCENARIOS[name])
            watchdog.cancel()
            lines.write(json.dumps({"scenario": name, **entry}, sort_keys=True) + "\n")


def choose(library: str) -> str | None:
    """Make `import prefect` mean the library asked for, and return the version of a real Prefect."""
    if library == "miniprefect":
        import miniprefect

        miniprefect.install_as_prefect()
        return None
    import prefect

    if "miniprefect" in sys.modules or getattr(prefect, "__name__", "") != "prefect":
        raise SystemExit("`import prefect` gives miniprefect here: the recorder wants the real Prefect.")
    if not hasattr(prefect.Flow("any"), "slugs"):
        importlib.import_module("slugs").keep_order()
    return prefect.__version__


def play_one(scenario: Any) -> dict[str, Any]:
    import prefect

    prefect.context.get("caches", {}).clear()
    marks = {name: getattr(scenario, name) for name in ("differs", "here", "differed", "where")}
    note = {name: mark for name, mark in marks.items() if mark}
    try:
        return {"observation": json.loads(json.dumps(scenario.observe())), **note}
    except BaseException:  # signals too: a scenario that lets one out is wrong, or the library is
        return {"error": traceback.format_exc(), **note}


def give_up() -> None:
    print(f"gave up after {PATIENCE} s")
    sys.stdout.flush()
    os._exit(3)


if __name__ == "__main__":
    main()
