"""What forbids a door to set an object's value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.gateway.aggregated.status import status as told
from slotwarden.gateway.objects import ObjectReader, hindrance, rivalry
from slotwarden.gateway.refusals import Refusal
from tests.unit.gateway.bed import Bed
from tests.unit.gateway.objects import ENVIRONMENT, GIT, REGISTRY, env, slot, source

if TYPE_CHECKING:
    from slotwarden.domain.declared import Declared

CANARY = "c4naryInASpec"
OLDER, NEWER = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"


def test_nothing_forbids_it_where_the_spec_says_nothing() -> None:
    hindrance(slot(REGISTRY))
    hindrance(slot(GIT))
    hindrance(env())


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        (slot({"registry": source("passwordFrom")}), "spec.registry.passwordFrom"),
        (slot({"git": {"url": "https://github.com", **source("tokenFrom")}}), "spec.git.tokenFrom"),
        (env(source("valueFrom")), "spec.valueFrom"),
    ],
)
def test_a_source_does_and_is_named(declared: Declared, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        hindrance(declared)
    assert caught.value.code == 409
    assert caught.value.message.startswith(f"{field} takes the value from key k of Secret source")
    assert caught.value.causes[0].field == field


@pytest.mark.parametrize(
    "declared",
    [
        slot({"registry": {"username": "bot", "password": CANARY}}),
        slot({"git": {"url": "https://github.com", "token": CANARY}}),
        env({"value": CANARY}),
        env({"value": ""}),
    ],
)
def test_a_value_in_the_spec_does_until_it_is_stored(declared: Declared) -> None:
    with pytest.raises(Refusal, match="not stored yet") as caught:
        hindrance(declared)
    assert CANARY not in str(told(caught.value))


def test_a_deletion_does() -> None:
    with pytest.raises(Refusal, match="is being deleted"):
        hindrance(slot(REGISTRY, deletionTimestamp=NEWER))


def test_an_older_object_of_the_same_key_does() -> None:
    first = env(name="first", creationTimestamp=OLDER)
    second = env(name="second", creationTimestamp=NEWER)
    third = env(name="third", creationTimestamp=NEWER)
    rivalry(first, [first, second, third])
    with pytest.raises(Refusal, match="NameConflict: first is older") as caught:
        rivalry(third, [third, second, first])
    assert caught.value.code == 409
    rivalry(second, [second, third])
    with pytest.raises(Refusal, match="NameConflict: second"):
        rivalry(third, [second, third])


async def test_what_a_younger_one_of_the_same_second_stored_is_not_taken_for_a_dead_ones() -> None:
    bed: Any = Bed()
    bed.declare("a", ENVIRONMENT, uid="uid-0")
    reader = ObjectReader(bed, bed)
    found = await reader.read_to_set("envsecrets", "acme", "a")
    assert found.owner.namesakes == {"uid-database-url"}
