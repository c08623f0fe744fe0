"""What a slot's run does where the API server's answers contradict each other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slotwarden.cluster.errors import Conflict
from slotwarden.reconcile import status
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


async def test_the_event_is_of_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes known of a slot while its status is written is told with the next status, and not twice."""
    cache, _, reconciler = conflicting(shown=6)
    told: list[object] = []
    state: Any = SimpleNamespace(told=None, version=1, problem=None, outcome="Ready", handled_refresh="")
    state.source_mac = state.answered = None

    async def patch_status(*_: object) -> dict[str, Any]:
        state.outcome = "TargetConflict"
        return await Slots(6).get()

    context: Any = reconciler._context
    context.slots = {"slot": SimpleNamespace(patch_status=patch_status)}
    context.store = SimpleNamespace(location=lambda _: "somewhere")
    context.now = lambda: None
    context.events = SimpleNamespace(post=lambda _kind, _about, *event: told.append(event))
    monkeypatch.setattr(status, "change", lambda report: {"reason": report.state.outcome})
    monkeypatch.setattr(status, "event", lambda report: ("Normal", report.state.outcome, "told"))
    await reconciler._tell(ONE, cache.slots[ONE], state)
    assert told == [("Normal", "Ready", "told")]
