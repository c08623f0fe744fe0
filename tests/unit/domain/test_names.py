"""Slot names and object names are a bijection; names of environments are segments and give names of Secrets."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import (
    ENV_KEY,
    ENV_SEGMENT,
    SLOT_NAME,
    env_object_name,
    environment_secret,
    is_dns_label,
    is_env_key,
    is_env_segment,
    object_name,
    slot_name,
)

SEGMENTS = st.from_regex(ENV_SEGMENT, fullmatch=True)
KEYS = st.from_regex(ENV_KEY, fullmatch=True)
REFS = st.builds(EnvRef, st.just("acme"), SEGMENTS, SEGMENTS, KEYS)
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


@pytest.mark.parametrize("text", ["a", "Shop", "9", "eu_1", "a-b", "a" * 64, "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_names_of_projects_and_environments(text: str) -> None:
    assert is_env_segment(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a/b", "a/../b", "%2e%2e", "a.b", "-a", "a-", "_a", "a_", "a b", "a\n", "é", "a" * 65]
)
def test_texts_that_name_no_project(text: str) -> None:
    assert not is_env_segment(text)


@pytest.mark.parametrize("text", ["A", "_", "DATABASE_URL", "spring.datasource.url", "a-b", "_..", "a" * 253])
def test_keys(text: str) -> None:
    assert is_env_key(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", ".a", "-a", "1A", "A=B", "A B", "A/B", "A%2fB", "A\n", "Ä", "$A", "a" * 254]
)
def test_texts_that_are_no_key(text: str) -> None:
    assert not is_env_key(text)


@pytest.mark.parametrize(
    ("project", "environment", "secret"),
    [
        ("shop", "production", "shop-production-env"),
        ("Shop", "EU_1", "shop-eu-1-env"),
        ("a-b", "c", "a-b-c-env"),
        ("a", "b-c", "a-b-c-env"),
    ],
)
def test_the_secret_of_an_environment(project: str, environment: str, secret: str) -> None:
    assert environment_secret(project, environment) == secret


@given(SEGMENTS, SEGMENTS)
def test_every_environment_gives_a_name_that_a_secret_can_have(project: str, environment: str) -> None:
    assert is_env_segment(project)
    name = environment_secret(project, environment)
    assert DNS_SUBDOMAIN.fullmatch(name)
    assert len(name) <= 253


def test_an_object_made_for_a_key_is_named_for_people_and_the_same_every_time() -> None:
    ref = EnvRef("acme", "shop", "production", "DATABASE_URL")
    # Pinned: an object that is named otherwise tomorrow could be made a second time.
    assert env_object_name(ref) == "shop-production-database-url-gt6qz4v7hpwo"
    assert env_object_name(ref._replace(organization="globex")) == env_object_name(ref)


@given(REFS)
def test_every_key_gives_an_object_name(ref: EnvRef) -> None:
    assert is_dns_label(env_object_name(ref))


@given(REFS, REFS)
def test_no_two_keys_share_the_name_of_an_object(one: EnvRef, other: EnvRef) -> None:
    assert (env_object_name(one) == env_object_name(other)) == (one == other)


def test_what_is_written_alike_is_told_apart() -> None:
    refs = [("a-b", "c", "D"), ("a", "b-c", "D"), ("a", "b", "c-D"), ("A", "b", "c_D"), ("a", "b", "c.d")]
    assert len({env_object_name(EnvRef("acme", *parts)) for parts in refs}) == len(refs)
