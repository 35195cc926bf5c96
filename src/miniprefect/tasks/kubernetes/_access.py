"""Where the API server is, how to trust it, and who one is there."""

import base64
import os
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from miniprefect.tasks.kubernetes.errors import ConfigurationError


@dataclass(frozen=True)
class Certificate:
    """A client's certificate and its private key, as PEM."""

    certificate: str
    key: str = field(repr=False)


@dataclass
class Credentials:
    """Who one is: the header that says so, a certificate, both or none."""

    authorization: str | None = field(default=None, repr=False)
    certificate: Certificate | None = field(default=None, repr=False)


# Asked before each request, since tokens are renewed; with True, what was given before has been refused.
Identify = Callable[[bool], Credentials]


def anonymous(refused: bool) -> Credentials:
    """Be nobody."""
    return Credentials()


def bearer(token: str) -> Credentials:
    """Be who has `token`.

    Raises:
        ConfigurationError: there are characters in it that can't be sent.
    """
    token = token.strip()
    if not (token.isascii() and token.isprintable()):  # http.client would quote it when it complains
        raise ConfigurationError("The token for the API server holds line ends or characters that no token has.")
    return Credentials(authorization=f"Bearer {token}")


def basic(user: str, password: str) -> Credentials:
    """Be `user`."""
    return Credentials(authorization="Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


@dataclass(frozen=True)
class Access:
    """All that it takes to talk to an API server.

    Attributes:
        server: its address, such as "https://10.0.0.1:6443".
        authority: the certificates of who vouches for it, as PEM; by default those that the machine trusts.
        verify: whether to check its certificate at all.
        server_name: the name that its certificate has to be for, if it is not that of the address.
        identify: tells who one is.
    """

    server: str
    authority: str | None = None
    verify: bool = True
    server_name: str | None = None
    identify: Identify = anonymous

    def tls(self, certificate: Certificate | None) -> ssl.SSLContext:
        """Make the client's side of TLS.

        Raises:
            ConfigurationError: a certificate or a key can't be used.
        """
        try:
            context = ssl.create_default_context(cadata=self.authority)
            # Python 3.13 came to ask for extensions (RFC 5280) that many a cluster's own certificates lack.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if not self.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if certificate is not None:
                _load(context, certificate)
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise ConfigurationError(f"A certificate for {self.server} can't be used: {reason}") from None
        return context


def _load(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Hand a certificate to OpenSSL, which takes it from files only: they are there for a moment, for us alone."""
    with tempfile.TemporaryDirectory(prefix="miniprefect-") as folder:
        names = [os.path.join(folder, "certificate"), os.path.join(folder, "key")]
        for name, text in zip(names, (certificate.certificate, certificate.key), strict=True):
            with open(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
        # A key with a passphrase must not make OpenSSL ask for it on the terminal.
        context.load_cert_chain(names[0], names[1], password="")


SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster() -> Access | None:
    """Return what a pod has been given to talk to the API server; None outside of a cluster."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    folder = SERVICE_ACCOUNT
    if not host or not port or not (folder / "token").exists():
        return None
    address = f"[{host}]" if ":" in host else host
    authority = read_text(folder / "ca.crt") if (folder / "ca.crt").exists() else None
    # The kubelet renews the token, so it is read each time.
    return Access(f"https://{address}:{port}", authority, identify=lambda refused: bearer(read_text(folder / "token")))


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        ConfigurationError: there is no such file, or it can't be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"Can't read {path}: it is not a text.") from None
    except OSError as error:
        raise ConfigurationError(f"Can't read {path}: {error.strerror}.") from None
