"""The methods of a flow that, in Prefect, talk to a backend. There is none here, and they say so."""

import warnings
from typing import Any

from miniprefect.exceptions import no_backend
from miniprefect.utilities.context import context


class NeedsBackend:
    """Have the methods that need a backend, so that scripts that mention them load."""

    name: str

    def register(self, *args: Any, **kwargs: Any) -> str | None:
        """Refuse, as there is nowhere to register a flow; only warn while a file is loaded to find its flows."""
        if context.get("loading_flow"):
            warnings.warn(
                "Attempting to call `flow.register` during execution of flow file will lead to unexpected results.",
                stacklevel=2,
            )
            return None
        raise no_backend(
            f"flow.register() of {self.name!r}",
            "Run it here with flow.run(), or let cron or systemd start the script.",
        )

    def deploy(self, *args: Any, **kwargs: Any) -> str | None:
        """Refuse, like `register`, whose name this was in Prefect 0.x."""
        return self.register(*args, **kwargs)

    def run_agent(self, *args: Any, **kwargs: Any) -> None:
        """Refuse, as there is nothing that an agent could be asked to run."""
        raise no_backend(
            f"flow.run_agent() of {self.name!r}",
            "Run the flow with flow.run(); with a schedule it waits and runs again.",
        )
