"""Find who one is at a registry of images: what `docker login` has kept in ~/.docker/config.json."""

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HUB = "https://index.docker.io/v1/"


def login_headers(repository: str, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the header that shows the Engine a login.

    Args:
        repository: the image; its first part may name the registry.
        given: ``username`` and ``password``; by default what `docker login` has kept is used.
    """
    login = given or _kept(_registry_of(repository))
    if not login:
        return {}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(login).encode()).decode()}


def _registry_of(repository: str) -> str:
    host, slash, _ = repository.partition("/")
    return host if slash and (set(".:") & set(host) or host == "localhost") else _HUB


def _kept(registry: str) -> dict[str, str]:
    file = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    try:
        config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    helper = config.get("credHelpers", {}).get(registry) or config.get("credsStore")
    if helper:
        return _from_helper(helper, registry)
    entry = config.get("auths", {}).get(registry, {})
    if "auth" not in entry:
        return {}
    username, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
    return {"username": username, "password": password, "serveraddress": registry}


def _from_helper(helper: str, registry: str) -> dict[str, str]:
    """Ask a program for it, as Docker's own tools do."""
    command = [f"docker-credential-{helper}", "get"]
    try:
        done = subprocess.run(command, input=registry, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    if done.returncode:
        return {}
    found = json.loads(done.stdout)
    return {"username": found["Username"], "password": found["Secret"], "serveraddress": registry}
