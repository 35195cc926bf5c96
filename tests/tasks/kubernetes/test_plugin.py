"""Credential plug-ins, which are real programs here."""

import datetime
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from miniprefect.tasks.kubernetes import _plugin
from miniprefect.tasks.kubernetes._plugin import Plugin
from miniprefect.tasks.kubernetes.errors import ConfigurationError
from miniprefect.utilities.clock import Clock, use_clock

VERSION = "client.authentication.k8s.io/v1"
NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)


class At(Clock):
    """A clock that stands still."""

    def __init__(self, moment: datetime.datetime) -> None:
        self.moment = moment

    def now(self) -> datetime.datetime:
        return self.moment


def credential(**status: Any) -> str:
    return json.dumps({"apiVersion": VERSION, "kind": "ExecCredential", "status": status})


def plugin(folder: Path, code: str, **spec: Any) -> Plugin:
    """A plug-in that runs `code`, and counts its runs in the file "runs"."""
    (folder / "plugin.py").write_text(f"open('runs', 'a').write('x')\n{code}")
    command = {"apiVersion": VERSION, "command": sys.executable, "args": [str(folder / "plugin.py")]}
    return Plugin({**command, **spec}, "user 'u'", folder, {"server": "https://c"})


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text())


def test_its_token_is_asked_for_once(tmp_path: Path) -> None:
    identify = plugin(tmp_path, f"print({credential(token='abc')!r})")
    assert [identify(False).authorization for _ in range(3)] == ["Bearer abc"] * 3
    assert runs(tmp_path) == 1


def test_it_is_asked_again_when_the_token_is_refused_or_about_to_expire(tmp_path: Path) -> None:
    expires = "2024-02-29T12:00:00Z"
    identify = plugin(tmp_path, f"print({credential(token='abc', expirationTimestamp=expires)!r})")
    with use_clock(At(NOON - datetime.timedelta(minutes=1))) as clock:
        identify(False)
        identify(False)
        assert runs(tmp_path) == 1
        identify(True)
        assert runs(tmp_path) == 2
        assert isinstance(clock, At)
        clock.moment = NOON - datetime.timedelta(seconds=10)
        identify(False)
        assert runs(tmp_path) == 3


def test_it_may_give_a_certificate(tmp_path: Path) -> None:
    printed = credential(clientCertificateData="C", clientKeyData="K")
    credentials = plugin(tmp_path, f"print({printed!r})")(False)
    assert credentials.authorization is None
    assert credentials.certificate is not None
    assert (credentials.certificate.certificate, credentials.certificate.key) == ("C", "K")


def test_what_it_is_told(tmp_path: Path) -> None:
    code = (
        "import json, os; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']); "
        "answer = {**info, 'status': {'token': os.environ['A'] + info['spec']['cluster']['server']}}; "
        "print(json.dumps(answer))"
    )
    identify = plugin(tmp_path, code, env=[{"name": "A", "value": "a"}], provideClusterInfo=True)
    assert identify(False).authorization == "Bearer ahttps://c"


def test_a_relative_command_is_named_from_the_folder_of_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "plugin"
    script.write_text(f"#!/bin/sh\necho '{credential(token='abc')}'\n")
    script.chmod(0o755)
    identify = Plugin({"apiVersion": VERSION, "command": "bin/plugin"}, "user 'u'", tmp_path, {})
    assert identify(False).authorization == "Bearer abc"


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("print('geheim'); raise SystemExit(3)", "ended with exit code 3"),
        ("print('geheim')", "did not print an ExecCredential"),
        ("print('[\"geheim\"]')", "did not print an ExecCredential"),
        (f"print({credential()!r})", "gave neither a token nor a certificate with its key"),
        (f"print({credential(token='geheim')!r}.replace('/v1', '/v9'))", "printed no ExecCredential of client"),
        (f"print({credential(token='geheim', expirationTimestamp='soon')!r})", "did not print an ExecCredential"),
    ],
)
def test_what_goes_wrong_is_said_without_its_output(code: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        plugin(tmp_path, code)(False)
    assert "of user 'u'" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_it_is_not_there(tmp_path: Path) -> None:
    identify = plugin(tmp_path, "", command="no-such-plugin", installHint="Install it.")
    with pytest.raises(ConfigurationError, match=r"'no-such-plugin' of user 'u' is not there\. Install it\.$"):
        identify(False)


def test_it_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plugin, "PATIENCE", 0.2)
    with pytest.raises(ConfigurationError, match=r"did not end within 0\.2 seconds"):
        plugin(tmp_path, "import time; time.sleep(60)")(False)
