"""`.dockerconfigjson`: known vectors, and what comes back from it."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain.credentials import RegistryCredential
from slotwarden.domain.dockerconfig import is_canonical, parse, render
from slotwarden.sensitive import Sensitive

from .strategies import REGISTRIES

HUB = "https://index.docker.io/v1/"
HUB_VECTOR = (
    "eyJhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOnsidXNlcm5hbWUiOiJmb28iLCJwYXNzd29yZCI6ImJhciIsImF1dGgi"
    "OiJabTl2T21KaGNnPT0ifX19"
)


def registry(username: str = "u", password: str = "p", server: str = "ghcr.io") -> RegistryCredential:  # noqa: S107
    return RegistryCredential(username, Sensitive.of_text(password), server)


def document(auths: object) -> Sensitive:
    return Sensitive(json.dumps({"auths": auths}).encode())


def test_docker_hub_vector() -> None:
    assert render([registry("foo", "bar", HUB)]).reveal() == base64.b64decode(HUB_VECTOR)


def test_go_escapes() -> None:
    text = render([registry(password='&<>\u2028\u2029é\x7f\x01\b\f"\\/')]).reveal_text()
    assert '"password":"\\u0026\\u003c\\u003e\\u2028\\u2029é\x7f\\u0001\\b\\f\\"\\\\/"' in text


@given(st.lists(REGISTRIES, max_size=4, unique_by=lambda entry: entry.server_address))
def test_what_is_rendered_is_canonical_and_comes_back(entries: list[RegistryCredential]) -> None:
    rendered = render(entries)
    assert parse(rendered) == {entry.server_address: entry for entry in entries}
    assert is_canonical(rendered)
    assert render(entries[::-1]) == rendered
    assert list(json.loads(rendered.reveal())["auths"]) == sorted(entry.server_address for entry in entries)


def test_two_credentials_for_one_registry_are_refused() -> None:
    with pytest.raises(ValueError, match="one registry"):
        render([registry("a"), registry("b")])


@pytest.mark.parametrize("auth", ["dTpwdw==", "dTpwdw", "dTpwdw="])
def test_auth_overrides_and_may_lack_its_padding(auth: str) -> None:
    found = parse(document({"ghcr.io": {"username": "old", "password": "old", "auth": auth}}))
    assert found == {"ghcr.io": registry("u", "pw")}


def test_an_entry_without_auth_is_read() -> None:
    assert parse(document({"https://GHCR.io/v2/": {"username": "u", "password": "p"}})) == {"ghcr.io": registry()}


def test_an_entry_without_a_credential_is_passed_over() -> None:
    assert parse(document({"ghcr.io": {}, "quay.io": {"identitytoken": "t"}})) == {}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"c4n4ry",
        b"\xff",
        b"[]",
        b"null",
        b'{"auths":["c4n4ry"]}',
        b'{"auths":{"ghcr.io":"c4n4ry"}}',
        b'{"auths":{"ghcr.io":{"auth":"c4n4ry!"}}}',
        b'{"auths":{"ghcr.io":{"auth":"YzRuNHJ5"}}}',
        b'{"auths":{"ghcr.io":{"username":"c4n4ry","password":7}}}',
        b'{"auths":{"ghcr.io/c4n4ry":{"username":"u","password":"p"}}}',
        b'{"auths":{"ghcr.io":{"username":"u","password":"p"},"GHCR.io":{"username":"u","password":"c4n4ry"}}}',
        b'{"auths":' * 3000,
    ],
)
def test_a_malformed_document_is_refused_without_its_content(raw: bytes) -> None:
    with pytest.raises(ValueError, match="dockerconfigjson") as caught:
        parse(Sensitive(raw))
    assert "c4n4ry" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert not is_canonical(Sensitive(raw))


def test_another_layout_is_not_canonical() -> None:
    assert not is_canonical(Sensitive(render([registry()]).reveal() + b"\n"))
    assert not is_canonical(document({"ghcr.io": {"username": "u", "password": "p"}}))
