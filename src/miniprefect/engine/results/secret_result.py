"""Results that are secrets: never written, and looked up anew by whoever reads them."""

from typing import Any, Protocol, Self

from miniprefect.engine.result.base import Result


class SecretTask(Protocol):
    """A task whose `run` returns the secret called `name`."""

    @property
    def name(self) -> str:
        """The name of the task, which is that of its secret."""
        ...

    @property
    def run(self) -> Any:
        """A function of `name` that returns the secret of that name."""
        ...


class SecretResult(Result):
    """Find a value again by running the secret task that it came from.

    Args:
        secret_task: the task.
        **kwargs: `value` and `location`, as every `Result` has them; the location is the name of the secret, and
            by default that of the task.

    Raises:
        ValueError: a serializer is among them.
    """

    keeps_location = False

    def __init__(self, secret_task: SecretTask, **kwargs: Any) -> None:
        if "serializer" in kwargs:
            raise ValueError("Can't pass a serializer to a SecretResult: it writes nothing.")
        kwargs.setdefault("location", secret_task.name)
        self.secret_task = secret_task
        super().__init__(**kwargs)

    def read(self, location: str) -> Self:
        """Return a copy that holds the secret called `location`."""
        return self._held_at(location, self.secret_task.run(name=location))

    def write(self, value_: Any, **kwargs: Any) -> Self:
        """Raise ValueError: a secret is not written anywhere."""
        raise ValueError("SecretResults cannot be written to. Give the task another result, or checkpoint=False.")
