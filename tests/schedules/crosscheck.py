"""Compare schedules with those of real Prefect 1.4.1, by hand, on generated cases.

Recording needs an environment of its own, with Prefect's own parser of cron expressions (7.0.0 was recorded) and
dateutil; comparing runs in ours:

    python3.11 -m venv /tmp/oracle && /tmp/oracle/bin/pip install prefect==1.4.1 "pendulum<3"
    /tmp/oracle/bin/python tests/schedules/crosscheck.py record 20000 /tmp/full.json
    python tests/schedules/crosscheck.py compare /tmp/full.json
    python tests/schedules/crosscheck.py sample /tmp/full.json 2000 tests/schedules/recorded_cron.json

(pendulum 3 breaks the cron schedules of Prefect 1.4.1.) Cases are made from a fixed seed. A record is a list

    [kind, what, more, zone, start, after, answer]

with times in seconds since 1970. `kind` is "cron" (what: the expression; more: day_or), "interval" (what: seconds) or
"rrule" (what: the rule; more: its dtstart, in UTC). The answer is "refused", "none" (Prefect raises because it finds no
event), or the next events: the first, then the time from each to the next.
"""

import datetime
import json
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

SEED = 20_200_101
EVENTS = 5
UNTIL_2037 = 2_145_916_800
UTC = datetime.timezone.utc  # noqa: UP017

# Years whose rules will not change any more, and did not since pendulum 2 got its data.
ZONES = {
    "UTC": (2015, 2024),
    "America/New_York": (2015, 2024),
    "Europe/London": (2015, 2024),
    "America/Santiago": (2015, 2018),
    "America/Sao_Paulo": (2014, 2018),
    "Australia/Lord_Howe": (2015, 2024),
    "Asia/Kathmandu": (2015, 2024),
    "Antarctica/Troll": (2015, 2018),
}
INTERVAL_ZONES = tuple(zone for zone in ZONES if zone not in ("UTC", "Asia/Kathmandu"))
INTERVALS = (900, 1200, 1800, 2700, 3600, 5400, 7200, 10800, 21600, 43200, 86400, 90000, 129600, 172800, 604800)

Case = list[Any]


# ---------------------------------------------------------------------- cases


def cases(count: int) -> Iterator[Case]:
    """Make cases, each from its own seed, so that more of them begin with the same."""
    for number in range(count):
        rng = random.Random(SEED + number)
        kind = rng.choices(("cron", "interval", "rrule"), (20, 2, 1))[0]
        yield {"cron": cron_case, "interval": interval_case, "rrule": rrule_case}[kind](rng)


def cron_case(rng: random.Random) -> Case:
    zone = rng.choice(tuple(ZONES))
    after = moment(rng, zone)
    start = None if zone == "UTC" else after + rng.randint(-400, 10) * 86400 + rng.randrange(86400)
    return ["cron", expression(rng), rng.random() < 0.7, zone, start, after]


def interval_case(rng: random.Random) -> Case:
    zone = rng.choice(INTERVAL_ZONES)
    after = moment(rng, zone)
    start = (after - rng.choice((-2, 0, 1, 3, 30, 200, 400)) * 86400 - rng.randrange(86400)) // 900 * 900
    return ["interval", rng.choice(INTERVALS), None, zone, start, after]


def rrule_case(rng: random.Random) -> Case:
    freq = rng.choice(("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    rule = f"FREQ={freq};INTERVAL={rng.randint(1, 5)}"
    rule += rng.choice(("", f";COUNT={rng.randint(1, 400)}", ";BYDAY=MO,WE", ";BYMONTHDAY=-1", ";BYMONTH=2,7"))
    after = moment(rng, "UTC")
    start = rng.choice((None, after + rng.randint(-10, 10) * 86400))
    return ["rrule", rule, after - rng.randint(-5, 100) * 86400 - rng.randrange(86400), "UTC", start, after]


def moment(rng: random.Random, zone: str) -> int:
    """Return a moment, half of the time a day around a change of clocks."""
    first, last = ZONES[zone]
    year = rng.randint(first, last)
    new_year = int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp())
    changes = [hour for hour in range(new_year, new_year + 366 * 86400, 43200) if changes_within(zone, hour, 43200)]
    if changes and rng.random() < 0.5:
        return rng.choice(changes) + rng.randint(-86400, 86400)
    return new_year + rng.randrange(365 * 86400)


def changes_within(zone: str, moment: int, seconds: int) -> bool:
    return offset(zone, moment) != offset(zone, moment + seconds)


def offset(zone: str, moment: int) -> datetime.timedelta | None:
    return datetime.datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()


def expression(rng: random.Random) -> str:
    if rng.random() < 0.02:
        return rng.choice(("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually", "@midnight", "@Daily"))
    names = "jan feb mar apr may jun jul aug sep oct nov dec".upper().split()
    fields = [
        numbers(rng, 0, 59, 0.25),
        numbers(rng, 0, 23, 0.4),
        days(rng),
        numbers(rng, 1, 12, 0.7, names),
        weekdays(rng),
    ]
    if rng.random() < 0.1:
        fields.append(numbers(rng, 0, 59, 0.1))
        if rng.random() < 0.3:
            fields.append(rng.choice(("*", "2015-2050", "2016/3", "2020", "2018,2024,2031", "2036-2016/9")))
    if rng.random() < 0.04:
        fields[rng.randrange(len(fields))] = rng.choice(
            ("60", "x", "", "1,", "*/0", "5-", "1-2-3", "L", "32", "0", "?", "5#1", "L5", "*5", "-1", "1.5", "15W", "8")
        )
    return " ".join(fields)


def numbers(rng: random.Random, low: int, high: int, star: float, names: list[str] | None = None) -> str:
    if rng.random() < star:
        return "*"
    return ",".join(item(rng, low, high, names) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def item(rng: random.Random, low: int, high: int, names: list[str] | None) -> str:
    def number() -> str:
        value = rng.randint(low, high)
        return rng.choice((names[value - low], str(value))) if names else str(value)

    step = str(rng.choice((1, 2, 3, 4, 5, 7, 10, 12, 15, 20, 30, 70)))
    return rng.choice(
        (
            number,
            number,
            number,
            lambda: f"{number()}-{number()}",
            lambda: f"*/{step}",
            lambda: f"{number()}/{step}",
            lambda: f"{number()}-{number()}/{step}",
        )
    )()


def days(rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.06:
        return rng.choice(("L", "l", "15,L", "L,1", "20-L", "5-L/7", "1-L", "29-L", "?"))
    if chance < 0.1:
        return f"{rng.randint(1, 31)}W"
    return numbers(rng, 1, 31, 0.5)


def weekdays(rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.06:
        names = ("0", "3", "5", "7", "MON", "fri", "Sun")
        return ",".join(f"{rng.choice(names)}#{rng.randint(1, 5)}" for _ in range(rng.choice((1, 1, 2))))
    if chance < 0.1:
        return ",".join(f"L{rng.randint(0, 7)}" for _ in range(rng.choice((1, 1, 2))))
    if chance < 0.12:
        return rng.choice(("?", "5-7", "6-7", "7-2", "0-7", "SUN-7", "*,3"))
    return numbers(rng, 0, 6, 0.5, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])


# ---------------------------------------------------------------------- answers


def answer(case: Case, schedules: Any, at: Callable[[int, str], datetime.datetime]) -> Any:
    """Ask the schedules of a module; `at` makes a datetime of seconds and a zone."""
    _, _, _, zone, start, after, *_ = case
    try:
        schedule = schedule_of(case, schedules, None if start is None else at(start, zone))
    except (ValueError, TypeError):
        return "refused"
    try:
        events = schedule.next(EVENTS, after=at(after, "UTC"))
    except ValueError:
        return "none"
    moments = [int(event.timestamp()) for event in events]
    return [later - earlier for earlier, later in zip([0, *moments], moments)]  # noqa: B905


def schedule_of(case: Case, schedules: Any, start: datetime.datetime | None) -> Any:
    kind, what, more = case[:3]
    if kind == "cron":
        return schedules.CronSchedule(what, start_date=start, day_or=more)
    if kind == "interval":
        return schedules.IntervalSchedule(start_date=start, interval=datetime.timedelta(seconds=what))
    from dateutil.rrule import rrulestr  # a tool of tests, not always there

    return schedules.RRuleSchedule(rrulestr(what, dtstart=datetime.datetime.fromtimestamp(more, UTC)), start_date=start)


def ours(case: Case) -> Any:
    """Return what miniprefect answers."""
    from miniprefect import schedules

    return answer(case, schedules, lambda seconds, zone: datetime.datetime.fromtimestamp(seconds, ZoneInfo(zone)))


def prefects(case: Case) -> Any:
    """Return what Prefect answers, if it does at all."""
    import pendulum
    from prefect import schedules

    try:
        return answer(case, schedules, lambda seconds, zone: pendulum.from_timestamp(seconds, tz=zone))
    except TimeoutError:
        return "endless"


# ---------------------------------------------------------------------- comparing


def verdict(case: Case, mine: Any) -> str:
    """Return "equal", the reason of a difference that is meant, or "DIFFERENT"."""
    *asked, theirs = case
    if mine == theirs:
        return "equal"
    if theirs in ("none", "endless") and mine != "refused":
        return "Prefect raises or hangs" if mine else "Prefect raises where there is no event"
    if "refused" in (mine, theirs) or not mine or not theirs:
        return "DIFFERENT"
    return known_difference(asked, list(accumulated(mine)), list(accumulated(theirs)))


def known_difference(asked: Case, mine: list[int], theirs: list[int]) -> str:
    kind, _, _, zone, _, after = asked
    in_order = sorted(set(theirs))
    asked_later = list(accumulated(ours([*asked[:-1], theirs[0] - 1])))
    if mine[0] <= theirs[0] and asked_later[: len(in_order)] == in_order:
        if in_first_of_two(zone, after):
            return "Prefect forgets events of the second of two hours, asked in the first"
        if kind == "interval" and mine[0] < theirs[0]:
            return "Prefect forgets the first events, in another offset than at the start"
        if kind == "interval":
            return "Prefect does not sort or repeats the events of a skipped hour"
    if theirs[-1] > UNTIL_2037:
        return "Prefect knows changes of clocks until 2037"
    return "DIFFERENT"


def accumulated(deltas: list[int]) -> Iterator[int]:
    total = 0
    for delta in deltas:
        total += delta
        yield total


def in_first_of_two(zone: str, moment: int) -> bool:
    """Return whether clocks show this time again within three hours."""
    shown = [datetime.datetime.fromtimestamp(moment + ahead, ZoneInfo(zone)) for ahead in (0, 10800)]
    return shown[0].utcoffset() > shown[1].utcoffset() and shown[0].fold == 0  # type: ignore[operator]


def main() -> int:
    action, *rest = sys.argv[1:]
    warnings.simplefilter("ignore")
    if action == "record":
        write(record(int(rest[0])), rest[1])
    elif action == "sample":
        write(read(rest[0])[: int(rest[1])], rest[2])
    else:
        return compare(read(rest[0]))
    return 0


def record(count: int) -> list[Case]:
    import signal

    def too_long(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_long)
    recorded = []
    for case in cases(count):
        signal.alarm(10)
        recorded.append([*case, prefects(case)])
        signal.alarm(0)
    return recorded


def compare(recorded: list[Case]) -> int:
    verdicts = [verdict(case, ours(case)) for case in recorded]
    for case, said in zip(recorded, verdicts):  # noqa: B905
        if said == "DIFFERENT":
            print(case, "ours:", ours(case))
    for (kind, said), count in sorted(Counter(zip((case[0] for case in recorded), verdicts)).items()):  # noqa: B905
        print(f"{count:6} {kind}: {said}")
    return int("DIFFERENT" in verdicts)


def read(path: str) -> list[Case]:
    with open(path, encoding="utf-8") as file:
        return list(json.load(file))


def write(recorded: list[Case], path: str) -> None:
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in recorded)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    sys.exit(main())
