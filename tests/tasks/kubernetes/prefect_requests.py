"""What the tasks ask the API server for, and what comes of it: here, and in Prefect 1.4.1.

`data/prefect-requests-1.4.1.json` has what Prefect did; never write it by hand. To record it anew:

    $ python3.11 -m venv /tmp/oracle
    $ /tmp/oracle/bin/pip install "prefect[kubernetes]==1.4.1" "pendulum<3" "kubernetes<29"
    $ PYTHONPATH=. /tmp/oracle/bin/python -m tests.tasks.kubernetes.prefect_requests

Nothing here imports miniprefect. What a job logs, and how often it is looked at, is left out: there they differ.
"""

import base64
import importlib
import json
import os
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.tasks.kubernetes.cluster import Cluster, job

Json = dict[str, Any]
RECORDED = Path(__file__).parent / "data" / "prefect-requests-1.4.1.json"

STILL = job("a", "true", suspend=True)
ME = {"field_manager": "me"}
OPTIONS = {"grace_period_seconds": 3, "propagation_policy": "Background"}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": STILL["spec"]["template"]["spec"]}

# The name of a task, the arguments that it is made with, and those of `run`.
STEPS: list[tuple[str, Json, Json]] = [
    ("CreateNamespacedJob", {}, {}),
    ("CreateNamespacedJob", {"body": STILL}, {}),
    ("CreateNamespacedJob", {"body": STILL}, {}),
    ("CreateNamespacedJob", {"body": STILL, "namespace": "x"}, {"body": {"metadata": {"name": "b"}}}),
    (
        "CreateNamespacedJob",
        {"kube_kwargs": {"field_manager": "me"}},
        {"body": STILL, "kube_kwargs": {"dry_run": "All"}},
    ),
    ("CreateNamespacedJob", {"body": STILL, "kube_kwargs": {"nonsense": 1}}, {}),
    ("ReadNamespacedJob", {}, {}),
    ("ReadNamespacedJob", {"job_name": "a"}, {}),
    ("ReadNamespacedJob", {"job_name": "a"}, {"job_name": "none"}),
    ("ReadNamespacedJob", {"job_name": "a", "namespace": "y"}, {"namespace": "x"}),
    ("ListNamespacedJob", {}, {}),
    ("ListNamespacedJob", {"kube_kwargs": {"label_selector": "a=b"}}, {"kube_kwargs": {"limit": 3}}),
    ("PatchNamespacedJob", {"job_name": "a"}, {}),
    ("PatchNamespacedJob", {"job_name": "a", "body": {"metadata": {"labels": {"x": "y"}}}}, {}),
    ("PatchNamespacedJob", {"body": {"a": 1}}, {}),
    ("ReplaceNamespacedJob", {"job_name": "a"}, {}),
    ("ReplaceNamespacedJob", {"job_name": "a", "body": STILL}, {}),
    ("ReplaceNamespacedJob", {"body": STILL}, {}),
    ("DeleteNamespacedJob", {}, {}),
    ("DeleteNamespacedJob", {"job_name": "a", "kube_kwargs": {"dry_run": "All"}}, {"delete_option_kwargs": OPTIONS}),
    ("DeleteNamespacedJob", {"job_name": "a"}, {}),
    ("RunNamespacedJob", {}, {}),
    ("RunNamespacedJob", {"body": {"spec": {}}}, {}),
    ("RunNamespacedJob", {"body": STILL, "log_level": "loud"}, {}),
    ("RunNamespacedJob", {"body": job("r", "true"), "kube_kwargs": ME}, {}),
    ("RunNamespacedJob", {"body": job("r", "true")}, {"delete_job_after_completion": False}),
    ("RunNamespacedJob", {"body": job("r", "true")}, {}),
    ("RunNamespacedJob", {"body": job("f", "false"), "namespace": "x"}, {}),
    ("CreateNamespacedPod", {}, {}),
    ("CreateNamespacedPod", {"body": POD}, {}),
    ("ReadNamespacedPod", {}, {}),
    ("ReadNamespacedPod", {"pod_name": "done"}, {}),
    ("ListNamespacedPod", {"kube_kwargs": {"field_selector": "metadata.name=none"}}, {}),
    ("PatchNamespacedPod", {"pod_name": "p"}, {"body": {"metadata": {"labels": {"x": "y"}}}}),
    ("ReplaceNamespacedPod", {"pod_name": "p"}, {"body": POD}),
    ("DeleteNamespacedPod", {"pod_name": "p"}, {"delete_option_kwargs": OPTIONS}),
    ("ReadNamespacedPodLogs", {}, {}),
    ("ReadNamespacedPodLogs", {"pod_name": "done"}, {}),
    ("ReadNamespacedPodLogs", {"pod_name": "done", "container": "main"}, {}),
    ("KubernetesSecret", {}, {}),
    ("KubernetesSecret", {"secret_name": "s"}, {}),
    ("KubernetesSecret", {"secret_name": "s", "secret_key": "number"}, {}),
    ("KubernetesSecret", {"secret_name": "s", "secret_key": "none"}, {}),
    ("KubernetesSecret", {"secret_name": "s", "secret_key": "none", "raise_if_missing": True}, {}),
]


def observe(tasks: ModuleType, cluster: Cluster) -> list[Json]:
    """Take all steps with the tasks of a package, and return what was asked for and what came of it."""
    data = {"number": base64.b64encode(b"12").decode()}
    metadata = {"name": "s", "namespace": "default"}
    cluster.put("secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    done = {"metadata": {"name": "done", "namespace": "default"}, "status": {"phase": "Succeeded"}}
    cluster.put("pods", {**POD, **done})
    cluster.kubelet.logs["done"] = [(b"2024-02-29T12:00:00Z", b"a line\n"), (b"2024-02-29T12:00:01Z", b"")]
    return [_step(tasks, cluster, *step) for step in STEPS]


def _statuses(name: str) -> Json:
    end = {"exitCode": 0, "reason": "Completed"}
    status = {
        "name": "main",
        "image": "x",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"terminated": end},
    }
    return {"phase": "Succeeded", "containerStatuses": [status]}


def _step(tasks: ModuleType, cluster: Cluster, name: str, made_with: Json, run_with: Json) -> Json:
    cluster.requests.clear()
    quick = {"job_status_poll_interval": 0.01} if name == "RunNamespacedJob" else {}
    task = getattr(tasks, name)(kubernetes_api_key_secret=None, **quick, **made_with)
    try:
        outcome = _seen(task.run(**run_with))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # signals are no Exceptions
        outcome = _told(error)
    return {"task": name, "outcome": outcome, "requests": _distinct([_asked(request) for request in cluster.requests])}


def _seen(result: Any) -> str:
    """A result, as far as it is the same here and there."""
    if str(getattr(result, "kind", "")).endswith("List"):
        return f"a {result.kind} of {[item.metadata.name for item in result.items]}"
    if hasattr(result, "metadata"):
        return f"a {result.kind} called {result.metadata.name}"
    return repr(result)


def _told(error: BaseException) -> str:
    """An error: its kind, or its status if the server told it, and its words as far as Prefect has some of its own."""
    if hasattr(error, "status"):
        return f"raises what has status {error.status}"
    kind = next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == "builtins" or cls.__name__ == "FAIL")
    return f"raises {kind}: {str(error).split('.')[0].split(':')[0].strip()}"


def _asked(request: Any) -> Json:
    """A request. The official client gives a type to what has no body, too."""
    found = {"method": request.method, "path": request.path.removesuffix("/status"), "query": request.query}
    return found if request.body is None else {**found, "type": request.content_type, "body": request.body}


def _distinct(requests: list[Json]) -> list[Json]:
    """The requests without those that look at a job, once more or at its pods."""
    found: list[Json] = []
    for request in requests:
        if request not in found and not (request["path"].endswith("/pods") and "labelSelector" in request["query"]):
            found.append(request)
    return found


def _record() -> None:
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder, "pods")) as cluster:
        os.environ["KUBECONFIG"] = str(cluster.kubeconfig(Path(folder)))
        # Only now, for the official client looks at KUBECONFIG when it is imported.
        observed = observe(importlib.import_module("prefect.tasks.kubernetes"), cluster)
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(json.dumps(observed, indent=1) + "\n")


if __name__ == "__main__":
    _record()
