"""Requests: TLS, who one is, and what may go wrong on the way."""

import base64
import http.server
import json
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, context
from miniprefect.tasks.kubernetes import ListNamespacedJob, ReadNamespacedJob, _access
from miniprefect.tasks.kubernetes._client import Call, connect
from miniprefect.tasks.kubernetes.errors import ApiError, ConfigurationError, KubernetesError, UnreachableError
from tests.tasks.kubernetes.certificates import Certificates
from tests.tasks.kubernetes.cluster import Cluster, Request

Json = dict[str, Any]
Fault = Callable[[Request, http.server.BaseHTTPRequestHandler], bool]


def inline(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Have KUBECONFIG lead to a cluster, as some user."""

    def use(cluster: Cluster, user: Json | None = None, **settings: Any) -> None:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path, user, **settings)))

    return use


def jobs() -> list[Any]:
    """Ask for something, and get nothing."""
    found: list[Any] = ListNamespacedJob().run().items
    return found


# TLS


def test_a_client_certificate(tmp_path: Path, certificates: Certificates, use: Callable[..., None]) -> None:
    tls = certificates.server_side(ask_for_certificate=True)
    with Cluster(tmp_path, tls) as cluster:
        files = {"client-certificate": certificates.path("alice.crt"), "client-key": certificates.path("alice.key")}
        use(cluster, files, **{"certificate-authority": certificates.path("authority.crt")})
        assert jobs() == []
        data = {f"{name}-data": inline(Path(path).read_text()) for name, path in files.items()}
        use(cluster, data, **{"certificate-authority-data": inline(certificates.authority)})
        assert jobs() == []
        assert [request.peer for request in cluster.requests] == ["alice", "alice"]
        use(cluster, {}, **{"certificate-authority": certificates.path("authority.crt")})
        with pytest.raises(UnreachableError, match=r"at https://127\.0\.0\.1:\d+: the connection broke off"):
            jobs()


def test_a_key_is_nowhere_on_disk_afterwards(
    tmp_path: Path, certificates: Certificates, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with Cluster(tmp_path / "pods", certificates.server_side(ask_for_certificate=True)) as cluster:
        names = {"client-certificate-data": "alice.crt", "client-key-data": "alice.key"}
        data = {key: inline(certificates.text(name)) for key, name in names.items()}
        use(cluster, data, **{"certificate-authority-data": inline(certificates.authority)})
        assert jobs() == []
    assert list(scratch.iterdir()) == []


def test_whose_certificate_is_not_to_be_trusted(
    tmp_path: Path, certificates: Certificates, use: Callable[..., None]
) -> None:
    with Cluster(tmp_path, certificates.server_side()) as cluster:
        use(cluster)
        with pytest.raises(UnreachableError, match="its certificate is not to be trusted: "):
            jobs()
        use(cluster, **{"insecure-skip-tls-verify": True})
        assert jobs() == []
        use(cluster, **{"certificate-authority-data": inline("nonsense")})
        with pytest.raises(ConfigurationError, match=r"A certificate for https://.* can't be used: "):
            jobs()


def test_the_name_of_the_server(tmp_path: Path, certificates: Certificates, use: Callable[..., None]) -> None:
    authority = {"certificate-authority-data": inline(certificates.authority)}
    with Cluster(tmp_path, certificates.server_side("named")) as cluster:
        use(cluster, **authority)
        with pytest.raises(UnreachableError, match="not to be trusted: IP address mismatch"):
            jobs()
        use(cluster, **authority, **{"tls-server-name": "kubernetes.test"})
        assert jobs() == []


# Who one is


def test_tokens_and_passwords(tmp_path: Path, use: Callable[..., None]) -> None:
    basic = f"Basic {base64.b64encode(b'me:word').decode()}"
    with Cluster(tmp_path, authorizations={"Bearer good", basic}) as cluster:
        use(cluster, {"token": "good"})
        assert jobs() == []
        use(cluster, {"username": "me", "password": "word"})
        assert jobs() == []
        use(cluster, {"token": "geheim"})
        with pytest.raises(ApiError, match="Could not list jobs in namespace 'default': Unauthorized") as caught:
            jobs()
        assert (caught.value.status, caught.value.reason) == (401, "Unauthorized")
        assert "geheim" not in repr(caught.value)


def test_a_token_that_was_renewed_meanwhile_is_read_again(tmp_path: Path, use: Callable[..., None]) -> None:
    (tmp_path / "token").write_text("old")
    with Cluster(tmp_path / "pods", authorizations={"Bearer new"}) as cluster:

        def renew(request: Request, connection: object) -> bool:
            (tmp_path / "token").write_text("new")
            return False

        cluster.fault = renew
        use(cluster, {"tokenFile": str(tmp_path / "token")})
        assert jobs() == []
        assert [request.authorization for request in cluster.requests] == ["Bearer old", "Bearer new"]


def test_the_secret_of_the_task_is_a_token(tmp_path: Path, use: Callable[..., None]) -> None:
    with Cluster(tmp_path, authorizations={"Bearer good", "Bearer 12"}) as cluster:
        use(cluster, {"token": "bad"})
        with context(secrets={"KUBERNETES_API_KEY": "good", "NUMBER": "12", "MINE": "bad"}):
            assert jobs() == []
            assert ListNamespacedJob(kubernetes_api_key_secret="NUMBER").run().items == []
            for name in ("MINE", None):
                with pytest.raises(ApiError, match="Unauthorized"):
                    ListNamespacedJob(kubernetes_api_key_secret=name).run()
        with pytest.raises(ValueError, match='Local Secret "MINE" was not found'):
            ListNamespacedJob(kubernetes_api_key_secret="MINE").run()


def test_a_plugin_is_asked_again_when_its_token_is_refused(tmp_path: Path, use: Callable[..., None]) -> None:
    version = "client.authentication.k8s.io/v1beta1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "TOKEN"}}
    script = tmp_path / "plugin"
    script.write_text(f"#!/bin/sh\nsed s/TOKEN/$(cat {tmp_path / 'token'})/ << end\n{json.dumps(credential)}\nend\n")
    script.chmod(0o755)
    (tmp_path / "token").write_text("one")
    authorizations = {"Bearer one"}
    with Cluster(tmp_path / "pods", authorizations=authorizations) as cluster:
        use(cluster, {"exec": {"apiVersion": version, "command": "./plugin"}})
        client = connect()
        call = Call("list jobs", "GET", ("apis", "batch", "v1", "namespaces", "default", "jobs"))
        for token in ("one", "two"):
            (tmp_path / "token").write_text(token)
            authorizations.clear()
            authorizations.add(f"Bearer {token}")
            assert client.request(call).items == []
        assert [request.authorization[-3:] for request in cluster.requests] == ["one", "one", "two"]


def test_a_token_is_in_no_log_and_no_state(
    tmp_path: Path, use: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with Cluster(tmp_path, authorizations=set()) as cluster, context(secrets={"KUBERNETES_API_KEY": "geheim"}):
        use(cluster, {"token": "geheim"})
        with Flow("refused") as flow:
            ListNamespacedJob()()
            ListNamespacedJob(kubernetes_api_key_secret=None)()
        state = flow.run()
        assert [request.authorization for request in cluster.requests] == ["Bearer geheim"] * 4
    assert state.is_failed()
    errors = [child.result for child in state.result.values()]
    assert [type(error) for error in errors] == [ApiError, ApiError]
    told = [caplog.text, repr(state), *map(repr, state.result.values()), *map(repr, errors)]
    assert "Unauthorized" in told[0]
    assert not [text for text in told if "geheim" in text]


def test_in_a_pod(
    tmp_path: Path, certificates: Certificates, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = tmp_path / "account"
    account.mkdir()
    (account / "ca.crt").write_text(certificates.authority)
    monkeypatch.setattr(_access, "SERVICE_ACCOUNT", account)
    authorizations = {"Bearer one"}
    with Cluster(tmp_path / "pods", certificates.server_side(), authorizations) as cluster:
        monkeypatch.setenv("KUBECONFIG", "/nowhere")
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(cluster.server.server_port))
        with pytest.raises(ConfigurationError, match="There is no way to Kubernetes"):
            jobs()
        (account / "token").write_text("one\n")
        client = connect()
        call = Call("list jobs", "GET", ("apis", "batch", "v1", "namespaces", "default", "jobs"))
        assert client.request(call).items == []
        # The kubelet renews tokens.
        authorizations.clear()
        authorizations.add("Bearer two")
        (account / "token").write_text("two\n")
        assert client.request(call).items == []


def test_the_address_of_a_service_may_be_of_ip_6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_access, "SERVICE_ACCOUNT", tmp_path)
    (tmp_path / "token").write_text("t")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    access = _access.in_cluster()
    assert access is not None
    assert access.server == "https://[fd00::1]:443"


# What goes wrong


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A server that says `answer` to whoever connects, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"", "the connection broke off .RemoteDisconnected"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the connection broke off .BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", "the connection broke off .IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<ht>", "what http://.* answers is not Kubernetes' JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "what http://.* answers is not Kubernetes' JSON"),
    ],
)
def test_nonsense_is_answered(
    answer: bytes, complaint: str, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(answer) as url:
        cluster.url = url
        cluster.kubeconfig(tmp_path)
        with pytest.raises(UnreachableError, match=complaint) as caught:
            ReadNamespacedJob("a").run()
    assert str(caught.value).startswith("Could not read job 'a' in namespace 'default'")


def test_nothing_listens(cluster: Cluster, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cluster.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    cluster.kubeconfig(tmp_path)
    with pytest.raises(UnreachableError, match=r"'default' at http://127\.0\.0\.1:\d+: nothing listens there\."):
        jobs()


def test_no_answer(cluster: Cluster) -> None:
    cluster.fault = lambda request, connection: cluster.closing.wait(20)
    try:
        with pytest.raises(UnreachableError, match=r"it did not answer within 0\.1 seconds"):
            ListNamespacedJob(kube_kwargs={"_request_timeout": 0.1}).run()
    finally:
        cluster.closing.set()


def test_a_proxy_refuses(cluster: Cluster) -> None:
    def refuse(request: Request, connection: Any) -> bool:
        connection.reply(502, b"<html>", "text/html")
        return True

    cluster.fault = refuse
    with pytest.raises(ApiError, match=r"Could not list jobs in namespace 'default': Bad Gateway \(502 Bad Gateway\)"):
        jobs()


def test_a_redirect_is_not_followed(cluster: Cluster) -> None:
    def redirect(request: Request, connection: Any) -> bool:
        connection.send_response(302)
        connection.send_header("Location", "http://192.0.2.1/")
        connection.send_header("Content-Length", "0")
        connection.end_headers()
        return True

    cluster.fault = redirect
    with pytest.raises(ApiError, match="302 Found"):
        jobs()


@pytest.mark.parametrize("server", ["cluster.example", "ftp://a", "https://", "https://a:99999", "https://a:b", 5])
def test_an_address_that_is_none(server: Any, cluster: Cluster, tmp_path: Path) -> None:
    cluster.url = server
    cluster.kubeconfig(tmp_path)
    with pytest.raises(ConfigurationError, match=r"is no address of an API server: https://HOST:PORT is"):
        jobs()


def test_no_way_to_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "KUBECONFIG" not in os.environ
    with pytest.raises(ConfigurationError, match="There is no way to Kubernetes: this is no pod"):
        jobs()


def test_names_can_not_leave_their_part_of_the_path(cluster: Cluster) -> None:
    with pytest.raises(ApiError, match="404 NotFound"):
        ReadNamespacedJob("../secrets?x=y").run()
    assert cluster.paths() == ["GET /apis/batch/v1/namespaces/default/jobs/..%2Fsecrets%3Fx%3Dy"]


def test_errors_travel_between_processes() -> None:
    error = ApiError("read job 'a'", 404, "NotFound", "not found")
    other = pickle.loads(pickle.dumps(error))
    assert isinstance(other, KubernetesError)
    assert (str(other), other.status) == ("Could not read job 'a': not found (404 NotFound)", 404)
    assert json.loads(json.dumps(str(other)))


def test_a_server_may_be_below_a_path(cluster: Cluster, tmp_path: Path) -> None:
    cluster.url += "/k8s/clusters/c-1"
    cluster.kubeconfig(tmp_path)
    with pytest.raises(ApiError, match="404"):
        jobs()
