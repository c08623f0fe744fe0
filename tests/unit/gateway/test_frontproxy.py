from __future__ import annotations

import json

import pytest
import trustme
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from multidict import CIMultiDict, CIMultiDictProxy

from slotwarden.gateway.identity.frontproxy import NoTrust, NotTrusted, Trust
from tests.unit.gateway.issuing import issue

AUTHORITY = trustme.CA()
PUBLISHED = {
    "requestheader-client-ca-file": AUTHORITY.cert_pem.bytes().decode(),
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-uid-headers": '["X-Remote-Uid"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
}


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def chain(leaf: trustme.LeafCert) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(blob.bytes()) for blob in leaf.cert_chain_pems]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requestheader-client-ca-file": None}, "publishes no authority"),
        ({"requestheader-client-ca-file": ""}, "holds no certificates"),
        ({"requestheader-client-ca-file": "-----BEGIN"}, "holds no certificates"),
        ({"requestheader-username-headers": "[]"}, "names no header"),
        ({"requestheader-username-headers": None}, "names no header"),
        ({"requestheader-allowed-names": "{}"}, "no JSON list of words"),
        ({"requestheader-allowed-names": "[1]"}, "no JSON list of words"),
        ({"requestheader-group-headers": "["}, "no JSON list"),
    ],
)
def test_what_cannot_be_used_makes_nobody_trusted(changes: dict[str, str | None], said: str) -> None:
    data = {key: value for key, value in {**PUBLISHED, **changes}.items() if value is not None}
    with pytest.raises(NoTrust, match=said):
        Trust.read(data)


def test_an_empty_list_of_names_allows_any() -> None:
    leaf = chain(AUTHORITY.issue_cert(common_name="anybody"))
    Trust.read({**PUBLISHED, "requestheader-allowed-names": "[]"}).verify(leaf)
    without = {key: value for key, value in PUBLISHED.items() if key != "requestheader-allowed-names"}
    Trust.read(without).verify(leaf)
    with pytest.raises(NotTrusted, match="name that is not allowed"):
        Trust.read(PUBLISHED).verify(leaf)


def test_several_authorities_can_be_published() -> None:
    other = trustme.CA()
    both = PUBLISHED["requestheader-client-ca-file"] + other.cert_pem.bytes().decode()
    trust = Trust.read({**PUBLISHED, "requestheader-client-ca-file": both})
    for each in (AUTHORITY, other):
        trust.verify(chain(each.issue_cert(common_name="front-proxy-client")))


def test_an_authority_that_another_signed_can_be_published() -> None:
    child = trustme.CA().create_child_ca()
    trust = Trust.read({**PUBLISHED, "requestheader-client-ca-file": child.cert_pem.bytes().decode()})
    trust.verify(chain(child.issue_cert(common_name="front-proxy-client"))[:1])


def test_what_lies_between_has_to_be_sent() -> None:
    leaf = chain(AUTHORITY.create_child_ca().issue_cert(common_name="front-proxy-client"))
    trust = Trust.read(PUBLISHED)
    trust.verify(leaf)
    with pytest.raises(NotTrusted, match="not trusted"):
        trust.verify(leaf[:1])


def test_a_leaf_is_no_authority() -> None:
    first = AUTHORITY.issue_cert(common_name="front-proxy-client")
    signer = trustme.CA.from_pem(first.cert_chain_pems[0].bytes(), first.private_key_pem.bytes())
    forged = chain(signer.issue_cert(common_name="front-proxy-client"))[0]
    with pytest.raises(NotTrusted, match="not trusted"):
        Trust.read(PUBLISHED).verify([forged, *chain(first)])


@pytest.mark.parametrize(
    ("usages", "good"),
    [
        (None, True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], True),
        ([ExtendedKeyUsageOID.SERVER_AUTH], False),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], False),
    ],
)
def test_a_certificate_has_to_be_for_clients(usages: list[x509.ObjectIdentifier] | None, good: bool) -> None:
    authority, leaf = issue("front-proxy-client", usages)
    published = {**PUBLISHED, "requestheader-client-ca-file": authority}
    if good:
        Trust.read(published).verify([leaf])
        return
    with pytest.raises(NotTrusted, match="not for clients"):
        Trust.read(published).verify([leaf])


def test_a_caller_is_all_that_the_headers_say() -> None:
    caller = Trust.read(PUBLISHED).caller(
        headers(
            ("x-remote-user", "dana"),
            ("X-Remote-Uid", "42"),
            ("X-Remote-Group", "one"),
            ("X-REMOTE-GROUP", "two"),
            ("X-Remote-Extra-Scopes", "a"),
            ("X-Remote-Extra-scopes", "b"),
            ("X-Remote-Extra-Example.com%2fPod", "c"),
            ("X-Remote-Extra-", "nothing"),
        )
    )
    assert caller is not None
    assert (caller.username, caller.uid, caller.groups, caller.how) == ("dana", "42", ("one", "two"), "front-proxy")
    assert caller.extra == {"scopes": ("a", "b"), "example.com/pod": ("c",)}


@pytest.mark.parametrize(
    "given",
    [
        headers(("X-Remote-User", "")),
        headers(("X-Remote-User", "a"), ("x-remote-user", "b")),
        headers(("X-Remote-User", "a"), ("X-Remote-Uid", "1"), ("X-Remote-Uid", "2")),
        headers(("X-Remote-User", "a\udcff")),
        headers(("X-Remote-User", "a"), ("X-Remote-Group", "\udcff")),
    ],
)
def test_what_can_be_understood_in_two_ways_names_nobody(given: CIMultiDictProxy[str]) -> None:
    with pytest.raises(NotTrusted):
        Trust.read(PUBLISHED).caller(given)


def test_two_headers_of_users_must_not_disagree() -> None:
    trust = Trust.read({**PUBLISHED, "requestheader-username-headers": json.dumps(["X-Remote-User", "X-User"])})
    named = trust.caller(headers(("X-User", "dana")))
    assert named is not None
    assert named.username == "dana"
    with pytest.raises(NotTrusted, match="several"):
        trust.caller(headers(("X-User", "dana"), ("X-Remote-User", "erin")))
    assert trust.caller(headers(("X-Remote-Group", "system:masters"))) is None
