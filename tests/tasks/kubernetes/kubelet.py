"""What happens to the jobs of `cluster.py`: their pods' commands run as processes of this machine."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.tasks.kubernetes.cluster import Cluster

SOURCES = Path(__file__).parents[3] / "src"
Json = dict[str, Any]


class Kubelet:
    """Runs jobs, as the job controller and the kubelet do together.

    The image counts for nothing; `python` and `miniprefect` are there, as are the volumes made of config maps.
    An image called "missing" can't be pulled, and for one called "huge" there is no machine.
    """

    def __init__(self, cluster: "Cluster", folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.logs: dict[str, list[tuple[bytes, bytes]]] = {}  # times and lines; a line is b"" at the end
        self.heard: list[list[tuple[bytes, bytes]]] = []  # logs that somebody has read
        self.threads: list[threading.Thread] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def created(self, plural: str, item: Json) -> None:
        """Begin with a new job or pod."""
        if plural == "jobs":
            self._begin(self._run_job, item)
        elif plural == "pods":
            self._begin(self._run_pod, item)

    def _begin(self, work: Callable[[Json], object], item: Json) -> None:
        thread = threading.Thread(target=work, args=(item,))
        self.threads.append(thread)
        thread.start()

    def close(self) -> None:
        """End what still runs."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
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
                break
        with self.cluster.changed:
            self.heard.append(log)
            self.cluster.changed.notify_all()

    # The job controller

    def _run_job(self, job: Json) -> None:
        if job["spec"].get("suspend"):
            self._tell("jobs", job, conditions=[{"type": "Suspended", "status": "True", "reason": "JobSuspended"}])
            return
        for failed in range(job["spec"].get("backoffLimit", 6) + 1):
            self._tell("jobs", job, active=1, **({"failed": failed} if failed else {}))
            pod = self._new_pod(job)
            self.cluster.put("pods", pod)
            code = self._run_pod(pod)
            if code is None:
                return
            if code == 0:
                self._tell("jobs", job, succeeded=1, conditions=[{"type": "Complete", "status": "True"}])
                return
        reason = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
        self._tell("jobs", job, failed=failed + 1, conditions=[{"type": "Failed", "status": "True", **reason}])

    def _tell(self, plural: str, item: Json, **status: Any) -> None:
        """Set the status of what may be changed or gone by now."""
        metadata = item["metadata"]
        with self.cluster.changed:
            if (plural, metadata["namespace"], metadata["name"]) in self.cluster.objects:
                now = self.cluster.get(plural, metadata["namespace"], metadata["name"])
                self.cluster.put(plural, {**now, "status": status})

    def _new_pod(self, job: Json) -> Json:
        template, metadata = job["spec"]["template"], job["metadata"]
        name = f"{metadata['name']}-{secrets.token_hex(3)[:5]}"
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": metadata["namespace"], "uid": name, **template["metadata"]},
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }

    # The kubelet

    def _run_pod(self, pod: Json) -> int | None:
        """Run a pod, again and again if it says so; None if it never begins."""
        code, restarts = self._run_container(pod, 0), 0
        while code and pod["spec"]["restartPolicy"] == "OnFailure":
            self._await_reader(pod["metadata"]["name"])
            restarts += 1
            code = self._run_container(pod, restarts)
        return code

    def _await_reader(self, name: str) -> None:
        """Wait until somebody has followed a log to its end, as back-off leaves time to do."""
        log = self.logs[name]
        with self.cluster.changed:
            self.cluster.changed.wait_for(lambda: any(log is heard for heard in self.heard), timeout=10)

    def _run_container(self, pod: Json, restarts: int) -> int | None:
        """Run the first container; None if it never begins."""
        container = pod["spec"]["containers"][0]
        log = self.logs[pod["metadata"]["name"]] = []
        if container["image"] == "missing":
            waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "missing"'}
            self._tell("pods", pod, phase="Pending", containerStatuses=_statuses(pod, restarts, waiting=waiting))
            return None
        if container["image"] == "huge":
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no machine"}
            self._tell("pods", pod, phase="Pending", conditions=[condition])
            return None
        process = self._start(pod, container)
        self._tell("pods", pod, phase="Running", containerStatuses=_statuses(pod, restarts, running={}))
        assert process.stdout is not None
        for line in process.stdout:
            self._append(log, line)
        code = process.wait()
        process.stdout.close()
        terminated = {"exitCode": code, "reason": "Error" if code else "Completed"}
        statuses = _statuses(pod, restarts, terminated=terminated)
        self._tell("pods", pod, phase="Failed" if code else "Succeeded", containerStatuses=statuses)
        self._append(log, b"")
        return code

    def _append(self, log: list[tuple[bytes, bytes]], line: bytes) -> None:
        nanoseconds = time.time_ns()
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanoseconds // 10**9))
        stamp = f"{seconds}.{nanoseconds % 10**9:09}".rstrip("0") + "Z"
        with self.cluster.changed:
            log.append((stamp.encode(), line))
            self.cluster.changed.notify_all()

    def _start(self, pod: Json, container: Json) -> "subprocess.Popen[bytes]":
        home = self.folder / pod["metadata"]["name"]
        home.mkdir(parents=True, exist_ok=True)
        for name, arguments in (("python", ""), ("miniprefect", " -m miniprefect")):
            (home / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
            (home / name).chmod(0o755)
        env: dict[str, str] = {}
        for entry in container.get("env", []):
            env[entry["name"]] = expanded(entry["value"], env)
        command = [expanded(word, env) for word in (*container.get("command", []), *container.get("args", []))]
        for place, stand_in in self._mounted(pod, container, home).items():
            command = [word.replace(place, str(stand_in)) if word.startswith(place) else word for word in command]
        path = f"{home}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"PATH": path, "PYTHONPATH": str(SOURCES), "HOME": str(home), **env},
        )
        self.processes.append(process)
        return process

    def _mounted(self, pod: Json, container: Json, home: Path) -> dict[str, Path]:
        """Write the config maps that are mounted, and return what stands in for each place in the container."""
        maps = {volume["name"]: volume["configMap"] for volume in pod["spec"].get("volumes", [])}
        places = {}
        for number, mount in enumerate(container.get("volumeMounts", [])):
            folder = home / f"mount-{number}"
            folder.mkdir(exist_ok=True)
            item = self.cluster.get("configmaps", pod["metadata"]["namespace"], maps[mount["name"]]["name"])
            for name, text in item["data"].items():
                (folder / name).write_text(text)
            places[mount["mountPath"]] = folder
        return places


def expanded(text: str, env: Mapping[str, str]) -> str:
    """What Kubernetes makes of a text of a manifest: "$(NAME)" is a variable, if there is one, and "$$" a "$"."""
    return re.sub(r"\$(\$|\(([^)]*)\))", lambda m: "$" if m[1] == "$" else env.get(m[2], m[0]), text)


def _statuses(pod: Json, restarts: int, **state: Any) -> list[Json]:
    """The statuses of the containers, all of which do the same."""
    common = {"imageID": "", "ready": "running" in state, "restartCount": restarts, "state": state}
    return [{"name": each["name"], "image": each["image"], **common} for each in pod["spec"]["containers"]]
