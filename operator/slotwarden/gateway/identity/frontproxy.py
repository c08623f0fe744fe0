"""Who is behind the API server's front proxy: it shows a certificate, and names the user in headers.

The headers count only with a certificate that its authority signed, that is good for a client and good now, and whose
name is allowed. Which authority, which names and which headers, the API server itself publishes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError, X509StoreFlags

from slotwarden.gateway.identity.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multidict import CIMultiDictProxy


class NotTrusted(Exception):
    """What a client showed or said makes nobody of it; its text quotes nothing of that."""


class NoTrust(Exception):
    """What the API server published cannot be used; says what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the API server published.

    Attributes:
        store: the authorities of front proxies.
        names: common names that a front proxy may have; empty: any.
        users, uids, groups: names of headers.
        extras: prefixes of headers.
    """

    store: X509Store
    names: frozenset[str]
    users: tuple[str, ...]
    uids: tuple[str, ...]
    groups: tuple[str, ...]
    extras: tuple[str, ...]

    @classmethod
    def read(cls, data: Mapping[str, str]) -> Trust:
        """From the data of the ConfigMap.

        Raises:
            NoTrust: nobody can be trusted by it.
        """
        try:
            authorities = x509.load_pem_x509_certificates(data["requestheader-client-ca-file"].encode())
        except KeyError:
            raise NoTrust("the API server publishes no authority of front proxies") from None
        except ValueError:
            raise NoTrust("requestheader-client-ca-file holds no certificates") from None
        store = X509Store()
        # The authority that is published may itself have been signed by another.
        store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
        for authority in authorities:
            store.add_cert(X509.from_cryptography(authority))
        users = _words(data, "requestheader-username-headers")
        if not users:
            raise NoTrust("requestheader-username-headers names no header")
        return cls(
            store,
            frozenset(_words(data, "requestheader-allowed-names")),
            users,
            _words(data, "requestheader-uid-headers"),
            _words(data, "requestheader-group-headers"),
            tuple(prefix.lower() for prefix in _words(data, "requestheader-extra-headers-prefix")),
        )

    def verify(self, chain: Sequence[x509.Certificate]) -> None:
        """Whether this certificate, with those that came with it, is a front proxy's.

        Raises:
            NotTrusted: it is not, or not now.
        """
        leaf, *between = chain
        context = X509StoreContext(
            self.store, X509.from_cryptography(leaf), [X509.from_cryptography(each) for each in between]
        )
        try:
            verified = context.get_verified_chain()
        except X509StoreContextError as error:
            raise NotTrusted(f"the client's certificate is not trusted: {error}") from None
        # The authority itself may be good for anything.
        if not all(_is_for_clients(each.to_cryptography()) for each in verified[: max(1, len(verified) - 1)]):
            raise NotTrusted("the client's certificate is not for clients")
        if self.names and not self.names & _common_names(leaf):
            raise NotTrusted("the client's certificate has a name that is not allowed")

    def caller(self, headers: CIMultiDictProxy[str]) -> Caller | None:
        """The user that a front proxy names; None where it names none.

        Raises:
            NotTrusted: it names one in a way that can be understood differently.
        """
        user = _single(headers, self.users)
        uid = _single(headers, self.uids)
        if user is None:
            return None
        if not user:
            raise NotTrusted("the header of the user's name is empty")
        groups = tuple(group for name in self.groups for group in headers.getall(name, ()))
        extra: dict[str, tuple[str, ...]] = {}
        for name, value in headers.items():
            for prefix in self.extras:
                if name.lower().startswith(prefix) and len(name) > len(prefix):
                    key = unquote(name[len(prefix) :].lower())
                    extra[key] = (*extra.get(key, ()), value)
        texts = (user, uid or "", *groups, *extra, *(value for values in extra.values() for value in values))
        if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
            raise NotTrusted("a header is not UTF-8")
        return Caller(user, uid or "", groups, extra, "front-proxy")

    def has_user(self, headers: CIMultiDictProxy[str]) -> bool:
        """Whether the headers name a user, whoever says so."""
        return any(name in headers for name in self.users)


def _words(data: Mapping[str, str], key: str) -> tuple[str, ...]:
    try:
        found: Any = json.loads(data.get(key) or "[]")
    except ValueError:
        raise NoTrust(f"{key} is no JSON list") from None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise NoTrust(f"{key} is no JSON list of words")
    return tuple(found)


def _single(headers: CIMultiDictProxy[str], names: Sequence[str]) -> str | None:
    """The only value under any of the names.

    Raises:
        NotTrusted: there are several.
    """
    values = [value for name in names for value in headers.getall(name, ())]
    if len(values) > 1:
        raise NotTrusted("the headers name several users")
    return values[0] if values else None


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """As OpenSSL's purpose `sslclient` has it: what is not restricted is good for all."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage


def _common_names(certificate: x509.Certificate) -> set[str]:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {name.value for name in found if isinstance(name.value, str)}
