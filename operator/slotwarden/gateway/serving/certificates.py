"""The gateway's own certificates: how they are made, and which step is due. No I/O.

An authority signs the certificate that the replicas share. Before it ends, a successor joins the bundle that clients
verify by; only later, when all had time to read that bundle, does the successor sign. What signs no longer has no key
left and stays in the bundle until it ends, so that a replica which still shows a certificate of it is believed.
All dates that decide stand in the certificates: replicas need to agree on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key, and what stands between it and its authority."""

    certificate: x509.Certificate
    key: Key = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def life(self) -> tuple[datetime, datetime]:
        """From when and until when the certificate is good."""
        return self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc


@dataclass(frozen=True, slots=True)
class Material:
    """All that the replicas share.

    Attributes:
        leaf: what they show.
        signer: the authority that signed it.
        successor: the authority that will sign next; its certificate is in the bundle already.
        former: authorities that sign no longer.
    """

    leaf: Pair
    signer: Pair
    successor: Pair | None = None
    former: tuple[x509.Certificate, ...] = ()

    @property
    def bundle(self) -> tuple[x509.Certificate, ...]:
        """All authorities that a client has to believe."""
        following = (self.successor.certificate,) if self.successor else ()
        return (self.signer.certificate, *following, *self.former)


@dataclass(frozen=True, slots=True)
class Lives:
    """How long certificates are good for. They are renewed when a third of it is left."""

    leaf: timedelta = timedelta(days=90)
    authority: timedelta = timedelta(days=365)


def make(names: Sequence[str], lives: Lives, now: datetime) -> Material:
    """A new authority and its first certificate."""
    signer = make_authority(lives, now)
    return Material(make_leaf(signer, names, lives, now), signer)


def following(
    material: Material, names: Sequence[str], lives: Lives, now: datetime, *, published: bool
) -> Material | None:
    """What the material should become now, one step at a time; None where nothing is due.

    Args:
        published: whether clients can know the whole bundle.
    """
    alive = tuple(certificate for certificate in material.former if certificate.not_valid_after_utc > now)
    if len(alive) < len(material.former):
        return replace(material, former=alive)
    signer, successor = material.signer.certificate, material.successor
    if signer.not_valid_after_utc <= now:
        return make(names, lives, now)
    if successor is None:
        if _left(signer, now) <= lives.authority / 3:
            return replace(material, successor=make_authority(lives, now))
    elif published and _left(successor.certificate, now) <= lives.authority * 11 / 12:
        leaf = make_leaf(successor, names, lives, now)
        return Material(leaf, successor, former=(signer, *material.former))
    if is_leaf_due(material, names, lives, now):
        return replace(material, leaf=make_leaf(material.signer, names, lives, now))
    return None


def is_leaf_due(material: Material, names: Sequence[str], lives: Lives, now: datetime) -> bool:
    """Whether the certificate ends soon, is not for these names, or is not of its authority."""
    leaf, signer = material.leaf.certificate, material.signer.certificate
    if _names(leaf) != set(names) or leaf.issuer != signer.subject:
        return True
    # Where the authority itself ends soon, a new certificate would be no better.
    better = min(now + lives.leaf, signer.not_valid_after_utc) > leaf.not_valid_after_utc
    return better and _left(leaf, now) <= lives.leaf / 3


def next_look(material: Material, lives: Lives, now: datetime) -> timedelta:
    """How long until something may be due."""
    dates = [material.leaf.certificate.not_valid_after_utc - lives.leaf / 3]
    if material.successor is None:
        dates.append(material.signer.certificate.not_valid_after_utc - lives.authority / 3)
    else:
        dates.append(material.successor.certificate.not_valid_after_utc - lives.authority * 11 / 12)
    dates += [certificate.not_valid_after_utc for certificate in material.former]
    return max(timedelta(), min(dates) - now)


def make_authority(lives: Lives, now: datetime) -> Pair:
    """An authority of its own name: two of one name could not be told apart by who reads a chain."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"slotwarden-gateway-ca-{serial:x}"[:64])])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), serial)
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + lives.authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Pair(builder.sign(key, hashes.SHA256()), key)


def make_leaf(signer: Pair, names: Sequence[str], lives: Lives, now: datetime) -> Pair:
    """A server's certificate for these DNS names, which does not outlive its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = signer.certificate
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slotwarden-gateway")])
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateBuilder(authority.subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(min(now + lives.leaf, authority.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return Pair(builder.sign(signer.key, hashes.SHA256()), key)


def _left(certificate: x509.Certificate, now: datetime) -> timedelta:
    return certificate.not_valid_after_utc - now


def _names(leaf: x509.Certificate) -> set[str]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return set(found.get_values_for_type(x509.DNSName))


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
