"""Count what is in the access log of a web server, and raise the alarm over server errors.

    python examples/log_analysis.py                          # examples/data/access.log
    python examples/log_analysis.py /var/log/nginx/access.log --chunk 50000 --alarm 10

The log (Combined Log Format) is counted in chunks, one run of a mapped task for each, and the counts are
added up. What goes from task to task is where a chunk starts and what was counted in it, never the lines
themselves, so the length of the log does not matter.
"""

import argparse
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from miniprefect import Flow, Parameter, context, task, unmapped
from miniprefect.engine import signals

LOG = Path(__file__).parent / "data" / "access.log"
QUOTED = r'"((?:[^"\\]|\\.)*)"'  # a backslash in front of a quote keeps it inside
LINE = re.compile(rf"\S+ \S+ \S+ \[[^]]+\] {QUOTED} (\d{{3}}) (\d+|-) {QUOTED} {QUOTED}\s*")


class Counts(NamedTuple):
    statuses: Counter  # lines by status; those that are no log line are under "malformed"
    hits: Counter  # lines by path
    sent: Counter  # bytes by path
    errors: Counter  # lines by (status, path), for statuses from 500 on


@task
def cut(log, chunk):
    """Return at which byte each chunk of so many lines starts. An empty log is one chunk without lines."""
    starts, position = [0], 0
    with open(log, "rb") as file:
        for number, line in enumerate(file, start=1):
            position += len(line)
            if number % chunk == 0:
                starts.append(position)
    return starts


@task
def count(log, start, chunk):
    counts = Counts(Counter(), Counter(), Counter(), Counter())
    with open(log, "rb") as file:
        file.seek(start)
        for line in islice(file, chunk):
            count_line(line.decode("utf-8", "replace"), counts)
    return counts


def count_line(line, counts):
    match = LINE.fullmatch(line)
    if match is None:
        counts.statuses["malformed"] += 1
        return
    request, status, size = match.group(1, 2, 3)
    counts.statuses[status] += 1
    # A request is "GET /path?query HTTP/1.1", but browsers also come and speak TLS to a port that does not.
    path = request.split()[1].partition("?")[0] if request.count(" ") == 2 else "(no HTTP)"
    counts.hits[path] += 1
    counts.sent[path] += 0 if size == "-" else int(size)
    if status >= "500":
        counts.errors[status, path] += 1


@task
def add_up(chunks):
    return Counts(*(sum(counters, Counter()) for counters in zip(*chunks, strict=True)))


@task
def find_trouble(counts, limit):
    """Pass the server errors on if there are enough of them, else skip what would come after."""
    if counts.errors.total() < limit:
        raise signals.SKIP(f"{counts.errors.total()} server errors, the alarm is for {limit} or more")
    return counts.errors


@task
def raise_alarm(errors):
    """Log a warning for each kind of error. Here you would write to the people on call."""
    for (status, path), times in errors.most_common():
        context.get("logger").warning("%s times status %s at %s", times, status, path)


with Flow("access log") as flow:
    log = Parameter("log", default=str(LOG))
    chunk = Parameter("chunk", default=50)
    limit = Parameter("limit", default=1)

    starts = cut(log, chunk)
    counts = add_up(count.map(unmapped(log), starts, unmapped(chunk)))
    alarm = raise_alarm(find_trouble(counts, limit))


def print_table(counts, top):
    print(f"{'status':<10}{'lines':>8}")
    for status, lines in sorted(counts.statuses.items()):
        print(f"{status:<10}{lines:>8}")
    print(f"\n{'path':<28}{'hits':>8}{'bytes':>10}")
    for path, hits in counts.hits.most_common(top):
        print(f"{path:<28}{hits:>8}{counts.sent[path]:>10}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", nargs="?", default=str(LOG), help="the access log (default: the one shipped)")
    parser.add_argument("--chunk", type=int, default=50, help="lines for one task run (default: 50)")
    parser.add_argument("--alarm", type=int, default=1, help="raise the alarm from so many server errors on")
    parser.add_argument("--top", type=int, default=10, help="how many paths to print (default: 10)")
    options = parser.parse_args()

    state = flow.run(log=options.log, chunk=options.chunk, limit=options.alarm)
    if not state.is_successful():
        print(f"No figures: {state.message} The log above says which, and why.")
        return 1

    print_table(state.result[counts].result, options.top)
    print(f"\nalarm: {'no' if state.result[alarm].is_skipped() else 'raised'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
