"""Artifacts: what task runs show in Prefect's user interface.

As in Prefect, they do nothing and return None in a run without a backend, so tasks that make them run here.
"""


def create_link_artifact(link: str) -> str | None:
    """Return None: there is no user interface to show `link` in."""
    return None


def create_markdown_artifact(markdown: str) -> str | None:
    """Return None: there is no user interface to show `markdown` in."""
    return None


def update_link_artifact(task_run_artifact_id: str, link: str) -> None:
    """Do nothing."""


def update_markdown_artifact(task_run_artifact_id: str, markdown: str) -> None:
    """Do nothing."""


def delete_artifact(task_run_artifact_id: str) -> None:
    """Do nothing."""
