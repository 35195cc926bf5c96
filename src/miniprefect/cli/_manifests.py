"""Manifests of Kubernetes for a flow run: a job, and a config map that holds the flow's file."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Manifest = dict[str, Any]

FOLDER = "/flow"
LONGEST_NAME = 63  # a job's name becomes the value of a label of its pods
LARGEST_FILE = 1_000_000  # bytes; a config map holds a mebibyte, all told
KEPT_FOR = 24 * 60 * 60  # seconds for which Kubernetes keeps a job that has ended, and its log

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")


def valid_name(text: str) -> str:
    """Return `text` as a name that Kubernetes takes (RFC 1123): "umsatze-2024" of "Umsätze, 2024"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return name[:LONGEST_NAME].rstrip("-") or "flow"


def is_name(text: str) -> bool:
    """Tell whether Kubernetes takes `text` as a name of whatever kind."""
    return len(text) <= LONGEST_NAME and NAME.fullmatch(text) is not None


@dataclass(frozen=True)
class FlowJob:
    """A job that runs a flow.

    Attributes:
        name: the name of the job, a valid one.
        image: the image, in which miniprefect is installed.
        file: the path of the flow's file in the container, or its name in FOLDER if there is a `source`.
        source: what is in the flow's file, unless that is in the image.
        options: further arguments of `miniprefect run`.
        namespace: the namespace, or None for that of whoever creates the job.
        env: environment variables.
        env_secrets: names of secrets, all keys of which become environment variables.
        resources: what the container asks for: "cpu" and "memory".
        service_account: the service account that it runs as.
    """

    name: str
    image: str
    file: str
    source: str | None = None
    options: tuple[str, ...] = ()
    namespace: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    env_secrets: tuple[str, ...] = ()
    resources: Mapping[str, str] = field(default_factory=dict)
    service_account: str | None = None

    def manifest(self) -> Manifest:
        """Return the job, in a list with its config map if it needs one."""
        if self.source is None:
            return self._job()
        return {"apiVersion": "v1", "kind": "List", "items": [self._config_map(), self._job()]}

    def _metadata(self) -> Manifest:
        home = {"namespace": self.namespace} if self.namespace else {}
        return {"name": self.name, **home, "labels": self._labels()}

    def _labels(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/managed-by": "miniprefect"}

    def _config_map(self) -> Manifest:
        data = {self.file: self.source}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": self._metadata(), "data": data}

    def _job(self) -> Manifest:
        pod: Manifest = {"restartPolicy": "Never", "containers": [self._container()]}
        if self.source is not None:
            pod["volumes"] = [{"name": "flow", "configMap": {"name": self.name}}]
        if self.service_account:
            pod["serviceAccountName"] = self.service_account
        # A flow has its own retries, task by task; one that failed is not begun anew.
        template = {"metadata": {"labels": self._labels()}, "spec": pod}
        spec = {"backoffLimit": 0, "ttlSecondsAfterFinished": KEPT_FOR, "template": template}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": self._metadata(), "spec": spec}

    def _container(self) -> Manifest:
        # Without it, Python would keep its output to itself until there are some kilobytes of it.
        env = {"PYTHONUNBUFFERED": "1", **self.env}
        container: Manifest = {
            "name": "flow",
            "image": self.image,
            "command": ["miniprefect", "run", "-p", *map(literally, (self._path(), *self.options))],
            "env": [{"name": name, "value": literally(value)} for name, value in env.items()],
        }
        if self.env_secrets:
            container["envFrom"] = [{"secretRef": {"name": name}} for name in self.env_secrets]
        if self.resources:
            # Memory that is not there can't be shared, so it is the limit as well; a processor can.
            limits = {name: amount for name, amount in self.resources.items() if name == "memory"}
            container["resources"] = {"requests": dict(self.resources), **({"limits": limits} if limits else {})}
        if self.source is not None:
            container["volumeMounts"] = [{"name": "flow", "mountPath": FOLDER, "readOnly": True}]
        return container

    def _path(self) -> str:
        return self.file if self.source is None else f"{FOLDER}/{self.file}"


def literally(text: str) -> str:
    """Return what Kubernetes makes `text` of: it puts variables in the place of "$(NAME)", and "$" in that of "$$"."""
    return text.replace("$", "$$")
