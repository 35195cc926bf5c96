"""Certificates for servers on this machine, made with the program openssl."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate and of its key."""

    certificate: Path
    key: Path


class Authority:
    """Issue certificates that those trust who trust `certificate`.

    Args:
        folder: where to put the files.
        bare: whether the certificates lack extensions that RFC 5280 wants and that many in use lack.
    """

    def __init__(self, folder: Path, bare: bool = False) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("TLS is tested with certificates that the program openssl makes, and it is not here")
        self.folder = folder
        self.bare = bare
        self.own = self._made(
            "authority", "crt", "-x509", *(() if bare else ("-addext", "keyUsage=critical,keyCertSign"))
        )
        self.certificate = self.own.certificate

    def issue(
        self, name: str, usage: str = "serverAuth", alternatives: str = "IP:127.0.0.1,DNS:localhost"
    ) -> Certificate:
        """Make a certificate for this machine, or for other `alternatives`."""
        extensions = f"subjectAltName={alternatives}\nextendedKeyUsage={usage}\n"
        if not self.bare:
            extensions += "basicConstraints=CA:false\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        (self.folder / "extensions").write_text(extensions)
        request = self._made(name, "csr")
        signed = self.folder / f"{name}.crt"
        self._openssl(
            *("x509", "-req", "-in", request.certificate, "-CA", self.own.certificate, "-CAkey", self.own.key),
            *("-CAcreateserial", "-days", "2", "-extfile", self.folder / "extensions", "-out", signed),
        )
        return Certificate(signed, request.key)

    def _made(self, name: str, kind: str, *options: str) -> Certificate:
        made = Certificate(self.folder / f"{name}.{kind}", self.folder / f"{name}.key")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}")
        self._openssl("req", *key, *options, "-keyout", made.key, "-out", made.certificate)
        return made

    @staticmethod
    def _openssl(*arguments: object) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
