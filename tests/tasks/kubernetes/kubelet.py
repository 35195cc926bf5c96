"""What happens to the jobs of `cluster.py`: their pods' commands run as processes of this machine."""

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.tasks.kubernetes.cluster import Cluster

SOURCES = Path(__file__).parents[3] / "src"


class Kubelet:
    """Runs jobs, as the job controller and the kubelet do together.

    The image counts for nothing; `python` and `miniprefect` are there, as are the volumes made of config maps.
    An image called "missing" can't be pulled.
    """

    def __init__(self, cluster: "Cluster", folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.logs: dict[str, list[tuple[bytes, bytes]]] = {}  # a line is b"" at the end
        self.threads: list[threading.Thread] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def created(self, plural: str, item: dict[str, Any]) -> None:
        """Begin with a new job."""
        if plural == "jobs" and not item["spec"].get("suspend"):
            self._begin(self._run_job, item)
        elif plural == "pods":
            item["status"] = {"phase": "Pending"}
            self._begin(self._run_pod, item)

    def _begin(self, work: Any, item: dict[str, Any]) -> None:
        thread = threading.Thread(target=work, args=(item,))
        self.threads.append(thread)
        thread.start()

    def close(self) -> None:
        """End what still runs."""
        for process in self.processes:
            process.kill()
        for thread in self.threads:
            thread.join()

    def lines(self, pod: str, *, follow: bool, timestamps: bool) -> Iterator[bytes]:
        """The log of a pod so far, or until the container has ended."""
        log, place = self.logs[pod], 0
        while True:
            with self.cluster.changed:
                while follow and len(log) == place:
                    self.cluster.changed.wait()
                parts = log[place:]
            place += len(parts)
            yield from (stamp + b" " + line if timestamps else line for stamp, line in parts if line)
            if not follow or not all(line for _, line in parts):
                return

    def _run_job(self, job: dict[str, Any]) -> None:
        status, limit = {"active": 1}, job["spec"].get("backoffLimit", 6)
        for failed in range(limit + 1):
            job["status"] = dict(status, active=1)
            self.cluster.put("jobs", job)
            code = self._run_pod(self._new_pod(job))
            if code is None:
                return
            if code == 0:
                self._end(job, {"succeeded": 1, **status}, {"type": "Complete", "status": "True"})
                return
            status = {"failed": failed + 1}
        message = "Job has reached the specified backoff limit"
        self._end(
            job, status, {"type": "Failed", "reason": "BackoffLimitExceeded", "status": "True", "message": message}
        )

    def _end(self, job: dict[str, Any], status: dict[str, Any], condition: dict[str, Any]) -> None:
        status.pop("active", None)
        with self.cluster.changed:
            if ("jobs", job["metadata"]["namespace"], job["metadata"]["name"]) in self.cluster.objects:
                job["status"] = {**status, "conditions": [condition]}
                self.cluster.put("jobs", job)

    def _new_pod(self, job: dict[str, Any]) -> dict[str, Any]:
        template, metadata = job["spec"]["template"], job["metadata"]
        name = f"{metadata['name']}-{secrets.token_hex(3)[:5]}"
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": metadata["namespace"], "uid": name, **template["metadata"]},
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }

    def _run_pod(self, pod: dict[str, Any]) -> int | None:
        """Run the first container; None if its image can't be pulled."""
        container = pod["spec"]["containers"][0]
        log = self.logs[pod["metadata"]["name"]] = []
        if container["image"] == "missing":
            waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "missing"'}
            pod["status"]["containerStatuses"] = [_container_status(container, waiting=waiting)]
            self.cluster.put("pods", pod)
            return None
        process = self._start(pod, container)
        running = _container_status(container, running={})
        pod["status"] = {"phase": "Running", "containerStatuses": [running]}
        self.cluster.put("pods", pod)
        assert process.stdout is not None
        for line in process.stdout:
            self._append(log, line)
        code = process.wait()
        process.stdout.close()
        terminated = {"exitCode": code, "reason": "Error" if code else "Completed"}
        pod["status"] = {"phase": "Failed" if code else "Succeeded"}
        pod["status"]["containerStatuses"] = [_container_status(container, terminated=terminated)]
        self._append(log, b"")
        return code

    def _append(self, log: list[tuple[bytes, bytes]], line: bytes) -> None:
        nanoseconds = time.time_ns()
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanoseconds // 10**9))
        stamp = f"{seconds}.{nanoseconds % 10**9:09}".rstrip("0") + "Z"
        with self.cluster.changed:
            log.append((stamp.encode(), line))
            self.cluster.changed.notify_all()

    def _start(self, pod: dict[str, Any], container: dict[str, Any]) -> "subprocess.Popen[bytes]":
        home = self.folder / pod["metadata"]["name"]
        home.mkdir(parents=True)
        for name, arguments in (("python", ""), ("miniprefect", " -m miniprefect")):
            (home / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
            (home / name).chmod(0o755)
        places = self._mounted(pod, container, home)
        command = [*container.get("command", []), *container.get("args", [])]
        for place, stand_in in places.items():
            command = [word.replace(place, str(stand_in)) for word in command]
        environment = {entry["name"]: entry["value"] for entry in container.get("env", []) if "value" in entry}
        process = subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": f"{home}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(SOURCES), **environment},
        )
        self.processes.append(process)
        return process

    def _mounted(self, pod: dict[str, Any], container: dict[str, Any], home: Path) -> dict[str, Path]:
        """Write the config maps that are mounted, and return what stands in for each place in the container."""
        maps = {volume["name"]: volume["configMap"] for volume in pod["spec"].get("volumes", [])}
        places = {}
        for number, mount in enumerate(container.get("volumeMounts", [])):
            folder = home / f"mount-{number}"
            folder.mkdir()
            item = self.cluster.get("configmaps", pod["metadata"]["namespace"], maps[mount["name"]]["name"])
            for name, text in item["data"].items():
                (folder / name).write_text(text)
            places[mount["mountPath"]] = folder
        return places


def _container_status(container: dict[str, Any], **state: Any) -> dict[str, Any]:
    image = {"image": container["image"], "imageID": ""}
    return {"name": container["name"], **image, "ready": False, "restartCount": 0, "state": state}
