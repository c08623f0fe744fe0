"""Parts of a Secret: what a credential contributes is what is found in the Secret that it makes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain import basicauth, dockerconfig, parts
from slotwarden.domain.credentials import GitCredential, RegistryCredential
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.targets import Form
from slotwarden.sensitive import Sensitive

NAMES = st.text(st.characters(codec="utf-8", exclude_characters=":", exclude_categories=["Cc"]), min_size=1)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(
    lambda text: not text.endswith("\n")
)
SERVERS = ["ghcr.io", "quay.io:5000", "https://index.docker.io/v1/"]


@given(st.dictionaries(st.sampled_from(SERVERS), st.tuples(NAMES, VALUES), min_size=1))
def test_registries_come_back_from_their_document(logins: dict[str, tuple[str, str]]) -> None:
    credentials = [RegistryCredential(n, Sensitive.of_text(v), s) for s, (n, v) in logins.items()]
    data = {dockerconfig.KEY: dockerconfig.render(credentials)}
    found = parts.of_secret(Form.DOCKERCONFIGJSON.secret_type, data)
    assert found.clean
    assert found.values == {
        (part := parts.entry_part(made.server_address)): parts.of_value(part, made) for made in credentials
    }
    assert list(parts.entries_of_secret(data).values()) == sorted(credentials, key=lambda made: made.server_address)


@given(NAMES, VALUES)
def test_a_pair_comes_back_from_its_secret(name: str, value: str) -> None:
    credential = GitCredential(name, Sensitive.of_text(value), "https://github.com")
    found = parts.of_secret(Form.BASIC_AUTH.secret_type, basicauth.render(credential))
    assert found.values == {parts.PAIR: parts.of_value(parts.PAIR, credential)}


def test_no_two_pairs_look_alike() -> None:
    def pair(name: str, value: str) -> Sensitive:
        return parts.of_value(parts.PAIR, GitCredential(name, Sensitive.of_text(value), "https://github.com"))

    assert pair("ab", "c") != pair("a", "bc")


@given(st.binary())
def test_what_cannot_be_read_has_no_parts_and_is_not_clean(junk: bytes) -> None:
    found = parts.of_secret(Form.DOCKERCONFIGJSON.secret_type, {dockerconfig.KEY: Sensitive(junk)})
    assert not found.clean
    assert not found.values
    assert not parts.of_secret(Form.BASIC_AUTH.secret_type, {"username": Sensitive(junk)}).clean


@given(st.dictionaries(st.sampled_from(["DATABASE_URL", "PORT", "TOKEN"]), st.binary()))
def test_each_key_of_an_environment_is_a_part(environment: dict[str, bytes]) -> None:
    data = {key: Sensitive(value) for key, value in environment.items()}
    found = parts.of_secret(Form.ENVIRONMENT.secret_type, data)
    assert found.clean
    wanted = {part: parts.of_value(part, EnvValue(data[parts.env_key(part)])) for part in map(parts.env_part, data)}
    assert found.values == wanted
