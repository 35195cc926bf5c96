"""Waiting for a job: its state is asked for again and again, and what its pods log is handed on meanwhile."""

import logging
import queue
import threading
from collections.abc import Iterator
from typing import Any

from miniprefect.engine.signals import FAIL
from miniprefect.tasks.kubernetes._client import Client
from miniprefect.tasks.kubernetes._kinds import JOB, POD
from miniprefect.tasks.kubernetes._logs import LogStream
from miniprefect.tasks.kubernetes._objects import ApiObject
from miniprefect.tasks.kubernetes.errors import ApiError, KubernetesError, UnreachableError
from miniprefect.utilities.clock import clock, utc_now

PATIENCE = 300.0  # seconds for which the API server may be out of reach: a new version of it may be installed
LAST_WORDS = 30.0  # seconds to wait for the rest of the logs when the job has ended
ROOM = 1000  # lines that may wait to be logged

# Why a container does not start, and will not without help.
STUCK = {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}


class JobWatch:
    """Wait for the end of a job; close it afterwards.

    Args:
        client: who to ask.
        job: the job as the API server sent it.
        logger: where to say what happens.
        level: the level at which what the pods log is logged; with None it is not.
    """

    def __init__(self, client: Client, job: ApiObject, logger: logging.Logger, level: int | None) -> None:
        self._client = client
        self._name: str = job.metadata.name
        self._namespace: str = job.metadata.namespace
        self._logger = logger
        self._level = level
        self._lines: queue.Queue[str] = queue.Queue(ROOM)
        self._followers: dict[tuple[str, str, int], Follower] = {}
        self._told: set[str] = set()
        self._sees_pods = True

    def wait(self, interval: float) -> None:
        """Return when the job has completed.

        Raises:
            FAIL: it failed, or is gone.
            KubernetesError: the API server refuses to tell, or is out of reach for too long.
        """
        unreachable_since = None
        while True:
            try:
                if self._has_ended():
                    return
                unreachable_since = None
            except KubernetesError as error:
                unreachable_since = unreachable_since or utc_now()
                patient = (utc_now() - unreachable_since).total_seconds() < PATIENCE
                passing = isinstance(error, UnreachableError) or (isinstance(error, ApiError) and error.may_pass)
                if not (passing and patient):
                    raise
                self._logger.warning("%s. Trying again.", str(error).rstrip("."))
            self._pause(interval)

    def close(self) -> None:
        """Follow no more logs."""
        for follower in self._followers.values():
            follower.close()
        for follower in self._followers.values():
            follower.join()

    def _has_ended(self) -> bool:
        job = self._read_job()
        pods = self._read_pods(job)
        for pod in pods:
            self._look_at(pod)
        conditions = {found["type"]: found for found in job.get("status", {}).get("conditions") or ()}
        conditions = {kind: found for kind, found in conditions.items() if found.get("status") == "True"}
        if "Suspended" in conditions:
            self._warn(f"Job {self._name} is suspended.")
        if "Failed" in conditions:
            self._hear_last_words()
            raise FAIL(self._account_of(conditions["Failed"], pods))
        if "Complete" in conditions:
            self._hear_last_words()
            return True
        return False

    def _read_job(self) -> ApiObject:
        try:
            return self._client.request(JOB.call("read", self._namespace, self._name))
        except ApiError as error:
            if error.status != 404:
                raise
        self._hear_last_words()
        raise FAIL(
            f"Job {self._name} is gone: it was deleted before this task saw it end. "
            "Unless somebody did that, its ttlSecondsAfterFinished is shorter than job_status_poll_interval."
        )

    def _read_pods(self, job: ApiObject) -> list[ApiObject]:
        """Return the job's pods; none if one may not list them, which matters only for their logs."""
        if not self._sees_pods:
            return []
        labels = job.get("spec", {}).get("selector", {}).get("matchLabels") or {"job-name": self._name}
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        try:
            found = self._client.request(POD.call("list", self._namespace, kwargs={"label_selector": selector}))
        except ApiError as error:
            if error.status != 403:
                raise
            self._sees_pods = False
            if self._level is not None:
                self._warn(f"The logs of job {self._name} can't be followed. {error}")
            return []
        return list(found.get("items") or ())

    def _look_at(self, pod: ApiObject) -> None:
        """Follow the containers that have begun, and say what keeps the others from it."""
        name = pod.metadata.name
        statuses = pod.get("status", {}).get("containerStatuses") or []
        for status in statuses:
            state = status.get("state", {})
            waiting = state.get("waiting", {})
            if waiting.get("reason") in STUCK:
                self._warn(f"Pod {name} can't start: {waiting['reason']}: {waiting.get('message', '')}")
            elif self._level is not None and not waiting:
                self._follow(name, status["name"], status.get("restartCount", 0), alone=len(statuses) == 1)
        for condition in pod.get("status", {}).get("conditions") or ():
            if condition.get("reason") == "Unschedulable":
                self._warn(f"Pod {name} can't start: Unschedulable: {condition.get('message', '')}")

    def _follow(self, pod: str, container: str, restarts: int, *, alone: bool) -> None:
        if (pod, container, restarts) in self._followers:
            return
        self._logger.info("Started following logs for %s", pod if alone else f"{pod}/{container}")
        stream = LogStream(self._client, self._namespace, pod, container, restarts)
        follower = Follower(stream, pod if alone else f"{pod}/{container}", self._lines)
        self._followers[pod, container, restarts] = follower

    def _warn(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._logger.warning("%s", message)

    def _pause(self, seconds: float) -> None:
        """Wait, and hand on what the pods log meanwhile: in this thread, which the log knows for the task's."""
        if not self._followers:
            clock().sleep(seconds)
            return
        end = utc_now().timestamp() + seconds
        while (remaining := end - utc_now().timestamp()) > 0:
            try:
                self._log(self._lines.get(timeout=remaining))
            except queue.Empty:
                return

    def _hear_last_words(self) -> None:
        """Log what is still to come when the job has ended."""
        end = utc_now().timestamp() + LAST_WORDS
        while any(follower.is_busy() for follower in self._followers.values()) and utc_now().timestamp() < end:
            for line in self._arrived(0.05):
                self._log(line)
        for line in self._arrived(0):
            self._log(line)

    def _arrived(self, seconds: float) -> Iterator[str]:
        try:
            while True:
                yield self._lines.get(block=seconds > 0, timeout=seconds)
        except queue.Empty:
            return

    def _log(self, line: str) -> None:
        assert self._level is not None
        self._logger.log(self._level, "%s", line)

    def _account_of(self, condition: dict[str, Any], pods: list[ApiObject]) -> str:
        """Say that the job failed, and why as far as it is known."""
        parts = [f"Job {self._name} failed, check Kubernetes pod logs for more information."]
        if condition.get("reason") or condition.get("message"):
            parts.append(f"{condition.get('reason')}: {condition.get('message', '').rstrip('.')}.")
        for pod in pods:
            for status in pod.get("status", {}).get("containerStatuses") or ():
                end = status.get("state", {}).get("terminated")
                if end and end.get("exitCode"):
                    told = end.get("message") or end.get("reason") or ""
                    ended = f"Container {status['name']} of pod {pod.metadata.name} ended with exit code"
                    parts.append(f"{ended} {end['exitCode']} ({told.strip()}).")
        return " ".join(parts)


class Follower:
    """Put the lines of a log into a queue, in a thread of its own."""

    def __init__(self, stream: LogStream, title: str, lines: "queue.Queue[str]") -> None:
        self._stream = stream
        self._title = title
        self._lines = lines
        self._closed = threading.Event()
        # A thread that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"log of {title}", daemon=True)
        self._thread.start()

    def is_busy(self) -> bool:
        """Tell whether there may be more to come."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Have the thread end."""
        self._closed.set()
        self._stream.close()

    def join(self) -> None:
        """Wait a moment for the end of the thread."""
        self._thread.join(timeout=1)

    def _run(self) -> None:
        try:
            for line in self._stream.lines():
                self._put(f"{self._title}: {line}")
        except KubernetesError as error:
            self._put(f"{self._title}: (the rest of this log is missing: {error})")

    def _put(self, line: str) -> None:
        while not self._closed.is_set():
            try:
                self._lines.put(line, timeout=0.2)
                return
            except queue.Full:
                continue
