"""Send messages to webhooks and by mail. Where it takes secrets, what goes wrong is told without them.

So what went wrong is returned as text, not raised: an exception would bring along those of urllib and smtplib, which
quote URLs, user names and passwords.
"""

import json
import re
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.errors import MessageError
from email.message import Message
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

_PATIENCE = 30.0  # seconds, for a server to answer
_REASON = re.compile(rb"[a-z_]{2,40}")


def post(url: str, message: Any, proxies: Mapping[str, str] | None = None) -> str:
    """Send `message` as JSON to a webhook of Slack, and return what went wrong, or "".

    Args:
        url: the URL of the webhook; it is the secret.
        message: what JSON can hold.
        proxies: the URL of a proxy by protocol; by default the environment says.
    """
    body = json.dumps(message).encode()
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            return "the secret is not the URL of a webhook."
        request = Request(url, body, {"Content-Type": "application/json"})
        opener = build_opener(*([] if proxies is None else [ProxyHandler(dict(proxies))]))
        opener.open(request, timeout=_PATIENCE).close()
    except HTTPError as error:
        return f"Slack answered with HTTP status {error.code}{_reason(error)}."
    except (OSError, ValueError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return f"{type(reason).__name__}."
    return ""


def _reason(error: HTTPError) -> str:
    """Return what Slack has to say about its refusal: a word such as "no_service". Any other text is not passed on."""
    try:
        with error:
            body = error.read(100)
    except (OSError, HTTPException):
        return ""
    return f" ({body.decode()})" if _REASON.fullmatch(body) else ""


class MailServer(NamedTuple):
    """A mail server, and how to speak with it.

    Args:
        host: its name.
        port: its port.
        security: "SSL" (from the beginning), "STARTTLS" (after a greeting) or "INSECURE" (never).
        login: user name and password, or None.
    """

    host: str
    port: int
    security: str = "SSL"
    login: tuple[str, str] | None = None

    def connect(self) -> smtplib.SMTP:
        """Open a connection, and log in."""
        if self.security == "SSL":
            context = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_PATIENCE, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=_PATIENCE)
        try:
            if self.security == "STARTTLS":
                connection.starttls(context=ssl.create_default_context())
            if self.login is not None:
                connection.login(*self.login)
        except BaseException:
            connection.close()
            raise
        return connection


def _send(connection: smtplib.SMTP, mail: Message) -> None:
    try:
        connection.send_message(mail)
        with suppress(OSError):  # the mail is on its way
            connection.quit()
    finally:
        connection.close()


def send_mail(server: MailServer, mail: Message) -> str:
    """Send a mail to all receivers that it names, and return what went wrong, or "".

    Args:
        server: the mail server.
        mail: the mail; of the header ``Bcc`` nobody is told.
    """
    try:
        _send(server.connect(), mail)
    except smtplib.SMTPResponseException as error:
        return f"the mail server answered with SMTP status {error.smtp_code}."
    except ssl.SSLCertVerificationError as error:
        return f"the certificate of the mail server is not trusted: {error.verify_message}."
    except (OSError, ValueError, MessageError) as error:  # every SMTPException is an OSError
        return f"{type(error).__name__}."
    return ""
