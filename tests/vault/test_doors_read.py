"""Revealing values, listing their versions and rolling back, through the doors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.entries import SlotRef
from slotwarden.values.doors import Misfit, ValueDoors
from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted
from slotwarden.values.ownership import write
from slotwarden.values.paths import EntryPaths
from slotwarden.values.versions import VersionUnknown
from tests.vault.gateway import ELSEWHERE, ME, OTHER, REF, Gateway, now, text
from tests.vault.meanwhile import meanwhile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from testbed.clients.vault import VaultAdmin


@pytest.fixture
def path(vault_prefix: str) -> str:
    return EntryPaths(vault_prefix).of(REF)


async def states(gateway: Gateway) -> list[tuple[int, str, bool]]:
    return [(one.version.number, one.gone, one.current) for one in await gateway.doors.versions(REF, ME)]


async def test_a_value_and_its_earlier_versions_are_revealed(gateway: Gateway) -> None:
    made = [await gateway.set(content) for content in ("one", "two", "three")]
    gateway.happened.clear()
    for version, content in ((None, "three"), (1, "one"), (2, "two"), (3, "three")):
        stored = await gateway.doors.reveal(REF, ME, version)
        assert stored.value == text(content)
        assert stored.version == made[(version or 3) - 1].version
    assert gateway.happened == ["read", *["read_metadata", "read"] * 3]
    listed = await gateway.doors.versions(REF, ME)
    assert [one.version for one in listed] == [one.version for one in reversed(made)]
    assert await states(gateway) == [(3, "", True), (2, "", False), (1, "", False)]


@pytest.mark.parametrize("version", [None, 1, 7])
async def test_where_nothing_was_set_nothing_is_revealed(gateway: Gateway, version: int | None) -> None:
    with pytest.raises(NoValue):
        await gateway.doors.reveal(REF, ME, version)
    assert await gateway.doors.versions(REF, ME) == ()


async def test_versions_that_are_gone(gateway: Gateway, vault_admin: VaultAdmin, path: str) -> None:
    for content in ("one", "two", "three"):
        await gateway.set(content)
    vault_admin.soft_delete(path, [1, 3])
    vault_admin.destroy(path, [2])
    gateway.happened.clear()
    assert await states(gateway) == [(3, "deleted", True), (2, "destroyed", False), (1, "deleted", False)]
    for version, how in ((None, "deleted"), (3, "deleted"), (2, "destroyed")):
        with pytest.raises(VersionDeleted, match=f"was {how} in Vault"):
            await gateway.doors.reveal(REF, ME, version)
    vault_admin.undelete(path, [1])
    assert (await gateway.doors.reveal(REF, ME, 1)).value == text("one")
    assert (await gateway.set("three")).version.number == 4


async def test_versions_that_vault_keeps_no_more(gateway: Gateway, vault_admin: VaultAdmin, path: str) -> None:
    await gateway.set("one")
    vault_admin.request("POST", f"{vault_admin.mount}/metadata/{path}", {"max_versions": 2})
    for content in ("two", "three"):
        await gateway.set(content)
    assert await states(gateway) == [(3, "", True), (2, "", False)]
    for version in (1, 4, 0):
        with pytest.raises(VersionUnknown):
            await gateway.doors.reveal(REF, ME, version)


async def test_an_entry_that_was_removed_begins_anew(gateway: Gateway, vault_admin: VaultAdmin, path: str) -> None:
    await gateway.set("one")
    vault_admin.purge(path)
    with pytest.raises(NoValue):
        await gateway.doors.reveal(REF, ME)
    slow = Gateway(meanwhile(gateway.store, "read", lambda: _purge(vault_admin, path)))
    assert (await gateway.set("two")).version.number == 1
    with pytest.raises(VersionUnknown):
        await slow.doors.reveal(REF, ME, 1)


async def _purge(vault_admin: VaultAdmin, path: str) -> None:
    vault_admin.purge(path)


def every_look(gateway: Gateway) -> list[Awaitable[object]]:
    return [gateway.doors.reveal(REF, ME, 1), gateway.rollback(1)]


@pytest.mark.parametrize(
    ("owner", "error"),
    [
        (ELSEWHERE, NotOwner),
        (replace(OTHER, policy="Retain"), NotOwner),
        (OTHER, NoValue),
        (replace(OTHER, released="2026-01-01T00:00:00+00:00"), NoValue),
        (None, NoValue),
    ],
)
async def test_what_is_not_ones_own_is_not_even_read(
    gateway: Gateway, vault_admin: VaultAdmin, path: str, owner: Any, error: type[Exception]
) -> None:
    vault_admin.write(path, {"value": "theirs"})
    vault_admin.set_custom_metadata(path, write({}, owner) if owner else {"team": "payments"})
    for look in every_look(gateway):
        with pytest.raises(error):
            await look
    if error is NotOwner:
        with pytest.raises(NotOwner):
            await gateway.doors.versions(REF, ME)
    else:
        assert await gateway.doors.versions(REF, ME) == ()
    assert set(gateway.happened) == {"read_metadata"}
    with pytest.raises(error):
        # Of the newest version whose it is comes with what it holds, which is then not looked at.
        await gateway.doors.reveal(REF, ME)


async def test_a_predecessors_version_is_unknown(gateway: Gateway, vault_admin: VaultAdmin, path: str) -> None:
    await gateway.set("theirs", owner=OTHER)
    await gateway.set("mine")
    vault_admin.undelete(path, [1])
    for look in (gateway.doors.reveal(REF, ME, 1), gateway.rollback(1)):
        with pytest.raises(VersionUnknown):
            await look
    assert await states(gateway) == [(2, "", True)]


async def test_an_entry_that_changes_hands_while_it_is_read_is_not_revealed(gateway: Gateway) -> None:
    await gateway.set("one")
    for owner in (OTHER, replace(ME, first_version=2)):

        async def taken(owner: Any = owner) -> None:
            await gateway.store.write_custom_metadata(REF, write({}, owner))

        with pytest.raises(NotOwner):
            await Gateway(meanwhile(gateway.store, "read", taken)).doors.reveal(REF, ME, 1)
        await gateway.store.write_custom_metadata(REF, write({}, ME))


async def test_what_is_no_value_of_the_kind_is_told_without_it(
    gateway: Gateway, vault_admin: VaultAdmin, vault_prefix: str
) -> None:
    ref = SlotRef("acme", "a")
    vault_admin.write(EntryPaths(vault_prefix).of(ref), {"username": "c4nary", "password": ["c4nary"]})
    vault_admin.set_custom_metadata(EntryPaths(vault_prefix).of(ref), write({}, ME))
    with pytest.raises(InvalidValue, match="password is not a string") as caught:
        await gateway.doors.reveal(ref, ME)
    assert "c4nary" not in repr(caught.value)


async def test_a_rollback_makes_a_new_version(gateway: Gateway) -> None:
    for content in ("one", "two"):
        await gateway.set(content)
    gateway.happened.clear()
    back = await gateway.rollback(1)
    assert (back.version.number, back.changed) == (3, True)
    assert gateway.happened == ["read_metadata", "read", "read", 3, "write"]
    assert (await gateway.doors.reveal(REF, ME)).value == text("one")
    # Sent again because its answer was lost, and to where one is already.
    for version in (1, 3):
        again = await gateway.rollback(version)
        assert (again.version, again.changed) == (back.version, False)
    assert gateway.intents == [3, 3, 3]


@pytest.mark.parametrize("gone", ["soft_delete", "destroy"])
async def test_a_rollback_from_a_version_that_is_gone(
    gateway: Gateway, vault_admin: VaultAdmin, path: str, gone: str
) -> None:
    for content in ("one", "two"):
        await gateway.set(content)
    getattr(vault_admin, gone)(path, [2])
    with pytest.raises(VersionDeleted):
        await gateway.rollback(2)
    assert (await gateway.rollback(1)).version.number == 3


def _misfit(value: Any) -> str | None:
    return "it was set for another host"


@pytest.mark.parametrize(
    ("version", "fits", "error"),
    [(1, _misfit, Misfit), (7, lambda value: None, VersionUnknown), (0, lambda value: None, VersionUnknown)],
)
async def test_a_rollback_that_may_not_be(
    gateway: Gateway, version: int, fits: Callable[[Any], str | None], error: type[Exception]
) -> None:
    for content in ("one", "two"):
        await gateway.set(content)
    gateway.happened.clear()
    for dry_run in (True, False):
        with pytest.raises(error):
            await gateway.doors.rollback(REF, ME, version, gateway.intent, fits=fits, dry_run=dry_run)
    assert set(gateway.happened) <= {"read_metadata", "read"}


async def test_a_dry_rollback_states_and_writes_nothing(gateway: Gateway) -> None:
    for content in ("one", "two"):
        await gateway.set(content)
    gateway.happened.clear()
    for version, number, changed in ((1, 3, True), (2, 2, False)):
        made = await gateway.doors.rollback(REF, ME, version, gateway.intent, fits=lambda value: None, dry_run=True)
        assert (made.version.number, made.changed) == (number, changed)
    assert set(gateway.happened) == {"read_metadata", "read"}


async def test_a_rollback_that_loses_a_race_is_decided_anew(gateway: Gateway) -> None:
    for content in ("one", "two"):
        await gateway.set(content)
    slow = Gateway(meanwhile(gateway.store, "write", lambda: gateway.set("three")))
    assert (await slow.rollback(1)).version.number == 4
    assert slow.intents == [3, 4]
    assert (await ValueDoors(gateway.store, now).reveal(REF, ME)).value == text("one")
