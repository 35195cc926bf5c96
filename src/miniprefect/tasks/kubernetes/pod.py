"""Tasks for pods."""

from collections.abc import Callable
from typing import Any

from miniprefect.tasks.kubernetes._client import DEFAULT_SECRET, connect
from miniprefect.tasks.kubernetes._kinds import POD
from miniprefect.tasks.kubernetes._logs import LogStream, log_call
from miniprefect.tasks.kubernetes._objects import ApiObject
from miniprefect.tasks.kubernetes._tasks import CreateTask, KubernetesTask, ListTask, delete_options
from miniprefect.utilities.tasks import defaults_from_attrs


class CreateNamespacedPod(CreateTask):
    """Create a pod; see `CreateTask` for the arguments."""

    kind = POD


class ListNamespacedPod(ListTask):
    """List the pods of a namespace; see `KubernetesTask` for the arguments."""

    kind = POD


class _Named(KubernetesTask):
    """Be a task for one pod."""

    kind = POD

    def __init__(
        self,
        pod_name: str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        **kwargs: Any,
    ) -> None:
        self.pod_name = pod_name
        super().__init__(namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs)


class ReadNamespacedPod(_Named):
    """Read a pod.

    Args:
        pod_name: its name.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    @defaults_from_attrs("pod_name", "namespace", "kubernetes_api_key_secret")
    def run(
        self,
        pod_name: str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
    ) -> ApiObject:
        """Return the pod; the arguments are those of the constructor.

        Raises:
            ValueError: there is no name.
            KubernetesError: it goes wrong.
        """
        return self.ask("read", namespace, kube_kwargs, kubernetes_api_key_secret, self.named(pod_name))


class DeleteNamespacedPod(_Named):
    """Delete a pod.

    Args:
        pod_name: its name.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    @defaults_from_attrs("pod_name", "namespace", "kubernetes_api_key_secret")
    def run(
        self,
        pod_name: str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        delete_option_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Delete it; the other arguments are those of the constructor.

        Args:
            delete_option_kwargs: what the official client's V1DeleteOptions takes, such as
                ``{"grace_period_seconds": 0, "propagation_policy": "Background"}``.

        Raises:
            ValueError: there is no name.
            KubernetesError: it goes wrong.
        """
        name, options = self.named(pod_name), delete_options(delete_option_kwargs)
        self.ask("delete", namespace, kube_kwargs, kubernetes_api_key_secret, name, options)


class _Described(_Named):
    """Be a task that sends a body to one pod."""

    operation: str
    what: str = ""

    def __init__(
        self,
        pod_name: str | None = None,
        body: dict[str, Any] | str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        **kwargs: Any,
    ) -> None:
        self.body = body or {}
        super().__init__(pod_name, namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs)

    @defaults_from_attrs("pod_name", "namespace", "kubernetes_api_key_secret")
    def run(
        self,
        pod_name: str | None = None,
        body: dict[str, Any] | str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
    ) -> None:
        """Send it; the arguments are those of the constructor.

        Raises:
            ValueError: there is no body or no name.
            KubernetesError: it goes wrong.
        """
        body, name = self.described(self.body, body, self.what), self.named(pod_name)
        self.ask(self.operation, namespace, kube_kwargs, kubernetes_api_key_secret, name, body)


class PatchNamespacedPod(_Described):
    """Change parts of a pod.

    Args:
        pod_name: its name.
        body: the parts as a dict, merged into what is there (Kubernetes' strategic merge); or a JSON patch, as a list.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    operation = "patch"
    what = " patch"


class ReplaceNamespacedPod(_Described):
    """Put another pod in the place of one.

    Args:
        pod_name: its name.
        body: the manifest as a dict or as text, as for `CreateTask`.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    operation = "replace"


class ReadNamespacedPodLogs(_Named):
    """Read or follow the log of a pod.

    Args:
        pod_name: its name.
        namespace: its namespace.
        on_log_entry: a function to call with each line, as it comes, until the container has ended. Without one,
            the log so far is the task's result.
        kubernetes_api_key_secret: as for `KubernetesTask`.
        container: the container, if the pod has several.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        pod_name: str | None = None,
        namespace: str = "default",
        on_log_entry: Callable[[str], Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        container: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.on_log_entry = on_log_entry
        self.container = container
        super().__init__(pod_name, namespace, None, kubernetes_api_key_secret, **kwargs)

    @defaults_from_attrs("pod_name", "namespace", "on_log_entry", "kubernetes_api_key_secret", "container")
    def run(
        self,
        pod_name: str | None = None,
        namespace: str = "default",
        on_log_entry: Callable[[str], Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        container: str | None = None,
    ) -> str | None:
        """Return the log, or None if there is an `on_log_entry`; the arguments are those of the constructor.

        Raises:
            ValueError: there is no name.
            KubernetesError: it goes wrong.
        """
        name = self.named(pod_name)
        client = connect(kubernetes_api_key_secret)
        if on_log_entry is None:
            return client.text(log_call(namespace, name, container))
        for line in LogStream(client, namespace, name, container).lines():
            on_log_entry(line)
        return None
