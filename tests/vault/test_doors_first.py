"""A first value through a door: what is done at one time, and what becomes of that where it fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slotwarden.values import ownership
from slotwarden.values.doors import ValueDoors
from slotwarden.values.entries import FRESH, NoValue
from slotwarden.values.paths import EntryPaths
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore
from slotwarden.vault.errors import Operation, VaultUnavailable
from tests.vault.gateway import ME, OTHER, REF, Gateway, now, text
from tests.vault.meanwhile import meanwhile

if TYPE_CHECKING:
    from slotwarden.vault.kv import VaultKV


async def refuse(version: int) -> None:
    raise ConnectionError


async def test_without_an_intent_no_value_is_written(gateway: Gateway, kv: VaultKV, vault_prefix: str) -> None:
    """A new entry may have been claimed; where that was for an object that had gone, the next one takes it over."""
    operator = ValueService(VaultStore(kv, EntryPaths(vault_prefix)), now)
    with pytest.raises(ConnectionError):
        await gateway.doors.set(REF, ME, text("one"), refuse)
    assert (await gateway.metadata()).current_version == 0
    with pytest.raises(NoValue):
        await operator.settle(REF, OTHER, None)
    assert (await gateway.set("two", owner=OTHER)).version.number == 1
    assert (await operator.settle(REF, OTHER, None)).value == text("two")


@pytest.mark.parametrize("before", ["another's", "retained"])
async def test_without_an_intent_nothing_is_claimed(gateway: Gateway, before: str) -> None:
    """Where there is an entry already, or one that nobody could take over."""
    if before == "another's":
        await gateway.set("one", owner=OTHER)
    found = await gateway.store.read_metadata(REF)
    owner = replace(ME, policy="Retain") if before == "retained" else ME
    with pytest.raises(ConnectionError):
        await gateway.doors.set(REF, owner, text("two"), refuse)
    assert await gateway.store.read_metadata(REF) == found


async def test_a_new_entry_is_claimed_while_the_intent_is_stated(gateway: Gateway) -> None:
    claimed = asyncio.Event()

    async def state(version: int) -> None:
        await claimed.wait()
        gateway.happened.append(version)

    async def claim() -> None:
        claimed.set()

    await Gateway(meanwhile(gateway.store, "write_custom_metadata", claim)).doors.set(REF, ME, text("one"), state)
    assert gateway.happened[-1] == "write"
    assert gateway.intents == [1]


async def test_a_look_that_was_begun_before_is_the_only_one(gateway: Gateway) -> None:
    look = gateway.doors.begin(REF)
    made = await gateway.doors.set(REF, ME, text("one"), gateway.intent, begun=look)
    assert (made.version.number, made.changed) == (1, True)
    assert gateway.happened == ["read_metadata", 1, "write_metadata", "write"]


async def test_an_entry_that_comes_after_the_look_is_looked_at(gateway: Gateway) -> None:
    look = gateway.doors.begin(REF)
    await look.metadata
    other = Gateway(gateway.store)
    await other.set("one")
    gateway.happened.clear()
    made = await gateway.doors.set(REF, ME, text("two"), gateway.intent, begun=look)
    assert (made.version.number, gateway.intents) == (2, [1, 2])
    assert (await gateway.doors.reveal(REF, ME)).value == text("two")


@pytest.mark.parametrize("stalled", ["before the intent", "while it is encrypted"])
async def test_a_successor_keeps_its_value_from_one_that_was_too_slow(
    gateway: Gateway, kv: VaultKV, vault_prefix: str, stalled: str
) -> None:
    """The object goes after the look, and the next one of its name is made and set, before the set goes on."""
    clock = [0.0]
    operator = ValueService(VaultStore(kv, EntryPaths(vault_prefix)), now)

    async def successor() -> None:
        await Gateway(gateway.store).set("two", owner=OTHER)
        clock[0] += 40

    doors = ValueDoors(meanwhile(gateway.store, "seal", successor), now, lambda: clock[0])
    look, value = doors.begin(REF), text("one")
    assert await look.metadata is None
    if stalled == "before the intent":
        await successor()
    else:
        value = replace(value, sealed=True)
    with pytest.raises(ConnectionError):
        await doors.set(REF, ME, value, refuse, begun=look)
    assert ownership.read((await gateway.metadata()).custom_metadata) == OTHER
    assert (await operator.settle(REF, OTHER, None)).value == text("two")


async def test_a_look_of_long_ago_is_done_again(gateway: Gateway) -> None:
    clock = [0.0]
    doors = ValueDoors(gateway.store, now, lambda: clock[0])
    look = doors.begin(REF)
    await look.metadata
    gateway.happened.clear()
    clock[0] += FRESH + 0.1
    await doors.set(REF, ME, text("one"), gateway.intent, begun=look)
    assert gateway.happened == ["read_metadata", 1, "write_metadata", "write"]


async def test_an_entry_that_the_look_finds_is_looked_at_anew(gateway: Gateway) -> None:
    await gateway.set("one", owner=OTHER)
    look = gateway.doors.begin(REF)
    await look.metadata
    gateway.happened.clear()
    made = await gateway.doors.set(REF, ME, text("two"), gateway.intent, begun=look)
    assert (made.version.number, made.changed) == (2, True)
    assert gateway.happened[0] == "read_metadata"
    assert [one.version.number for one in await gateway.doors.versions(REF, ME)] == [2]


async def test_a_look_that_fails_fails_the_set(gateway: Gateway) -> None:
    async def away() -> None:
        raise VaultUnavailable(Operation.READ_METADATA, "path", "did not answer in time")

    doors = ValueDoors(meanwhile(gateway.store, "read_metadata", away), now)
    with pytest.raises(VaultUnavailable):
        await doors.set(REF, ME, text("one"), gateway.intent, begun=doors.begin(REF))
    assert gateway.intents == []
