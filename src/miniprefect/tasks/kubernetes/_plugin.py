"""Credential plug-ins: commands that print who one is, such as gke-gcloud-auth-plugin."""

import datetime
import json
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from miniprefect.tasks.kubernetes._access import Certificate, Credentials, bearer
from miniprefect.tasks.kubernetes.errors import ConfigurationError
from miniprefect.utilities.clock import utc_now

GROUP = "client.authentication.k8s.io/"
PATIENCE = 120.0  # seconds for a plug-in, which may have to ask a cloud
EARLY = datetime.timedelta(seconds=30)  # a token that is about to expire is renewed


class Plugin:
    """Ask a plug-in who one is, and again when its answer has expired or is refused.

    Args:
        spec: the `exec` of a kubeconfig's user.
        title: whose it is, for messages.
        folder: the folder of the kubeconfig, from which a relative command is named.
        cluster: what the plug-in is told about the cluster, if it asks to be.
    """

    def __init__(self, spec: Mapping[str, Any], title: str, folder: Path, cluster: Mapping[str, Any]) -> None:
        self._spec = spec
        self._title = title
        self._folder = folder
        self._cluster = cluster
        self._lock = threading.Lock()
        self._known: Credentials | None = None
        self._expires: datetime.datetime | None = None

    def __call__(self, refused: bool) -> Credentials:
        """Return the credentials.

        Raises:
            ConfigurationError: the plug-in is missing, fails, or prints something else.
        """
        with self._lock:
            expired = self._expires is not None and utc_now() >= self._expires - EARLY
            if self._known is None or refused or expired:
                self._known = self._read(self._run())
            return self._known

    def _run(self) -> str:
        command = [self._command(), *map(str, self._spec.get("args") or ())]
        try:
            # What it says on standard error goes where ours goes: it is meant for the user.
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self._environment(), timeout=PATIENCE
            )
        except FileNotFoundError:
            hint = self._spec.get("installHint") or "Install it, or write another `exec` into the kubeconfig."
            raise self._error(f"is not there. {hint.strip().rstrip('.')}") from None
        except OSError as error:
            raise self._error(f"can't be started: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise self._error(f"did not end within {PATIENCE:g} seconds") from None
        if done.returncode:
            raise self._error(f"ended with exit code {done.returncode}: see what it wrote to standard error")
        return done.stdout.decode(errors="replace")

    def _command(self) -> str:
        command = str(self._spec.get("command") or "")
        if not command:
            raise self._error("has no command")
        return str(self._folder / command) if os.path.dirname(command) else command

    def _environment(self) -> dict[str, str]:
        try:
            given = {str(entry["name"]): str(entry["value"]) for entry in self._spec.get("env") or ()}
        except (KeyError, TypeError):
            raise self._error("has an `env` that is no list of names and values") from None
        info = {"apiVersion": self._version(), "kind": "ExecCredential", "spec": {"interactive": False}}
        if self._spec.get("provideClusterInfo"):
            info["spec"] = {"interactive": False, "cluster": self._cluster}
        return {**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(info)}

    def _version(self) -> str:
        return str(self._spec.get("apiVersion") or GROUP + "v1")

    def _read(self, printed: str) -> Credentials:
        """Take apart what the plug-in printed. No message may quote it: it is a secret."""
        try:
            answer = json.loads(printed)
            kind, version, status = answer["kind"], answer["apiVersion"], answer["status"]
            expires = status.get("expirationTimestamp")
            self._expires = datetime.datetime.fromisoformat(expires) if expires else None
            token, certificate = status.get("token"), status.get("clientCertificateData")
            key = status.get("clientKeyData")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._error("did not print an ExecCredential with a status") from None
        if kind != "ExecCredential" or version != self._version():
            raise self._error(f"printed no ExecCredential of {self._version()}")
        if not token and not (certificate and key):
            raise self._error("gave neither a token nor a certificate with its key")
        credentials = bearer(token) if token else Credentials()
        if certificate and key:
            credentials.certificate = Certificate(certificate, key)
        return credentials

    def _error(self, problem: str) -> ConfigurationError:
        command = self._spec.get("command")
        return ConfigurationError(f"The credential plug-in {command!r} of {self._title} {problem}.")
