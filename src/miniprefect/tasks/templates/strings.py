"""Templates as `str.format` has them."""

import string
from collections import ChainMap
from typing import Any

from miniprefect.core.task import Task
from miniprefect.utilities.context import context


class StringFormatter(Task):
    """Fill a template such as ``"{name} ran on {today}"`` with values and with what the context has.

    Args:
        template: the template, unless it is given when the task is called.
        **kwargs: as for `Task`.
    """

    def __init__(self, template: str | None = None, **kwargs: Any) -> None:
        self.template = template or ""
        super().__init__(**kwargs)

    def run(self, template: str | None = None, **format_kwargs: Any) -> str:
        """Return the text.

        Args:
            template: the template; by default the one that the task was made with.
            **format_kwargs: values by name; they win over the context's.

        Raises:
            KeyError: the template asks for what neither has.
        """
        template = self.template if template is None else template
        return string.Formatter().vformat(template, (), ChainMap(format_kwargs, context))
