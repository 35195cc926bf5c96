"""Results in three clouds, whose libraries are fakes: the same contract, then what each has of its own."""

import copy
import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest

from miniprefect.engine.result.base import CorruptResultError
from miniprefect.engine.results import AzureResult, GCSResult, S3Result
from miniprefect.engine.results.cloud import CloudResult
from miniprefect.engine.serializers import JSONSerializer
from miniprefect.utilities.context import context
from tests.engine.results.clouds import AzureBlobs, Boto3, ClientError, GoogleStorage

MODULES = {"boto3": Boto3, "google.cloud.storage": GoogleStorage, "azure.storage.blob": AzureBlobs}
PACKAGES = {"google": None, "google.cloud": None, "azure": None, "azure.storage": None}


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    made: dict[str, Any] = {name: module() for name, module in MODULES.items()}
    for name in PACKAGES:
        monkeypatch.setitem(sys.modules, name, type(sys)(name))
    for name, module in made.items():
        monkeypatch.setitem(sys.modules, name, module)
    return made


MAKERS: list[Callable[..., CloudResult]] = [
    lambda **kwargs: S3Result("place", **kwargs),
    lambda **kwargs: GCSResult("place", **kwargs),
    lambda **kwargs: AzureResult("place", connection_string="string", **kwargs),
]
each_cloud = pytest.mark.parametrize("make", MAKERS, ids=["s3", "gcs", "azure"])
in_the_clouds = pytest.mark.usefixtures("clouds")


@each_cloud
@in_the_clouds
def test_it_writes_reads_and_knows(make: Callable[..., CloudResult]) -> None:
    result = make(location="{x}/{y}.txt")
    assert not result.exists("{x}/{y}.txt", x=1, y=2)
    written = result.write({"a": 1}, x=1, y=2)
    assert (written.value, written.location, type(written)) == ({"a": 1}, "1/2.txt", type(result))
    assert result.exists("{x}/{y}.txt", x=1, y=2)
    assert result.read("1/2.txt") == written
    assert (result.value, result.location) == (None, "{x}/{y}.txt")


@each_cloud
@in_the_clouds
def test_it_writes_again(make: Callable[..., CloudResult]) -> None:
    result = make(location="x", serializer=JSONSerializer())
    result.write([1])
    result.write([2])
    assert result.read("x").value == [2]


@each_cloud
def test_a_corrupt_object_is_named(make: Callable[..., CloudResult], clouds: dict[str, Any]) -> None:
    for module in clouds.values():
        module.objects["place", "x"] = b""
    with pytest.raises(CorruptResultError, match="'x'"):
        make().read("x")


@each_cloud
@in_the_clouds
def test_an_unpicklable_value_leaves_the_old_one(make: Callable[..., CloudResult]) -> None:
    result = make(location="x")
    result.write(1)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        result.write(lambda: 1)
    assert result.read("x").value == 1


@each_cloud
@in_the_clouds
@pytest.mark.parametrize("again", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy, copy.copy])
def test_it_travels_without_its_client(make: Callable[..., CloudResult], again: Any) -> None:
    result = make(location="x")
    result.write(1)
    assert "_client" in vars(result)
    other = again(result)
    assert "_client" not in vars(other)
    assert other == result
    assert other.read("x").value == 1


@each_cloud
def test_one_client_serves(make: Callable[..., CloudResult], clouds: dict[str, Any]) -> None:
    result = make(location="x")
    for n in range(3):
        result.write(n)
        result.exists("x")
    made = [*clouds["boto3"].clients, *clouds["google.cloud.storage"].accounts, *clouds["azure.storage.blob"].strings]
    assert len(made) == 1


@pytest.mark.parametrize(
    ("result", "package"),
    [
        (S3Result("b"), "boto3"),
        (GCSResult("b"), "google-cloud-storage"),
        (AzureResult("c", connection_string="s"), "azure-storage-blob"),
    ],
    ids=["s3", "gcs", "azure"],
)
@pytest.mark.parametrize("use", [lambda r: r.exists("x"), lambda r: r.read("x"), lambda r: r.write(1)])
def test_a_library_that_is_missing(
    result: CloudResult, package: str, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*MODULES, *PACKAGES):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        use(result)


# Arguments


def test_the_arguments_are_kept() -> None:
    s3 = S3Result("b", {"region_name": "r"}, {"ACL": "private"}, location="x")
    assert (s3.bucket, s3.boto3_kwargs, s3.upload_options) == ("b", {"region_name": "r"}, {"ACL": "private"})
    assert (S3Result("b").boto3_kwargs, S3Result("b").upload_options) == ({}, {})
    assert (GCSResult("b").bucket, GCSResult().bucket) == ("b", None)
    azure = AzureResult("c", "string", "secret")
    assert (azure.container, azure.connection_string, azure.connection_string_secret) == ("c", "string", "secret")
    assert S3Result("a") != S3Result("b")
    with pytest.raises(TypeError):
        S3Result()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        AzureResult()  # type: ignore[call-arg]


# S3


def test_s3_gets_its_options(clouds: dict[str, Any]) -> None:
    S3Result("b", {"region_name": "r"}, {"ACL": "private"}, location="x").write(1)
    assert clouds["boto3"].clients == [("s3", {"region_name": "r"})]
    assert clouds["boto3"].uploads == [{"ACL": "private"}]


SECRET = {"ACCESS_KEY": "a", "SECRET_ACCESS_KEY": "b", "SESSION_TOKEN": "c"}
KNOWN = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_session_token": "c"}


@pytest.mark.parametrize(
    ("secret", "given", "used"),
    [
        (SECRET, {}, KNOWN),
        ('{"ACCESS_KEY": "a", "SECRET_ACCESS_KEY": "b"}', {}, {k: v for k, v in KNOWN.items() if v != "c"}),
        (SECRET, {"aws_session_token": "own"}, {**KNOWN, "aws_session_token": "own"}),
        (None, {"verify": False}, {"verify": False}),
    ],
)
def test_s3_credentials(clouds: dict[str, Any], secret: Any, given: Any, used: Any) -> None:
    with context(secrets={"AWS_CREDENTIALS": secret}):
        S3Result("b", given).exists("x")
    assert clouds["boto3"].clients == [("s3", used)]


@in_the_clouds
def test_s3_says_what_it_may_not_know() -> None:
    with pytest.raises(ClientError, match="403"):
        S3Result("forbidden").exists("x")
    with pytest.raises(ClientError, match="NoSuchKey"):
        S3Result("b").read("x")


# GCS


@pytest.mark.parametrize("account", [None, {"project_id": "p"}])
def test_gcs_credentials(clouds: dict[str, Any], account: Any) -> None:
    with context(secrets={"GCP_CREDENTIALS": account} if account else {}):
        assert GCSResult("b").gcs_bucket.name == "b"
    assert clouds["google.cloud.storage"].accounts == [account]


# Azure


def test_azure_finds_its_connection_string(clouds: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "of the environment")
    with context(secrets={"AZ": "of the secret"}):
        for arguments in ({"connection_string": "given"}, {"connection_string_secret": "AZ"}, {}):
            AzureResult("c", **arguments).exists("x")
    assert clouds["azure.storage.blob"].strings == ["given", "of the secret", "of the environment"]


@in_the_clouds
def test_azure_without_a_connection_string(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    with pytest.raises(ValueError, match="connection string not provided"):
        AzureResult("c").exists("x")
    with pytest.raises(ValueError, match='"AZ" was not found'):
        AzureResult("c", connection_string_secret="AZ").exists("x")


def test_azure_makes_its_client_anew_when_told(clouds: dict[str, Any]) -> None:
    result = AzureResult("c", connection_string="one")
    result.initialize_service()
    result.connection_string = "two"
    result.initialize_service()
    assert result.service is result.service
    assert clouds["azure.storage.blob"].strings == ["one", "two"]
