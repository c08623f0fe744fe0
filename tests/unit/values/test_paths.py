"""No name, however it is made, leads out of its organization's folder."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hvac.utils import format_url
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.domain.names import DNS_LABEL, ENV_KEY, ENV_SEGMENT, SLOT_NAME
from slotwarden.values.paths import (
    EntryPaths,
    UnsafePath,
    parse_env_folder,
    parse_env_key,
    parse_organization,
    parse_slot,
)

PREFIX = "team/slotwarden"
CLIMBERS = st.lists(
    st.sampled_from(
        [
            ".",
            "..",
            "/",
            "%",
            "2e",
            "2f",
            "a",
            "\\",
            "\0",
            "\n",
            " ",
            "_",
            "-",
            "~",
            "+",
            "*",
            ";",
            "?",
            "#",
            "é",
            "\uff0e",
        ]
    ),
    max_size=6,
).map("".join)
ORGANIZATIONS = st.from_regex(DNS_LABEL, fullmatch=True) | CLIMBERS | st.text(max_size=8)
SLOTS = st.from_regex(SLOT_NAME, fullmatch=True) | CLIMBERS | st.text(max_size=8)
SEGMENTS = st.from_regex(ENV_SEGMENT, fullmatch=True) | CLIMBERS | st.text(max_size=8)
KEYS = st.from_regex(ENV_KEY, fullmatch=True) | CLIMBERS | st.text(max_size=8)
REFS = st.builds(SlotRef, ORGANIZATIONS, SLOTS) | st.builds(EnvRef, ORGANIZATIONS, SEGMENTS, SEGMENTS, KEYS)
PATHS = EntryPaths(PREFIX)


@given(REFS)
def test_a_path_is_refused_or_exact(ref: SlotRef | EnvRef) -> None:
    try:
        path = PATHS.of(ref)
    except UnsafePath:
        return
    folder = "slots" if isinstance(ref, SlotRef) else "env"
    assert path.split("/") == ["team", "slotwarden", ref.organization, folder, *ref[1:]]
    # Neither hvac nor yarl nor the rules for URLs rewrite it.
    api = format_url("/v1/{mount}/data/{path}", mount="secret", path=path)
    assert api == f"/v1/secret/data/{path}" == unquote(api)
    url = f"https://vault.example:8200{api}"
    assert str(URL(url)) == str(URL(url, encoded=True)) == url
    assert urlsplit(urljoin("https://vault.example:8200/x/", url)).path == api


UNSAFE = ["", ".", "..", "a/b", "a/", "%2e", "a%", "a\n", "é", "a b", "a\0", "*", "+"]


@pytest.mark.parametrize("slot", [*UNSAFE, "a.b", "a" * 65])
def test_unsafe_slots(slot: str) -> None:
    with pytest.raises(UnsafePath, match="slot"):
        PATHS.of(SlotRef("acme", slot))


@pytest.mark.parametrize("segment", [*UNSAFE, "a.b", "-a", "a-", "_a", "a_", "-", "a" * 65])
def test_unsafe_projects_and_environments(segment: str) -> None:
    for ref in (EnvRef("acme", segment, "b", "C"), EnvRef("acme", "a", segment, "C")):
        with pytest.raises(UnsafePath, match="project or the environment"):
            PATHS.of(ref)


@pytest.mark.parametrize("key", [*UNSAFE, ".a", "-a", "1a", "a" * 254])
def test_unsafe_keys(key: str) -> None:
    with pytest.raises(UnsafePath, match="key"):
        PATHS.of(EnvRef("acme", "a", "b", key))


@pytest.mark.parametrize("organization", ["", ".", "..", "_system", "Acme", "a/b", "a\n", "a" * 64, "é", "-a", "%61"])
def test_unsafe_organizations(organization: str) -> None:
    for ref in (SlotRef(organization, "a"), EnvRef(organization, "a", "b", "C")):
        with pytest.raises(UnsafePath, match="organization"):
            PATHS.of(ref)
    for folder in (PATHS.slots, PATHS.env):
        with pytest.raises(UnsafePath, match="organization"):
            folder(organization)


@pytest.mark.parametrize("prefix", ["", "/", "a/", "/a", "a//b", "..", "a/../b", "a/%2e%2e", "a b", "é", "a\n"])
def test_unsafe_prefixes(prefix: str) -> None:
    with pytest.raises(UnsafePath, match="prefix"):
        EntryPaths(prefix)


def test_no_refusal_says_what_stood_there() -> None:
    for ref in (
        SlotRef("acme", "c4nary/x"),
        EnvRef("acme", "c4nary/x", "b", "C"),
        EnvRef("acme", "a", "b", "c4nary/x"),
    ):
        with pytest.raises(UnsafePath) as caught:
            PATHS.of(ref)
        assert "c4nary" not in str(caught.value)


def test_the_folders() -> None:
    assert PATHS.organizations() == "team/slotwarden"
    assert PATHS.slots("acme") == "team/slotwarden/acme/slots"
    assert PATHS.env("acme") == "team/slotwarden/acme/env"
    assert PATHS.env("acme", "shop", "Live") == "team/slotwarden/acme/env/shop/Live"
    assert PATHS.of(EnvRef("acme", "shop", "Live", "A.b-c")) == "team/slotwarden/acme/env/shop/Live/A.b-c"
    assert PATHS.mac_key() == "team/slotwarden/_system/mac-key"


@pytest.mark.parametrize(
    ("listed", "organization"),
    [("acme/", "acme"), ("acme", None), ("_system/", None), ("Acme/", None), ("/", None), ("../", None), ("a//", None)],
)
def test_listed_organizations(listed: str, organization: str | None) -> None:
    assert parse_organization(listed) == organization


@pytest.mark.parametrize(
    ("listed", "known"), [("A_b", True), ("a/", False), ("a.b", False), ("..", False), ("", False)]
)
def test_listed_slots(listed: str, known: bool) -> None:
    assert parse_slot("acme", listed) == (SlotRef("acme", listed) if known else None)


@pytest.mark.parametrize(
    ("listed", "folder"),
    [("Shop_1/", "Shop_1"), ("shop", None), ("_a/", None), ("/", None), ("../", None), ("a.b/", None), ("a//", None)],
)
def test_listed_projects_and_environments(listed: str, folder: str | None) -> None:
    assert parse_env_folder(listed) == folder


@pytest.mark.parametrize(
    ("listed", "known"), [("A_b.c-d", True), ("_", True), ("a/", False), ("1a", False), ("..", False), ("", False)]
)
def test_listed_keys(listed: str, known: bool) -> None:
    assert parse_env_key("acme", "a", "b", listed) == (EnvRef("acme", "a", "b", listed) if known else None)
