"""Storage records: the arguments of Prefect 1.4.1, kept."""

import copy
import importlib
import inspect
import pickle
from types import SimpleNamespace
from typing import Any

import pytest

from miniprefect import storage
from miniprefect.configuration import config
from miniprefect.exceptions import ClientError
from miniprefect.storage import (
    GCS,
    S3,
    Azure,
    Bitbucket,
    CodeCommit,
    Docker,
    Git,
    GitHub,
    GitLab,
    Local,
    Module,
    Storage,
    Webhook,
)

FLOW: Any = SimpleNamespace(name="My flow!")

# One of each kind, and where it puts FLOW.
KINDS: list[tuple[Storage, str]] = [
    (Azure("c", "secret", "blob"), "blob"),
    (Bitbucket("p", "r", path="f.py"), "f.py"),
    (CodeCommit("r", "f.py"), "f.py"),
    (Docker("r", image_name="i", image_tag="t"), "/opt/prefect/flows/my-flow.prefect"),
    (Docker(path="/f.py", stored_as_script=True), "/f.py"),
    (GCS("b", key="k"), "k"),
    (Git("f.py", repo="a/b"), "f.py"),
    (GitHub("a/b", "f.py", "main"), "f.py"),
    (GitLab("a/b", path="f.py"), "f.py"),
    (Local(), f"{config.home_dir}/flows/my-flow"),
    (Local("/flows"), "/flows/my-flow"),
    (Local(path="/f.py"), "/f.py"),
    (Module("a.b"), "a.b"),
    (S3("b"), "my-flow"),
    (S3("b", "k", stored_as_script=True, local_script_path="f.py"), "k"),
    (Webhook({"url": "u"}, "POST", {"url": "v"}, "GET"), "My flow!"),
]
each_kind = pytest.mark.parametrize(
    ("kept", "place"),
    KINDS,
    ids=[f"{type(kept).__name__}-{place.removeprefix(config.home_dir)}" for kept, place in KINDS],
)

SIGNATURES = {
    Azure: "container connection_string_secret blob_name overwrite stored_as_script kwargs",
    Bitbucket: """
        project repo workspace host path ref access_token_secret cloud_username_secret
        cloud_app_password_secret kwargs
        """,
    CodeCommit: "repo path commit client_options kwargs",
    Docker: """
        registry_url base_image dockerfile dockerignore python_dependencies image_name image_tag
        env_vars files prefect_version local_image ignore_healthchecks base_url tls_config
        build_kwargs prefect_directory path stored_as_script extra_dockerfile_commands kwargs
        """,
    GCS: "bucket key project stored_as_script local_script_path kwargs",
    Git: """
        flow_path repo repo_host flow_name git_token_secret_name git_token_username
        git_clone_url_secret_name branch_name tag commit clone_depth use_ssh format_access_token kwargs
        """,
    GitHub: "repo path ref access_token_secret base_url kwargs",
    GitLab: "repo host path ref access_token_secret kwargs",
    Local: "directory validate path stored_as_script kwargs",
    Module: "module kwargs",
    S3: "bucket key stored_as_script local_script_path client_options upload_options kwargs",
    Storage: "result secrets labels add_default_labels stored_as_script",
    Webhook: """
        build_request_kwargs build_request_http_method get_flow_request_kwargs
        get_flow_request_http_method stored_as_script flow_script_path kwargs
        """,
}


@pytest.mark.parametrize("kind", SIGNATURES, ids=lambda kind: kind.__name__)
def test_signatures_are_those_of_prefect(kind: type[Storage]) -> None:
    assert list(inspect.signature(kind).parameters) == SIGNATURES[kind].split()


@pytest.mark.parametrize("name", [name for name in storage.__all__ if name != "Storage"])
def test_each_kind_has_a_module_of_its_own(name: str) -> None:
    module = importlib.import_module(f"miniprefect.storage.{name.lower()}")
    assert getattr(module, name) is getattr(storage, name)


@each_kind
def test_flows_are_remembered(kept: Storage, place: str) -> None:
    kept = copy.deepcopy(kept)
    assert "My flow!" not in kept
    assert kept.add_flow(FLOW) == place
    assert kept.flows == {"My flow!": place}
    assert "My flow!" in kept
    assert kept.get_flow("My flow!") is FLOW
    with pytest.raises(ValueError, match='Flow with the name "My flow!" is already present'):
        kept.add_flow(FLOW)


@each_kind
def test_nothing_happens_when_it_is_built(kept: Storage, place: str) -> None:
    assert kept.build() is kept
    kept.run_basic_healthchecks()
    assert kept.default_labels == []
    assert kept.logger.name == f"prefect.{type(kept).__name__}"


@each_kind
def test_what_would_be_fetched_is_refused(kept: Storage, place: str) -> None:
    with pytest.raises(ClientError, match=f"Fetching 'other' from <Storage: {type(kept).__name__}> needs"):
        kept.get_flow("other")


@each_kind
def test_copies_and_pickles_are_equal(kept: Storage, place: str) -> None:
    assert pickle.loads(pickle.dumps(kept)) == copy.deepcopy(kept) == kept
    assert str(kept) == repr(kept) == f"<Storage: {type(kept).__name__}>"
    assert kept.serialize()["type"] == type(kept).__name__


def test_arguments_are_attributes() -> None:
    kept = GitHub(repo="a/b", path="f.py", secrets=["x"], labels=["l"], stored_as_script=True)
    assert (kept.repo, kept.path, kept.ref) == ("a/b", "f.py", None)
    assert (kept.secrets, kept.labels, kept.stored_as_script) == (["x"], ["l"], True)
    assert kept.add_default_labels is True
    assert S3("b", stored_as_script=True).stored_as_script is True
    assert kept != GitHub(repo="a/b", path="f.py")


def test_collections_can_be_changed_afterwards() -> None:
    kept = Docker()
    kept.env_vars["A"] = "1"
    kept.python_dependencies.append("x")
    kept.secrets.append("s")
    assert (Docker().env_vars, Docker().python_dependencies, Docker().secrets) == ({}, [], [])


def test_names() -> None:
    assert GitHub("r", "p").name == "GitHub"
    assert Docker("r", image_name="i", image_tag="t").name == "r/i:t"
    assert Docker(image_name="i", image_tag="t").name == "i:t"
    with pytest.raises(ValueError, match="image_name and image_tag"):
        _ = Docker().name


MISUSES: list[tuple[Any, type[Exception], str]] = [
    (lambda: GitHub("a/b"), TypeError, "path"),  # type: ignore[call-arg]
    (lambda: GitHub("a/b", "f.py", nope=1), TypeError, "nope"),
    (lambda: Local(nope=1), TypeError, "nope"),
    (lambda: Git("f.py"), ValueError, "Either `repo` or"),
    (lambda: Git("f.py", repo="a", tag="t", commit="c"), ValueError, "only one of"),
    (lambda: Docker(base_image="a", dockerfile="b"), ValueError, "Only one of `base_image`"),
]


@pytest.mark.parametrize(("make", "kind", "message"), MISUSES)
def test_misuses(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()
