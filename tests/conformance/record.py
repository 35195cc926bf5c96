"""Record what real Prefect does in the scenarios: `python tests/conformance/record.py [TOPIC ...]`.

Needs an environment of its own that has Prefect, and never miniprefect in its place. For 1.4.1:

    python3.11 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install prefect==1.4.1 "pendulum<3"
    /tmp/oracle/bin/python tests/conformance/record.py

(Prefect 1.4.1 starts with pendulum 3 too, but its cron schedules break.) For 0.10.6, which needs Python 3.7:

    python3.7 -m venv /tmp/oracle-0.10
    /tmp/oracle-0.10/bin/pip install prefect==0.10.6
    /tmp/oracle-0.10/bin/python tests/conformance/record.py

The scenarios that are marked for the version that is there go to recorded/<version>/.

Each scenario is played three times under different hash seeds; one that does not see the same each time is
not recorded, and neither is one that breaks or whose expected fragments of text Prefect does not say: the
recorder names it and ends with exit code 1. `--check` writes nothing and names what would change.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEEDS = ("0", "1", "42")
# A topic has scenarios for a version if this is found in it; the others may import what that version lacks.
MARKED = {"1.4.1": r"@scenario(?!\(\s*only=)", "0.10.6": r'@scenario\(\s*(since|only)="0\.10"'}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("topics", nargs="*", help="files of scenarios/, without .py (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing, compare with what is recorded")
    arguments = parser.parse_args()
    version = installed()
    topics = arguments.topics or topics_of(version)
    complaints = []
    for topic in topics:
        recorded, wrong = record(topic)
        complaints += wrong
        print(f"{topic}: {len(recorded)} recorded, {len(wrong)} refused", flush=True)
        target = HERE / "recorded" / version / f"{topic}.json"
        if not arguments.check:
            target.write_text(as_text(version, recorded))
        else:
            before = json.loads(target.read_text())["scenarios"] if target.exists() else {}
            changed = [name for name in {**before, **recorded} if differ(before.get(name), recorded.get(name))]
            complaints += [f"--- {topic}.{name}: not what {target.name} says" for name in changed]
    print("\n".join(complaints), file=sys.stderr)
    return 1 if complaints else 0


def installed() -> str:
    """Return the version of the Prefect that is to be recorded."""
    found = subprocess.run(
        [sys.executable, "-c", "import prefect; print(prefect.__version__)"],
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.split()[-1]
    if found not in MARKED:
        raise SystemExit(f"This is Prefect {found}: the recorder wants one of {', '.join(MARKED)}.")
    return found


def topics_of(version: str) -> list[str]:
    """Return the topics that have scenarios for a version."""
    sources = {path.stem: path.read_text() for path in (HERE / "scenarios").glob("*.py")}
    return sorted(topic for topic, source in sources.items() if re.search(MARKED[version], source))


def record(topic: str) -> tuple[dict[str, Any], list[str]]:
    """Return the observations of a topic's scenarios, and complaints about those that can't be recorded."""
    with ThreadPoolExecutor() as pool:
        takes = list(pool.map(lambda seed: play(topic, seed), SEEDS))
    recorded, complaints = {}, []
    for name in takes[0]:
        wrong = complaint(*(take[name] for take in takes))
        if wrong:
            complaints.append(f"--- {topic}.{name}: {wrong}")
        else:
            recorded[name] = takes[0][name]["observation"]
    return recorded, complaints


def play(topic: str, seed: str) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "play.py"), topic, "--library", "prefect"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    child = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, check=False)
    if child.returncode:
        raise SystemExit(child.returncode)
    return json.loads(child.stdout)


def complaint(*takes: dict[str, Any]) -> str:
    for take in takes:
        if "error" in take:
            return take["error"]
    for take in takes[1:]:
        if differ(take["observation"], takes[0]["observation"]):
            return f"differs from run to run:\n{takes[0]['observation']}\n{take['observation']}"
    unsaid = list(not_said(takes[0]["observation"]))
    return f"Prefect does not say {unsaid}: {takes[0]['observation']}" if unsaid else ""


def differ(one: Any, other: Any) -> bool:
    return compared(one) != compared(other)


def compared(observation: Any) -> Any:
    """Drop the full texts of errors and warnings, which the tests do not compare."""
    if isinstance(observation, dict):
        return {key: compared(part) for key, part in observation.items() if key != "prefect_said"}
    if isinstance(observation, list):
        return [compared(part) for part in observation]
    return observation


def not_said(observation: Any) -> Any:
    """Yield the fragments that a scenario expects of a text and that are not in it."""
    if isinstance(observation, dict):
        said = observation.get("says")
        if isinstance(said, dict):
            yield from (fragment for fragment, found in said.items() if found is False)
        for part in observation.values():
            yield from not_said(part)
    elif isinstance(observation, list):
        for part in observation:
            yield from not_said(part)


def as_text(version: str, recorded: dict[str, Any]) -> str:
    data = {"prefect_version": version, "scenarios": recorded}
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
