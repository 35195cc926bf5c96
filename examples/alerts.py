"""Notifications: Slack is told when a task fails for good, and gets a message at the end.

    python examples/alerts.py                           # a small server of its own stands in for Slack
    SLACK=https://hooks.slack.com/services/... python examples/alerts.py --failures 1

The URL of a webhook is a secret: it comes from the environment, and neither log nor state nor error ever shows it.
"""

import argparse
import datetime
import json
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from miniprefect import Flow, Parameter, case, context, task
from miniprefect.engine.state import Failed, Retrying
from miniprefect.tasks.notifications import SlackTask
from miniprefect.tasks.templates import StringFormatter
from miniprefect.triggers import all_finished
from miniprefect.utilities.notifications import slack_notifier

tell = slack_notifier(only_states=[Failed, Retrying])


@task(max_retries=2, retry_delay=datetime.timedelta(seconds=0), state_handlers=[tell])
def fetch(failures):
    """Fail as often as wished before it goes well."""
    attempt = context.task_run_count
    if attempt <= failures:
        raise ConnectionError(f"attempt {attempt} met with no answer")
    return attempt


@task(trigger=all_finished)
def is_number(value):
    return isinstance(value, int)


with Flow("alerts", state_handlers=[slack_notifier(only_states=[Failed])]) as flow:
    attempts = fetch(Parameter("failures", default=1))
    with case(is_number(attempts), True):
        text = StringFormatter(template="{flow_name}: fetched at attempt {attempts}")(attempts=attempts)
        sent = SlackTask(max_retries=3, retry_delay=datetime.timedelta(seconds=0))(message=text)
    flow.set_reference_tasks([attempts, sent])


class StandIn(BaseHTTPRequestHandler):
    """What Slack's end of a webhook does, as far as it matters here."""

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for told in message.get("attachments", [message]):
            print("Slack is told:", told["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextmanager
def webhook():
    """Yield the URL of a webhook: Slack's, or that of a stand-in."""
    if "SLACK" in os.environ:
        yield os.environ["SLACK"]
        return
    with HTTPServer(("127.0.0.1", 0), StandIn) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--failures", type=int, default=1, help="how many attempts fail; there are three")
    options = parser.parse_args()
    with webhook() as url, context(secrets={"SLACK_WEBHOOK_URL": url}):
        state = flow.run(parameters=vars(options))
    print("all well" if state.is_successful() else "failed")
    return 0 if state.is_successful() else 1


if __name__ == "__main__":
    raise SystemExit(main())
