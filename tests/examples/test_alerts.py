"""examples/alerts.py with its own stand-in for Slack."""

import pytest

TOLD = "Slack is told: "


@pytest.mark.parametrize(
    ("failures", "states", "end", "code"),
    [
        (0, [], ["alerts: fetched at attempt 1"], 0),
        (1, ["fetch Failed", "fetch Retrying"], ["alerts: fetched at attempt 2"], 0),
        (3, ["fetch Failed", "fetch Retrying"] * 2 + ["fetch Failed", "alerts Failed"], [], 1),
    ],
)
def test_slack_is_told(run_example, failures, states, end, code):
    done = run_example("alerts", "--failures", failures, log_level="CRITICAL")
    assert (done.returncode, done.stderr) == (code, "")
    told = [line.removeprefix(TOLD) for line in done.stdout.splitlines() if line.startswith(TOLD)]
    assert told == ["{} is now in a {} state".format(*state.split()) for state in states] + end


def test_another_webhook_is_taken_and_its_url_told_nowhere(run_example, monkeypatch):
    monkeypatch.setenv("SLACK", "http://127.0.0.1:1/T0KEN")
    done = run_example("alerts", "--failures", 0, log_level="DEBUG")
    assert done.returncode == 1
    assert "The message could not be sent to Slack: ConnectionRefusedError." in done.stdout
    assert "T0KEN" not in done.stdout + done.stderr
