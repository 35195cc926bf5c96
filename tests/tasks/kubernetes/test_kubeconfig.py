"""Kubeconfig files: merging, contexts, credentials, and what may be wrong with them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from miniprefect.tasks.kubernetes._kubeconfig import KubeConfig, kubeconfig_files
from miniprefect.tasks.kubernetes.errors import ConfigurationError

Json = dict[str, Any]


def write(folder: Path, name: str = "config", **parts: Any) -> Path:
    """Write a kubeconfig with the cluster "c", the user "u" and the context "x", unless `parts` says otherwise."""
    parts = {
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": "https://c:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        **parts,
    }
    (folder / name).write_text(json.dumps(parts))
    return folder / name


def user(folder: Path, **values: Any) -> Path:
    return write(folder, users=[{"name": "u", "user": values}])


def authorization(file: Path) -> str | None:
    return KubeConfig([file]).access().identify(False).authorization


# What counts


def test_the_current_context_counts(tmp_path: Path) -> None:
    clusters = [{"name": name, "cluster": {"server": f"https://{name}"}} for name in ("c", "d")]
    contexts = [{"name": f"x{name}", "context": {"cluster": name, "user": "u"}} for name in ("c", "d")]
    file = write(tmp_path, clusters=clusters, contexts=contexts, **{"current-context": "xd"})
    assert KubeConfig([file]).access().server == "https://d"


def test_of_several_files_the_first_one_that_has_something_counts(tmp_path: Path) -> None:
    first = write(tmp_path, "1", clusters=[], contexts=None, users=[{"name": "u", "user": {"token": "first"}}])
    others = [{"name": "c", "cluster": {"server": "https://2"}}]
    second = write(tmp_path, "2", clusters=others, **{"current-context": "nonsense"})
    access = KubeConfig([first, second]).access()
    assert access.server == "https://2"
    assert access.identify(False).authorization == "Bearer first"


def test_files_are_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kubeconfig_files() == []
    (tmp_path / ".kube").mkdir()
    home = write(tmp_path / ".kube")
    assert kubeconfig_files() == [home]
    one = write(tmp_path, "one")
    monkeypatch.setenv("KUBECONFIG", f":{tmp_path / 'missing'}:{one}")
    assert kubeconfig_files() == [one]


def test_a_kubeconfig_in_yaml(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="reads YAML with PyYAML, which is not installed")
    file = write(tmp_path)
    file.write_text(yaml.safe_dump(json.loads(file.read_text())))
    assert KubeConfig([file]).access().server == "https://c:1"


# Who one is


def test_tokens(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    file = user(tmp_path, tokenFile="token", token="other")
    access = KubeConfig([file]).access()
    assert access.identify(False).authorization == "Bearer one"
    (tmp_path / "token").write_text("two\n")
    assert access.identify(False).authorization == "Bearer two"
    assert authorization(user(tmp_path, token="three")) == "Bearer three"


def test_user_and_password(tmp_path: Path) -> None:
    encoded = base64.b64encode(b"me:secret:x").decode()
    assert authorization(user(tmp_path, username="me", password="secret:x")) == f"Basic {encoded}"


def test_nobody(tmp_path: Path) -> None:
    assert authorization(user(tmp_path)) is None
    file = write(tmp_path, contexts=[{"name": "x", "context": {"cluster": "c"}}])
    assert authorization(file) is None


def test_certificates_inline_and_in_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("K")
    inline = base64.b64encode(b"C").decode()
    # What is inline counts; a relative path begins at the folder of the kubeconfig.
    values = {"client-certificate-data": inline, "client-certificate": "nowhere", "client-key": "key"}
    certificate = KubeConfig([user(tmp_path, **values)]).access().identify(False).certificate
    assert certificate is not None
    assert (certificate.certificate, certificate.key) == ("C", "K")


def test_secrets_are_not_in_the_repr(tmp_path: Path) -> None:
    access = KubeConfig([user(tmp_path, token="geheim")]).access()
    assert "geheim" not in repr(access)
    assert "geheim" not in repr(access.identify(False))


# What is wrong


def without(name: str) -> Json:
    return {name: []}


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"current-context": ""}, "No current-context is set in "),
        ({"current-context": "y"}, "There is no context 'y' in "),
        (without("clusters"), "There is no cluster 'c' in "),
        (without("users"), "There is no user 'u' in "),
        ({"clusters": [{"name": "c", "cluster": {}}]}, "has no server."),
        ({"clusters": [{"name": "c", "cluster": {"server": "https://c", "proxy-url": "http://p"}}]}, "has a proxy-url"),
        ({"clusters": "c"}, "config: `clusters` is to be a list of objects, each with its name and a `cluster`"),
        ({"users": ["u"]}, "config: `users` is to be a list of objects, each with its name and a `user`"),
        ({"users": [{"name": "u", "user": "geheim"}]}, "config: `users` is to be a list of objects"),
    ],
)
def test_something_is_missing(parts: Json, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        KubeConfig([write(tmp_path, **parts)]).access()


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"client-certificate-data": "?"}, r"user 'u' of .*config: client-certificate-data is not a text in base64"),
        ({"client-certificate": "nowhere"}, "Can't read .*nowhere: No such file or directory"),
        ({"client-key-data": "QQ=="}, "needs both a client-certificate and a client-key"),
        ({"auth-provider": {"name": "gcp"}}, "auth-provider, which Kubernetes gave up in 1.26"),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}, "has no command"),
        ({"exec": "geheim"}, "user 'u' of .*config: `exec` is to be an object with a `command`"),
        ({"exec": {"command": "true", "env": [{"A": "geheim"}]}}, "has an `env` that is no list of names and values"),
        ({"exec": {"command": "true", "env": "geheim"}}, "has an `env` that is no list of names and values"),
        ({"token": "t", "as-groups": ["admins"]}, "user 'u' of .*config has 'as-groups', and acting as somebody else"),
        ({"tokenFile": "nowhere"}, "Can't read .*nowhere"),
        ({"token": "ge\nheim"}, "The token for the API server holds line ends"),
    ],
)
def test_a_user_can_not_be_used(values: Json, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        KubeConfig([user(tmp_path, **values)]).access().identify(False)
    assert "heim" not in str(caught.value)


def test_a_file_that_is_no_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("[1]")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="list is no kubeconfig"):
        KubeConfig([tmp_path / "list"])
    with pytest.raises(ConfigurationError, match="binary: it is not a text"):
        KubeConfig([tmp_path / "binary"])
