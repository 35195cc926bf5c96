"""What the tasks of this package have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from miniprefect.core.task import Task
from miniprefect.tasks.kubernetes._client import DEFAULT_SECRET, connect
from miniprefect.tasks.kubernetes._documents import parse
from miniprefect.tasks.kubernetes._kinds import Kind, camel_case
from miniprefect.tasks.kubernetes._objects import ApiObject
from miniprefect.utilities.tasks import defaults_from_attrs


class KubernetesTask(Task):
    """Be a task that asks the API server for something.

    Where the server is and who one is there: in a pod, its service account; elsewhere the kubeconfig of KUBECONFIG,
    or of ``~/.kube/config``. If there is a secret by the name of `kubernetes_api_key_secret`, it is the token.

    Args:
        namespace: the namespace.
        kube_kwargs: parameters of the request in the spelling of the official client, such as ``dry_run="All"`` or
            ``label_selector="app=web"``; and `_request_timeout`, the seconds to wait for an answer.
        kubernetes_api_key_secret: the name of a secret that holds a token; with None, none is looked for.
        **kwargs: as for `Task`.

    Raises:
        KubernetesError: in `run`, if it goes wrong (see the module `errors`).
    """

    kind: ClassVar[Kind]

    def __init__(
        self,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        **kwargs: Any,
    ) -> None:
        self.namespace = namespace
        self.kube_kwargs = kube_kwargs or {}
        self.kubernetes_api_key_secret = kubernetes_api_key_secret
        super().__init__(**kwargs)

    def ask(
        self,
        operation: str,
        namespace: str | None,
        kube_kwargs: Mapping[str, Any] | None,
        secret: str | None,
        name: str | None = None,
        body: Any = None,
    ) -> ApiObject:
        """Make a request, and return the answer; the arguments of `run` add to those of the task."""
        kwargs = {**self.kube_kwargs, **(kube_kwargs or {})}
        call = self.kind.call(operation, namespace or self.namespace, name, body, kwargs)
        return connect(secret).request(call)

    def named(self, name: str | None) -> str:
        """Return `name`, if there is one.

        Raises:
            ValueError: there is none.
        """
        if not name:
            raise ValueError(f"The name of a Kubernetes {self.kind.name} must be provided.")
        return name

    def described(self, own: Any, body: Any, what: str = "") -> Any:
        """Return the body of a request: that of the task, with that of `run` over it.

        Raises:
            ValueError: there is neither.
            TypeError: one is no manifest.
            ConfigurationError: one is text, and neither JSON nor YAML.
        """
        own, body = (self._manifest(given, what) for given in (own, body))
        if not own and not body:
            raise ValueError(f"A dictionary representing a {self.kind.model}{what} must be provided.")
        if isinstance(own, list) or isinstance(body, list):  # a JSON patch
            return body or own
        return {**(own or {}), **(body or {})}

    def _manifest(self, given: Any, what: str) -> Any:
        """Return a manifest as a dict, or what changes one as a dict or a list."""
        if isinstance(given, str):
            given = parse(given, "The body", "write it as JSON.")
        if given is None or isinstance(given, dict) or (what and isinstance(given, list)):
            return given
        kind = type(given).__name__
        raise TypeError(
            f"The body is to be the manifest of a {self.kind.name}{what}: a dict, or its text, not of type {kind}."
        )


class CreateTask(KubernetesTask):
    """Create an object.

    Args:
        body: the manifest as a dict, or its text in JSON, or with PyYAML in YAML. What is given to `run` is laid over
            what the task was made with, key by key.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    def __init__(
        self,
        body: dict[str, Any] | str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        **kwargs: Any,
    ) -> None:
        self.body = body or {}
        super().__init__(namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs)

    @defaults_from_attrs("namespace", "kubernetes_api_key_secret")
    def run(
        self,
        body: dict[str, Any] | str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
    ) -> None:
        """Create it; the arguments are those of the constructor.

        Raises:
            ValueError: there is no body.
            KubernetesError: it goes wrong.
        """
        body = self.described(self.body, body)
        self.ask("create", namespace, kube_kwargs, kubernetes_api_key_secret, body=body)


class ListTask(KubernetesTask):
    """List the objects of a namespace; see `KubernetesTask` for the arguments."""

    @defaults_from_attrs("namespace", "kubernetes_api_key_secret")
    def run(
        self,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
    ) -> ApiObject:
        """Return the list, whose `items` they are; the arguments are those of the constructor.

        Raises:
            KubernetesError: it goes wrong.
        """
        return self.ask("list", namespace, kube_kwargs, kubernetes_api_key_secret)


def delete_options(kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return options of the official client as the API has them: "gracePeriodSeconds" of "grace_period_seconds"."""
    return {camel_case(name): value for name, value in (kwargs or {}).items() if value is not None}
