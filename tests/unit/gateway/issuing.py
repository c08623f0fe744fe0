"""Certificates with any key usage, which trustme does not make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from slotwarden.gateway.serving.certificates import Lives, make_authority

if TYPE_CHECKING:
    from collections.abc import Sequence


def issue(name: str, usages: Sequence[x509.ObjectIdentifier] | None) -> tuple[str, x509.Certificate]:
    """A new authority (PEM), and a certificate of it for these usages."""
    now = datetime.now(UTC)
    authority = make_authority(Lives(), now)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder(authority.certificate.subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
    )
    if usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    pem = authority.certificate.public_bytes(serialization.Encoding.PEM).decode()
    return pem, builder.sign(authority.key, hashes.SHA256())
