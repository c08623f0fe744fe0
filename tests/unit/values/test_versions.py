"""What a door may do with an entry, decided from its metadata alone."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted, decided_anew, hold
from slotwarden.values.ownership import Claim, write
from slotwarden.values.versions import (
    VersionMismatch,
    VersionUnknown,
    check_expected,
    check_readable,
    has_value,
    history,
    own_newest,
)
from slotwarden.vault.errors import CasMismatch, Operation
from slotwarden.vault.kv import Entry
from tests.unit.values.entries import ME, NOW, entry

if TYPE_CHECKING:
    from slotwarden.values.ownership import Owner
    from slotwarden.vault.kv import EntryMetadata

HEIR = replace(ME, first_version=3)
DEAD = replace(ME, object_uid="another")
RELEASED = replace(DEAD, released="2026-01-01T00:00:00+00:00")
KEPT = replace(DEAD, policy="Retain")
ELSEWHERE = replace(ME, cluster="another")


@pytest.mark.parametrize(
    ("metadata", "claim", "version", "own", "first", "inherited"),
    [
        (None, Claim.TAKE, 0, 0, 1, ()),
        (entry("", None), Claim.TAKE, 0, 0, 1, ()),
        (entry("vv", None), Claim.TAKE, 2, 2, 1, ()),
        (entry("", ME), Claim.OWN, 0, 0, 1, ()),
        (entry("vd", ME), Claim.OWN, 2, 2, 1, ()),
        (entry("dd", HEIR), Claim.OWN, 2, 0, 3, ()),
        (entry("ddv", HEIR), Claim.OWN, 3, 3, 3, ()),
        (entry("vdvDs", DEAD), Claim.RELEASE, 5, 0, 6, (1, 3, 5)),
        (entry("vd", RELEASED), Claim.SUCCEED, 2, 0, 3, (1,)),
    ],
)
def test_what_is_held(
    metadata: EntryMetadata | None, claim: Claim, version: int, own: int, first: int, inherited: tuple[int, ...]
) -> None:
    held = hold(metadata, ME, NOW)
    assert (held.claim, held.version, held.own_version, held.inherited) == (claim, version, own, inherited)
    assert held.owner == replace(ME, first_version=first)


@pytest.mark.parametrize("owner", [KEPT, ELSEWHERE])
def test_anothers_entry_is_held_only_to_take_it_over(owner: Owner) -> None:
    with pytest.raises(NotOwner):
        hold(entry("v", owner), ME, NOW)
    held = hold(entry("v", owner), ME, NOW, adopt=True)
    assert (held.claim, held.own_version, held.owner) == (Claim.ADOPT, 1, ME)


@pytest.mark.parametrize(
    ("metadata", "expected", "same", "current"),
    [
        (None, 0, False, None),
        (None, 1, False, 0),
        (entry("vv"), 2, False, None),
        (entry("vv"), 1, False, 2),
        (entry("vv"), 3, False, 2),
        (entry("vv"), 0, False, 2),
        # The answer to the write was lost, and it is sent again.
        (entry("vv"), 1, True, None),
        (entry("v"), 0, True, None),
        (entry("vvv"), 1, True, 3),
        # A predecessor's versions are none of the object's.
        (entry("dd", HEIR), 0, False, None),
        (entry("dd", HEIR), 2, False, 0),
        (entry("ddv", HEIR), 0, True, None),
        (entry("ddv", HEIR), 2, True, 3),
        (entry("vv", DEAD), 0, False, None),
        (entry("vv", DEAD), 2, False, 0),
    ],
)
def test_the_expected_version(metadata: EntryMetadata | None, expected: int, same: bool, current: int | None) -> None:
    held = hold(metadata, ME, NOW)
    check_expected(held, None, same=same)
    if current is None:
        check_expected(held, expected, same=same)
        return
    with pytest.raises(VersionMismatch) as caught:
        check_expected(held, expected, same=same)
    assert caught.value.current == current


@pytest.mark.parametrize(
    ("metadata", "asked", "found"),
    [
        (entry("vv"), 1, None),
        (entry("vs"), 2, None),
        (entry("vd"), 1, None),
        (entry("vd"), 2, VersionDeleted),
        (entry("Dv"), 1, VersionDeleted),
        (entry("-vv"), 1, VersionUnknown),
        (entry("vv"), 3, VersionUnknown),
        (entry("vv"), 0, VersionUnknown),
        (entry("vv"), -1, VersionUnknown),
        (entry("vvv", HEIR), 2, VersionUnknown),
        (entry("vvv", HEIR), 3, None),
        (entry("vv", HEIR), 2, NoValue),
        (None, 1, NoValue),
        (entry(""), 1, NoValue),
        (entry("v", None), 1, NoValue),
        (entry("v", DEAD), 1, NoValue),
        (entry("v", RELEASED), 1, NoValue),
        (entry("v", KEPT), 1, NotOwner),
        (entry("v", ELSEWHERE), 1, NotOwner),
    ],
)
def test_what_can_be_read(metadata: EntryMetadata | None, asked: int, found: type[Exception] | None) -> None:
    with pytest.raises(found) if found is not None else nullcontext():
        check_readable(metadata, ME, asked, NOW)


@pytest.mark.parametrize(
    ("newest", "owner", "found"),
    [
        (2, ME, None),
        (3, HEIR, None),
        (2, HEIR, NoValue),
        (2, None, NoValue),
        (2, DEAD, NoValue),
        (2, RELEASED, NoValue),
        (2, KEPT, NotOwner),
        (2, ELSEWHERE, NotOwner),
    ],
)
def test_whose_the_newest_is(newest: int, owner: Owner | None, found: type[Exception] | None) -> None:
    read = Entry({}, newest, "", None, destroyed=False, custom_metadata=write({}, owner) if owner else {})
    with pytest.raises(found) if found is not None else nullcontext():
        assert own_newest(read, ME) is read


def test_where_nothing_was_read_there_is_no_value() -> None:
    with pytest.raises(NoValue):
        own_newest(None, ME)


@pytest.mark.parametrize(
    ("metadata", "has"),
    [
        (None, False),
        (entry(""), False),
        (entry("v"), True),
        (entry("vd"), False),
        (entry("vD"), False),
        (entry("ds"), True),
        (entry("vv", HEIR), False),
        (entry("v", DEAD), False),
        (entry("v", RELEASED), False),
        (entry("v", None), True),
    ],
)
def test_whether_there_is_a_value(metadata: EntryMetadata | None, has: bool) -> None:
    assert has_value(metadata, hold(metadata, ME, NOW), NOW) == has


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        (None, []),
        (entry("", ME), []),
        (entry("-vdDs"), [(5, "", True), (4, "destroyed", False), (3, "deleted", False), (2, "", False)]),
        (entry("vd"), [(2, "deleted", True), (1, "", False)]),
        (entry("vvd", HEIR), [(3, "deleted", True)]),
        (entry("vv", HEIR), []),
        (entry("v", None), []),
        (entry("v", DEAD), []),
    ],
)
def test_the_versions(metadata: EntryMetadata | None, found: list[tuple[int, str, bool]]) -> None:
    assert [(one.version.number, one.gone, one.current) for one in history(metadata, ME, NOW)] == found


@pytest.mark.parametrize("owner", [KEPT, ELSEWHERE])
def test_anothers_versions_are_not_told(owner: Owner) -> None:
    with pytest.raises(NotOwner):
        history(entry("v", owner), ME, NOW)


@pytest.mark.parametrize(("lost", "tries"), [(0, 1), (2, 3), (7, 8)])
async def test_a_lost_race_is_decided_anew(lost: int, tries: int) -> None:
    seen = 0

    async def decide() -> int:
        nonlocal seen
        seen += 1
        if seen <= lost:
            raise CasMismatch(Operation.WRITE, "path", "the entry has changed since it was read")
        return seen

    assert await decided_anew(8, decide) == tries


async def test_a_race_that_is_always_lost_ends() -> None:
    seen = 0

    async def decide() -> None:
        nonlocal seen
        seen += 1
        raise CasMismatch(Operation.WRITE, "path", "the entry has changed since it was read")

    with pytest.raises(CasMismatch):
        await decided_anew(8, decide)
    assert seen == 8
