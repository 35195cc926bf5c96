"""Ready-made tasks and state handlers that send messages: what Slack and mail servers get from them."""

import contextlib
import json
import smtplib
import threading
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, HTTPServer

import prefect
from observe import folder, plain, raises, scenario
from prefect import Flow, Task
from prefect.engine.signals import FAIL
from prefect.engine.state import Failed, Finished, Pending, Retrying, Running, Skipped, Success, TriggerFailed
from prefect.tasks.notifications import EmailTask, SlackTask
from prefect.utilities.notifications import gmail_notifier, slack_notifier


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append([self.path, self.headers["Content-Type"], json.loads(body.decode())])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def slack(status=200):
    """Serve a webhook, whose URL is in two secrets: the requests that it gets."""
    server = HTTPServer(("127.0.0.1", 0), Webhook)
    server.posted, server.status = [], status
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/services/"
    try:
        with prefect.context(secrets={"SLACK_WEBHOOK_URL": f"{url}one", "OTHER": f"{url}other"}, url=url):
            yield server.posted
    finally:
        server.shutdown()
        server.server_close()


def posted(action):
    with slack() as requests:
        assert action() is None
    return requests


@scenario
def what_a_slack_task_posts():
    blocks = {"text": "x", "attachments": [{"title": "t"}]}
    return {
        "text": posted(lambda: SlackTask(message="hello").run()),
        "dict": posted(lambda: SlackTask(message=blocks).run()),
        "at run": posted(lambda: SlackTask(message="hello").run(message="you", webhook_secret="OTHER")),
        "other secret": posted(lambda: SlackTask(message="hello", webhook_secret="OTHER").run()),
        "url": posted(lambda: SlackTask(message="hello").run(webhook_url=prefect.context.url + "url")),
        "nothing": posted(lambda: SlackTask().run()),
        "in a flow": posted(lambda: run_in_a_flow(SlackTask(name="slack"), message="from a flow")),
    }


def run_in_a_flow(made, **arguments):
    with Flow("flow") as flow:
        made(**arguments)
    assert flow.run().is_successful()


@scenario
def a_slack_task_without_its_secret():
    return raises(SlackTask(message="hello").run, says="SLACK_WEBHOOK_URL")


@scenario(
    differs="the error is Python's own: there is no requests library; its text has no URL, which is a secret",
    here={"raised": "OSError"},
)
def a_slack_task_whose_message_is_refused():
    with slack(status=404):
        return raises(SlackTask(message="hello").run, says="404")


def told(state, **settings):
    """Return what Slack is told of a task that is in this state now."""
    with slack() as requests:
        assert slack_notifier(Task(name="work"), Pending(), state, **settings) is state
    return requests


@scenario
def what_slack_is_told():
    states = {
        "success": Success("fine"),
        "failed": Failed("bad", result=ValueError("boom")),
        "signal": Failed("bad", result=FAIL("why")),
        "text": Failed("bad", result="text"),
        "trigger": TriggerFailed("trigger"),
        "skipped": Skipped("skipped"),
        "retrying": Retrying("again"),
        "running": Running("going on"),
        "no message": Success(),
        "empty": Success(""),
    }
    seen = {name: told(state) for name, state in states.items()}
    seen["no backend"] = told(Success("fine"), backend_info=False)
    seen["other secret"] = told(Success("fine"), webhook_secret="OTHER")
    return seen


@scenario
def which_states_slack_is_told_of():
    choices = {
        "ignored": {"ignore_states": [Finished]},
        "others ignored": {"ignore_states": [Running, Failed]},
        "only": {"only_states": [Finished]},
        "only others": {"only_states": [Failed]},
        "both": {"only_states": [Finished], "ignore_states": [Success]},
        "nothing": {"only_states": [], "ignore_states": []},
    }
    return {name: len(told(Success("fine"), **choice)) for name, choice in choices.items()}


@scenario
def slack_is_told_of_a_flow():
    handler = slack_notifier(only_states=[Success, Failed], backend_info=False)  # it would ask the backend
    with slack() as requests:
        with Flow("flow", state_handlers=[handler]) as flow:
            prefect.task(lambda: 1 / 0, name="work", state_handlers=[handler])()
        flow.run()
    return requests


# Mail


class MailServer:
    """Stands for the connections of smtplib, and remembers what was done with them."""

    def __init__(self, kind, done):
        self.kind, self.done = kind, done

    def __call__(self, host="", port=0, **settings):
        self.done.append([self.kind, host, port])
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def starttls(self, **settings):
        self.done.append(["starttls"])

    def login(self, user, password):
        self.done.append(["login", user, str(password)])

    def send_message(self, mail, *arguments):
        self.done.append(["mail", described(mail)])

    def sendmail(self, sender, receiver, text):
        import email

        self.send_message(email.message_from_string(text))

    def quit(self):
        pass

    close = quit


def described(mail):
    """Describe headers and parts of a mail, but for what is another way to write the same."""
    shown = {name: value for name, value in mail.items() if value and name not in ("Content-Type", "MIME-Version")}
    headers = {name: str(make_header(decode_header(str(value)))) for name, value in shown.items()}
    return [mail.get_content_type(), headers, [part_of(part) for part in mail.get_payload()]]


def part_of(part):
    name = part.get_filename()
    text = part.get_payload(decode=True).decode("utf-8", "replace")
    # Layout of HTML is nobody's business.
    words = [line.strip() for line in text.splitlines() if line.strip()]
    return [part.get_content_type(), name.strip() if name else None, words]


@contextlib.contextmanager
def mail_server():
    done = []
    before = smtplib.SMTP, smtplib.SMTP_SSL
    smtplib.SMTP, smtplib.SMTP_SSL = MailServer("plain", done), MailServer("SSL", done)
    try:
        with prefect.context(secrets={"EMAIL_USERNAME": "me@example.org", "EMAIL_PASSWORD": "12345"}):
            yield done
    finally:
        smtplib.SMTP, smtplib.SMTP_SSL = before


def mailed(settings, **given):
    with mail_server() as done:
        assert EmailTask(**settings).run(**given) is None
    return done


MAIL = {"subject": "Sübject", "msg": "<b>hello</b>", "email_to": "a@example.org, b@example.org"}


@scenario
def what_an_email_task_sends():
    where = folder()
    (where / "a.txt").write_text("hello")
    (where / "b.bin").write_bytes(b"\x00\xff")
    return {
        "ssl": mailed(MAIL),
        "starttls": mailed({**MAIL, "smtp_type": "STARTTLS", "smtp_port": 587, "smtp_server": "mail.example.org"}),
        "insecure": mailed({**MAIL, "smtp_type": "INSECURE", "smtp_port": 25, "smtp_server": "mail.example.org"}),
        "both texts": mailed({**MAIL, "msg_plain": "hello"}),
        "plain": mailed({"subject": "s", "msg_plain": "grüße", "email_to": "a@example.org"}),
        "no text": mailed({"subject": "s", "email_to": "a@example.org"}),
        "no subject": mailed({"msg": "m", "email_to": "a@example.org"}),
        "others": mailed({**MAIL, "email_to_cc": "c@example.org", "email_to_bcc": "d@example.org, e@example.org"}),
        "attachments": mailed({**MAIL, "attachments": [str(where / "a.txt"), str(where / "b.bin")]}),
        "at run": mailed(MAIL, subject="other", email_from="Me <me@example.org>", smtp_type="INSECURE"),
    }


@scenario
def what_an_email_task_refuses():
    def sent(**given):
        with mail_server():
            EmailTask(**{**MAIL, **given}).run()

    return {
        "kind": raises(sent, smtp_type="TEST", says="TEST is an unsupported value for smtp_type."),
        "lower case": raises(sent, smtp_type="ssl", says="ssl is an unsupported value for smtp_type."),
        "no kind": raises(sent, smtp_type=None, says="None is an unsupported value for smtp_type."),
        "attachment": raises(sent, attachments=["/no/where"]),
        "no secret": raises(EmailTask(**MAIL).run, says='"EMAIL_USERNAME" was not found'),
    }


@scenario
def what_is_mailed_of_a_state():
    seen = {}
    states = {"success": Success("fine"), "failed": Failed("bad", result=ValueError("boom")), "none": Success()}
    for name, state in states.items():
        with mail_server() as done:
            assert gmail_notifier(Task(name="work"), Pending(), state) is state
        seen[name] = done
    return seen


@scenario
def which_states_are_mailed():
    seen = []
    for choice in ({"only_states": [Failed]}, {"ignore_states": [Success]}, {"only_states": [Success]}):
        with mail_server() as done:
            gmail_notifier(**choice)(Task(name="work"), Pending(), Success("fine"))
        seen.append(len(done))
    return seen


@scenario
def the_defaults_of_tasks_that_send():
    return [
        plain({name: getattr(SlackTask(), name) for name in ("name", "message", "webhook_secret", "max_retries")}),
        plain({name: value for name, value in vars(EmailTask()).items() if "smtp" in name or "email" in name}),
        EmailTask().attachments,
    ]
