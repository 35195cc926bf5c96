"""The report in a real browser: its script runs, shows the rows, and nothing in it takes over the page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from miniprefect import Flow, task
from tests.pictures.helpers import HOSTILE, flow_with_everything

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: the report is not opened in one")

OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1300,900", "--virtual-time-budget=3000"),
]


def opened(page: Path, *options: str) -> str:
    """The page as it is after its script has run."""
    profile = page.parent / "profile"
    done = subprocess.run(
        [
            str(CHROMIUM),
            *OPTIONS,
            f"--user-data-dir={profile}",
            *options,
            "--enable-logging=stderr",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not complaints
    return done.stdout


def rows_of(page: str) -> list[list[str]]:
    """The texts of the cells of the table of task runs."""
    body = page.partition('<table id="table">')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [[re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


def test_the_script_makes_rows_and_draws(tmp_path):
    state = flow_with_everything().run()
    page = opened(Path(state.report(tmp_path / "run.html")))
    rows = rows_of(page)
    assert len(rows) == 11
    mapped = next(row for row in rows if "inverse" in row[0])
    assert (mapped[1], mapped[-1]) == ("Mapped1 of 4 failed", "1 Failed, 3 Success")
    assert re.search(r'<canvas aria-hidden="true" width="\d{3,4}" height="\d{3}"', page)
    assert "14 of 14" in page


def test_what_failed_in_a_map_is_a_click_away(tmp_path):
    page = Path(flow_with_everything().run().report(tmp_path / "run.html"))
    script = "document.querySelector('.failures').click()"
    without_policy = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    page.write_text(without_policy.replace("</body>", f"<script>{script}</script></body>"))
    rows = rows_of(opened(page))
    assert [row[1] for row in rows] == ["Mapped1 of 4 failed", "Failed"]
    assert rows[1][0] == "inverse[0]"


def test_hostile_names_and_results_do_nothing(tmp_path):
    with Flow(HOSTILE[0]) as flow:
        for text in HOSTILE:
            task(lambda text=text: text, name=text or "-")()
    page = opened(Path(flow.run().report(tmp_path / "run.html")))
    assert "<title>hacked</title>" not in page
    assert len(rows_of(page)) == len(HOSTILE)


def test_of_ten_thousand_task_runs_the_first_rows_are_made(tmp_path):
    flow = Flow("large")
    for number in range(10_000):
        flow.add_task(task(lambda: None, name=f"t{number}"))
    rows = rows_of(opened(Path(flow.run().report(tmp_path / "run.html"))))
    assert 100 <= len(rows) <= 1000
    assert rows[99][0].startswith("t99")
