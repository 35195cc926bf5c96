"""State handlers that send messages to Slack and by mail.

    task = Task(state_handlers=[slack_notifier(only_states=[Failed])])

Called with all of (task or flow, old state, new state) a notifier acts; called with fewer arguments it returns
itself with these arguments set. A message that can't be sent is an error of the handler, and by that the task or the
flow fails, as in Prefect. What goes wrong is told without the webhook, user name or password.
"""

import functools
import html
import inspect
from collections.abc import Callable, Iterable, Mapping
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any, Protocol, cast

from miniprefect.client.secrets import Secret
from miniprefect.engine.runner import describe
from miniprefect.engine.state import State
from miniprefect.exceptions import PrefectSignal
from miniprefect.utilities.callbacks import callback_factory
from miniprefect.utilities.missing import missing_names
from miniprefect.utilities.notifications._sending import MailServer, post, send_mail

__all__ = ["callback_factory", "gmail_notifier", "slack_message_formatter", "slack_notifier"]

# What Prefect has here and miniprefect has not, with what to do instead.
MISSING = {
    "jira_notifier": "Write a state handler that calls the jira library, and make it with callback_factory.",
    "jira_notification": "Write a state handler that calls the jira library, and make it with callback_factory.",
    "snowflake_logger": "Write a state handler that calls snowflake-connector-python, with callback_factory.",
    "snowflake_message_formatter": "Write a state handler that calls snowflake-connector-python.",
}

_LOGO = "https://emoji.slack-edge.com/TAN3D79AL/prefect/2497370f58500a5a.png"
_GMAIL = ("smtp.gmail.com", 465)
_SENDER = "notifications@prefect.io"


class Named(Protocol):
    """A task or a flow."""

    name: str


Kinds = Iterable[type[State]]


def _curried(notifier: Callable[..., Any]) -> Callable[..., Any]:
    """Have `notifier` return a partial of itself until it has an object and both its states."""
    signature = inspect.signature(notifier)

    @functools.wraps(notifier)
    def curried(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind_partial(*args, **kwargs).arguments
        if {"tracked_obj", "old_state", "new_state"} <= given.keys():
            return notifier(*args, **kwargs)
        return functools.partial(curried, *args, **kwargs)

    return curried


def _is_wanted(state: State, ignore_states: Kinds | None, only_states: Kinds | None) -> bool:
    ignored, only = tuple(ignore_states or ()), tuple(only_states or ())
    return not isinstance(state, ignored) and (not only or isinstance(state, only))


def _exception_in(state: State) -> BaseException | None:
    """Return the exception that is the result of `state`; a signal is none, the state's message says what it says."""
    result = state.result
    return result if isinstance(result, Exception) and not isinstance(result, PrefectSignal) else None


# ---------------------------------------------------------------------- Slack


def slack_message_formatter(tracked_obj: Named, state: State, backend_info: bool = True) -> dict[str, Any]:
    """Make the message that tells Slack about a change of state.

    Args:
        tracked_obj: the task or flow.
        state: the state it is in now.
        backend_info: whether to link to Prefect's backend; there is none here, so nothing ever is.

    Returns:
        What Slack's incoming webhooks take, as JSON can hold it.
    """
    fields = []
    if (error := _exception_in(state)) is not None:
        fields.append({"title": "Message", "value": f"```{describe(error)}```", "short": False})
    elif state.message is not None:
        fields.append({"title": "Message", "value": str(state.message), "short": False})
    kind = type(state).__name__
    attachment = {
        "fallback": "State change notification",
        "color": state.color,
        "author_name": "Prefect",
        "author_link": "https://www.prefect.io/",
        "author_icon": _LOGO,
        "title": kind,
        "fields": fields,
        "text": f"{tracked_obj.name} is now in a {kind} state",
        "footer": "Prefect notification",
    }
    return {"attachments": [attachment]}


@_curried
def slack_notifier(
    tracked_obj: Named,
    old_state: State,
    new_state: State,
    ignore_states: Kinds | None = None,
    only_states: Kinds | None = None,
    webhook_secret: str | None = None,
    backend_info: bool = True,
    proxies: Mapping[str, str] | None = None,
) -> State:
    """Tell a Slack channel about a change of state. Return the new state.

    Args:
        tracked_obj: the task or flow.
        old_state: the state it was in.
        new_state: the state it is in now.
        ignore_states: classes of states that are not told.
        only_states: the only classes of states that are told; by default all.
        webhook_secret: the name of the secret that holds the URL of the webhook; SLACK_WEBHOOK_URL by default.
        backend_info: see `slack_message_formatter`.
        proxies: the URL of a proxy by protocol; by default the environment says.

    Raises:
        ValueError: there is no such secret, or the message could not be sent.
    """
    if not _is_wanted(new_state, ignore_states, only_states):
        return new_state
    url = str(Secret(webhook_secret or "SLACK_WEBHOOK_URL").get())
    failure = post(url, slack_message_formatter(tracked_obj, new_state, backend_info), proxies)
    if failure:
        raise ValueError(f"Slack notification for {tracked_obj} failed: {failure}")
    return new_state


# ---------------------------------------------------------------------- mail


@_curried
def gmail_notifier(
    tracked_obj: Named,
    old_state: State,
    new_state: State,
    ignore_states: Kinds | None = None,
    only_states: Kinds | None = None,
) -> State:
    """Tell the owner of a Gmail account about a change of state, by mail to that account. Return the new state.

    The account is in the secrets EMAIL_USERNAME and EMAIL_PASSWORD (an app password).

    Args:
        tracked_obj: the task or flow.
        old_state: the state it was in.
        new_state: the state it is in now.
        ignore_states: classes of states that are not told.
        only_states: the only classes of states that are told; by default all.

    Raises:
        ValueError: there are no such secrets, or the mail could not be sent.
    """
    if not _is_wanted(new_state, ignore_states, only_states):
        return new_state
    username, password = (str(Secret(f"EMAIL_{what}").get()) for what in ("USERNAME", "PASSWORD"))
    server = MailServer(*_GMAIL, login=(username, password))
    failure = send_mail(server, _mail_about(tracked_obj, new_state, username))
    if failure:
        raise ValueError(f"Email notification for {tracked_obj} failed: {failure}")
    return new_state


def email_message_formatter(tracked_obj: Named, state: State, email_to: str) -> str:
    """Return the mail about a state, as `gmail_notifier` sends it."""
    return _mail_about(tracked_obj, state, email_to).as_string()


def _mail_about(tracked_obj: Named, state: State, receiver: str) -> MIMEMultipart:
    """Make the mail, with the same words as text and in a table with a logo."""
    mail = MIMEMultipart("alternative")
    mail["Subject"] = cast(str, Header(f"Prefect state change notification for {tracked_obj.name}", "UTF-8"))
    mail["From"] = _SENDER
    mail["To"] = receiver
    mail.attach(MIMEText(_text_about(tracked_obj, state, str), "plain"))
    text = _text_about(tracked_obj, state, functools.partial(html.escape, quote=False))
    mail.attach(MIMEText(_PAGE.format(color=state.color, logo=_LOGO, text=text), "html"))
    return mail


def _text_about(tracked_obj: Named, state: State, escape: Callable[[str], str]) -> str:
    error = _exception_in(state)
    message = f'"{escape(str(state.message))}"' if error is None else f"<pre>{escape(describe(error))}</pre>"
    return _TEXT.format(name=escape(tracked_obj.name), color=state.color, kind=type(state).__name__, message=message)


_TEXT = """
    <pre>{name}</pre> is now in a <font color="{color}"><b>{kind}</b></font> state
    <br><br>
    Message: {message}
    """

_PAGE = """
    <html>
      <head></head>
      <body>
        <table align="left" border="0" cellpadding="2px" cellspacing="2px">
          <tr>
            <td style="border-left: 2px solid {color};">
              <img src="{logo}">
            </td>
            <td style="border-left: 2px solid {color}; padding-left: 6px;">
              {text}
            </td>
          </tr>
        </table>
      </body>
    </html>
    """


__getattr__ = missing_names(__name__, MISSING)
