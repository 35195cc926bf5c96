"""Files and SQLite: load the lists of planets and moons into a database, ask it, and pack it for whoever wants it.

    python examples/moons_database.py                   # writes to a new temporary folder
    python examples/moons_database.py --output moons --largest 3

The deliveries of moons overlap, as examples/etl.py tells; here a key of the database sorts out the doubles.
"""

import argparse
import csv
import tempfile
from pathlib import Path

from miniprefect import Flow, Parameter, flatten, task, unmapped
from miniprefect.tasks.database.sqlite import SQLiteQuery, SQLiteScript
from miniprefect.tasks.files import Glob, Zip

DATA = Path(__file__).parent / "data"

TABLES = """
drop table if exists planets;
drop table if exists moons;
create table planets (planet text primary key, radius_km real);
create table moons (moon text primary key, planet text, radius_km real);
"""

LARGEST = """
select moon, planet, moons.radius_km, round(100 * moons.radius_km / planets.radius_km, 2)
from moons join planets using (planet)
order by moons.radius_km desc
limit ?
"""


@task
def path_in(folder, name):
    Path(folder).mkdir(parents=True, exist_ok=True)
    return str(Path(folder) / name)


@task
def read(path, columns):
    """Return the rows of a CSV file that have all that the table needs, the number last."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [[(row[column] or "").strip() for column in columns] for row in csv.DictReader(file)]
    return [(*texts, number(radius)) for *texts, radius in rows if all(texts) and number(radius)]


def number(text):
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


with Flow("moons in a database") as flow:
    output = Parameter("output")
    largest = Parameter("largest", default=5)
    database = path_in(output, "moons.db")
    tables = SQLiteScript(script=TABLES)(db=database)

    planets = read(str(DATA / "planets.csv"), ["planet", "radius_km"])
    moons = read.map(Glob(path=DATA, pattern="moons-*.csv"), unmapped(["moon", "planet", "radius_km"]))

    insert_planet = SQLiteQuery(query="insert into planets values (?, ?)")
    insert_moon = SQLiteQuery(query="insert or ignore into moons values (?, ?, ?)")
    loaded = [
        insert_planet.map(db=unmapped(database), data=planets, upstream_tasks=[unmapped(tables)]),
        insert_moon.map(db=unmapped(database), data=flatten(moons), upstream_tasks=[unmapped(tables)]),
    ]
    found = SQLiteQuery(query=LARGEST)(db=database, data=[largest], upstream_tasks=loaded)
    packed = Zip()(source_path=database, zip_path=path_in(output, "moons.zip"), upstream_tasks=loaded)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", help="folder of the database (default: a new temporary folder)")
    parser.add_argument("--largest", type=int, default=5, help="how many moons to show")
    options = parser.parse_args()
    options.output = options.output or tempfile.mkdtemp(prefix="moons-")

    state = flow.run(parameters=vars(options))
    if not state.is_successful():
        print(f"No database: {state.message} The log above says which task failed, and why.")
        return 1
    for moon, planet, radius, share in state.result[found].result:
        print(f"{moon:10} {planet:8} {radius:5.0f} km, {share} % of its planet")
    print(f"Written to {options.output}: moons.db and moons.zip")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
