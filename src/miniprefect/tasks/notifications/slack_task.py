"""Messages to Slack."""

from typing import Any

from miniprefect.client.secrets import Secret
from miniprefect.core.task import Task
from miniprefect.utilities.notifications._sending import post
from miniprefect.utilities.tasks import defaults_from_attrs


class SlackTask(Task):
    """Post a message to Slack through an incoming webhook.

    Args:
        message: the text, or a dict with all that Slack's webhooks take, such as ``blocks``.
        webhook_secret: the name of the secret that holds the URL of the webhook.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        message: str | dict[str, Any] | None = None,
        webhook_secret: str = "SLACK_WEBHOOK_URL",
        **kwargs: Any,
    ) -> None:
        self.message = message
        self.webhook_secret = webhook_secret
        super().__init__(**kwargs)

    @defaults_from_attrs("message", "webhook_secret")
    def run(
        self,
        message: str | dict[str, Any] | None = None,
        webhook_secret: str | None = None,
        webhook_url: str | None = None,
    ) -> None:
        """Post the message.

        Args:
            message: the text or dict.
            webhook_secret: the name of the secret that holds the URL.
            webhook_url: the URL itself, such as the result of a secret task.

        Raises:
            ValueError: there is no such secret.
            OSError: the message could not be sent. It says why, without the URL.
        """
        url = str(webhook_url or Secret(str(webhook_secret)).get())
        failure = post(url, message if isinstance(message, dict) else {"text": message})
        if failure:
            raise OSError(f"The message could not be sent to Slack: {failure}")
