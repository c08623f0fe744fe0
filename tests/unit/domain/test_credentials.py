"""What a credential may hold, and its form in Vault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain.credentials import (
    MAX_BYTES,
    NOT_TEXT,
    Credential,
    GitCredential,
    InvalidValue,
    RegistryCredential,
    canonical_bytes,
    from_vault,
    to_vault,
)
from slotwarden.sensitive import Sensitive

from .strategies import CREDENTIALS

CANARY = "c4n4ry"
URL = "https://github.com"


def data(**fields: str) -> dict[str, Sensitive]:
    return {name: Sensitive.of_text(value) for name, value in fields.items()}


@given(CREDENTIALS)
def test_what_goes_to_vault_comes_back(credential: Credential) -> None:
    assert from_vault(to_vault(credential)) == credential


@given(CREDENTIALS, CREDENTIALS)
def test_canonical_bytes_tell_credentials_apart(one: Credential, other: Credential) -> None:
    assert (canonical_bytes(one) == canonical_bytes(other)) == (one == other)


def test_canonical_bytes_do_not_run_together() -> None:
    one = GitCredential("ab", Sensitive(b"c"), URL)
    other = GitCredential("a", Sensitive(b"bc"), URL)
    assert canonical_bytes(one) != canonical_bytes(other)


def test_an_entry_written_by_hand_is_read_leniently() -> None:
    found = from_vault(data(username="bot", password="pw", server_address="https://GHCR.io/", note="by hand"))
    assert found == RegistryCredential("bot", Sensitive(b"pw"), "ghcr.io")


@pytest.mark.parametrize("extra", [{}, {"url": ""}])
def test_without_a_url_it_is_for_no_host_in_particular(extra: dict[str, str]) -> None:
    found = from_vault(data(username="bot", token="t", **extra))
    assert found == GitCredential("bot", Sensitive(b"t"), "")
    assert sorted(to_vault(found)) == ["token", "username"]


@pytest.mark.parametrize("extra", [{}, {"server_address": ""}])
def test_without_a_server_it_is_docker_hub(extra: dict[str, str]) -> None:
    found = from_vault(data(username="bot", password="pw", **extra))
    assert isinstance(found, RegistryCredential)
    assert found.server_address == "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({}, "username", "missing"),
        ({"username": "u"}, "password", "missing"),
        ({"username": "u", "token": CANARY, "password": CANARY}, "token", "one credential"),
        ({"username": "", "password": CANARY}, "username", "empty"),
        ({"username": "u", "password": ""}, "password", "empty"),
        ({"username": "u", "token": "", "url": URL}, "token", "empty"),
        ({"username": CANARY + ":", "password": "p"}, "username", "colon"),
        ({"username": CANARY + "\n", "password": "p"}, "username", "newline"),
        ({"username": "u", "password": CANARY + "\0"}, "password", "NUL"),
        ({"username": "u", "password": CANARY + "\n"}, "password", "ends with a newline"),
        ({"username": "u", "token": CANARY + "\r\n", "url": URL}, "token", "ends with a newline"),
        ({"username": "_json_key", "token": CANARY + "\n", "url": URL}, "token", "ends with a newline"),
        ({"username": "u", "token": CANARY, "url": f"https://{CANARY}@github.com"}, "url", "user name"),
        ({"username": "u", "password": CANARY, "server_address": f"ghcr.io/{CANARY}"}, "server_address", "path"),
        ({"username": "u", "password": CANARY * 100_000}, "password", "512 KiB"),
    ],
)
def test_an_invalid_entry_is_named_by_field_alone(fields: dict[str, str], field: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why) as caught:
        from_vault(data(**fields))
    assert caught.value.field == field
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {caught.value.why}"


@pytest.mark.parametrize("field", ["username", "password", "server_address"])
def test_a_field_that_is_no_string_is_named(field: str) -> None:
    entry = {**data(username="u", password="p", server_address="ghcr.io"), field: NOT_TEXT}
    with pytest.raises(InvalidValue, match="is not a string") as caught:
        from_vault(entry)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["username", "password"])
def test_bytes_that_are_no_text_are_refused(field: str) -> None:
    entry = {**data(username="u", password="p"), field: Sensitive(b"\xff")}
    with pytest.raises(InvalidValue, match="UTF-8") as caught:
        from_vault(entry)
    assert caught.value.field == field


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(InvalidValue, match="UTF-8"):
        GitCredential("\ud800", Sensitive(b"t"), URL)


@pytest.mark.parametrize("username", ["_json_key", "_json_key_base64"])
def test_a_key_file_keeps_its_newlines(username: str) -> None:
    credential = RegistryCredential(username, Sensitive(b'{\n  "a": 1\n}\n'), "gcr.io")
    assert from_vault(to_vault(credential)) == credential


def test_the_limit_is_inclusive() -> None:
    assert RegistryCredential("u", Sensitive(b"x" * MAX_BYTES), "ghcr.io")


def test_an_address_must_be_canonical_when_made_directly() -> None:
    with pytest.raises(InvalidValue, match="canonical"):
        RegistryCredential("u", Sensitive(b"p"), "docker.io")
    with pytest.raises(InvalidValue, match="canonical"):
        GitCredential("u", Sensitive(b"t"), "https://github.com/")


@given(
    st.dictionaries(st.sampled_from(["username", "password", "token", "url", "server_address"]), st.binary(max_size=9))
)
def test_any_entry_is_read_or_refused(entry: dict[str, bytes]) -> None:
    try:
        credential = from_vault({name: Sensitive(value) for name, value in entry.items()})
    except InvalidValue:
        return
    assert from_vault(to_vault(credential)) == credential
