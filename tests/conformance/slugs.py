"""Names for the tasks of a flow: their slugs, and in Prefect 0.10, whose slugs are random ids, those of 1.4.

slugs.keep_order()  # once, before the first flow is made
slugs.of(flow)      # {<Task: one>: "one-1", ...}
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import Any

RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ADDED: dict[str, int] = {}
"""When a task was first added to a flow, by its random id: 0.10 keeps tasks in a set, and slugs are counted."""


def keep_order() -> None:
    """Note the order in which tasks are added to flows of 0.10."""
    from prefect import Flow

    add_task = Flow.add_task

    @functools.wraps(add_task)
    def noting(flow: Any, task: Any) -> Any:
        added = add_task(flow, task)
        ADDED.setdefault(task.slug, len(ADDED))
        return added

    Flow.add_task = noting


def of(flow: Any) -> dict[Any, str]:
    """Return the slug of each task of a flow."""
    if hasattr(flow, "slugs"):
        return flow.slugs
    counts: Counter[str] = Counter()
    found = {}
    for task in sorted(flow.tasks, key=lambda task: ADDED[task.slug]):
        stem = "-".join([task.name, *sorted(task.tags)])
        counts[stem] += 1
        found[task] = f"{stem}-{counts[stem]}" if RANDOM.fullmatch(task.slug) else task.slug
    return found
