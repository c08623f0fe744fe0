"""Lists that tell only half: what they cannot tell of stays as it was known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster.errors import Unavailable
from slotwarden.cluster.listing import Listing
from slotwarden.cluster.slots import LAST_APPLIED
from slotwarden.reconcile import resync as resync_module
from slotwarden.reconcile.cache import Cache
from slotwarden.reconcile.keys import SlotKey, TargetKey
from slotwarden.reconcile.observe import SlotView, slot_view
from slotwarden.reconcile.resync import Resync
from slotwarden.vault.errors import Operation, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.domain.kinds import Kind

A, B = SlotKey("a", "git", "slot"), SlotKey("b", "git", "slot")


def slot(key: SlotKey, version: int = 1, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": key.namespace,
            "name": key.name,
            "uid": f"uid-of-{key.namespace}",
            "resourceVersion": str(version),
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": spec or {"git": {"url": "https://github.com"}},
    }


def secret(key: TargetKey) -> dict[str, Any]:
    metadata = {"namespace": key.namespace, "name": key.name, "uid": f"uid-of-{key}", "resourceVersion": "1"}
    return {"metadata": metadata, "data": {}}


class Cluster:
    """What is listed, as a lister; and a keyring without a key."""

    key = None

    def __init__(self) -> None:
        self.listed: Sequence[dict[str, Any]] = [slot(A), slot(B)]
        self.held: Sequence[dict[str, Any]] = [secret(TargetKey(*A[:2])), secret(TargetKey(*B[:2]))]
        self.refused: frozenset[str] = frozenset()
        self.failing = False

    async def slots(self, resource: str, read: Callable[[Any], Any]) -> Listing[Any]:
        if self.failing:
            raise Unavailable("list", resource, 503, "no reason given")
        return self._listing(self.listed if resource == "secretslots" else (), read)

    async def secrets(self, read: Callable[[Any], Any]) -> Listing[Any]:
        return self._listing(self.held, read)

    def _listing(self, raw: Sequence[dict[str, Any]], read: Callable[[Any], Any]) -> Listing[Any]:
        made = [read(item) for item in raw]
        return Listing([item for item in made if item is not None], 10, self.refused)

    async def look(self) -> None:
        raise VaultUnavailable(Operation.READ, "mac-key", "away")


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def cache() -> Cache:
    return Cache()


@pytest.fixture
def resync(cluster: Cluster, cache: Cache) -> Resync:
    both: Any = cluster
    return Resync(both, cache, both)


async def test_what_is_no_longer_listed_is_gone(cluster: Cluster, cache: Cache, resync: Resync) -> None:
    await resync()
    assert set(cache.slots) == {A, B}
    cluster.listed, cluster.held = [slot(B)], []
    assert A in await resync()
    assert set(cache.slots) == {B}
    assert cache.gone[A][0].uid == "uid-of-a"
    assert not cache.secrets


async def test_a_namespace_that_may_not_be_listed_stays(cluster: Cluster, cache: Cache, resync: Resync) -> None:
    await resync()
    cluster.listed, cluster.held, cluster.refused = [], [], frozenset({"a"})
    await resync()
    assert set(cache.slots) == {A}
    assert set(cache.secrets) == {TargetKey(*A[:2])}
    assert resync.is_unknown(A)
    assert not resync.is_unknown(B)
    cluster.refused = frozenset()
    await resync()
    assert not cache.slots
    assert not resync.is_unknown(A)


LONG = ".".join(["a" * 63] * 4)


@pytest.mark.parametrize(
    "spec",
    [
        {"git": "unreadable"},
        {"git": {"url": f"https://{LONG}"}},
        {"registry": {"serverAddress": LONG}},
        {"registry": {"serverAddress": "ghcr.io/path"}},
        {"git": {"url": "https://github.com"}, "refreshInterval": "often"},
    ],
)
async def test_an_object_that_cannot_be_read_stays_and_stops_nobody(
    cluster: Cluster, cache: Cache, resync: Resync, spec: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await resync()
    cluster.listed = [slot(A, 2, **spec), slot(B, 2)]
    await resync()
    assert cache.slots[A].version == 1
    assert cache.slots[B].version == 2
    assert not cache.gone
    assert resync.is_unknown(A)
    assert not resync.is_unknown(TargetKey(*A[:2]))
    assert "SecretSlot a/git cannot be read: " in caplog.text
    assert LONG not in caplog.text


async def test_a_record_of_kubectls_that_is_nested_too_deep_stops_nobody(
    cluster: Cluster, cache: Cache, resync: Resync
) -> None:
    deep = slot(A)
    deep["metadata"]["annotations"] = {LAST_APPLIED: '{"token":' * 5000}
    cluster.listed = [deep, slot(B)]
    await resync()
    assert set(cache.slots) == {A, B}
    # When in doubt, it holds a value.
    assert cache.slots[A].last_applied is not None


async def test_an_object_that_nobody_foresaw_stays_and_stops_nobody(
    cluster: Cluster, cache: Cache, resync: Resync, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await resync()

    def read(kind: Kind, raw: dict[str, Any]) -> SlotView:
        if raw["metadata"]["namespace"] == "a":
            raise RecursionError("canary")
        return slot_view(kind, raw)

    monkeypatch.setattr(resync_module, "slot_view", read)
    odd = secret(TargetKey(*A[:2]))
    del odd["metadata"]["uid"]
    cluster.listed, cluster.held = [slot(A, 2), slot(B, 2)], [odd]
    await resync()
    assert (cache.slots[A].version, cache.slots[B].version) == (1, 2)
    assert set(cache.secrets) == {TargetKey(*A[:2])}
    assert "SecretSlot a/git cannot be read: RecursionError" in caplog.text
    assert "Secret a/git cannot be read: KeyError" in caplog.text
    assert "canary" not in caplog.text


async def test_a_list_that_fails_changes_nothing(cluster: Cluster, cache: Cache, resync: Resync) -> None:
    await resync()
    cluster.listed, cluster.failing = [], True
    with pytest.raises(Unavailable):
        await resync()
    assert set(cache.slots) == {A, B}
