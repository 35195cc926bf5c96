"""Tasks that fill in templates."""

from miniprefect.tasks.templates.strings import StringFormatter
from miniprefect.utilities.missing import missing_names

__all__ = ["StringFormatter"]

__getattr__ = missing_names(
    __name__, {"JinjaTemplate": "Write it as a @task that calls jinja2.Template(...).render()."}
)
