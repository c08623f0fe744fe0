"""The testbed's keys: two authorities (servers, and the front proxy of aggregated APIs), and what they sign.

Every testbed makes its own, readable by its owner alone; nothing here outlives `make testbed-down`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from pathlib import Path

FRONT_PROXY = "front-proxy-client"
HOSTS = ("localhost", "127.0.0.1")


def write_private(path: Path, content: str | bytes) -> Path:
    """Write a file that only its owner may read, never readable by others in between."""
    data = content.encode() if isinstance(content, str) else content
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(data)
    return path


@dataclass(frozen=True, slots=True)
class Pki:
    """The files of a testbed's keys and certificates, PEM."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority of the API server's and Vault's certificates."""
        return self.folder / "ca.crt"

    @property
    def server_cert(self) -> Path:
        """The certificate of both servers, for localhost and 127.0.0.1."""
        return self.folder / "server.crt"

    @property
    def server_key(self) -> Path:
        """Its key."""
        return self.folder / "server.key"

    @property
    def front_proxy_ca(self) -> Path:
        """The authority that an aggregated API asks of its callers."""
        return self.folder / "front-proxy-ca.crt"

    @property
    def front_proxy_ca_key(self) -> Path:
        """Its key, for certificates that the testbed itself does not make."""
        return self.folder / "front-proxy-ca.key"

    @property
    def front_proxy_cert(self) -> Path:
        """The certificate that the API server shows to aggregated APIs."""
        return self.folder / "front-proxy.crt"

    @property
    def front_proxy_key(self) -> Path:
        """Its key."""
        return self.folder / "front-proxy.key"

    @property
    def service_accounts(self) -> Path:
        """The key that signs ServiceAccount tokens."""
        return self.folder / "service-accounts.key"

    @classmethod
    def create(cls, folder: Path) -> Pki:
        """Make all of it in `folder`."""
        folder.mkdir(mode=0o700, parents=True)
        pki = cls(folder)
        authority = trustme.CA(organization_name="slotwarden testbed")
        _write(authority, authority.issue_cert(*HOSTS), pki.ca, pki.server_cert, pki.server_key)
        proxies = trustme.CA(organization_name="slotwarden testbed front proxy")
        certificate = proxies.issue_cert(common_name=FRONT_PROXY)
        _write(proxies, certificate, pki.front_proxy_ca, pki.front_proxy_cert, pki.front_proxy_key)
        write_private(pki.front_proxy_ca_key, proxies.private_key_pem.bytes())
        signing = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(pki.service_accounts, signing)
        return pki


def _write(authority: trustme.CA, leaf: trustme.LeafCert, ca: Path, cert: Path, key: Path) -> None:
    write_private(ca, authority.cert_pem.bytes())
    write_private(cert, b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    write_private(key, leaf.private_key_pem.bytes())
