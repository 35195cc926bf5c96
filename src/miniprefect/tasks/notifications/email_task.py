"""Mails."""

from collections.abc import Iterable
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

from miniprefect.client.secrets import Secret
from miniprefect.core.task import Task
from miniprefect.utilities.notifications._sending import MailServer, send_mail
from miniprefect.utilities.tasks import defaults_from_attrs

_KINDS = ("SSL", "STARTTLS", "INSECURE")


class EmailTask(Task):
    """Send a mail. The account at the mail server is in the secrets EMAIL_USERNAME and EMAIL_PASSWORD.

    Args:
        subject: the subject.
        msg: the mail as HTML.
        email_to: the addresses of the receivers, with commas between them.
        email_from: the address of the sender.
        smtp_server: the name of the mail server.
        smtp_port: its port.
        smtp_type: "SSL", "STARTTLS", or "INSECURE" for neither encryption nor login.
        msg_plain: the mail as text, for those who don't read HTML.
        email_to_cc: addresses of further receivers.
        email_to_bcc: addresses of receivers that the others don't see.
        attachments: paths of files to attach.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        subject: str | None = None,
        msg: str | None = None,
        email_to: str | None = None,
        email_from: str = "notifications@prefect.io",
        smtp_server: str = "smtp.gmail.com",
        smtp_port: int = 465,
        smtp_type: str = "SSL",
        msg_plain: str | None = None,
        email_to_cc: str | None = None,
        email_to_bcc: str | None = None,
        attachments: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.subject = subject
        self.msg = msg
        self.email_to = email_to
        self.email_from = email_from
        self.smtp_server = smtp_server
        self.smtp_port = smtp_port
        self.smtp_type = smtp_type
        self.msg_plain = msg_plain
        self.email_to_cc = email_to_cc
        self.email_to_bcc = email_to_bcc
        self.attachments = attachments or []
        super().__init__(**kwargs)

    @defaults_from_attrs(
        "subject",
        "msg",
        "email_to",
        "email_from",
        "smtp_server",
        "smtp_port",
        "smtp_type",
        "msg_plain",
        "email_to_cc",
        "email_to_bcc",
        "attachments",
    )
    def run(
        self,
        subject: str | None = None,
        msg: str | None = None,
        email_to: str | None = None,
        email_from: str | None = None,
        smtp_server: str | None = None,
        smtp_port: int | None = None,
        smtp_type: str | None = None,
        msg_plain: str | None = None,
        email_to_cc: str | None = None,
        email_to_bcc: str | None = None,
        attachments: list[str] | None = None,
    ) -> None:
        """Send the mail; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no such `smtp_type`, no receiver, or a secret is missing.
            OSError: an attachment can't be read, or the mail could not be sent. It says why, without the secrets.
        """
        if smtp_type not in _KINDS:
            raise ValueError(f"{smtp_type} is an unsupported value for smtp_type. Use one of {', '.join(_KINDS)}.")
        headers = {"Subject": subject, "From": email_from, "To": email_to, "Cc": email_to_cc, "Bcc": email_to_bcc}
        if not (email_to or email_to_cc or email_to_bcc):
            raise ValueError("The mail has no receiver. Give `email_to`, `email_to_cc` or `email_to_bcc`.")
        mail = _mail(headers, {"plain": msg_plain, "html": msg}, attachments or [])
        login = None if smtp_type == "INSECURE" else (_secret("EMAIL_USERNAME"), _secret("EMAIL_PASSWORD"))
        failure = send_mail(MailServer(str(smtp_server), int(smtp_port or 0), smtp_type, login), mail)
        if failure:
            raise OSError(f"The mail could not be sent by {smtp_server}: {failure}")


def _secret(name: str) -> str:
    return str(Secret(name).get())


def _mail(headers: dict[str, str | None], texts: dict[str, str | None], paths: Iterable[str]) -> MIMEMultipart:
    mail = MIMEMultipart()
    for name, value in headers.items():
        if value:
            mail[name] = value
    for kind, text in texts.items():
        if text:
            mail.attach(MIMEText(text, kind))
    for path in map(Path, paths):
        part = MIMEApplication(path.read_bytes())
        part.add_header("Content-Disposition", "attachment", filename=path.name)
        mail.attach(part)
    return mail
