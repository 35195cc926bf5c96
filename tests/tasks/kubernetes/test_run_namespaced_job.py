"""A job run from a task: it is created, awaited, listened to and deleted."""

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.engine.signals import FAIL
from miniprefect.tasks.kubernetes import ListNamespacedJob, RunNamespacedJob, _following, _logs
from miniprefect.tasks.kubernetes.errors import ApiError, UnreachableError
from tests.tasks.kubernetes.cluster import Cluster, Refused, Request, job

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_logs, "PAUSE", 0.01)


def run(body: Json, **settings: Any) -> None:
    RunNamespacedJob(body=body, job_status_poll_interval=0.02, **settings).run()


def refuse(times: int, code: int, method: str, path: str) -> Any:
    """A fault: the first requests of a kind are refused."""
    left = [times]

    def fault(request: Request, connection: object) -> bool:
        if request.method == method and request.path.endswith(path) and left[0]:
            left[0] -= 1
            raise Refused(code, "the server is busy")
        return False

    return fault


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def sh(name: str, script: str, **spec: Any) -> Json:
    return job(name, "sh", "-c", script, **spec)


# As it should be


def test_in_a_flow(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    with Flow("job") as flow:
        task = RunNamespacedJob(body=sh("a", "echo hi"), job_status_poll_interval=0.02, log_level="warning")()
    state = flow.run()
    assert state.is_successful()
    assert state.result[task].result is None
    told = [(record.levelname, record.getMessage()) for record in caplog.records if "Runner" not in record.name]
    pod = told[1][1].removeprefix("Started following logs for ")
    assert told == [
        ("INFO", "Job a has been created."),
        ("INFO", f"Started following logs for {pod}"),
        ("WARNING", f"{pod}: hi"),
        ("INFO", "Job a has been completed."),
        ("INFO", "Job a has been deleted."),
    ]
    assert {record.task_name for record in caplog.records if pod in record.getMessage()} == {"RunNamespacedJob"}  # type: ignore[attr-defined]
    assert ListNamespacedJob().run().items == []
    assert [request.body for request in cluster.requests if request.method == "DELETE"] == [
        {"propagationPolicy": "Foreground"}
    ]


def test_the_log_is_read_only_if_that_is_asked_for(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect")
    run(sh("a", "echo hi"))
    assert not [path for path in cluster.paths() if path.endswith("/log")]
    assert not [line for line in lines(caplog) if "hi" in line]


def test_a_job_may_be_kept(cluster: Cluster) -> None:
    run(sh("a", "true"), delete_job_after_completion=False)
    assert [found.metadata.name for found in ListNamespacedJob().run().items] == ["a"]


def test_lines_come_as_they_are_written(cluster: Cluster, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect")
    seen = threading.Event()

    class Answer(logging.Handler):
        """Lets the job go on when its first line has arrived."""

        def emit(self, record: logging.LogRecord) -> None:
            if "first" in record.getMessage():
                (tmp_path / "go").touch()
                seen.set()

    handler = Answer()
    logger = logging.getLogger("prefect")
    logger.addHandler(handler)
    try:
        run(sh("a", f"echo first; while ! [ -e {tmp_path / 'go'} ]; do sleep 0.02; done; echo last"), log_level="info")
    finally:
        logger.removeHandler(handler)
    assert seen.is_set()
    assert [line.partition(": ")[2] for line in lines(caplog) if ": " in line] == ["first", "last"]


def test_every_line_of_a_long_log_comes_once(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect")
    script = (
        "import sys\nfor i in range(3000): print(i)\n"
        "print('ä' * 100_000, flush=True)\nsys.stdout.buffer.write(b'\\xff\\n\\nend')"
    )
    run(job("a", "python", "-c", script), log_level="info")
    logged = [line.split(": ", 1)[1] for line in lines(caplog) if ": " in line]
    assert logged[:3000] == [str(number) for number in range(3000)]
    assert logged[3000:] == ["ä" * 100_000, "\N{REPLACEMENT CHARACTER}", "", "end"]


def test_several_pods_and_containers_are_told_apart(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect")
    body = sh("a", "echo hi; exit 1", backoffLimit=1)
    body["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "busybox"})
    with pytest.raises(FAIL):
        run(body, log_level="info")
    titles = [line.partition(": ")[0] for line in lines(caplog) if line.endswith(": hi")]
    assert len(titles) == len(set(titles)) == 4
    assert {title.partition("/")[2] for title in titles} == {"main", "side"}


def test_a_container_that_is_started_again_is_followed_again(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="prefect")
    body = sh("a", "[ -e began ] && echo again && exit; touch began; echo first; exit 1")
    body["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    run(body, log_level="info")
    assert [line.partition(": ")[2] for line in lines(caplog) if ": " in line] == ["first", "again"]


def test_a_name_may_be_generated_so_that_the_task_can_be_retried(cluster: Cluster) -> None:
    body = {**sh("x", "exit 1"), "metadata": {"generateName": "a-"}}
    for _ in range(2):
        with pytest.raises(FAIL, match=r"Job a-.* failed"):
            run(body)


def test_somebody_else_may_delete_it_first(cluster: Cluster) -> None:
    def delete(request: Request, connection: object) -> bool:
        if request.method == "DELETE":
            del cluster.objects["jobs", "default", "a"]
        return False

    cluster.fault = delete
    run(sh("a", "true"))


# What may be wrong


def test_a_job_fails(cluster: Cluster) -> None:
    with pytest.raises(FAIL) as caught:
        run(sh("a", "exit 3"))
    pod = next(iter(cluster.kubelet.logs))
    assert str(caught.value) == (
        "Job a failed, check Kubernetes pod logs for more information. "
        "BackoffLimitExceeded: Job has reached the specified backoff limit. "
        f"Container main of pod {pod} ended with exit code 3 (Error)."
    )
    assert [found.metadata.name for found in ListNamespacedJob().run().items] == ["a"]  # so that one can look at it


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"body": {}}, "A dictionary representing a V1Job must be provided"),
        ({"body": {"spec": {}}}, "The job name must be defined in the body under the metadata key"),
        ({"body": {"metadata": {}}}, "The job name must be defined in the body under the metadata key"),
        ({"body": job("a"), "log_level": "loud"}, "A valid log_level must be provided. 'loud' is none"),
    ],
)
def test_misuse(settings: Json, complaint: str, cluster: Cluster) -> None:
    with pytest.raises(ValueError, match=complaint):
        run(**settings)
    assert cluster.requests == []


def delete_after_warning(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> Any:
    """A fault: the job is deleted some requests after the first warning."""
    left = [6]

    def fault(request: Request, connection: object) -> bool:
        left[0] -= any(record.levelname == "WARNING" for record in caplog.records)
        if not left[0]:
            del cluster.objects["jobs", "default", "a"]
        return False

    return fault


@pytest.mark.parametrize(
    ("image", "why"),
    [("missing", 'ImagePullBackOff: Back-off pulling image "missing"'), ("huge", "Unschedulable: no machine")],
)
def test_what_can_not_start_is_told_of(
    image: str, why: str, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    body = sh("a", "true")
    body["spec"]["template"]["spec"]["containers"][0]["image"] = image

    cluster.fault = delete_after_warning(cluster, caplog)
    with pytest.raises(FAIL, match="Job a is gone: it was deleted before this task saw it end"):
        run(body)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].endswith(f"can't start: {why}")


def test_a_suspended_job_is_told_of(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.fault = delete_after_warning(cluster, caplog)
    with pytest.raises(FAIL):
        run(sh("a", "true", suspend=True))
    assert lines(caplog).count("Job a is suspended.") == 1


def test_the_server_may_be_away_for_a_while(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.fault = refuse(3, 500, "GET", "/jobs/a")
    run(sh("a", "true"))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 3
    assert warnings[0].endswith("the server is busy (500 InternalError). Trying again.")


def test_but_not_for_too_long(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_following, "PATIENCE", 0.1)

    def hang_up(request: Request, connection: Any) -> bool:
        connection.close_connection = True
        return request.method == "GET"

    cluster.fault = hang_up
    with pytest.raises(UnreachableError, match="Could not read job 'a'"):
        run(sh("a", "true"))


def test_what_it_may_not_see_is_said_at_once(cluster: Cluster) -> None:
    cluster.fault = refuse(1, 403, "GET", "/jobs/a")
    with pytest.raises(ApiError, match="403 Forbidden"):
        run(sh("a", "true"))


def test_it_may_see_no_pods(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.fault = refuse(9, 403, "GET", "/pods")
    run(sh("a", "echo hi"), log_level="info")
    run(sh("b", "echo hi"))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith("The logs of job a can't be followed. Could not list pods")


def test_a_log_breaks_off_and_goes_on(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect")
    cuts = [1, 5, 9]

    def cut(request: Request, connection: Any) -> bool:
        if not request.target["log"] or not cuts:
            return False
        parts = cluster.log_of(request)
        connection.stream((next(parts) for _ in range(cuts.pop(0))), end=False)
        return True

    cluster.fault = cut
    run(sh("a", "for i in 0 1 2 3 4 5 6 7 8 9; do echo $i; done"), log_level="info")
    assert [line.partition(": ")[2] for line in lines(caplog) if ": " in line] == list("0123456789")


def test_a_log_breaks_off_for_good(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect")

    def cut(request: Request, connection: Any) -> bool:
        if request.target["log"]:
            connection.stream(iter([next(cluster.log_of(request))]), end=False)
        return bool(request.target["log"])

    cluster.fault = cut
    run(sh("a", "echo 1; echo 2"), log_level="info")
    logged = [line.partition(": ")[2] for line in lines(caplog) if ": " in line]
    assert logged[0] == "1"
    assert logged[1].startswith("(the rest of this log is missing: Could not read the log of pod 'a-")
    assert len(logged) == 2


def test_a_timeout_of_the_task_ends_everything_but_the_job(cluster: Cluster) -> None:
    with Flow("job") as flow:
        RunNamespacedJob(body=sh("a", "sleep 20"), job_status_poll_interval=30, log_level="info", timeout=1)()
    assert flow.run().is_failed()
    assert [found.metadata.name for found in ListNamespacedJob().run().items] == ["a"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("log of ")]
