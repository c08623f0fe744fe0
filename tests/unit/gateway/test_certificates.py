from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError

from slotwarden.gateway.serving.certificates import Lives, Material, following, make, make_leaf, next_look

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("gateway.slots.svc", "gateway.slots.svc.cluster.local")
LIVES = Lives(timedelta(days=90), timedelta(days=365))


def believed(leaf: x509.Certificate, bundle: tuple[x509.Certificate, ...], at: datetime) -> bool:
    """Whether a client that has this bundle takes the certificate at that time."""
    store = X509Store()
    store.set_time(at)
    for authority in bundle:
        store.add_cert(X509.from_cryptography(authority))
    try:
        X509StoreContext(store, X509.from_cryptography(leaf)).verify_certificate()
    except X509StoreContextError:
        return False
    return True


def test_a_new_certificate_is_for_the_names_and_of_its_authority() -> None:
    made = make(NAMES, LIVES, NOW)
    names = made.leaf.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(names.get_values_for_type(x509.DNSName)) == NAMES
    assert believed(made.leaf.certificate, made.bundle, NOW)
    assert following(made, NAMES, LIVES, NOW, published=True) is None
    assert "PrivateKey" not in repr(made)


@pytest.mark.parametrize(("days", "due"), [(59, False), (60, True)])
def test_a_certificate_is_renewed_when_a_third_is_left(days: int, due: bool) -> None:
    made = make(NAMES, LIVES, NOW)
    then = NOW + timedelta(days=days)
    renewed = following(made, NAMES, LIVES, then, published=True)
    assert (renewed is not None) is due
    if renewed:
        assert renewed.signer == made.signer
        assert renewed.leaf.certificate.not_valid_after_utc == then + LIVES.leaf


def test_other_names_are_a_reason_at_once() -> None:
    made = make(NAMES, LIVES, NOW)
    renewed = following(made, ("other.svc",), LIVES, NOW, published=False)
    assert renewed is not None
    assert renewed.signer == made.signer
    assert following(renewed, ("other.svc",), LIVES, NOW, published=False) is None


def test_a_successor_is_in_the_bundle_for_long_before_it_signs() -> None:
    made = make(NAMES, LIVES, NOW)
    then = NOW + LIVES.authority * 2 / 3
    joined = following(made, NAMES, LIVES, then, published=True)
    assert joined is not None
    assert joined.successor is not None
    assert joined.leaf == made.leaf
    assert joined.bundle == (made.signer.certificate, joined.successor.certificate)
    renewed = following(joined, NAMES, LIVES, then, published=True)
    assert renewed is not None
    assert renewed.signer == made.signer
    later = then + LIVES.authority / 12
    assert following(renewed, NAMES, LIVES, later, published=False) is None
    signed = following(renewed, NAMES, LIVES, later, published=True)
    assert signed is not None
    assert signed.signer == joined.successor
    assert signed.former == (made.signer.certificate,)
    assert believed(signed.leaf.certificate, joined.bundle, later)
    ended = NOW + LIVES.authority
    left = following(signed, NAMES, LIVES, ended, published=True)
    assert left is not None
    assert left.bundle == (signed.signer.certificate,)


def test_an_authority_that_ended_is_replaced_whole() -> None:
    made = make(NAMES, LIVES, NOW)
    then = NOW + LIVES.authority
    fresh = following(made, NAMES, LIVES, then, published=False)
    assert fresh is not None
    assert fresh.signer != made.signer
    assert believed(fresh.leaf.certificate, fresh.bundle, then)


def test_a_certificate_never_outlives_its_authority() -> None:
    made = make(NAMES, LIVES, NOW)
    then = NOW + LIVES.authority - timedelta(days=1)
    leaf = make_leaf(made.signer, NAMES, LIVES, then).certificate
    assert leaf.not_valid_after_utc == made.signer.certificate.not_valid_after_utc


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=20, max_size=60))
def test_whoever_lags_a_step_behind_still_believes(steps: list[tuple[int, bool]]) -> None:
    """However turns and publications fall, no step makes a certificate that the published bundle does not vouch for."""
    now, made = NOW, make(NAMES, LIVES, NOW)
    published = made.bundle
    for days, publishes in steps:
        now += timedelta(days=days)
        while (step := following(made, NAMES, LIVES, now, published=set(made.bundle) <= set(published))) is not None:
            afresh = made.signer.certificate.not_valid_after_utc <= now
            made = step
            if not afresh:
                assert believed(made.leaf.certificate, published, now)
            else:
                published = made.bundle
        assert made.leaf.certificate.not_valid_after_utc > now
        assert next_look(made, LIVES, now) > timedelta() or _waits(made, published)
        if publishes:
            published = made.bundle


def _waits(made: Material, published: tuple[x509.Certificate, ...]) -> bool:
    """Whether the next step has to wait for the bundle to be published, or a certificate ends with its authority."""
    ends = made.leaf.certificate.not_valid_after_utc == made.signer.certificate.not_valid_after_utc
    return not set(made.bundle) <= set(published) or ends
