"""Setting a value through a door: what is written, what is said before, and what others do meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.domain.credentials import GitCredential
from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.sensitive import Sensitive
from slotwarden.values.doors import AlreadySet, ValueDoors
from slotwarden.values.entries import NotOwner, NoValue
from slotwarden.values.ownership import read
from slotwarden.values.paths import EntryPaths, UnsafePath
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore
from slotwarden.values.versions import VersionMismatch
from slotwarden.vault.errors import CasMismatch, Operation, VaultUnavailable
from tests.vault.gateway import ELSEWHERE, ME, OTHER, REF, Gateway, now, text
from tests.vault.meanwhile import meanwhile

if TYPE_CHECKING:
    from slotwarden.vault.kv import VaultKV
    from testbed.clients.vault import VaultAdmin


@pytest.fixture
def operator(kv: VaultKV, vault_prefix: str) -> ValueService:
    """The other process."""
    return ValueService(VaultStore(kv, EntryPaths(vault_prefix)), now)


@pytest.mark.parametrize(
    ("ref", "value"),
    [
        (REF, text("é\0\n")),
        (REF, text("")),
        (REF, replace(text(""), value=Sensitive(b"\xff\0\xfe"))),
        (SlotRef("acme", "Git_1"), GitCredential("bot", Sensitive(b"token"), "https://github.com")),
    ],
)
async def test_a_value_goes_in_and_the_operator_finds_it(
    gateway: Gateway, operator: ValueService, ref: Any, value: Any
) -> None:
    first = await gateway.doors.set(ref, ME, value, gateway.intent)
    assert (first.version.number, first.changed, gateway.intents) == (1, True, [1])
    stored = await operator.settle(ref, ME, None, known=True)
    assert (stored.value, stored.version) == (value, first.version)
    assert await gateway.doors.reveal(ref, ME) == stored


async def test_the_intent_is_stated_before_anything_is_written(gateway: Gateway) -> None:
    await gateway.set("one")
    assert gateway.happened == ["read_metadata", 1, "write_metadata", "write"]
    gateway.happened.clear()
    await gateway.set("two")
    assert gateway.happened == ["read_metadata", "read", 2, "write"]


async def test_equal_content_makes_no_version_and_is_told(gateway: Gateway) -> None:
    first = await gateway.set("one")
    gateway.happened.clear()
    again = await gateway.set("one")
    assert (again.version, again.changed) == (first.version, False)
    assert gateway.happened == ["read_metadata", "read", 1]


async def test_a_dry_run_states_and_writes_nothing(gateway: Gateway) -> None:
    async def dry(content: str, **options: Any) -> tuple[int, str, bool]:
        made = await gateway.doors.set(REF, ME, text(content), gateway.intent, dry_run=True, **options)
        return made.version.number, made.version.created_time, made.changed

    assert await dry("one") == (1, "", True)
    assert await gateway.store.read_metadata(REF) is None
    first = (await gateway.set("one")).version
    gateway.happened.clear()
    assert await dry("two") == (2, "", True)
    assert await dry("one") == (1, first.created_time, False)
    with pytest.raises(VersionMismatch):
        await dry("two", expected=2)
    assert set(gateway.happened) == {"read_metadata", "read"}


async def test_the_expected_version(gateway: Gateway) -> None:
    with pytest.raises(VersionMismatch):
        await gateway.set("one", expected=1)
    await gateway.set("one", expected=0)
    await gateway.set("two", expected=1)
    with pytest.raises(VersionMismatch, match="newest version is 2") as caught:
        await gateway.set("three", expected=1)
    assert (caught.value.current, gateway.intents) == (2, [1, 2])


@pytest.mark.parametrize("expected", [None, 0])
async def test_a_set_whose_answer_was_lost_is_repeated_without_a_second_version(
    gateway: Gateway, expected: int | None
) -> None:
    class Lossy:
        def __getattr__(self, name: str) -> Any:
            return getattr(gateway.store, name)

        async def write(self, *args: Any, **options: Any) -> None:
            await gateway.store.write(*args, **options)
            raise VaultUnavailable(Operation.WRITE, "path", "did not answer in time")

    lossy: Any = Lossy()
    with pytest.raises(VaultUnavailable):
        await Gateway(lossy).set("one", expected=expected)
    again = await gateway.set("one", expected=expected)
    assert (again.version.number, again.changed, gateway.intents) == (1, False, [1])


async def test_a_crash_between_claim_and_write_leaves_an_entry_that_works(
    gateway: Gateway, operator: ValueService
) -> None:
    async def crash() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Gateway(meanwhile(gateway.store, "write", crash)).set("one")
    assert read((await gateway.metadata()).custom_metadata) == ME
    assert await gateway.doors.versions(REF, ME) == ()
    for nothing in (gateway.doors.reveal(REF, ME), operator.settle(REF, ME, None)):
        with pytest.raises(NoValue):
            await nothing
    assert (await gateway.set("one")).version.number == 1
    assert (await operator.settle(REF, ME, None)).value == text("one")


async def first(gateway: Gateway, content: str, **options: Any) -> int:
    made = await gateway.doors.set(REF, ME, text(content), gateway.intent, first=True, **options)
    return made.version.number


async def test_a_first_value_is_set_once(gateway: Gateway) -> None:
    assert await first(gateway, "one") == 1
    assert gateway.happened == ["read_metadata", 1, "write_metadata", "write"]
    gateway.happened.clear()
    # Whatever it is: neither the answer nor what is done tells whether the contents are the same.
    for content in ("one", "two"):
        for dry_run in (False, True):
            with pytest.raises(AlreadySet):
                await first(gateway, content, dry_run=dry_run)
    assert gateway.happened == ["read_metadata"] * 4


@pytest.mark.parametrize("gone", ["soft_delete", "destroy"])
async def test_what_was_deleted_is_no_value(
    gateway: Gateway, vault_admin: VaultAdmin, vault_prefix: str, gone: str
) -> None:
    await gateway.set("one")
    getattr(vault_admin, gone)(EntryPaths(vault_prefix).of(REF), [1])
    assert await first(gateway, "one") == 2


async def test_of_two_first_values_one_is_set(gateway: Gateway) -> None:
    slow = Gateway(meanwhile(gateway.store, "write", lambda: first(gateway, "one")))
    with pytest.raises(AlreadySet):
        await first(slow, "two")
    assert (await gateway.doors.reveal(REF, ME)).value == text("one")


async def test_a_lost_race_is_decided_anew(gateway: Gateway) -> None:
    slow = Gateway(meanwhile(gateway.store, "write", lambda: gateway.set("two")))
    assert (await slow.set("one")).version.number == 2
    assert (slow.intents, gateway.intents) == ([1, 2], [1])
    assert (await gateway.doors.reveal(REF, ME)).value == text("one")


async def test_of_two_that_set_the_same_one_makes_the_version(gateway: Gateway) -> None:
    slow = Gateway(meanwhile(gateway.store, "write", lambda: gateway.set("one")))
    made = await slow.set("one")
    assert (made.version.number, made.changed, slow.intents) == (1, False, [1, 1])


async def test_a_lost_race_breaks_the_expectation(gateway: Gateway) -> None:
    await gateway.set("one")
    slow = Gateway(meanwhile(gateway.store, "write", lambda: gateway.set("two")))
    with pytest.raises(VersionMismatch, match="newest version is 2"):
        await slow.set("three", expected=1)
    assert (await gateway.metadata()).current_version == 2


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("replicas", [1, 3])
async def test_of_many_writers_every_acknowledged_value_is_a_version(
    gateway: Gateway, vault_admin: VaultAdmin, vault_prefix: str, begun: bool, replicas: int
) -> None:
    """In one process they take turns; those that lose every race with others are told so, and wrote nothing."""
    vault_admin.request(
        "POST", f"{vault_admin.mount}/metadata/{EntryPaths(vault_prefix).of(REF)}", {"max_versions": 50}
    )
    if begun:
        await gateway.set("at first")
    doors = [ValueDoors(gateway.store, now) for _ in range(replicas)]
    writes = [doors[at % replicas].set(REF, ME, text(f"content {at}"), gateway.intent) for at in range(20)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    made = {one.version.number: at for at, one in enumerate(outcomes) if not isinstance(one, BaseException)}
    assert {type(one) for one in outcomes if isinstance(one, BaseException)} <= {CasMismatch}
    assert len(made) == 20 or (made and replicas > 1)
    assert sorted(made) == list(range(1 + begun, 1 + begun + len(made)))
    for version, at in made.items():
        assert (await gateway.doors.reveal(REF, ME, version)).value == text(f"content {at}")
    assert (await gateway.doors.reveal(REF, ME)).value == text(f"content {made[max(made)]}")
    assert max(made) == (await gateway.metadata()).current_version
    assert set(made) <= set(gateway.intents)


async def test_another_cluster_that_claims_at_the_same_moment_stops_the_write(
    gateway: Gateway, vault_admin: VaultAdmin, vault_prefix: str
) -> None:
    async def claimed() -> None:
        await gateway.store.write_custom_metadata(REF, {"slotwarden.io/object-uid": "x", "slotwarden.io/cluster": "y"})

    with pytest.raises(NotOwner):
        await Gateway(meanwhile(gateway.store, "write", claimed)).set("one")
    assert vault_admin.read(EntryPaths(vault_prefix).of(REF)) is None


@pytest.mark.parametrize("owner", [ELSEWHERE, replace(OTHER, policy="Retain")])
async def test_anothers_entry_is_left_alone_unless_it_is_adopted(gateway: Gateway, owner: Any) -> None:
    await gateway.set("theirs", owner=owner)
    gateway.happened.clear()
    with pytest.raises(NotOwner):
        await gateway.set("mine")
    assert gateway.happened == ["read_metadata"]
    # What it holds is taken over with it.
    assert not (await gateway.set("theirs", adopt=True)).changed
    assert read((await gateway.metadata()).custom_metadata) == ME
    assert (await gateway.set("mine")).version.number == 2


async def test_a_living_namesakes_entry_is_left_alone(gateway: Gateway) -> None:
    await gateway.set("theirs", owner=OTHER)
    gateway.happened.clear()
    with pytest.raises(NotOwner):
        await gateway.set("mine", owner=replace(ME, namesakes=frozenset({OTHER.object_uid})))
    assert gateway.happened == ["read_metadata"]


@pytest.mark.parametrize("released", [False, True])
async def test_a_dead_predecessor_is_succeeded_and_its_value_let_go(
    gateway: Gateway, operator: ValueService, released: bool
) -> None:
    await gateway.set("theirs", owner=OTHER)
    if released:
        await operator.release(REF, OTHER.cluster, OTHER.object_uid)
    gateway.happened.clear()
    # Equal content too: what it held is not even looked at.
    assert (await gateway.set("theirs", expected=0)).version.number == 2
    assert "read" not in gateway.happened
    assert (await gateway.metadata()).versions[1].is_gone(now())
    assert [one.version.number for one in await gateway.doors.versions(REF, ME)] == [2]
    assert (await operator.settle(REF, ME, None)).version.number == 2


async def test_a_value_written_by_hand_is_claimed(gateway: Gateway, vault_admin: VaultAdmin, vault_prefix: str) -> None:
    path = EntryPaths(vault_prefix).of(REF)
    vault_admin.write(path, {"value": "by hand"})
    vault_admin.set_custom_metadata(path, {"team": "payments"})
    kept = await gateway.set("by hand")
    assert (kept.version.number, kept.changed) == (1, False)
    owned = (await gateway.metadata()).custom_metadata
    assert (read(owned), owned["team"]) == (ME, "payments")
    assert (await gateway.set("two", expected=1)).version.number == 2


@pytest.mark.parametrize("data", [{"value": 7}, {"other": "x"}, {"value_base64": "%"}, {}])
async def test_what_holds_no_value_is_written_over(
    gateway: Gateway, vault_admin: VaultAdmin, vault_prefix: str, data: dict[str, Any]
) -> None:
    vault_admin.write(EntryPaths(vault_prefix).of(REF), data)
    assert (await gateway.set("one")).version.number == 2


async def test_no_path_climbs(gateway: Gateway) -> None:
    for ref in (EnvRef("acme", "..", "live", "KEY"), EnvRef("acme", "shop", "live", "../KEY"), SlotRef("..", "a")):
        for refused in (
            gateway.set("one", ref),
            gateway.doors.reveal(ref, ME),
            gateway.doors.versions(ref, ME),
            gateway.doors.rollback(ref, ME, 1, gateway.intent, fits=lambda value: None),
        ):
            with pytest.raises(UnsafePath):
                await refused
    assert gateway.happened == []
