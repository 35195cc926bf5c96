"""Certificates for TLS on loopback, without the extensions that many a cluster's own lack."""

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.certificates import Authority


@dataclass(frozen=True)
class Certificates:
    """An authority, and certificates signed by it: `server` is for 127.0.0.1, `named` for kubernetes.test."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificates":
        """Make them all."""
        authority = Authority(folder, bare=True)
        authority.issue("server")
        authority.issue("named", alternatives="DNS:kubernetes.test")
        authority.issue("alice", "clientAuth")
        return cls(folder)

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
