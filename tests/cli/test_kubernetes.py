"""`miniprefect kubernetes job`: the manifest is valid, and runs the flow."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from miniprefect.cli import main
from miniprefect.cli._manifests import is_name, literally, valid_name
from miniprefect.tasks.kubernetes import RunNamespacedJob
from tests.cli.helpers import FLOW
from tests.tasks.kubernetes.cluster import Cluster
from tests.tasks.kubernetes.kubelet import expanded

Json = dict[str, Any]
EVERYTHING = [
    *("--flow", "greeting", "--param", "name=World", "--param", 'times={"a": ["$(HOME)"]}'),
    *("--executor", "dask:tcp://scheduler:8786", "--namespace", "team", "--service-account", "runner.team"),
    *("--env", "A=$x", "--env", "B.b=", "--env-secret", "keys", "--cpu", "500m", "--memory", "1Gi"),
]


@pytest.fixture
def flow_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a flow, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greet_all.py").write_text(FLOW)
    return tmp_path / "greet_all.py"


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """Call the command, and return what it prints."""

    def printed(*arguments: str) -> str:
        assert main(["kubernetes", "job", *arguments]) == 0
        return capsys.readouterr().out

    return printed


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Call the command, and return what it complains of on one line."""
    assert main(["kubernetes", "job", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removeprefix("miniprefect kubernetes job: error: ").rstrip("\n")


def objects(manifest: Json) -> Iterator[Json]:
    yield from manifest["items"] if manifest["kind"] == "List" else [manifest]


def container(manifest: Json) -> Json:
    *_, job = objects(manifest)
    found: Json = job["spec"]["template"]["spec"]["containers"][0]
    return found


# What is printed


def test_a_job_and_the_config_map_with_the_file(flow_file: Path, printed: Any) -> None:
    manifest = json.loads(printed("greet_all.py", "--image", "example/flows:1", "--param", "name=World"))
    labels = {"app.kubernetes.io/name": "greet-all", "app.kubernetes.io/managed-by": "miniprefect"}
    metadata = {"name": "greet-all", "labels": labels}
    assert manifest == {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"greet_all.py": FLOW}},
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": metadata,
                "spec": {
                    "backoffLimit": 0,
                    "ttlSecondsAfterFinished": 86400,
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [
                                {
                                    "name": "flow",
                                    "image": "example/flows:1",
                                    "command": ["miniprefect", "run", "-p", "/flow/greet_all.py", "--param=name=World"],
                                    "env": [{"name": "PYTHONUNBUFFERED", "value": "1"}],
                                    "volumeMounts": [{"name": "flow", "mountPath": "/flow", "readOnly": True}],
                                }
                            ],
                            "volumes": [{"name": "flow", "configMap": {"name": "greet-all"}}],
                        },
                    },
                },
            },
        ],
    }


def test_a_file_that_is_in_the_image(printed: Any) -> None:
    manifest = json.loads(printed("/app/flows/greet.py", "--in-image", "--image", "a"))
    assert manifest["kind"] == "Job"
    assert manifest["metadata"]["name"] == "greet"
    assert container(manifest)["command"] == ["miniprefect", "run", "-p", "/app/flows/greet.py"]
    assert "volumes" not in manifest["spec"]["template"]["spec"]


def test_all_options(flow_file: Path, printed: Any) -> None:
    manifest = json.loads(printed("greet_all.py", "--image", "a", "--name", "mine", *EVERYTHING))
    assert [(found["metadata"]["name"], found["metadata"]["namespace"]) for found in objects(manifest)] == [
        ("mine", "team"),
        ("mine", "team"),
    ]
    assert manifest["items"][1]["spec"]["template"]["spec"]["serviceAccountName"] == "runner.team"
    made = container(manifest)
    assert made["command"][3:] == [
        "/flow/greet_all.py",
        "--name=greeting",
        "--param=name=World",
        '--param=times={"a": ["$$(HOME)"]}',
        "--executor=dask:tcp://scheduler:8786",
    ]
    values = {"PYTHONUNBUFFERED": "1", "A": "$$x", "B.b": ""}
    assert {entry["name"]: entry["value"] for entry in made["env"]} == values
    assert made["envFrom"] == [{"secretRef": {"name": "keys"}}]
    assert made["resources"] == {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}


def test_the_same_in_yaml(flow_file: Path, printed: Any) -> None:
    yaml = pytest.importorskip("yaml", reason="prints YAML with PyYAML, which is not installed")
    arguments = ["greet_all.py", "--image", "a", "--env", "YES=no", "--env", "N=012", *EVERYTHING]
    text = printed(*arguments, "-o", "yaml")
    assert yaml.safe_load(text) == json.loads(printed(*arguments))
    assert "      @task\n      def say(x, y):\n" in text


@pytest.mark.parametrize("version", ["1.25", "1.29", "1.34", "1.37"])
def test_it_keeps_to_the_published_schemas(version: str, flow_file: Path, printed: Any) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="has the schemas, and is not installed")
    for arguments in ([], EVERYTHING):
        for found in objects(json.loads(printed("greet_all.py", "--image", "a", *arguments))):
            known = validator.validate(found, version, strict=True)
            if known != version:
                pytest.skip(f"this kubernetes-validate has no schemas of {version}, but of {known}")


# What it does in a cluster


def test_it_runs_the_flow_with_its_parameters_as_they_were_given(
    flow_file: Path, printed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = """$(HOME) $$ `id` "double" 'single' \\ ä"""
    manifest = json.loads(
        printed(
            "greet_all.py", "--image", "a", "--param", f"name={name}", "--param", "times=[1, null]", "--env", "A=$x"
        )
    )
    config_map, job = objects(manifest)
    with Cluster(tmp_path / "pods") as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        config_map["metadata"]["namespace"] = "default"
        cluster.put("configmaps", config_map)
        caplog.set_level("INFO", logger="prefect")
        RunNamespacedJob(body=job, log_level="info", job_status_poll_interval=0.05).run()
    logged = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert f"said {name!r} [1, None] None" in logged
    assert "Flow run succeeded!" in logged


@pytest.mark.parametrize("text", ["", "$", "$$", "$(A)", "a$(A)b$$(A)", "$()", "$(", "100 $ and $x"])
def test_kubernetes_puts_in_no_variables(text: str) -> None:
    assert expanded(literally(text), {"A": "wrong", "": "wrong"}) == text


# Names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("etl", "etl"),
        ("My Flow", "my-flow"),
        ("Umsätze, 2024", "umsatze-2024"),
        ("--a__b..c--", "a-b-c"),
        ("2024", "2024"),
        ("数据", "flow"),
        ("", "flow"),
        ("x" * 62 + "-yz", "x" * 62),
    ],
)
def test_names_are_made_valid(text: str, name: str) -> None:
    assert valid_name(text) == name
    assert is_name(name)


def test_names_of_jobs_come_from_the_flow_or_the_file(flow_file: Path, printed: Any) -> None:
    for arguments, name in (([], "greet-all"), (["--flow", "A B"], "a-b"), (["--flow", "A B", "--name", "c"], "c")):
        assert json.loads(printed("greet_all.py", "--image", "a", *arguments))["items"][1]["metadata"]["name"] == name


def test_a_file_whose_name_is_no_key(flow_file: Path, printed: Any) -> None:
    flow_file.rename(flow_file.with_name("Grüße (2).py"))
    manifest = json.loads(printed("Grüße (2).py", "--image", "a"))
    assert manifest["items"][0]["data"].keys() == {"Gr__e__2_.py"}
    assert container(manifest)["command"][-1] == "/flow/Gr__e__2_.py"
    assert manifest["items"][0]["metadata"]["name"] == "grue-2"


# What can't be used


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none.py"], "File does not exist: 'none.py'. To name a path in the image, add --in-image."),
        (["."], "'.' can't be read: Is a directory."),
        (["binary.py"], "'binary.py' is not a text in UTF-8."),
        (["large.py"], "'large.py' has 1000001 bytes, and a ConfigMap holds 1000000 at most. Put it into the image"),
        (
            ["greet_all.py", "--name", "My Job"],
            "--name: 'My Job' is no name for Kubernetes, .* 'my-job', for",
        ),
        (["greet_all.py", "--name", "a.b"], "--name: 'a.b' is no name for Kubernetes"),
        (["greet_all.py", "--name", "x" * 64], "63 at most: 'x{63}', for instance."),
        (["greet_all.py", "--namespace", "A"], "--namespace: 'A' is no name for Kubernetes"),
        (["greet_all.py", "--service-account", "a..b"], "--service-account: 'a..b' is no name for Kubernetes"),
        (["greet_all.py", "--param", "x"], "--param takes NAME=VALUE, not 'x'."),
        (["greet_all.py", "--param", "x={"], "Failed to parse JSON for --param x"),
        (["greet_all.py", "--env", "1=2"], "--env takes NAME=VALUE, not '1=2'."),
        (["greet_all.py", "--env", "A"], "--env takes NAME=VALUE, not 'A'."),
        (["greet_all.py", "--cpu", "two"], "--cpu: 'two' is no amount."),
        (["greet_all.py", "--memory", "1 GB"], "--memory: '1 GB' is no amount."),
        (["greet_all.py", "--executor", "spark"], "--executor takes local, threads, processes, dask, not 'spark'."),
        (["greet_all.py", "--image", "a b"], "--image takes a word without blanks, not 'a b'."),
    ],
)
def test_misuse_is_one_line(
    arguments: list[str], complaint: str, flow_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow_file.with_name("binary.py").write_bytes(b"\xff")
    flow_file.with_name("large.py").write_bytes(b"#" * 1_000_001)
    assert re.search(complaint.replace("(", r"\("), refused(capsys, "--image", "a", *arguments))


def test_yaml_without_pyyaml(
    flow_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    complaint = refused(capsys, "greet_all.py", "--image", "a", "-o", "yaml")
    assert complaint.startswith("-o yaml needs PyYAML: pip install pyyaml.")


def test_kubernetes_alone_gives_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kubernetes"]) == 0
    assert "job" in capsys.readouterr().out
