"""The sweep over real entries, with the cluster's lists given: its cap, and what it does on half a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster.errors import Unavailable
from slotwarden.domain.credentials import GitCredential
from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.reconcile import sweep
from slotwarden.reconcile.sweep import Sweeper
from slotwarden.sensitive import Sensitive
from slotwarden.values.ownership import Owner
from slotwarden.values.paths import EntryPaths
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore

if TYPE_CHECKING:
    from slotwarden.domain.entries import EntryRef
    from slotwarden.vault.kv import VaultKV

CLUSTER, NAMESPACE = "cluster-uid", "acme"
VALUE = GitCredential("bot", Sensitive(b"token"), "https://github.com")


@dataclass
class World:
    """Entries in Vault; a cluster without objects whose lists can fail and whose CRD can be missing."""

    store: VaultStore
    served: bool = True
    failing: bool = False
    unknown: set[EntryRef] = field(default_factory=set)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def is_served(self) -> bool:
        return self.served

    async def __call__(self) -> set[Any]:
        """As a resync."""
        if self.failing:
            raise Unavailable("list", "secretslots", 503, "no reason given")
        return set()

    def is_in_doubt(self, ref: EntryRef) -> bool:
        return ref in self.unknown

    async def cluster(self) -> str:
        return CLUSTER

    @property
    def values(self) -> ValueService:
        return ValueService(self.store, lambda: self.now)

    def sweeper(self) -> Sweeper:
        context: Any = SimpleNamespace(
            store=self.store, values=self.values, cache=SimpleNamespace(slots={}), namespaces=self
        )
        world: Any = self
        return Sweeper(context, world, world, (NAMESPACE,), lambda keys: None)

    async def add(self, *names: str) -> None:
        """Entries of objects that are gone."""
        for name in names:
            owner = Owner(CLUSTER, "namespace-uid", f"uid-of-{name}")
            await self.values.settle(SlotRef(NAMESPACE, name), owner, VALUE)

    async def released(self) -> set[str]:
        found = set()
        for ref in await self.store.list_slots(NAMESPACE):
            owner = await self.values.owner(ref)
            if owner is not None and owner.released:
                found.add(ref.slot)
        return found


@pytest.fixture
def world(kv: VaultKV, vault_prefix: str) -> World:
    return World(VaultStore(kv, EntryPaths(vault_prefix)))


async def test_a_value_is_let_go_only_when_two_sweeps_miss_its_object(world: World) -> None:
    await world.add("a")
    sweeper = world.sweeper()
    assert (await sweeper.sweep()).suspected == 1
    assert await world.released() == set()
    assert (await sweeper.sweep()).released == 1
    assert await world.released() == {"a"}
    assert (await sweeper.sweep()).released == 0


async def test_a_key_of_an_environment_is_swept_like_a_slot(world: World) -> None:
    ref = EnvRef(NAMESPACE, "shop", "live", "KEY")
    await world.values.settle(ref, Owner(CLUSTER, "namespace-uid", "uid"), EnvValue(Sensitive(b"value")))
    sweeper = world.sweeper()
    assert (await sweeper.sweep()).suspected == 1
    assert (await sweeper.sweep()).released == 1
    world.now += timedelta(days=8)
    assert (await sweeper.sweep()).purged == 1
    assert await world.store.list_env(NAMESPACE) == []


async def test_a_sweep_lets_go_of_no_more_than_its_cap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "CAP", 2)
    await world.add("a", "b", "c")
    sweeper = world.sweeper()
    await sweeper.sweep()
    second = await sweeper.sweep()
    assert (second.released, second.capped, second.suspected) == (2, True, 1)
    third = await sweeper.sweep()
    assert (third.released, third.capped) == (1, False)
    assert await world.released() == {"a", "b", "c"}


async def test_a_list_that_fails_lets_go_of_nothing_and_confirms_nothing(world: World) -> None:
    await world.add("a")
    sweeper = world.sweeper()
    world.failing = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await sweeper.sweep()
    world.failing = False
    await sweeper.sweep()
    assert await world.released() == set()
    world.failing = True
    with pytest.raises(Unavailable):
        await sweeper.sweep()
    assert await world.released() == set()


async def test_what_the_lists_cannot_tell_of_is_left(world: World) -> None:
    await world.add("A_b", "c")
    world.unknown = {SlotRef(NAMESPACE, "A_b")}
    sweeper = world.sweeper()
    for _ in range(3):
        await sweeper.sweep()
    assert await world.released() == {"c"}


async def test_nothing_is_let_go_or_purged_while_the_crd_is_not_served(world: World) -> None:
    await world.add("dead", "old")
    sweeper = world.sweeper()
    await world.values.release(SlotRef(NAMESPACE, "old"), CLUSTER, "uid-of-old")
    await sweeper.sweep()
    world.now += timedelta(days=8)
    world.served = False
    for _ in range(2):
        swept = await sweeper.sweep()
        assert (swept.released, swept.purged) == (0, 0)
    assert await world.released() == {"old"}
    world.served = True
    swept = await sweeper.sweep()
    assert (swept.released, swept.purged) == (1, 1)
    assert {ref.slot for ref in await world.store.list_slots(NAMESPACE)} == {"dead"}


async def test_a_released_value_is_purged_after_seven_days_to_the_second(world: World) -> None:
    await world.add("a")
    ref = SlotRef(NAMESPACE, "a")
    world.now = world.now.replace(microsecond=0)
    await world.values.release(ref, CLUSTER, "uid-of-a")
    world.now += timedelta(days=7, seconds=-1)
    assert (await world.sweeper().sweep()).purged == 0
    assert await world.values.owner(ref) is not None
    world.now += timedelta(seconds=1)
    assert (await world.sweeper().sweep()).purged == 1
    assert await world.values.owner(ref) is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("slotwarden.io/released", "last tuesday"),
        ("slotwarden.io/released", "9999-12-31T00:00:00+00:00"),
        ("slotwarden.io/deletion-policy", "Retain"),
        ("slotwarden.io/deletion-policy", "typo"),
    ],
)
async def test_a_released_value_whose_owner_was_edited_is_kept_and_stops_nobody(
    world: World, key: str, text: str
) -> None:
    await world.add("edited", "old")
    for name in ("edited", "old"):
        await world.values.release(SlotRef(NAMESPACE, name), CLUSTER, f"uid-of-{name}")
    ref = SlotRef(NAMESPACE, "edited")
    metadata = await world.store.read_metadata(ref)
    assert metadata is not None
    await world.store.write_custom_metadata(ref, {**metadata.custom_metadata, key: text})
    world.now += timedelta(days=8)
    assert (await world.sweeper().sweep()).purged == 1
    assert [left.slot for left in await world.store.list_slots(NAMESPACE)] == ["edited"]


async def test_a_time_without_a_zone_is_taken_as_utc(world: World) -> None:
    await world.add("a")
    ref = SlotRef(NAMESPACE, "a")
    await world.values.release(ref, CLUSTER, "uid-of-a")
    metadata = await world.store.read_metadata(ref)
    assert metadata is not None
    moment = world.now.replace(tzinfo=None).isoformat(timespec="seconds")
    await world.store.write_custom_metadata(ref, {**metadata.custom_metadata, "slotwarden.io/released": moment})
    assert (await world.sweeper().sweep()).purged == 0
    world.now += timedelta(days=8)
    assert (await world.sweeper().sweep()).purged == 1
