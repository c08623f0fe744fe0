"""Slot names and object names are a bijection."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain.names import SLOT_NAME, is_dns_label, object_name, slot_name

SLOTS = st.from_regex(SLOT_NAME, fullmatch=True)
# Well-formed, with a mask that may claim what the characters cannot be.
MASKED = st.lists(st.tuples(st.sampled_from("ab1-"), st.sampled_from("usl")), min_size=1, max_size=4).map(
    lambda pairs: f"x{''.join(char for char, _ in pairs)}x.{''.join(mask for _, mask in pairs)}"
)
# As kube-apiserver validates the name of a custom object.
DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@pytest.mark.parametrize(
    ("slot", "name"),
    [
        ("ghcr-pull", "ghcr-pull"),
        ("xa-bx", "xa-bx"),
        ("A_b", "xa-bx.usl"),
        ("a-", "xa-x.ll"),
        ("-", "x-x.l"),
        ("_", "x-x.s"),
        ("B", "xbx.u"),
        ("a" * 63, "a" * 63),
        ("a" * 64, f"x{'a' * 64}x.{'l' * 64}"),
    ],
)
def test_known_names(slot: str, name: str) -> None:
    assert object_name(slot) == name
    assert slot_name(name) == slot


@given(SLOTS)
def test_every_slot_name_comes_back_from_a_valid_object_name(slot: str) -> None:
    name = object_name(slot)
    assert DNS_SUBDOMAIN.fullmatch(name)
    assert len(name) <= 253
    assert slot_name(name) == slot


@given(SLOTS, SLOTS)
def test_no_two_slots_share_an_object_name(one: str, other: str) -> None:
    assert (object_name(one) == object_name(other)) == (one == other)


@given(MASKED | st.text(max_size=12))
def test_an_object_name_is_either_canonical_or_refused(name: str) -> None:
    try:
        slot = slot_name(name)
    except ValueError:
        return
    assert object_name(slot) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "xabx.ll",
        "xabx.l",
        "xa-bx.lul",
        "xabx.sl",
        "xAbx.ul",
        "a.b",
        "xabx.ux",
        "xax.u\n",
        "x-x.u",
        "x-1x.lu",
        "a" * 64,
        "x1x.u",
    ],
)
def test_names_that_no_slot_has(name: str) -> None:
    with pytest.raises(ValueError, match=r"object's name|mask"):
        slot_name(name)


@pytest.mark.parametrize("slot", ["", "a" * 65, "a/b", "a.b", "..", "a b", "é", "a\n", "a%2f"])
def test_texts_that_are_no_slot_name(slot: str) -> None:
    with pytest.raises(ValueError, match="not a slot name"):
        object_name(slot)


@pytest.mark.parametrize(
    ("text", "expected"), [("a", True), ("a-b", True), ("-a", False), ("a\n", False), ("A", False)]
)
def test_dns_labels(text: str, expected: bool) -> None:
    assert is_dns_label(text) is expected
