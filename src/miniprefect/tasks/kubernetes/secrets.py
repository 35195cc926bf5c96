"""Secrets that are in Kubernetes."""

import base64
from collections.abc import Callable
from typing import Any

from miniprefect.tasks.kubernetes._client import DEFAULT_SECRET, connect
from miniprefect.tasks.kubernetes._kinds import SECRET
from miniprefect.tasks.secrets.base import SecretBase
from miniprefect.utilities.tasks import defaults_from_attrs


class KubernetesSecret(SecretBase):
    """Read one value of a secret of Kubernetes when the flow runs.

    Args:
        secret_name: the name of the secret.
        secret_key: the key of the value in it.
        namespace, kube_kwargs, kubernetes_api_key_secret: as for `KubernetesTask`.
        cast: a function of the text that makes the result, such as `int`.
        raise_if_missing: whether to fail when the secret has no such key; by default the result is None.
        **kwargs: as for `SecretBase`.
    """

    def __init__(
        self,
        secret_name: str | None = None,
        secret_key: str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
        cast: Callable[[Any], Any] | None = None,
        raise_if_missing: bool = False,
        **kwargs: Any,
    ) -> None:
        self.secret_name = secret_name
        self.secret_key = secret_key
        self.namespace = namespace
        self.kube_kwargs = kube_kwargs or {}
        self.kubernetes_api_key_secret = kubernetes_api_key_secret
        self.cast = cast
        self.raise_if_missing = raise_if_missing
        super().__init__(**kwargs)

    @defaults_from_attrs("secret_name", "secret_key", "namespace", "kubernetes_api_key_secret")
    def run(
        self,
        secret_name: str | None = None,
        secret_key: str | None = None,
        namespace: str = "default",
        kube_kwargs: dict[str, Any] | None = None,
        kubernetes_api_key_secret: str | None = DEFAULT_SECRET,
    ) -> Any:
        """Return the value; the arguments are those of the constructor.

        Raises:
            ValueError: a name is missing, there must be such a key and there is none, or it can't be cast.
            KubernetesError: it goes wrong.
        """
        if not secret_name:
            raise ValueError("The name of a Kubernetes secret must be provided.")
        if not secret_key:
            raise ValueError("The key of the secret must be provided.")
        kwargs = {**self.kube_kwargs, **(kube_kwargs or {})}
        client = connect(kubernetes_api_key_secret)
        data = client.request(SECRET.call("read", namespace, secret_name, kwargs=kwargs)).get("data") or {}
        if secret_key not in data:
            if self.raise_if_missing:
                raise ValueError(f"Cannot find the key {secret_key} in {secret_name}")
            return None
        return self._cast(f"{secret_name}/{secret_key}", base64.b64decode(data[secret_key]))

    def _cast(self, title: str, value: bytes) -> Any:
        try:
            text = value.decode()
            return text if self.cast is None else self.cast(text)
        except Exception as error:
            kind = type(error).__name__
        # Not raised from the error, as that mostly quotes the secret.
        how = "read as text" if self.cast is None else f"cast by {self.cast!r}"
        raise ValueError(f"The secret {title} can't be {how}: it raised {kind}.")
