"""Mails, against a real mail server on this machine, with and without TLS.

What Prefect sends is among the conformance scenarios (tasks_messages).
"""

import asyncio
import email
import logging
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from miniprefect import Flow, Task, context
from miniprefect.engine.state import Failed, Pending, State, Success, TimedOut
from miniprefect.tasks.notifications import EmailTask
from miniprefect.utilities.notifications import gmail_notifier, notifications
from tests.certificates import Authority, Certificate

pytest.importorskip("aiosmtpd", reason="mails are tested against the mail server aiosmtpd: pip install aiosmtpd")

from aiosmtpd.smtp import SMTP, AuthResult

# The server asks for a password without TLS of its own making, too: with TLS from the beginning, it does not see that.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

USER, PASSWORD = "me@example.org", "pa55word"


class Mailbox:
    """What the mail server got, and how it is to answer."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []
        self.refusals: list[str] = []
        self.logins: list[tuple[str, str]] = []
        self.delay = 0.0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.delay)
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 thanks"

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)


class Server(threading.Thread):
    """A mail server that speaks TLS from the beginning, after a greeting, or not at all."""

    def __init__(self, mailbox: Mailbox, security: str, tls: ssl.SSLContext) -> None:
        super().__init__()
        self.mailbox, self.security, self.tls = mailbox, security, tls
        self.started: Queue[tuple[int, asyncio.AbstractEventLoop]] = Queue()
        self.over = asyncio.Event()
        self.connections: list[SMTP] = []

    def run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        tls = self.tls if self.security == "SSL" else None
        server = await loop.create_server(self.protocol, "127.0.0.1", 0, ssl=tls)
        self.started.put((server.sockets[0].getsockname()[1], loop))
        await self.over.wait()
        server.close()
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0.01)  # the loop closes what was aborted in its next rounds

    def protocol(self) -> SMTP:
        """Serve one connection."""
        starttls = self.tls if self.security == "STARTTLS" else None
        served = SMTP(
            self.mailbox,
            hostname="localhost",
            authenticator=self.mailbox.login,
            auth_required=self.security != "INSECURE",
            auth_require_tls=False,
            tls_context=starttls,
            require_starttls=starttls is not None,
        )
        self.connections.append(served)
        return served


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    return authority.issue("mail")


@pytest.fixture
def mailbox(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with context(secrets={"EMAIL_USERNAME": USER, "EMAIL_PASSWORD": PASSWORD}):
        yield Mailbox()


@contextmanager
def serving(mailbox: Mailbox, security: str, certificate: Certificate) -> Iterator[dict[str, Any]]:
    """The settings by which a task finds the server."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.certificate, certificate.key)
    server = Server(mailbox, security, tls)
    server.start()
    port, loop = server.started.get(timeout=10)
    try:
        yield {"smtp_server": "127.0.0.1", "smtp_port": port, "smtp_type": security}
    finally:
        loop.call_soon_threadsafe(server.over.set)
        server.join()


MAIL = {"subject": "Grüße", "msg": "<b>hällo</b>", "msg_plain": "hällo", "email_to": "a@example.org, b@example.org"}


def state_of(made: EmailTask, **arguments: Any) -> State:
    with Flow("flow") as flow:
        task = made(**arguments)
    return flow.run().result[task]


@pytest.mark.parametrize("security", ["SSL", "STARTTLS", "INSECURE"])
def test_a_mail_arrives(mailbox: Mailbox, certificate: Certificate, tmp_path: Path, security: str) -> None:
    (tmp_path / "ä b.bin").write_bytes(b"\x00\xff")
    others = {"email_to_cc": "c@example.org", "email_to_bcc": "d@example.org"}
    with serving(mailbox, security, certificate) as settings:
        made = EmailTask(**MAIL, **others, **settings, attachments=[str(tmp_path / "ä b.bin")])
        assert state_of(made).is_successful()
    assert mailbox.logins == ([] if security == "INSECURE" else [(USER, PASSWORD)])
    ((receivers, mail),) = mailbox.mails
    assert sorted(receivers) == [f"{name}@example.org" for name in "abcd"]
    assert str(make_header(decode_header(mail["Subject"]))) == "Grüße"
    assert mail["Bcc"] is None
    plain, page, attached = mail.get_payload()
    assert [part.get_content_type() for part in (plain, page)] == ["text/plain", "text/html"]
    assert page.get_payload(decode=True).decode() == "<b>hällo</b>"
    assert (attached.get_filename(), attached.get_payload(decode=True)) == ("ä b.bin", b"\x00\xff")


def test_it_is_tried_again_by_its_own_settings(mailbox: Mailbox, certificate: Certificate) -> None:
    mailbox.refusals = ["451 not now", "451 not now"]
    with serving(mailbox, "SSL", certificate) as settings:
        made = EmailTask(**MAIL, **settings, max_retries=2, retry_delay=timedelta(0))
        assert state_of(made).is_successful()
    assert len(mailbox.mails) == 1


def test_a_timeout_of_the_task_ends_the_wait_for_an_answer(mailbox: Mailbox, certificate: Certificate) -> None:
    mailbox.delay = 60
    begun = time.monotonic()
    with serving(mailbox, "INSECURE", certificate) as settings:
        assert type(state_of(EmailTask(**MAIL, **settings, timeout=1))) is TimedOut
    assert time.monotonic() - begun < 30


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    """What the flow logged: the mail server has a log, too."""
    return "\n".join(caplog.handler.format(record) for record in caplog.records if record.name.startswith("prefect"))


def told_nowhere(state: State, log: str) -> str:
    """Assert that a failed state tells no secret, and return what its error says."""
    assert type(state) is Failed
    error = state.result
    assert isinstance(error, OSError)
    assert error.__cause__ is None
    assert error.__context__ is None
    for secret in (USER, PASSWORD, "wr0ng"):
        assert secret not in log + repr(state) + str(state.message) + repr(error)
    return str(error)


@pytest.mark.parametrize("security", ["SSL", "STARTTLS"])
def test_a_refused_password_is_told_nowhere(
    mailbox: Mailbox, certificate: Certificate, caplog: pytest.LogCaptureFixture, security: str
) -> None:
    with (
        serving(mailbox, security, certificate) as settings,
        caplog.at_level(logging.DEBUG),
        context(secrets={"EMAIL_USERNAME": USER, "EMAIL_PASSWORD": "wr0ng"}),
    ):
        state = state_of(EmailTask(**MAIL, **settings))
    assert set(mailbox.logins) == {(USER, "wr0ng")}
    expected = "The mail could not be sent by 127.0.0.1: the mail server answered with SMTP status 535."
    assert told_nowhere(state, log_of(caplog)) == expected


@pytest.mark.parametrize("security", ["SSL", "STARTTLS"])
def test_a_server_that_is_not_trusted_gets_no_password(
    mailbox: Mailbox,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    security: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.key))
    with serving(mailbox, security, certificate) as settings:
        state = state_of(EmailTask(**MAIL, **settings))
    assert not mailbox.logins
    assert "the certificate of the mail server is not trusted: " in told_nowhere(state, log_of(caplog))


def test_a_server_without_tls_gets_no_password(mailbox: Mailbox, certificate: Certificate) -> None:
    with serving(mailbox, "INSECURE", certificate) as settings:
        state = state_of(EmailTask(**MAIL, **settings), smtp_type="STARTTLS")
    assert "SMTPNotSupportedError" in told_nowhere(state, "")
    assert not mailbox.logins


def test_a_password_that_smtp_can_not_carry_is_told_nowhere(
    mailbox: Mailbox, certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        serving(mailbox, "SSL", certificate) as settings,
        context(secrets={"EMAIL_USERNAME": USER, "EMAIL_PASSWORD": "wr0ng€"}),
    ):
        state = state_of(EmailTask(**MAIL, **settings))
    assert told_nowhere(state, log_of(caplog)).endswith("UnicodeEncodeError.")


def test_nobody_listens(mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    state = state_of(EmailTask(**MAIL, smtp_server="127.0.0.1", smtp_port=1))
    assert told_nowhere(state, log_of(caplog)).endswith("ConnectionRefusedError.")


def test_a_mail_needs_a_receiver(mailbox: Mailbox) -> None:
    with pytest.raises(ValueError, match="has no receiver"):
        EmailTask(subject="s", msg="m").run()


def test_a_line_end_in_a_subject_starts_no_header(mailbox: Mailbox, certificate: Certificate) -> None:
    with serving(mailbox, "INSECURE", certificate) as settings:
        state = state_of(EmailTask(**{**MAIL, "subject": "a\nBcc: you@example.org"}, **settings))
    assert state.is_failed()
    assert not mailbox.mails


def test_the_gmail_notifier_over_tls(
    mailbox: Mailbox, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(mailbox, "SSL", certificate) as settings:
        monkeypatch.setattr(notifications, "_GMAIL", ("127.0.0.1", settings["smtp_port"]))
        done = Success("done")
        assert gmail_notifier(Task(name="work"), Pending(), done) is done
    assert mailbox.logins == [(USER, PASSWORD)]
    assert mailbox.mails[0][0] == [USER]


def test_a_user_name_that_is_no_address_is_told_nowhere(
    mailbox: Mailbox, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serving(mailbox, "SSL", certificate) as settings,
        context(secrets={"EMAIL_USERNAME": f"{USER}\nX: y", "EMAIL_PASSWORD": PASSWORD}),
    ):
        monkeypatch.setattr(notifications, "_GMAIL", ("127.0.0.1", settings["smtp_port"]))
        monkeypatch.setattr(mailbox, "login", lambda *given: AuthResult(success=True))
        with pytest.raises(ValueError, match=r"^Email notification for <Task: work> failed: HeaderParseError\.$"):
            gmail_notifier(Task(name="work"), Pending(), Success("done"))
    assert not mailbox.mails
