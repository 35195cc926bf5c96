"""Notifiers against a webhook and a mail server on this machine.

What they should send is what Prefect 1.4.1 was seen to send.
"""

import base64
import email
import functools
import json
import logging
import pickle
import smtplib
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.signals import FAIL
from miniprefect.engine.state import (
    Failed,
    Finished,
    Pending,
    Retrying,
    Running,
    Skipped,
    State,
    Success,
    TriggerFailed,
)
from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.utilities.notifications import (
    callback_factory,
    gmail_notifier,
    notifications,
    slack_message_formatter,
    slack_notifier,
)

TOKEN = "T0KEN"
PASSWORD = "pa55word"
ACCOUNT = {"EMAIL_USERNAME": "me@example.org", "EMAIL_PASSWORD": PASSWORD}


class Webhook(HTTPServer):
    """Slack's end of a webhook: it remembers what was posted and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WebhookHandler)
        self.status = 200
        self.posted: list[tuple[str, str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/{TOKEN}"


class WebhookHandler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class MailServer(socketserver.TCPServer):
    """As much of a mail server as a client that logs in needs."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.logins: list[list[str]] = []
        self.envelopes: list[str] = []
        self.mails: list[Message] = []


class MailHandler(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            if self.obey(line):
                return

    def obey(self, line: str) -> bool:
        """Answer a command and return whether it was the last one."""
        verb = line.split()[0].upper()
        if verb == "EHLO":
            self.say("250-here\r\n250 AUTH PLAIN")
        elif verb == "AUTH":
            self.login(line.split()[2])
        elif verb == "DATA":
            self.say("354 go on")
            lines = list(iter(self.rfile.readline, b".\r\n"))
            self.server.mails.append(email.message_from_bytes(b"".join(lines)))
            self.say("250 thanks")
        else:
            self.server.envelopes += [line] if verb in ("MAIL", "RCPT") else []
            self.say("221 bye" if verb == "QUIT" else "250 fine")
        return verb == "QUIT"

    def login(self, credentials: str) -> None:
        login = base64.b64decode(credentials).decode().split("\0")[1:]
        self.server.logins.append(login)
        self.say("235 welcome" if login[1] == PASSWORD else f"535 {login[0]} with {login[1]} is nobody here")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    for server in serving(Webhook()):
        with context(secrets={"SLACK_WEBHOOK_URL": server.url}):
            yield server


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A server in Gmail's place. It has no certificate, so the connection is a plain one."""

    def plain(host: str, port: int, *, timeout: float, context: Any) -> smtplib.SMTP:
        assert context.check_hostname
        return smtplib.SMTP(host, port, local_hostname="localhost", timeout=timeout)

    for server in serving(MailServer()):
        monkeypatch.setattr(notifications, "_GMAIL", server.server_address)
        monkeypatch.setattr(smtplib, "SMTP_SSL", plain)
        with context(secrets=ACCOUNT):
            yield server


OLD = Pending()
DONE = Success("done")


@pytest.fixture
def work() -> Task:
    return Task(name="work")


# What Slack is told


def test_the_message_for_slack(work: Task) -> None:
    assert slack_message_formatter(work, DONE) == {
        "attachments": [
            {
                "fallback": "State change notification",
                "color": "#28a745",
                "author_name": "Prefect",
                "author_link": "https://www.prefect.io/",
                "author_icon": "https://emoji.slack-edge.com/TAN3D79AL/prefect/2497370f58500a5a.png",
                "title": "Success",
                "fields": [{"title": "Message", "value": "done", "short": False}],
                "text": "work is now in a Success state",
                "footer": "Prefect notification",
            }
        ]
    }


class Unprintable(Exception):
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("state", "value"),
    [
        (Failed("bad", result=ValueError("boom")), "```ValueError('boom')```"),
        (Success("fine", result=ValueError("kept")), "```ValueError('kept')```"),
        (Failed("bad", result="text"), "bad"),
        (Failed("bad", result=FAIL("why")), "bad"),
        (Failed("bad", result=TaskTimeoutSignal("slow")), "bad"),
        (TriggerFailed("trigger"), "trigger"),
        (Success(""), ""),
        (Success(ValueError("as message")), "as message"),  # real Prefect makes JSON of that, and fails
    ],
)
def test_the_field_of_the_message(work: Task, state: State, value: str) -> None:
    (field,) = slack_message_formatter(work, state)["attachments"][0]["fields"]
    assert field["value"] == value


def test_without_a_message_there_is_no_field(work: Task) -> None:
    assert slack_message_formatter(work, Failed())["attachments"][0]["fields"] == []


def test_an_exception_that_can_not_be_shown_is_no_obstacle(work: Task) -> None:
    (field,) = slack_message_formatter(work, Failed(result=Unprintable()))["attachments"][0]["fields"]
    assert "Unprintable" in field["value"]


def test_there_is_no_backend_to_link_to() -> None:
    with context(flow_run_id="1", task_run_id="2"):
        told = slack_message_formatter(Flow("f"), DONE, backend_info=True)
        assert told == slack_message_formatter(Flow("f"), DONE, False)
    assert told["attachments"][0]["text"] == "f is now in a Success state"


# Slack


def test_slack_is_told(webhook: Webhook, work: Task) -> None:
    assert slack_notifier(work, OLD, DONE) is DONE
    assert webhook.posted == [
        (f"/services/{TOKEN}", "application/json", slack_message_formatter(work, DONE)),
    ]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ignore_states": [Finished]}, False),
        ({"ignore_states": [Failed, Running]}, True),
        ({"only_states": [Failed, Skipped]}, False),
        ({"only_states": [Finished]}, True),
        ({"only_states": []}, True),
        ({"only_states": [Finished], "ignore_states": [Success]}, False),
    ],
)
def test_which_states_are_told(webhook: Webhook, work: Task, settings: Any, told: bool) -> None:
    assert slack_notifier(work, OLD, DONE, **settings) is DONE
    assert bool(webhook.posted) is told


def test_a_state_that_is_not_told_needs_no_secret(work: Task) -> None:
    assert slack_notifier(work, OLD, DONE, only_states=[Failed]) is DONE
    assert gmail_notifier(work, OLD, DONE, only_states=[Failed]) is DONE


def test_it_can_be_set_up_bit_by_bit(webhook: Webhook, work: Task) -> None:
    assert slack_notifier()(only_states=[Success])(work)(OLD, DONE) is DONE
    assert slack_notifier(only_states=[Failed])(work, OLD, new_state=DONE) is DONE
    assert len(webhook.posted) == 1


def test_an_unknown_setting_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="bogus"):
        slack_notifier(bogus=1)


def test_it_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(slack_notifier)) is slack_notifier
    assert pickle.loads(pickle.dumps(slack_notifier(only_states=[Failed]))).keywords == {"only_states": [Failed]}


def test_the_secret_may_have_another_name(webhook: Webhook, work: Task) -> None:
    with context(secrets={"OTHER": webhook.url}):
        slack_notifier(work, OLD, DONE, webhook_secret="OTHER")
    assert len(webhook.posted) == 1


def test_without_the_secret(work: Task) -> None:
    with pytest.raises(ValueError, match='"SLACK_WEBHOOK_URL" was not found'):
        slack_notifier(work, OLD, DONE)


def test_a_proxy_is_asked(webhook: Webhook, work: Task) -> None:
    with context(secrets={"SLACK_WEBHOOK_URL": "http://slack.invalid/hook"}):
        slack_notifier(work, OLD, DONE, proxies={"http": f"http://127.0.0.1:{webhook.server_port}"})
    assert [path for path, _, _ in webhook.posted] == ["http://slack.invalid/hook"]


@pytest.mark.parametrize("status", [400, 404, 500])
def test_slack_refuses(webhook: Webhook, work: Task, status: int) -> None:
    webhook.status = status
    expected = rf"^Slack notification for <Task: work> failed: Slack answered with HTTP status {status}\.$"
    with pytest.raises(ValueError, match=expected):
        slack_notifier(work, OLD, DONE)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"http://127.0.0.1:1/{TOKEN}", "ConnectionRefusedError."),
        (f"{TOKEN}", "the secret is not the URL of a webhook."),
        (f"file:///{TOKEN}", "the secret is not the URL of a webhook."),
        (f"http://[{TOKEN}", "ValueError."),
        (f"http://127.0.0.1/{TOKEN} x", "InvalidURL."),
    ],
)
def test_what_goes_wrong_is_told_without_the_webhook(work: Task, url: str, reason: str) -> None:
    with context(secrets={"SLACK_WEBHOOK_URL": url}), pytest.raises(ValueError) as caught:
        slack_notifier(work, OLD, DONE)
    assert str(caught.value) == f"Slack notification for <Task: work> failed: {reason}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


# In a flow


def test_as_a_handler_of_a_task_and_of_a_flow(webhook: Webhook) -> None:
    @task(state_handlers=[slack_notifier(ignore_states=[Running])])
    def one() -> int:
        return 1

    with Flow("f", state_handlers=[slack_notifier(only_states=[Success])]) as flow:
        one()
    assert flow.run().is_successful()
    texts = [message["attachments"][0]["text"] for _, _, message in webhook.posted]
    assert texts == ["one is now in a Success state", "f is now in a Success state"]


def test_a_notification_that_fails_fails_the_task_and_tells_no_secret(
    webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 500

    @task(state_handlers=[slack_notifier(only_states=[Success])])
    def one() -> int:
        return 1

    with Flow("f") as flow:
        one()
    with caplog.at_level(logging.DEBUG):
        state = flow.run()
    assert state.is_failed()
    (ended,) = state.result.values()
    assert str(ended.message).startswith("Unexpected error while calling state handlers: ValueError('Slack")
    assert isinstance(ended.result, ValueError)
    assert "HTTP status 500" in caplog.text
    assert TOKEN not in caplog.text


def test_any_function_can_be_made_a_handler(work: Task) -> None:
    seen: list[Any] = []
    handler = callback_factory(lambda tracked, state: seen.append((tracked, state)), lambda state: state.is_failed())
    failed = Failed("bad")
    assert handler(work, OLD, DONE) is DONE
    assert handler(work, OLD, failed) is failed
    assert seen == [(work, failed)]


# Mail


def text_of(mail: Any, subtype: str) -> str:
    (part,) = [part for part in mail.walk() if part.get_content_type() == f"text/{subtype}"]
    text: str = part.get_payload(decode=True).decode()
    return text.replace("\r\n", "\n")


def test_a_mail_is_sent(mail_server: MailServer, work: Task) -> None:
    assert gmail_notifier(work, OLD, DONE) is DONE
    assert mail_server.logins == [["me@example.org", PASSWORD]]
    assert [line.lower().split(" size=")[0] for line in mail_server.envelopes] == [
        "mail from:<notifications@prefect.io>",
        "rcpt to:<me@example.org>",
    ]
    (mail,) = mail_server.mails
    assert (mail["From"], mail["To"]) == ("notifications@prefect.io", "me@example.org")
    assert mail["Subject"] == "=?utf-8?q?Prefect_state_change_notification_for_work?="
    assert text_of(mail, "plain") == (
        '\n    <pre>work</pre> is now in a <font color="#28a745"><b>Success</b></font> state\n'
        '    <br><br>\n    Message: "done"\n    '
    )


def test_the_mail_as_html(mail_server: MailServer) -> None:
    gmail_notifier(Flow("f"), OLD, Failed("bad", result=ValueError("boom")))
    page = text_of(mail_server.mails[0], "html")
    assert '<td style="border-left: 2px solid #eb0000; padding-left: 6px;">' in page
    assert '<pre>f</pre> is now in a <font color="#eb0000"><b>Failed</b></font> state' in page
    assert "Message: <pre>ValueError('boom')</pre>" in page


def test_words_are_not_taken_for_html_nor_for_headers(mail_server: MailServer) -> None:
    gmail_notifier(Task(name="a <b> & ü\nBcc: you"), OLD, Success("<i>"))
    (mail,) = mail_server.mails
    subject = b"".join(part for part, _ in decode_header(mail["Subject"]) if isinstance(part, bytes)).decode()
    assert subject.startswith("Prefect state change notification for a <b> & ü")
    assert mail["Bcc"] is None
    assert '"&lt;i&gt;"' in text_of(mail, "html")
    assert '"<i>"' in text_of(mail, "plain")


def test_which_states_are_mailed(mail_server: MailServer, work: Task) -> None:
    notifier = gmail_notifier(ignore_states=[Success])
    assert notifier(work, OLD, DONE) is DONE
    assert not mail_server.mails
    notifier(work, OLD, Retrying("again"))
    assert len(mail_server.mails) == 1


def test_the_mail_server_refuses_the_password(mail_server: MailServer, work: Task) -> None:
    expected = r"^Email notification for <Task: work> failed: the mail server answered with SMTP status 535\.$"
    secrets = {"EMAIL_USERNAME": "me", "EMAIL_PASSWORD": "wrong"}
    with context(secrets=secrets), pytest.raises(ValueError, match=expected) as caught:
        gmail_notifier(work, OLD, DONE)
    assert caught.value.__context__ is None
    assert mail_server.logins == [["me", "wrong"]]


def test_there_is_no_mail_server(work: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_GMAIL", ("127.0.0.1", 1))
    with context(secrets=ACCOUNT), pytest.raises(ValueError, match=r"failed: ConnectionRefusedError\.$"):
        gmail_notifier(work, OLD, DONE)


def test_a_server_without_a_trusted_certificate_gets_no_password(work: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    server = MailServer()  # it speaks no TLS at all
    for running in serving(server):
        monkeypatch.setattr(notifications, "_GMAIL", running.server_address)
        with context(secrets=ACCOUNT), pytest.raises(ValueError, match="SSLError"):
            gmail_notifier(work, OLD, DONE)
    assert server.logins == []


@pytest.mark.parametrize("missing", ["EMAIL_USERNAME", "EMAIL_PASSWORD"])
def test_without_the_secrets_of_the_account(work: Task, missing: str) -> None:
    secrets = {name: value for name, value in ACCOUNT.items() if name != missing}
    with context(secrets=secrets), pytest.raises(ValueError, match=f'"{missing}" was not found'):
        gmail_notifier(work, OLD, DONE)


# The rest of Prefect's module


@pytest.mark.parametrize("name", ["jira_notifier", "snowflake_logger", "snowflake_message_formatter"])
def test_what_is_not_there_says_what_to_do(name: str) -> None:
    for module in ("miniprefect.utilities.notifications", "miniprefect.utilities.notifications.notifications"):
        with pytest.raises(ImportError, match=r"callback_factory|snowflake-connector-python"):
            exec(f"from {module} import {name}")


def test_the_package_does_not_load_it() -> None:
    program = (
        f"import sys; sys.path[:] = {sys.path!r}; import miniprefect;"
        "sys.exit('smtplib' in sys.modules or 'miniprefect.utilities.notifications' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_a_notifier_is_documented_as_itself() -> None:
    assert slack_notifier.__name__ == "slack_notifier"
    assert isinstance(gmail_notifier(only_states=[Failed]), functools.partial)
