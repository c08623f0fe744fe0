"""No name, however it is made, leads out of its organization's folder."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hvac.utils import format_url
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from slotwarden.domain.names import DNS_LABEL, SLOT_NAME
from slotwarden.values.paths import EntryRef, SlotPaths, UnsafePath

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


@given(ORGANIZATIONS, SLOTS)
def test_a_path_is_refused_or_exact(organization: str, slot: str) -> None:
    ref = EntryRef(organization, slot)
    try:
        path = ref.path(PREFIX)
    except UnsafePath:
        return
    assert path.split("/") == ["team", "slotwarden", organization, "slots", slot]
    assert SlotPaths(PREFIX).parse(path) == ref
    # Neither hvac nor yarl nor the rules for URLs rewrite it.
    api = format_url("/v1/{mount}/data/{path}", mount="secret", path=path)
    assert api == f"/v1/secret/data/{path}" == unquote(api)
    url = f"https://vault.example:8200{api}"
    assert str(URL(url)) == str(URL(url, encoded=True)) == url
    assert urlsplit(urljoin("https://vault.example:8200/x/", url)).path == api


@pytest.mark.parametrize(
    "slot", ["", ".", "..", "a/b", "a/", "%2e", "a%", "a.b", "a\n", "é", "a" * 65, "a b", "a\0", "*", "+"]
)
def test_unsafe_slots(slot: str) -> None:
    with pytest.raises(UnsafePath, match="slot"):
        EntryRef("acme", slot).path(PREFIX)


@pytest.mark.parametrize("organization", ["", ".", "..", "_system", "Acme", "a/b", "a\n", "a" * 64, "é", "-a", "%61"])
def test_unsafe_organizations(organization: str) -> None:
    with pytest.raises(UnsafePath, match="organization"):
        EntryRef(organization, "a").path(PREFIX)
    with pytest.raises(UnsafePath, match="organization"):
        SlotPaths(PREFIX).slots(organization)


@pytest.mark.parametrize("prefix", ["", "/", "a/", "/a", "a//b", "..", "a/../b", "a/%2e%2e", "a b", "é", "a\n"])
def test_unsafe_prefixes(prefix: str) -> None:
    with pytest.raises(UnsafePath, match="prefix"):
        SlotPaths(prefix)
    with pytest.raises(UnsafePath, match="prefix"):
        EntryRef("acme", "a").path(prefix)


def test_the_folders() -> None:
    paths = SlotPaths(PREFIX)
    assert paths.organizations() == "team/slotwarden"
    assert paths.slots("acme") == "team/slotwarden/acme/slots"
    assert paths.mac_key() == "team/slotwarden/_system/mac-key"


@pytest.mark.parametrize(
    ("listed", "organization"),
    [("acme/", "acme"), ("acme", None), ("_system/", None), ("Acme/", None), ("/", None), ("../", None), ("a//", None)],
)
def test_listed_organizations(listed: str, organization: str | None) -> None:
    assert SlotPaths(PREFIX).parse_organization(listed) == organization


@pytest.mark.parametrize(
    ("listed", "known"), [("A_b", True), ("a/", False), ("a.b", False), ("..", False), ("", False)]
)
def test_listed_slots(listed: str, known: bool) -> None:
    assert SlotPaths(PREFIX).parse_slot("acme", listed) == (EntryRef("acme", listed) if known else None)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "team/slotwarden/acme/slots",
        "team/slotwarden/acme/env/a",
        "other/acme/slots/a",
        "x/team/slotwarden/acme/slots/a",
        "team/slotwarden/acme/slots/a/b",
        "team/slotwarden/acme/slots/",
        "team/slotwarden/_system/mac-key",
    ],
)
def test_paths_that_are_no_slots(path: str) -> None:
    assert SlotPaths(PREFIX).parse(path) is None
