"""Tasks that talk to Kubernetes, by HTTP and the standard library."""

from miniprefect.tasks.kubernetes.job import (
    CreateNamespacedJob,
    DeleteNamespacedJob,
    ListNamespacedJob,
    PatchNamespacedJob,
    ReadNamespacedJob,
    ReplaceNamespacedJob,
    RunNamespacedJob,
)
from miniprefect.tasks.kubernetes.pod import (
    CreateNamespacedPod,
    DeleteNamespacedPod,
    ListNamespacedPod,
    PatchNamespacedPod,
    ReadNamespacedPod,
    ReadNamespacedPodLogs,
    ReplaceNamespacedPod,
)
from miniprefect.tasks.kubernetes.secrets import KubernetesSecret
from miniprefect.utilities.missing import missing_names

__all__ = [
    "CreateNamespacedJob",
    "CreateNamespacedPod",
    "DeleteNamespacedJob",
    "DeleteNamespacedPod",
    "KubernetesSecret",
    "ListNamespacedJob",
    "ListNamespacedPod",
    "PatchNamespacedJob",
    "PatchNamespacedPod",
    "ReadNamespacedJob",
    "ReadNamespacedPod",
    "ReadNamespacedPodLogs",
    "ReplaceNamespacedJob",
    "ReplaceNamespacedPod",
    "RunNamespacedJob",
]

_OPERATIONS = ("Create", "Delete", "List", "Patch", "Read", "Replace")
_ELSEWHERE = "Write it as a @task that calls kubectl with subprocess.run."

__getattr__ = missing_names(
    __name__,
    {f"{operation}Namespaced{kind}": _ELSEWHERE for operation in _OPERATIONS for kind in ("Deployment", "Service")}
    | {"ConnectGetNamespacedPodExec": _ELSEWHERE},
)
