"""Tasks that send messages: to Slack, and by mail."""

from miniprefect.tasks.notifications.email_task import EmailTask
from miniprefect.tasks.notifications.slack_task import SlackTask
from miniprefect.utilities.missing import missing_names

__all__ = ["EmailTask", "SlackTask"]

_PUSHBULLET = "Write it as a @task that posts to Pushbullet's API with urllib.request."

__getattr__ = missing_names(__name__, {"PushbulletTask": _PUSHBULLET, "pushbullet_task": _PUSHBULLET})
