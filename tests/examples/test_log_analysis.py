"""examples/log_analysis.py on the log shipped with it, checked against counts made by other means."""

from collections import Counter

import pytest

from tests.examples.conftest import EXAMPLES

LOG = EXAMPLES / "data" / "access.log"

# From the file by: awk -F'"' '/\[/ {split($3, a, " "); print a[1]}' access.log | sort | uniq -c
# The malformed lines, which it shows as blank or "-" or not at all: 26, 65, 132, 151, 189.
STATUSES = {
    "200": 149,
    "301": 7,
    "302": 4,
    "304": 13,
    "400": 1,
    "404": 9,
    "500": 3,
    "503": 12,
    "malformed": 5,
}


def plain_counts():
    """Return (hits, bytes) by path, counted without regular expressions, chunks or tasks."""
    hits, sent = Counter(), Counter()
    for line in LOG.read_text(encoding="utf-8").splitlines():
        head, _, rest = line.partition('] "')
        request, _, rest = rest.partition('" ')
        figures = rest.split(" ")[:2]
        if "[" not in head or not figures[0].isdecimal():
            continue
        path = request.split(" ")[1].split("?")[0] if "HTTP/" in request else "(no HTTP)"
        hits[path] += 1
        sent[path] += int(figures[1].replace("-", "0"))
    return hits, sent


def tables(output):
    """Return the two tables printed: {status: lines} and {path: (hits, bytes)}."""
    first, second = output.split("\n\n")[:2]
    statuses = [line.split() for line in first.splitlines() if not line.startswith("[")]  # "[": lines of the log
    paths = [line.rsplit(maxsplit=2) for line in second.splitlines()]
    return (
        {status: int(lines) for status, lines in statuses[1:]},
        {path: (int(hits), int(sent)) for path, hits, sent in paths[1:]},
    )


def test_prints_the_figures_of_the_log(run_example):
    done = run_example("log_analysis", "--top", 1000)
    assert (done.returncode, done.stderr) == (0, "")
    statuses, paths = tables(done.stdout)
    hits, sent = plain_counts()
    assert statuses == STATUSES
    assert paths == {path: (hits[path], sent[path]) for path in hits}
    assert sum(hits.values()) + STATUSES["malformed"] == 203
    assert done.stdout.endswith("alarm: raised\n")


def test_the_most_visited_paths_come_first(run_example):
    _, paths = tables(run_example("log_analysis", "--top", 3).stdout)
    assert paths == {"/": (25, 128731), "/products/teapot": (22, 135277), "/static/site.css": (21, 18392)}
    assert list(paths) == ["/", "/products/teapot", "/static/site.css"]


@pytest.mark.parametrize(("chunk", "runs"), [(1, 204), (7, 30), (29, 8), (50, 5), (203, 2), (1000, 1)])
def test_the_figures_do_not_depend_on_the_chunks(load_example, chunk, runs):
    example = load_example("log_analysis")
    state = example.flow.run(chunk=chunk)
    assert state.is_successful()
    assert len(state.result[example.starts].result) == runs
    counts = state.result[example.counts].result
    assert counts.statuses == STATUSES
    assert (counts.hits, counts.sent) == plain_counts()


def test_the_alarm_names_path_and_status(run_example):
    log = run_example("log_analysis", log_level="WARNING").stdout
    warnings = [line.partition(" | ")[2] for line in log.splitlines() if "WARNING" in line]
    # awk -F'"' '{split($3, a, " "); split($2, b, " "); if (a[1] >= 500) print a[1], b[2]}' access.log
    assert sorted(warnings) == [
        "1 times status 500 at /api/stock/kettle",
        "1 times status 500 at /api/stock/teapot",
        "1 times status 500 at /static/site.css",
        "5 times status 503 at /api/stock/teapot",
        "7 times status 503 at /api/stock/kettle",
    ]


@pytest.mark.parametrize(("limit", "skipped"), [(15, False), (16, True)])
def test_the_alarm_is_skipped_below_its_limit(load_example, limit, skipped):
    example = load_example("log_analysis")
    state = example.flow.run(limit=limit)
    assert state.is_successful()
    assert state.result[example.alarm].is_skipped() is skipped


def test_no_alarm_without_errors(run_example, tmp_path):
    log = tmp_path / "quiet.log"
    lines = LOG.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(lines[:20]), encoding="utf-8")
    done = run_example("log_analysis", log)
    assert done.returncode == 0
    assert done.stdout.endswith("alarm: no\n")
    assert sum(tables(done.stdout)[0].values()) == 20


def test_an_empty_log_and_one_of_rubbish(run_example, tmp_path):
    log = tmp_path / "odd.log"
    log.write_bytes(b"")
    assert run_example("log_analysis", log).returncode == 0
    log.write_bytes(b"\xff\xfe rubbish \x00\n" * 3 + b"no line end")
    done = run_example("log_analysis", log, "--chunk", 2)
    assert done.returncode == 0
    assert tables(done.stdout) == ({"malformed": 4}, {})


def test_a_missing_log_is_a_failure(run_example, tmp_path):
    done = run_example("log_analysis", tmp_path / "missing.log")
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stdout
    assert "No figures" in done.stdout
