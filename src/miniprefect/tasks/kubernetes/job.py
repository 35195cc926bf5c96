"""Tasks for jobs."""

import contextlib
import logging
from typing import Any

from miniprefect.tasks.kubernetes._client import DEFAULT_SECRET, Client, connect
from miniprefect.tasks.kubernetes._following import JobWatch
from miniprefect.tasks.kubernetes._kinds import JOB
from miniprefect.tasks.kubernetes._objects import ApiObject
from miniprefect.tasks.kubernetes._tasks import CreateTask, KubernetesTask, ListTask, delete_options
from miniprefect.tasks.kubernetes.errors import ApiError
from miniprefect.utilities.tasks import defaults_from_attrs


class CreateNamespacedJob(CreateTask):
    """Create a job; see `CreateTask` for the arguments."""

    kind = JOB


class ListNamespacedJob(ListTask):
    """List the jobs of a namespace; see `KubernetesTask` for the arguments."""

    kind = JOB


class _Named(KubernetesTask):
    """Be a task for one job."""

    kind = JOB

    def __init__(
        self,
        job_name: str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        **kwargs: Any,
    ) -> None:
        self.job_name = job_name
        super().__init__(namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs)


class ReadNamespacedJob(_Named):
    """Read a job.

    Args:
        job_name: its name.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    @defaults_from_attrs("job_name", "namespace", "kubernetes_api_key_secret")
    def run(
        self,
        job_name: str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
    ) -> ApiObject:
        """Return the job; the arguments are those of the constructor.

        Raises:
            ValueError: there is no name.
            KubernetesError: it goes wrong.
        """
        return self.ask("read", namespace, kube_kwargs, kubernetes_api_key_secret, self.named(job_name))


class DeleteNamespacedJob(_Named):
    """Delete a job. Its pods stay, unless `delete_option_kwargs` has a propagation policy.

    Args:
        job_name: its name.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    @defaults_from_attrs("job_name", "namespace", "kubernetes_api_key_secret")
    def run(
        self,
        job_name: str | None = None,
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
        name, options = self.named(job_name), delete_options(delete_option_kwargs)
        self.ask("delete", namespace, kube_kwargs, kubernetes_api_key_secret, name, options)


class _Described(_Named):
    """Be a task that sends a body to one job."""

    operation: str
    what: str = ""

    def __init__(
        self,
        job_name: str | None = None,
        body: dict[str, Any] | str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        **kwargs: Any,
    ) -> None:
        self.body = body or {}
        super().__init__(job_name, namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs)

    @defaults_from_attrs("job_name", "namespace", "kubernetes_api_key_secret")
    def run(
        self,
        job_name: str | None = None,
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
        body, name = self.described(self.body, body, self.what), self.named(job_name)
        self.ask(self.operation, namespace, kube_kwargs, kubernetes_api_key_secret, name, body)


class PatchNamespacedJob(_Described):
    """Change parts of a job.

    Args:
        job_name: its name.
        body: the parts as a dict, merged into what is there (Kubernetes' strategic merge); or a JSON patch, as a list.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    operation = "patch"
    what = " patch"


class ReplaceNamespacedJob(_Described):
    """Put another job in the place of one.

    Args:
        job_name: its name.
        body: the manifest as a dict or as text, as for `CreateTask`.
        namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs: as for `KubernetesTask`.
    """

    operation = "replace"


class RunNamespacedJob(CreateTask):
    """Create a job, wait until it has completed, and delete it. A job that fails makes the task fail, and stays.

    If the task is to be retried, give the job a `generateName` instead of a name, as the one that failed is still
    there.

    Args:
        body: the manifest as a dict, or its text in JSON, or with PyYAML in YAML. What is given to `run` is laid over
            what the task was made with, key by key.
        namespace, kube_kwargs, kubernetes_api_key_secret: as for `KubernetesTask`; `kube_kwargs` are for the
            creation of the job.
        job_status_poll_interval: seconds between two looks at the job.
        log_level: the level, such as "info", at which what the job's pods log is logged here; by default it is not.
        delete_job_after_completion: whether to delete the job, and its pods, when it has completed.
        **kwargs: as for `Task`. If the task runs into its `timeout`, the job goes on.
    """

    kind = JOB

    def __init__(
        self,
        body: dict[str, Any] | str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        job_status_poll_interval: float = 5,
        log_level: str | None = None,
        delete_job_after_completion: bool = True,
        **kwargs: Any,
    ) -> None:
        self.job_status_poll_interval = job_status_poll_interval
        self.log_level = log_level
        self.delete_job_after_completion = delete_job_after_completion
        super().__init__(body, namespace, kube_kwargs, kubernetes_api_key_secret, **kwargs)

    @defaults_from_attrs(
        "namespace",
        "kubernetes_api_key_secret",
        "job_status_poll_interval",
        "log_level",
        "delete_job_after_completion",
    )
    def run(
        self,
        body: dict[str, Any] | str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        job_status_poll_interval: float = 5,
        log_level: str | None = None,
        delete_job_after_completion: bool = True,
    ) -> None:
        """Return when the job has completed; the arguments are those of the constructor.

        Raises:
            FAIL: the job failed.
            ValueError: there is no body, no name in it, or no such level.
            KubernetesError: the API server refuses, or is out of reach: while the job runs, for five minutes.
        """
        manifest = self.described(self.body, body)
        metadata = manifest.get("metadata") or {}
        if not metadata.get("name") and not metadata.get("generateName"):
            raise ValueError("The job name must be defined in the body under the metadata key.")
        level = None if log_level is None else _level(log_level)
        client = connect(kubernetes_api_key_secret)
        kwargs = {**self.kube_kwargs, **(kube_kwargs or {})}
        job = client.request(JOB.call("create", namespace, metadata.get("name"), manifest, kwargs))
        name = job.metadata.name
        self.logger.info("Job %s has been created.", name)
        with contextlib.closing(JobWatch(client, job, self.logger, level)) as watch:
            watch.wait(job_status_poll_interval)
        self.logger.info("Job %s has been completed.", name)
        if delete_job_after_completion:
            self._delete(client, namespace, name)

    def _delete(self, client: Client, namespace: str, name: str) -> None:
        try:
            client.request(JOB.call("delete", namespace, name, {"propagationPolicy": "Foreground"}))
        except ApiError as error:
            if error.status != 404:  # somebody else was quicker, such as Kubernetes by its ttlSecondsAfterFinished
                raise
        self.logger.info("Job %s has been deleted.", name)


def _level(name: str) -> int:
    """Return the number of a level by its name, in capitals or not."""
    level = logging.getLevelNamesMapping().get(name.upper())
    if not level:
        raise ValueError(f"A valid log_level must be provided. {name!r} is none; 'info' or 'error' are, for instance.")
    return level
