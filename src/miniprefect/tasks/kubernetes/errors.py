"""What goes wrong with Kubernetes: no way to the API server, or an answer that is an error.

KubernetesError
    ConfigurationError    how to reach the server, or who one is, can't be told from what there is
    UnreachableError      no answer came, or the beginning of one
    ApiError              the server answered with an error

None of them ever holds a token, a password or a key.
"""


class KubernetesError(Exception):
    """Be what the tasks of this package raise when Kubernetes is the reason."""


class ConfigurationError(KubernetesError):
    """Say that a kubeconfig, a manifest or a credential plug-in can't be used."""


class UnreachableError(KubernetesError):
    """Say that no answer came from the API server."""


class ApiError(KubernetesError):
    """Hold an answer of the API server that is an error.

    Attributes:
        what: what was asked for, such as "read job 'a' in namespace 'default'".
        status: the HTTP status, such as 404.
        reason: Kubernetes' word for it, such as "NotFound".
        message: Kubernetes' sentence.
    """

    def __init__(self, what: str, status: int, reason: str, message: str) -> None:
        super().__init__(f"Could not {what}: {message} ({status} {reason})")
        self.what = what
        self.status = status
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type["ApiError"], tuple[str, int, str, str]]:
        return type(self), (self.what, self.status, self.reason, self.message)

    @property
    def may_pass(self) -> bool:
        """Whether the same request may well succeed later: the server is busy, starting or in trouble."""
        return self.status == 429 or self.status >= 500
