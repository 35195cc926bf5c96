"""Certificates for TLS on loopback, made with the openssl program."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

OPENSSL = shutil.which("openssl")


@dataclass(frozen=True)
class Certificates:
    """An authority, and certificates signed by it: `server` is for 127.0.0.1, `named` for kubernetes.test."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificates":
        """Have openssl make them all."""
        made = cls(folder)
        made._openssl("req", "-x509", *made._new_key("authority"), "-subj", "/CN=authority", "-out", "authority.crt")
        made._sign("server", "subjectAltName=IP:127.0.0.1")
        made._sign("named", "subjectAltName=DNS:kubernetes.test")
        made._sign("alice", "extendedKeyUsage=clientAuth")
        return made

    @staticmethod
    def _new_key(name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    def _sign(self, name: str, extension: str) -> None:
        (self.folder / f"{name}.ext").write_text(extension)
        self._openssl("req", *self._new_key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        authority = ["-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial"]
        files = ["-in", f"{name}.csr", "-extfile", f"{name}.ext", "-out", f"{name}.crt"]
        self._openssl("x509", "-req", *authority, *files)

    def _openssl(self, *arguments: str) -> None:
        assert OPENSSL is not None
        subprocess.run([OPENSSL, *arguments], cwd=self.folder, check=True, capture_output=True)

    def path(self, name: str) -> str:
        """Where a file is, such as "alice.key"."""
        return str(self.folder / name)

    def text(self, name: str) -> str:
        """What is in it."""
        return (self.folder / name).read_text()

    @cached_property
    def authority(self) -> str:
        """The authority's certificate."""
        return self.text("authority.crt")

    def server_side(self, name: str = "server", *, ask_for_certificate: bool = False) -> ssl.SSLContext:
        """The server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(cadata=self.authority)
        context.load_cert_chain(self.path(f"{name}.crt"), self.path(f"{name}.key"))
        context.verify_mode = ssl.CERT_REQUIRED if ask_for_certificate else ssl.CERT_NONE
        return context
