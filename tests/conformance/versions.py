"""What Prefect 0.10.6 said and did otherwise everywhere, so that no scenario has to state it.

A recording of 0.10.6 stays as it is; for a comparison, `of_today` puts it into the words of 1.4.1.
"""

from __future__ import annotations

import re
from typing import Any

REWORDED = {
    r"^Unexpected error: (?=\w+\()": "Error during execution of task: ",
    r"^Mapped tasks submitted for execution\.$": "Ready to proceed with mapping.",
    r"(?<=: )finished task run for task": "Finished task run for task",
}
SAID_NO_MORE = "INFO prefect.FlowRunner | Starting flow run."
UNFINISHED = {"Pending", "Scheduled", "Paused", "Resume", "Retrying", "Queued", "Submitted", "Running"}


def of_today(observation: Any) -> Any:
    """Put an observation of 0.10.6 into the words of 1.4.1; one of 1.4.1 comes back without the inputs."""
    if isinstance(observation, str):
        return reworded(observation)
    if isinstance(observation, list):
        return [of_today(part) for part in observation if part != SAID_NO_MORE]
    if isinstance(observation, dict):
        return {key: of_today(part) for key, part in without_inputs(observation).items()}
    return observation


def reworded(text: str) -> str:
    for before, now in REWORDED.items():
        text = re.sub(before, now, text)
    return text


def without_inputs(seen: dict[str, Any]) -> dict[str, Any]:
    """Take the inputs out of a finished state: 0.10 kept them in nearly all, 1.4 keeps them where they are used."""
    if seen.get("state", "Pending") in UNFINISHED:
        return seen
    return {key: part for key, part in seen.items() if key != "cached_inputs"}
