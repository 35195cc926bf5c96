"""State handlers that tell people: `slack_notifier`, `gmail_notifier`, and `callback_factory` to make others."""

from miniprefect.utilities.missing import missing_names
from miniprefect.utilities.notifications.notifications import (
    MISSING,
    callback_factory,
    gmail_notifier,
    slack_message_formatter,
    slack_notifier,
)

__all__ = ["callback_factory", "gmail_notifier", "slack_message_formatter", "slack_notifier"]

__getattr__ = missing_names(__name__, MISSING)
