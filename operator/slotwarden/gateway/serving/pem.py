"""Certificates and keys as text: in files, and in the Secret that the replicas share.

`tls.crt` and `tls.key` are as any program reads them, `ca.crt` is the whole bundle for clients. Beside them stand the
authority that signs, its successor, and those that sign no longer.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from slotwarden.gateway.serving.certificates import Key, Material, Pair
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIGNER: Final = "signer"
_SUCCESSOR: Final = "successor"
_FORMER: Final = "former.crt"


def pair(certificates: bytes, key: bytes) -> Pair:
    """A certificate, with what stands between it and its authority, and its key.

    Raises:
        ValueError: they cannot be read; it quotes nothing of them.
    """
    try:
        leaf, *chain = x509.load_pem_x509_certificates(certificates)
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError):
        raise ValueError("it is not a certificate and a key without a password, in PEM") from None
    if not isinstance(private, Key):
        raise ValueError("the key is neither ECDSA nor RSA nor Ed25519")  # noqa: TRY004  # what a file holds
    if private.public_key() != leaf.public_key():
        raise ValueError("the key is not that of the certificate")
    return Pair(leaf, private, tuple(chain))


def shown(pair: Pair) -> tuple[bytes, bytes]:
    """The key, and the certificate with what stands between it and its authority."""
    return _key(pair.key), _text((pair.certificate, *pair.chain))


def bundle(certificates: Sequence[x509.Certificate]) -> str:
    """As an APIService has them."""
    return base64.b64encode(_text(certificates)).decode()


def data(material: Material) -> dict[str, Sensitive]:
    """What the Secret holds. A successor or former authorities that are no more leave an empty text."""
    successor = material.successor
    parts = {
        "tls.crt": _text((material.leaf.certificate,)),
        "tls.key": _key(material.leaf.key),
        "ca.crt": _text(material.bundle),
        f"{_SIGNER}.crt": _text((material.signer.certificate,)),
        f"{_SIGNER}.key": _key(material.signer.key),
        f"{_SUCCESSOR}.crt": _text((successor.certificate,)) if successor else b"",
        f"{_SUCCESSOR}.key": _key(successor.key) if successor else b"",
        _FORMER: _text(material.former),
    }
    return {name: Sensitive(part) for name, part in parts.items()}


def material(held: Mapping[str, str]) -> Material | None:
    """What a Secret holds, in base64; None where that is not what we write: it is then made anew."""
    try:
        parts = {name: base64.b64decode(part) for name, part in held.items()}
        former = parts[_FORMER]
        successor = parts[f"{_SUCCESSOR}.crt"]
        return Material(
            leaf=pair(parts["tls.crt"], parts["tls.key"]),
            signer=pair(parts[f"{_SIGNER}.crt"], parts[f"{_SIGNER}.key"]),
            successor=pair(successor, parts[f"{_SUCCESSOR}.key"]) if successor else None,
            former=tuple(x509.load_pem_x509_certificates(former)) if former else (),
        )
    except (KeyError, ValueError, binascii.Error):
        return None


def _text(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def _key(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
