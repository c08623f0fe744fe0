"""What a slot's run does where the API server's answers contradict each other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slotwarden.cluster.errors import Conflict
from slotwarden.reconcile.cache import Cache
from slotwarden.reconcile.keys import Key, SlotKey
from slotwarden.reconcile.slot import SlotReconciler
from tests.unit.reconcile.objects import slot

ONE = SlotKey("acme", "one", "slot")


class Slots:
    """Refuses every write, and shows an object of one version."""

    def __init__(self, shown: int) -> None:
        self.shown = shown

    async def scrub(self, *_: object, **__: object) -> None:
        raise Conflict("patch", "secretslots", 409, "the object has been modified")

    async def get(self, *_: object) -> dict[str, Any]:
        return {
            "metadata": {
                "namespace": "acme",
                "name": "one",
                "uid": "uid-1",
                "resourceVersion": str(self.shown),
                "generation": 1,
                "creationTimestamp": "2026-01-01T00:00:00Z",
            },
            "spec": {"registry": {"serverAddress": "ghcr.io", "username": "bot"}},
        }


def conflicting(shown: int) -> tuple[Cache, list[Key], SlotReconciler]:
    cache, queued = Cache(), list[Key]()
    cache.put_slot(slot(version=5))
    context: Any = SimpleNamespace(cache=cache, slots={"slot": Slots(shown)}, queue=SimpleNamespace(add=queued.append))
    return cache, queued, SlotReconciler(context)


async def test_a_conflict_with_something_newer_is_tried_again_at_once() -> None:
    cache, queued, reconciler = conflicting(shown=6)
    state: Any = None
    assert await reconciler._scrub(ONE, cache.slots[ONE], state) is None
    assert cache.slots[ONE].version == 6
    assert ONE in queued


async def test_a_conflict_with_something_older_waits() -> None:
    """As after etcd was restored from a backup: to try at once would go on for ever."""
    cache, queued, reconciler = conflicting(shown=4)
    state: Any = None
    with pytest.raises(Conflict):
        await reconciler._scrub(ONE, cache.slots[ONE], state)
    assert queued == []
