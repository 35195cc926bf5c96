"""Run a job in a Kubernetes cluster from a flow, log what it prints, and go on when it is done.

    python examples/kubernetes/run_job.py                  # in the cluster of the current kubectl context
    python examples/kubernetes/run_job.py --words 1 2 3

In a pod, it uses the pod's service account, which has to be allowed to create, get and delete jobs, to get and list
pods, and to get their logs (pods/log). Elsewhere it uses the kubeconfig, as kubectl does.
"""

import argparse
import sys

from miniprefect import Flow, Parameter, task
from miniprefect.tasks.kubernetes import RunNamespacedJob


@task
def describe(image, words):
    """Return the manifest of a job that prints words. Kubernetes makes up the end of its name, so it can be retried."""
    container = {"name": "main", "image": image, "command": ["printf", "%s\\n", *words]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": "words-"},
        "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }


@task
def go_on(words):
    """Do something that needs the job to be done."""
    return f"{len(words)} words were printed in the cluster."


with Flow("words") as flow:
    words = Parameter("words", default=["Hello,", "cluster"])
    body = describe(Parameter("image", default="busybox"), words)
    job = RunNamespacedJob(log_level="info", job_status_poll_interval=1)(body=body)
    told = go_on(words, upstream_tasks=[job])

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", nargs="+", default=["Hello,", "cluster"])
    state = flow.run(words=parser.parse_args().words)
    if state.is_successful():
        print(state.result[told].result)
    sys.exit(not state.is_successful())
