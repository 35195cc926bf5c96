"""Extract, clean, join, aggregate, write: from untidy CSV files to one report on the moons of the planets.

    python examples/etl.py                      # writes to a new temporary folder
    python examples/etl.py --output report --max-rejected 0

The lists of moons (a selection) came in three deliveries that overlap, with stray blanks, missing figures and
rows that cannot be used. Mapped tasks read and clean each: a fourth file would be taken in without a change.
"""

import argparse
import csv
import json
import tempfile
from pathlib import Path
from typing import NamedTuple

from miniprefect import Flow, Parameter, task
from miniprefect.engine import signals

DATA = Path(__file__).parent / "data"


class Cleaned(NamedTuple):
    rows: list
    rejected: list


@task
def find_deliveries(folder):
    files = sorted(str(path) for path in Path(folder).glob("moons-*.csv"))
    if not files:
        raise signals.FAIL(f"no moons-*.csv in {folder}")
    return files


@task
def read_csv(path):
    """Read rows that remember where they came from, so that a complaint can name the line."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, restval="", restkey="surplus")
        return [{**row, "source": f"{Path(path).name}:{reader.line_num}"} for row in reader]


def number(text):
    return None if text.lower() in ("", "?", "n/a") else float(text.replace(",", ""))


@task
def clean_moons(rows):
    """Tidy up the rows of one delivery; put aside, with the reason, those that cannot be used."""
    cleaned = Cleaned([], [])
    for row in rows:
        try:
            if "surplus" in row:
                raise ValueError("too many columns")
            row = {column: value.strip() for column, value in row.items()}
            if not row["moon"]:
                raise ValueError("no name")
            row |= {"moon": row["moon"].title(), "planet": row["planet"].title()}
            row |= {"radius_km": number(row["radius_km"]), "discovered": number(row["discovered"])}
            cleaned.rows.append(row)
        except ValueError as error:
            cleaned.rejected.append({"source": row["source"], "reason": str(error)})
    return cleaned


@task
def merge_deliveries(deliveries, max_rejected):
    """Put the deliveries together. A moon that comes twice counts once: the first to come stays."""
    rejected = [row for delivery in deliveries for row in delivery.rejected]
    if len(rejected) > max_rejected:
        raise signals.FAIL(f"{len(rejected)} rows rejected, at most {max_rejected} allowed: {rejected}")
    moons = {}
    for delivery in deliveries:
        for row in delivery.rows:
            moons.setdefault((row["planet"], row["moon"]), row)
    return Cleaned(list(moons.values()), rejected)


@task(nout=2)
def join(moons, planets):
    """Give each planet its moons. Second comes what found no planet: its centre is not in the table."""
    families = []
    for planet in planets:
        own = [moon for moon in moons.rows if moon["planet"] == planet["planet"]]
        families.append({**planet, "moons": own})
    known = [planet["planet"] for planet in planets]
    return families, [moon["moon"] for moon in moons.rows if moon["planet"] not in known]


@task
def summarise(family):
    years = [int(moon["discovered"]) for moon in family["moons"] if moon["discovered"]]
    summary = {"planet": family["planet"], "moons": len(family["moons"])}
    summary |= {"first_discovered": min(years, default=""), "last_discovered": max(years, default="")}
    sized = [moon for moon in family["moons"] if moon["radius_km"]]
    if sized:
        largest = max(sized, key=lambda moon: moon["radius_km"])
        percent = 100 * largest["radius_km"] / float(family["radius_km"])
        summary |= {"largest": largest["moon"], "percent_of_planet": round(percent, 2)}
    return summary


@task
def write_report(output, summary, moons, homeless):
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["planet", "moons", "first_discovered", "last_discovered", "largest", "percent_of_planet"]
    with open(folder / "planets.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(summary)
    notes = {"moons": len(moons.rows), "without_planet": homeless, "rejected": moons.rejected}
    (folder / "notes.json").write_text(json.dumps(notes, indent=2), encoding="utf-8")


with Flow("moons of the planets") as flow:
    data = Parameter("data", default=str(DATA))
    output = Parameter("output")
    max_rejected = Parameter("max_rejected", default=5)

    deliveries = clean_moons.map(read_csv.map(find_deliveries(data)))
    moons = merge_deliveries(deliveries, max_rejected)
    planets = read_csv(data + "/planets.csv")  # an operator on a task makes a task too
    families, homeless = join(moons, planets)
    write_report(output, summarise.map(families), moons, homeless)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=str(DATA), help="folder of planets.csv and moons-*.csv")
    parser.add_argument("--output", help="folder of the report (default: a new temporary folder)")
    parser.add_argument("--max-rejected", type=int, default=5, help="more bad rows than this fail the run")
    options = parser.parse_args()
    options.output = options.output or tempfile.mkdtemp(prefix="moons-")

    state = flow.run(parameters=vars(options))
    if not state.is_successful():
        print(f"No report: {state.message} The log above says which, and why.")
        return 1
    print((Path(options.output) / "planets.csv").read_text(encoding="utf-8"))
    print(f"Written to {options.output}: planets.csv and notes.json")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
