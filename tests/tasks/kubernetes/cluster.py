"""A small Kubernetes on this machine: an API server on loopback, and containers that are processes.

`Cluster` serves the endpoints that the tasks use, following the published OpenAPI of Kubernetes: it knows for each
operation the path, the method, the parameters of the query and the type of the body, and refuses all else as the
real server does, with a `Status`. Bodies are checked against the published schemas where `kubernetes-validate` is
installed. A pod's first container is run as a process of this machine, in a folder of its own: `Kubelet`. What a test
wants to go wrong, it says with `cluster.fault`.
"""

import contextlib
import copy
import datetime
import json
import re
import secrets
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.tasks.kubernetes.kubelet import Kubelet

try:
    import kubernetes_validate
except ImportError:
    kubernetes_validate = None

Json = dict[str, Any]

# Of the published OpenAPI of Kubernetes 1.28, as the official client 28.1 has it: what each operation takes in a query.
CHANGES = {"dryRun", "fieldManager", "fieldValidation", "pretty"}
LISTS = {"allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "pretty", "resourceVersion"}
LISTS |= {"resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"}
DELETES = {"dryRun", "gracePeriodSeconds", "orphanDependents", "pretty", "propagationPolicy"}
LOGS = {"container", "follow", "insecureSkipTLSVerifyBackend", "limitBytes", "pretty", "previous", "sinceSeconds"}
LOGS |= {"tailLines", "timestamps"}
QUERIES = {
    "POST": CHANGES,
    "PUT": CHANGES,
    "PATCH": CHANGES | {"force"},
    "DELETE": DELETES,
    "GET": {"pretty"},
    "LIST": LISTS,
    "LOG": LOGS,
}
PATCHES = {
    "application/json-patch+json": list,
    "application/merge-patch+json": dict,
    "application/strategic-merge-patch+json": dict,
}
KINDS = {
    ("batch/v1", "jobs"): "Job",
    ("v1", "pods"): "Pod",
    ("v1", "services"): "Service",
    ("v1", "secrets"): "Secret",
    ("v1", "configmaps"): "ConfigMap",
    ("apps/v1", "deployments"): "Deployment",
}
PATH = re.compile(
    r"(/api/(?P<core>v1)|/apis/(?P<group>[a-z.]+/v1))/namespaces/(?P<namespace>[^/]+)/(?P<plural>[a-z]+)"
    r"(/(?P<name>[^/]+)(?P<log>/log)?(/status)?)?"
)
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed"}
REASONS |= {409: "AlreadyExists", 415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests"}
REASONS |= {500: "InternalError"}


class Refused(Exception):
    """The server answers with a `Status`."""

    def __init__(self, code: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": REASONS[code],
            "details": details,
            "code": code,
        }


@dataclass(frozen=True)
class Request:
    """What came in, and what it is about."""

    method: str
    path: str
    query: dict[str, str]
    content_type: str
    authorization: str
    body: Any
    peer: str = ""
    target: dict[str, str | None] = field(default_factory=dict, compare=False)

    @property
    def verb(self) -> str:
        """The method, or LIST or LOG for the two that GET means besides."""
        if self.method != "GET":
            return self.method
        return "LOG" if self.target["log"] else "GET" if self.target["name"] else "LIST"


class Cluster:
    """The API server, its objects and its kubelet; use it in a `with` block.

    Args:
        folder: where containers have their files.
        tls: the server's side of TLS; without it, the server speaks plain HTTP.
        authorizations: the values of the header that let in; without them, everybody is.
    """

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None, authorizations: set[str] | None = None) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.requests: list[Request] = []
        self.authorizations = authorizations
        self.changed = threading.Condition(threading.RLock())
        self.fault: Callable[[Request, BaseHTTPRequestHandler], bool] = lambda request, connection: False
        self.closing = threading.Event()
        self.kubelet = Kubelet(self, folder)
        self.version = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.cluster = self
        self.server.tls = tls
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Cluster":
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self.kubelet.close()  # so that no log is followed any more
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def kubeconfig(self, folder: Path, user: Json | None = None, **cluster: Any) -> Path:
        """Write a kubeconfig that leads here."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": {"server": self.url, **cluster}}],
            "users": [{"name": "me", "user": user or {}}],
            "contexts": [{"name": "test", "context": {"cluster": "here", "user": "me"}}],
            "current-context": "test",
        }
        file = folder / "kubeconfig"
        file.write_text(json.dumps(config))
        return file

    def paths(self) -> list[str]:
        """The requests so far, as "METHOD path"."""
        return [f"{request.method} {request.path}" for request in self.requests]

    # What the kubelet uses

    def get(self, plural: str, namespace: str, name: str) -> Json:
        """The object itself; KeyError if it is gone."""
        return self.objects[plural, namespace, name]

    def put(self, plural: str, item: Json) -> None:
        """Keep an object, new or changed, and wake up who waits for changes."""
        with self.changed:
            self.version += 1
            metadata = item["metadata"]
            metadata["resourceVersion"] = str(self.version)
            self.objects[plural, metadata["namespace"], metadata["name"]] = item
            self.changed.notify_all()

    def selected(self, plural: str, namespace: str, selector: str = "", fields: str = "") -> list[Json]:
        """The objects with all labels of "a=b,c=d" (and with the name of "metadata.name=x")."""
        wanted = dict(part.split("=", 1) for part in selector.replace("==", "=").split(",") if part)
        names = dict(part.split("=", 1) for part in fields.split(",") if part)
        found = [item for (kind, home, _), item in self.objects.items() if (kind, home) == (plural, namespace)]
        found = [item for item in found if wanted.items() <= item["metadata"].get("labels", {}).items()]
        return [
            item for item in found if names.get("metadata.name", item["metadata"]["name"]) == item["metadata"]["name"]
        ]

    # Operations

    def check(self, request: Request) -> None:
        """Refuse what the OpenAPI does not have."""
        if self.authorizations is not None and request.authorization not in self.authorizations:
            raise Refused(401, "Unauthorized")
        kind = KINDS.get((request.target["group"] or request.target["core"], request.target["plural"]))
        if kind is None or (request.target["log"] and kind != "Pod"):
            raise Refused(404, "the server could not find the requested resource")
        named = request.target["name"] is not None
        if (request.method == "POST") is named and request.method in {"POST", "PUT", "PATCH", "DELETE"}:
            raise Refused(405, "the server does not allow this method on the requested resource")
        unknown = request.query.keys() - QUERIES[request.verb]
        if unknown:
            raise Refused(400, f"no such parameters: {unknown}")  # the real server would pass over them
        if request.method in {"POST", "PUT"}:
            self.check_body(request, kind)
        elif request.method == "PATCH" and not isinstance(request.body, PATCHES.get(request.content_type, ())):
            raise Refused(415, f"the body of the request was in an unknown format - {request.content_type}")

    def check_body(self, request: Request, kind: str) -> None:
        """Refuse bodies of another kind or content type, bad names, and what the schema does not allow."""
        if request.content_type != "application/json":
            raise Refused(415, f"the body of the request was in an unknown format - {request.content_type}")
        group = request.target["group"] or request.target["core"]
        if (request.body.get("apiVersion"), request.body.get("kind")) != (group, kind):
            raise Refused(400, f"no kind {request.body.get('kind')!r} is registered for {group!r} here")
        name = request.body["metadata"].get("name") or request.body["metadata"].get("generateName", "-") + "x"
        if not SUBDOMAIN.fullmatch(name) or len(name) > 253:
            message = (
                f'{kind} "{name}" is invalid: metadata.name: Invalid value: "{name}": a lowercase RFC 1123 subdomain'
            )
            raise Refused(422, message, name=name, kind=kind)
        if kubernetes_validate is not None:
            try:
                kubernetes_validate.validate(request.body, "1.34", strict=True)
            except kubernetes_validate.ValidationError as error:
                raise Refused(422, f'{kind} "{name}" is invalid: {error.message}', name=name, kind=kind) from None

    def answer(self, request: Request) -> Json:
        """Do what is asked for, and return what goes back."""
        plural, namespace, name = (request.target[part] for part in ("plural", "namespace", "name"))
        if request.verb == "LIST":
            items = self.selected(
                plural, namespace, *map(request.query.get, ("labelSelector", "fieldSelector"), ("", ""))
            )
            kind, version = self.kind_and_version(request)
            metadata = {"resourceVersion": str(self.version)}
            plain = [{k: v for k, v in item.items() if k not in ("kind", "apiVersion")} for item in items]
            return {"kind": f"{kind}List", "apiVersion": version, "metadata": metadata, "items": plain}
        if request.method == "POST":
            return self.create(plural, namespace, request)
        item = self.objects.get((plural, namespace, name))
        if item is None:
            group = (request.target["group"] or "").rpartition("/")[0]
            raise Refused(404, f'{plural}{"." * bool(group)}{group} "{name}" not found', name=name, kind=plural)
        if request.method == "PUT":
            self.put(
                plural, {**copy.deepcopy(request.body), "metadata": {**item["metadata"], **request.body["metadata"]}}
            )
        elif request.method == "PATCH":
            self.put(plural, patched(item, request.body))
        elif request.method == "DELETE":
            return self.delete(plural, item, request)
        return self.objects[plural, namespace, name]

    def kind_and_version(self, request: Request) -> tuple[str, str]:
        """The kind that a request is about, and its API version."""
        version = str(request.target["group"] or request.target["core"])
        return KINDS[version, str(request.target["plural"])], version

    def create(self, plural: str, namespace: str, request: Request) -> Json:
        """Keep a new object, and set the kubelet to work."""
        item = copy.deepcopy(request.body)
        metadata = item["metadata"]
        if plural == "pods":
            item["status"] = {"phase": "Pending"}
        metadata.setdefault("name", metadata.get("generateName", "") + secrets.token_hex(3)[:5])
        if metadata.setdefault("namespace", namespace) != namespace:
            raise Refused(400, "the namespace of the provided object does not match the namespace sent on the request")
        if (plural, namespace, metadata["name"]) in self.objects:
            group = (request.target["group"] or "").rpartition("/")[0]
            message = f'{plural}{"." * bool(group)}{group} "{metadata["name"]}" already exists'
            raise Refused(409, message, name=metadata["name"], kind=plural)
        metadata.update(uid=str(uuid.uuid4()), creationTimestamp=now())
        if "dryRun" not in request.query:
            if plural == "jobs":
                add_selector(item)
            self.put(plural, item)
            self.kubelet.created(plural, item)
        return item

    def delete(self, plural: str, item: Json, request: Request) -> Json:
        """Take an object away, with its pods if the request says so."""
        namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
        policy = (request.body or {}).get("propagationPolicy") or request.query.get("propagationPolicy") or "Orphan"
        details = {"name": name, "kind": plural, "uid": item["metadata"].get("uid", "")}
        done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        if "dryRun" in request.query:
            return done
        with self.changed:
            del self.objects[plural, namespace, name]
            if plural == "jobs" and policy != "Orphan":
                for pod in self.selected("pods", namespace, f"job-name={name}"):
                    self.objects.pop(("pods", namespace, pod["metadata"]["name"]), None)
            self.changed.notify_all()
        return done

    def log_of(self, request: Request) -> Iterator[bytes]:
        """The lines of a pod's log, to its end if it is followed."""
        namespace, name = str(request.target["namespace"]), str(request.target["name"])
        with self.changed:
            pod = self.objects.get(("pods", namespace, name))
        if pod is None:
            raise Refused(404, f'pods "{name}" not found', name=name, kind="pods")
        containers = [container["name"] for container in pod["spec"]["containers"]]
        wanted = request.query.get("container", containers[0])
        if wanted not in containers:
            raise Refused(400, f"container {wanted} is not valid for pod {name}")
        if "container" not in request.query and len(containers) > 1:
            raise Refused(400, f"a container name must be specified for pod {name}, choose one of: {containers}")
        if pod["status"]["phase"] == "Pending":
            raise Refused(400, f'container "{wanted}" in pod "{name}" is waiting to start: ContainerCreating')
        flags = {flag: request.query.get(flag, "").lower() == "true" for flag in ("follow", "timestamps")}
        return self.kubelet.lines(name, **flags)


def patched(item: Any, patch: Any) -> Any:
    """Merge as JSON merge patch does; lists of things with names by name, as a strategic merge does; or JSON patch."""
    if isinstance(patch, list) and all("op" in step for step in patch):
        result = copy.deepcopy(item)
        for step in patch:
            *parents, last = step["path"].strip("/").split("/")
            home = result
            for part in parents:
                home = home[part]
            assert step["op"] in ("add", "replace")
            home[last] = step["value"]
        return result
    if isinstance(patch, list):
        by_name = {part["name"]: part for part in item or []}
        return [*{**by_name, **{part["name"]: patched(by_name.get(part["name"], {}), part) for part in patch}}.values()]
    if not isinstance(patch, dict):
        return patch
    result = {key: value for key, value in (item or {}).items() if key not in patch}
    return result | {key: patched((item or {}).get(key), value) for key, value in patch.items() if value is not None}


def add_selector(job: Json) -> None:
    """Give a job's pods the labels that they are found by, as the real server does, and the job, if it has none."""
    metadata, template = job["metadata"], job["spec"]["template"]
    short = {"controller-uid": metadata["uid"], "job-name": metadata["name"]}
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels |= short | {f"batch.kubernetes.io/{key}": value for key, value in short.items()}
    metadata.setdefault("labels", dict(labels))
    key = "batch.kubernetes.io/controller-uid"
    job["spec"].setdefault("selector", {"matchLabels": {key: labels[key]}})


def now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Server(ThreadingHTTPServer):
    """The sockets: a thread for each connection, in which TLS begins."""

    daemon_threads = False
    cluster: Cluster
    tls: ssl.SSLContext | None

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(30)
        with contextlib.suppress(ssl.SSLError, ConnectionError, TimeoutError):
            if self.tls is not None:
                request = self.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            if self.tls is not None:
                request.close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do(self) -> None:
        """Answer a request."""
        cluster = self.server.cluster
        try:
            request = self.parsed()
            cluster.requests.append(request)
            if cluster.fault(request, self):
                return
            with cluster.changed:
                cluster.check(request)
                body = b"" if request.verb == "LOG" else json.dumps(cluster.answer(request)).encode()
            if request.verb == "LOG":
                self.stream(cluster.log_of(request))
            else:
                self.reply(201 if request.method == "POST" else 200, body)
        except Refused as refusal:
            self.reply(refusal.code, json.dumps(refusal.status).encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def parsed(self) -> Request:
        """The request, read whole."""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        match = PATH.fullmatch(url.path)
        if match is None:
            raise Refused(404, "the server could not find the requested resource")
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        subject = dict(part[0] for part in certificate["subject"]) if certificate else {}
        return Request(
            method=self.command,
            path=url.path,
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            content_type=self.headers.get("Content-Type") or "",
            authorization=self.headers.get("Authorization") or "",
            body=json.loads(data) if data else None,
            peer=str(subject.get("commonName", "")),
            target={key: value and unquote(value) for key, value in match.groupdict().items()},
        )

    def reply(self, code: int, body: bytes, content_type: str = "application/json") -> None:
        """Send an answer whose length is known."""
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, parts: Iterator[bytes], *, end: bool = True) -> None:
        """Send an answer as it comes, in chunks; without an end, the connection breaks off."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if end:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = not end

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def job(name: str, *command: str, **spec: Any) -> dict[str, Any]:
    """The manifest of a job that runs a command once."""
    container = {"name": "main", "image": "busybox", "command": list(command)}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": template, **spec},
    }
