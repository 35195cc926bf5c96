"""Ready-made tasks on containers and images: what a Docker Engine is asked for."""

import contextlib
import io
import json
import os
import struct
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from observe import folder, plain, raises, scenario
from prefect.tasks.docker import (
    BuildImage,
    CreateContainer,
    GetContainerLogs,
    ListContainers,
    ListImages,
    PullImage,
    PushImage,
    RemoveContainer,
    RemoveImage,
    StartContainer,
    StopContainer,
    TagImage,
    WaitOnContainer,
)

LOGS = b"".join(struct.pack(">BxxxL", kind, len(text)) + text for kind, text in ((1, b"out\n"), (2, b"err\n")))
ANSWERS = {
    "/containers/json": [{"Id": "one"}],
    "/containers/create": {"Id": "abc", "Warnings": []},
    "/containers/abc/json": {"Id": "abc", "Config": {"Tty": False}},
    "/containers/abc/wait": {"StatusCode": 0, "Error": None},
    "/containers/bad/json": {"Id": "bad", "Config": {"Tty": False}},
    "/containers/bad/wait": {"StatusCode": 3, "Error": None},
    "/images/json": [{"Id": "i", "RepoTags": ["x:1"]}],
}
TOLD = {"/build": [{"stream": "Step 1\n"}, {"stream": "done\n"}], "": [{"status": "Pulling"}, {"status": "Done"}]}


class Engine(BaseHTTPRequestHandler):
    """Answers as an Engine does, and remembers what it was asked for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def read(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while True:
            length = int(self.rfile.readline(), 16)
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
            if not length:
                return b"".join(pieces)

    def handle_one(self):
        body, url = self.read(), urlsplit(self.path)
        if url.path.endswith(("/version", "/_ping")):
            return self.say(json.dumps({"ApiVersion": "1.41", "MinAPIVersion": "1.12"}).encode())
        path = "/" + url.path.split("/", 2)[2]
        self.server.asked.append([self.command, path, query(url.query), meaning(path, body)])
        if path.endswith("/logs"):
            return self.say(LOGS, "application/vnd.docker.raw-stream")
        if path.endswith(("/build", "/images/create", "/push")):
            return self.tell(TOLD.get(path, TOLD[""]))
        if self.command == "DELETE" and "/images/" in path:
            return self.say(b'[{"Untagged": "x"}]')
        return self.say(json.dumps(ANSWERS[path]).encode() if path in ANSWERS else b"")

    do_GET = do_POST = do_DELETE = handle_one

    def say(self, data, kind="application/json"):
        self.send_response(201 if self.path.endswith("/tag") or "/tag?" in self.path else 200)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def tell(self, messages):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for message in messages:
            data = json.dumps(message, separators=(",", ":")).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def query(text):
    """Return what a query asks for, but for what is so anyway, and for how yes and no are spelt."""
    asked = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        value = {"True": True, "true": True, "1": True, "False": False, "false": False, "0": False}.get(value, value)
        if value is False or [name, value] in (["limit", "-1"], ["dockerfile", "Dockerfile"]):
            continue
        asked[name] = json.loads(value) if name in ("filters", "buildargs", "labels") else value
    return asked


def meaning(path, body):
    if path == "/build":
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return sorted(name for name in archive.getnames() if name not in ("", "."))
    return json.loads(body.decode()) if path == "/containers/create" else None


@contextlib.contextmanager
def engine():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    server.daemon_threads, server.asked = True, []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    os.environ.pop("DOCKER_HOST", None)
    try:
        yield f"tcp://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()


def seen(made, says=(), **given):
    """Run a task; return what it returned or raised, and what the Engine was asked for."""
    with engine() as (url, asked):
        came = raises(made(docker_server_url=url).run, says=says, **given)
    return [came, asked]


@scenario
def what_is_asked_of_containers():
    return {
        "list": seen(ListContainers),
        "list all": seen(ListContainers, all_containers=True, filters={"status": "running", "label": ["a", "b"]}),
        "list some": seen(ListContainers, extra_docker_kwargs={"limit": 3, "size": True}),
        "start": seen(StartContainer, container_id="abc"),
        "stop": seen(StopContainer, container_id="abc"),
        "stop soon": seen(StopContainer, container_id="abc", extra_docker_kwargs={"timeout": 3}),
        "remove": seen(RemoveContainer, container_id="abc"),
        "remove by force": seen(RemoveContainer, container_id="abc", extra_docker_kwargs={"force": True, "v": True}),
        "wait": seen(WaitOnContainer, container_id="abc"),
        "wait for": seen(WaitOnContainer, container_id="abc", extra_docker_kwargs={"condition": "removed"}),
        "wait in vain": seen(WaitOnContainer, container_id="bad", raise_on_exit_code=False),
        "logs": seen(GetContainerLogs, container_id="abc"),
        "some logs": seen(
            GetContainerLogs, container_id="abc", extra_docker_kwargs={"tail": 5, "timestamps": True, "stderr": False}
        ),
    }


@scenario
def which_containers_are_created():
    limits = {
        "mem_limit": "1g",
        "shm_size": "64m",
        "network_mode": "none",
        "binds": {"/x": {"bind": "/y", "mode": "ro"}, "/z": {"bind": "/w"}},
        "port_bindings": {80: 8080, "53/udp": ("127.0.0.1", 53), 81: None, 82: [1, 2]},
        "devices": ["/dev/a", "/dev/a:/dev/b:r"],
        "ulimits": [{"name": "nofile", "soft": 5}],
        "restart_policy": {"Name": "always"},
        "log_config": {"type": "json-file", "config": {}},
        "extra_hosts": {"a": "1.2.3.4"},
        "read_only": True,
        "auto_remove": True,
        "cpuset_cpus": "0",
        "nano_cpus": 10**9,
        "sysctls": {"a": 1},
        "tmpfs": ["/a:rw", "/b"],
        "group_add": [5, "b"],
        "links": {"a": "b"},
        "dns_opt": ["x"],
        "pids_limit": 7,
        "cap_add": ["X"],
    }
    extra = {
        "hostname": "h",
        "user": 1000,
        "working_dir": "/w",
        "labels": {"a": "b"},
        "ports": [80, (53, "udp")],
        "stdin_open": True,
        "stop_timeout": 3,
    }
    return {
        "text": seen(CreateContainer, image_name="img", command='echo hi "a b"'),
        "lists": seen(CreateContainer, image_name="img", command=["a", "b c"], entrypoint="sh -c", container_name="n"),
        "no command": seen(CreateContainer, image_name="img"),
        "environment": seen(CreateContainer, image_name="img", environment={"A": "1", "B": None}, detach=True),
        "list of it": seen(CreateContainer, image_name="img", environment=["A=1"], volumes="/a"),
        "volumes": seen(CreateContainer, image_name="img", volumes=["/a:/b", "/c"], host_config={"binds": ["/x:/y"]}),
        "limits": seen(CreateContainer, image_name="img", host_config=limits),
        "extra": seen(CreateContainer, image_name="img", extra_docker_kwargs=extra),
        "terminal": seen(CreateContainer, image_name="img", detach=True, extra_docker_kwargs={"tty": True}),
    }


def prepared():
    where = folder()
    (where / "Dockerfile").write_text("FROM x\n")
    (where / ".dockerignore").write_text("*.log\nleft\n!kept.log\n")
    for name in ("a", "b.log", "kept.log", "left/c", "sub/d", "sub/e.log"):
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_text(name)
    return str(where)


@scenario
def what_is_asked_of_images():
    return {
        "list": seen(ListImages),
        "list some": seen(ListImages, repository_name="r", all_layers=True, filters={"dangling": True}),
        "pull": seen(PullImage, repository="r"),
        "pull tag": seen(PullImage, repository="host:5000/r/x", tag="t"),
        "pull by name": seen(PullImage, repository="host:5000/r:v2"),
        "pull platform": seen(PullImage, repository="r", extra_docker_kwargs={"platform": "linux/arm64"}),
        "push": seen(PushImage, repository="host:5000/r", tag="t")[1],
        "push all": seen(PushImage, repository="r")[1],
        "tag": seen(TagImage, image="i", repository="r", tag="t"),
        "tag by force": seen(TagImage, image="i", repository="r", force=True),
        "remove": seen(RemoveImage, image="host:5000/r:t"),
        "remove by force": seen(RemoveImage, image="i", force=True, extra_docker_kwargs={"noprune": True}),
    }


@scenario
def what_is_asked_to_be_built():
    options = {"buildargs": {"A": "1"}, "dockerfile": "Dockerfile", "target": "z", "pull": True, "labels": {"a": "b"}}
    path = prepared()
    return {
        "plainly": seen(BuildImage, path=path, tag="q:1"),
        "options": seen(
            BuildImage, path=path, tag="q", nocache=True, rm=False, forcerm=True, extra_docker_kwargs=options
        ),
    }


@scenario
def what_docker_tasks_refuse():
    tasks = [StartContainer, StopContainer, RemoveContainer, WaitOnContainer, GetContainerLogs, CreateContainer]
    tasks += [PullImage, PushImage, BuildImage, TagImage, RemoveImage]
    refused = {made.__name__: raises(made().run) for made in tasks}
    refused["no folder"] = seen(BuildImage, path="/no/where")
    refused["half a name"] = raises(TagImage(image="i").run)
    return refused


@scenario
def a_container_that_fails():
    return seen(WaitOnContainer, container_id="bad", says="bad failed with exit code 3: ")


@scenario
def the_defaults_of_docker_tasks():
    def settings(made):
        general = vars(ListImages()).keys() - {"docker_server_url", "extra_docker_kwargs", "filters"}
        return plain({name: value for name, value in sorted(vars(made).items()) if name not in general})

    return [settings(made()) for made in (CreateContainer, BuildImage, PullImage, ListContainers, WaitOnContainer)]
