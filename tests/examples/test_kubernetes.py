"""The examples of Kubernetes, in a small cluster of processes of this machine."""

import json
import re
import tomllib

import pytest

from miniprefect.cli import main
from miniprefect.tasks.kubernetes import RunNamespacedJob
from tests.examples.conftest import EXAMPLES, ROOT
from tests.tasks.kubernetes.cluster import Cluster

FOLDER = EXAMPLES / "kubernetes"
IMAGE = "europe-docker.pkg.dev/PROJECT/flows/primes:1"
OPTIONS = ["--image", IMAGE, "--param", "limit=1000000", "--cpu", "500m", "--memory", "512Mi"]


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with Cluster(tmp_path / "pods") as made:
        monkeypatch.setenv("KUBECONFIG", str(made.kubeconfig(tmp_path)))
        yield made


@pytest.mark.parametrize(("limit", "parts", "primes"), [(100, 1, 25), (100, 7, 25), (2, 1, 0), (100_000, 8, 9592)])
def test_primes_are_counted(load_example, limit, parts, primes):
    example = load_example("kubernetes/primes")
    state = example.flow.run(limit=limit, parts=parts)
    assert state.result[example.total].result == primes


def test_primes_runs_as_a_script(run_example):
    done = run_example("kubernetes/primes", log_level="INFO")
    assert (done.returncode, done.stderr) == (0, "")
    assert "There are 9592 primes below 100000." in done.stdout


def test_job_json_is_what_the_command_prints(capsys):
    assert main(["kubernetes", "job", str(FOLDER / "primes.py"), *OPTIONS]) == 0
    assert capsys.readouterr().out == (FOLDER / "job.json").read_text(encoding="utf-8")


def test_job_json_runs(cluster, caplog):
    config_map, job = json.loads((FOLDER / "job.json").read_text(encoding="utf-8"))["items"]
    config_map["metadata"]["namespace"] = "default"
    cluster.put("configmaps", config_map)
    caplog.set_level("INFO", logger="prefect")
    RunNamespacedJob(body=job, log_level="info", job_status_poll_interval=0.05).run()
    assert "There are 78498 primes below 1000000." in caplog.text


def test_run_job(cluster, run_example):
    done = run_example("kubernetes/run_job", "--words", "x", "y", "z", log_level="INFO")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "3 words were printed in the cluster."
    printed = [match[1] for line in lines if (match := re.search(r"RunNamespacedJob \| words-\S+: (.*)", line))]
    assert printed == ["x", "y", "z"]


def test_role_json_has_the_rights_that_run_job_needs(cluster, load_example):
    example = load_example("kubernetes/run_job")
    example.job.job_status_poll_interval = 0.05
    assert example.flow.run().is_successful()
    asked = {
        (verb_of(request), request.target["plural"] + (request.target["log"] or "")) for request in cluster.requests
    }
    _, role, _ = json.loads((FOLDER / "role.json").read_text(encoding="utf-8"))["items"]
    rights = {(verb, name) for rule in role["rules"] for name in rule["resources"] for verb in rule["verbs"]}
    assert asked == rights


def verb_of(request):
    """What Kubernetes' authorization calls a request."""
    verbs = {"POST": "create", "LIST": "list", "LOG": "get", "GET": "get", "DELETE": "delete"}
    return verbs[request.verb]


@pytest.mark.parametrize("version", ["1.25", "1.37"])
@pytest.mark.parametrize("name", ["job", "role"])
def test_the_manifests_keep_to_the_published_schemas(name, version):
    validator = pytest.importorskip("kubernetes_validate", reason="has the schemas, and is not installed")
    for found in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["items"]:
        assert validator.validate(found, version, strict=True)


def test_run_job_without_a_cluster(run_example, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    done = run_example("kubernetes/run_job")
    assert done.returncode == 1
    assert "There is no way to Kubernetes" in done.stdout


def test_the_dockerfile_copies_what_an_installation_needs():
    """The image itself is made in no test: its base would have to be fetched."""
    instructions = (FOLDER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    sources = [word for line in instructions if line.startswith("COPY ") for word in line.split()[1:-1]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(sources) == {"pyproject.toml", "src", project["readme"], *project["license-files"]}
    assert all((ROOT / source).exists() for source in sources)
