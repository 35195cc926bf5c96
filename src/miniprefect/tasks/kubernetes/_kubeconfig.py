"""Kubeconfig files: which server, and which credentials, the current context means."""

import base64
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from miniprefect.tasks.kubernetes._access import (
    Access,
    Certificate,
    Credentials,
    Identify,
    basic,
    bearer,
    read_text,
)
from miniprefect.tasks.kubernetes._documents import parse
from miniprefect.tasks.kubernetes._plugin import Plugin
from miniprefect.tasks.kubernetes.errors import ConfigurationError

AS_JSON = "write it as JSON: kubectl config view --raw -o json > config.json"


class Entry(dict[str, Any]):
    """A cluster, a user or a context, which knows what it is called, and the folder that its files are named from."""

    def __init__(self, values: Mapping[str, Any], title: str, folder: Path) -> None:
        super().__init__(values)
        self.title = title
        self.folder = folder

    def text(self, name: str) -> str | None:
        """Return what is given inline as ``<name>-data``, in base64, or else in the file called ``<name>``."""
        if inline := self.get(f"{name}-data"):
            try:
                return base64.b64decode(inline, validate=True).decode()
            except ValueError:
                raise ConfigurationError(f"{self.title}: {name}-data is not a text in base64.") from None
        return read_text(self.folder / os.path.expanduser(self[name])) if self.get(name) else None


class KubeConfig:
    """The kubeconfig files as one: whatever several have, the first one's counts, as for kubectl."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files
        self.current = ""
        self.entries: dict[tuple[str, str], Entry] = {}
        for file in files:
            self._read(file)

    def _read(self, file: Path) -> None:
        found = parse(read_text(file), str(file), AS_JSON) or {}
        if not isinstance(found, dict):
            raise ConfigurationError(f"{file} is no kubeconfig.")
        self.current = self.current or found.get("current-context") or ""
        for kind in ("cluster", "user", "context"):
            for name, values in _items(found, kind, file):
                entry = Entry(values, f"{kind} {name!r} of {file}", file.parent)
                self.entries.setdefault((kind, name), entry)

    def _entry(self, kind: str, name: str) -> Entry:
        if (kind, name) not in self.entries:
            known = [title for other, title in self.entries if other == kind]
            files = ", ".join(map(str, self.files))
            raise ConfigurationError(f"There is no {kind} {name!r} in {files}, only {known}.")
        return self.entries[kind, name]

    def access(self) -> Access:
        """Return what the current context means.

        Raises:
            ConfigurationError: there is no current context, or something of it is missing or can't be used.
        """
        if not self.current:
            files = ", ".join(map(str, self.files))
            raise ConfigurationError(
                f"No current-context is set in {files}. Choose one: kubectl config use-context NAME"
            )
        context = self._entry("context", self.current)
        cluster = self._entry("cluster", context.get("cluster") or "")
        if not cluster.get("server"):
            raise ConfigurationError(f"{cluster.title} has no server.")
        if cluster.get("proxy-url"):
            raise ConfigurationError(f"{cluster.title} has a proxy-url, and proxies are not supported.")
        user = self._entry("user", context["user"]) if context.get("user") else Entry({}, "nobody", Path())
        return Access(
            server=str(cluster["server"]),
            authority=cluster.text("certificate-authority"),
            verify=not cluster.get("insecure-skip-tls-verify"),
            server_name=cluster.get("tls-server-name"),
            identify=_identity(user, cluster),
        )


def _items(found: Mapping[str, Any], kind: str, file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what a kubeconfig has of a kind, by name."""
    try:
        for item in found.get(f"{kind}s") or ():
            yield item["name"], dict(item.get(kind) or {})
    except (KeyError, TypeError, ValueError, AttributeError):
        shape = f"a list of objects, each with its name and a `{kind}`"
        raise ConfigurationError(f"{file}: `{kind}s` is to be {shape}.") from None


def _identity(user: Entry, cluster: Entry) -> Identify:
    """Tell who `user` is. Of several ways that one entry has, the first counts, in kubectl's order."""
    if pretended := [name for name in user if name == "as" or name.startswith("as-")]:
        raise ConfigurationError(f"{user.title} has {pretended[0]!r}, and acting as somebody else is not supported.")
    if user.get("exec"):
        if not isinstance(user["exec"], dict):
            raise ConfigurationError(f"{user.title}: `exec` is to be an object with a `command`.")
        return Plugin(user["exec"], user.title, user.folder, _told_to_plugins(cluster))
    if user.get("auth-provider"):
        raise ConfigurationError(
            f"{user.title} has an auth-provider, which Kubernetes gave up in 1.26. "
            "Have the file written anew with a credential plug-in (`exec`)."
        )
    certificate = _certificate(user)

    def identify(refused: bool) -> Credentials:
        credentials = _by_header(user)
        credentials.certificate = certificate
        return credentials

    return identify


def _by_header(user: Entry) -> Credentials:
    if user.get("tokenFile"):  # renewed by others, so it is read each time
        return bearer(read_text(user.folder / os.path.expanduser(user["tokenFile"])))
    if user.get("token"):
        return bearer(str(user["token"]))
    if user.get("username"):
        return basic(user["username"], str(user.get("password", "")))
    return Credentials()


def _certificate(user: Entry) -> Certificate | None:
    certificate, key = user.text("client-certificate"), user.text("client-key")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError(f"{user.title} needs both a client-certificate and a client-key, or neither.")
    return Certificate(certificate, key)


def _told_to_plugins(cluster: Entry) -> dict[str, Any]:
    names = {
        "server": "server",
        "certificate-authority-data": "certificate-authority-data",
        "insecure-skip-tls-verify": "insecure-skip-tls-verify",
        "tls-server-name": "tls-server-name",
    }
    return {told: cluster[name] for name, told in names.items() if cluster.get(name)}


def kubeconfig_files() -> list[Path]:
    """Return the kubeconfig files that there are: those in KUBECONFIG, or else ``~/.kube/config``."""
    return [path for path in _candidates() if path.is_file()]


def _candidates() -> Iterator[Path]:
    if names := os.environ.get("KUBECONFIG"):
        yield from (Path(name) for name in names.split(os.pathsep) if name)
    else:
        yield Path.home() / ".kube" / "config"
