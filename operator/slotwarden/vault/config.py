"""How Vault is reached; checked once, at start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from slotwarden.domain.names import is_slot_name

if TYPE_CHECKING:
    from slotwarden.sensitive import Sensitive

SERVICE_ACCOUNT_TOKEN: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class InvalidSetting(ValueError):
    """A setting that is missing or wrong.

    Attributes:
        setting: its name, such as `auth mount`.
    """

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """The settings of one Vault.

    Attributes:
        address: `https://host[:port]`; `http` for an agent on the same host.
        auth: `token` (from `token`, or read from `token_file` whenever one is needed) or `kubernetes`.
        role: the role to log in to, for `kubernetes`.
        jwt_path: the ServiceAccount's token, read anew at each login: the kubelet rotates it.
        auth_mount: where the Kubernetes auth method is mounted.
        ca: a PEM file to trust instead of the usual authorities.
        namespace: Vault Enterprise's namespace.
        mount: where KV version 2 is mounted.
        transit_mount: where Transit is mounted; None: no value is encrypted.
        connect_timeout: seconds until a new connection is there.
        request_timeout: seconds for the whole of a request.
        connections: how many there are at most; as many requests run at one time.

    Raises:
        InvalidSetting: naming the setting that is missing or wrong.
    """

    address: str
    auth: Literal["token", "kubernetes"] = "token"
    token: Sensitive | None = None
    token_file: Path | None = None
    role: str | None = None
    jwt_path: Path = SERVICE_ACCOUNT_TOKEN
    auth_mount: str = "kubernetes"
    ca: str | None = None
    namespace: str | None = None
    mount: str = "secret"
    transit_mount: str | None = None
    connect_timeout: float = 3.0
    request_timeout: float = 10.0
    connections: int = 16

    def __post_init__(self) -> None:
        url = urlsplit(self.address)
        if url.scheme not in ("https", "http") or not url.hostname or url.path.strip("/") or url.query:
            raise InvalidSetting("address", "the address of Vault must be https://host[:port]")
        if self.auth == "token" and not self.token and self.token_file is None:
            raise InvalidSetting("token", "Vault's token auth needs a token or a token file")
        if self.auth == "kubernetes" and not self.role:
            raise InvalidSetting("role", "Vault's Kubernetes auth needs a role")
        mounts = {"mount": self.mount, "auth mount": self.auth_mount, "transit mount": self.transit_mount}
        for name, mount in mounts.items():
            if mount is not None and not is_mount(mount):
                message = f"Vault's {name} must be segments of letters, digits, - and _, joined by /"
                raise InvalidSetting(name, message)
        if self.ca is not None and not Path(self.ca).is_file():
            raise InvalidSetting("ca", f"Vault's CA file {self.ca} does not exist")


def is_mount(text: str) -> bool:
    """Whether a text is a mount or prefix that nothing on the way to Vault would rewrite."""
    return all(map(is_slot_name, text.split("/")))
