"""Messages to Slack: a server on this machine stands in for it.

What Prefect posts is among the conformance scenarios (tasks_messages).
"""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from miniprefect import Flow, context
from miniprefect.engine.state import Failed, State, TimedOut
from miniprefect.tasks.notifications import SlackTask
from miniprefect.tasks.secrets import PrefectSecret

TOKEN = "T0KEN"


class Webhook(HTTPServer):
    """Slack's end of a webhook. It answers with each of `answers` in turn, and then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, str]] = []
        self.posted: list[Any] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.url = f"http://127.0.0.1:{self.server_port}/services/{TOKEN}"


class Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))
        self.server.may_answer.wait(10)
        status, text = self.server.answers.pop(0) if self.server.answers else (200, "ok")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with context(secrets={"SLACK_WEBHOOK_URL": server.url}):
                yield server
        finally:
            server.may_answer.set()
            server.shutdown()
            thread.join()


def state_of(made: SlackTask, **arguments: Any) -> State:
    with Flow("flow") as flow:
        task = made(**arguments)
    return flow.run().result[task]


def test_a_message_is_posted(webhook: Webhook) -> None:
    assert state_of(SlackTask(), message="grüße").is_successful()
    assert webhook.posted == [{"text": "grüße"}]


def test_the_url_may_come_from_a_secret_task(webhook: Webhook) -> None:
    with context(secrets={"OTHER": webhook.url}):
        assert state_of(SlackTask(message="x"), webhook_url=PrefectSecret("OTHER")).is_successful()
    assert len(webhook.posted) == 1


def test_it_is_tried_again_by_its_own_settings(webhook: Webhook) -> None:
    webhook.answers = [(500, ""), (429, "rate_limited")]
    made = SlackTask(message="x", max_retries=2, retry_delay=timedelta(0))
    assert state_of(made).is_successful()
    assert len(webhook.posted) == 3


def test_a_timeout_of_the_task_ends_the_wait_for_an_answer(webhook: Webhook) -> None:
    webhook.may_answer.clear()
    assert type(state_of(SlackTask(message="x", timeout=1))) is TimedOut


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (404, "no_service", "Slack answered with HTTP status 404 (no_service)."),
        (400, "", "Slack answered with HTTP status 400."),
        (502, f"<html>can't reach /services/{TOKEN}</html>", "Slack answered with HTTP status 502."),
    ],
)
def test_a_refusal(webhook: Webhook, caplog: pytest.LogCaptureFixture, status: int, text: str, told: str) -> None:
    webhook.answers = [(status, text)]
    with caplog.at_level(logging.DEBUG):
        state = state_of(SlackTask(message="x"))
    assert type(state) is Failed
    assert isinstance(state.result, OSError)
    assert str(state.result) == f"The message could not be sent to Slack: {told}"
    assert TOKEN not in caplog.text + repr(state) + str(state.message)


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/{TOKEN}",
        f"https://127.0.0.1:1/{TOKEN}",
        f"http://127.0.0.1:99999/{TOKEN}",
        f"http://127.0.0.1/{TOKEN} x",
        f"http://[{TOKEN}",
        f"file:///{TOKEN}",
        TOKEN,
    ],
)
def test_the_url_is_told_nowhere(caplog: pytest.LogCaptureFixture, url: str) -> None:
    with caplog.at_level(logging.DEBUG), context(secrets={"SLACK_WEBHOOK_URL": url}):
        state = state_of(SlackTask(message="x"))
    assert isinstance(state.result, OSError)
    assert "could not be sent to Slack" in caplog.text
    assert TOKEN not in caplog.text + repr(state) + str(state.message) + repr(state.result)
    assert state.result.__cause__ is None
    assert state.result.__context__ is None
