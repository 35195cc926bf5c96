"""The kinds of objects that there are tasks for, and what can be asked of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miniprefect.tasks.kubernetes._client import TIMEOUT, Call

# The parameters of each operation, as the official client spells them, which is how kube_kwargs has them.
_CHANGES = {"pretty", "dry_run", "field_manager", "field_validation"}
_PARAMETERS: Mapping[str, set[str]] = {
    "create": _CHANGES,
    "read": {"pretty"},
    "list": {
        "pretty",
        "_continue",
        "field_selector",
        "label_selector",
        "limit",
        "resource_version",
        "resource_version_match",
        "timeout_seconds",
    },
    "patch": {*_CHANGES, "force"},
    "replace": _CHANGES,
    "delete": {"pretty", "dry_run", "grace_period_seconds", "orphan_dependents", "propagation_policy"},
}
_METHODS = {"create": "POST", "read": "GET", "list": "GET", "patch": "PATCH", "replace": "PUT", "delete": "DELETE"}


@dataclass(frozen=True)
class Kind:
    """A kind of object: its name in messages, its plural in paths, and its part of the API."""

    name: str
    plural: str
    api: tuple[str, ...]

    @property
    def model(self) -> str:
        """What the official client calls the kind, as do Prefect's messages."""
        return f"V1{self.name.capitalize()}"

    def call(
        self, operation: str, namespace: str, name: str | None = None, body: Any = None, kwargs: Any = None
    ) -> Call:
        """Return the request of an operation.

        Args:
            operation: "create", "read", "list", "patch", "replace" or "delete".
            namespace: the namespace.
            name: the name of the object, or None for the namespace's objects.
            body: what to send.
            kwargs: the user's `kube_kwargs`.

        Raises:
            TypeError: there is something in `kwargs` that the operation does not take.
        """
        target = (name,) if name and operation != "create" else ()
        query, timeout = _query(f"{operation}_namespaced_{self.name}", _PARAMETERS[operation], dict(kwargs or {}))
        which = f"{self.name} {name!r}" if name else self.plural if operation == "list" else f"a {self.name}"
        return Call(
            what=f"{operation} {which} in namespace {namespace!r}",
            method=_METHODS[operation],
            path=(*self.api, "namespaces", namespace, self.plural, *target),
            query=query,
            body=body,
            content_type=_content_type(operation, body),
            timeout=timeout,
        )


def _query(method: str, known: set[str], kwargs: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Take the query and the timeout out of the user's `kube_kwargs`."""
    timeout = kwargs.pop("_request_timeout", None) or TIMEOUT
    if unknown := kwargs.keys() - known:
        raise TypeError(
            f"Got an unexpected keyword argument {min(unknown)!r} to method {method}: "
            f"kube_kwargs may have {sorted([*known, '_request_timeout'])}"
        )
    query = {camel_case(name): value for name, value in kwargs.items() if value is not None}
    return query, float(max(timeout) if isinstance(timeout, tuple | list) else timeout)


def camel_case(name: str) -> str:
    """Return Kubernetes' spelling of a name: "labelSelector" of "label_selector"."""
    first, *rest = name.lstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _content_type(operation: str, body: Any) -> str:
    if operation != "patch":
        return "application/json"
    return "application/json-patch+json" if isinstance(body, list) else "application/strategic-merge-patch+json"


JOB = Kind("job", "jobs", ("apis", "batch", "v1"))
POD = Kind("pod", "pods", ("api", "v1"))
SECRET = Kind("secret", "secrets", ("api", "v1"))
