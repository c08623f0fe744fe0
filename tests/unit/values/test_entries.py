"""In what order a new entry is claimed and its intent stated."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.sensitive import Sensitive
from slotwarden.values import ownership
from slotwarden.values.entries import FRESH, Entries, hold
from slotwarden.vault.kv import Written
from tests.unit.values.entries import ME, NOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.domain.entries import EntryRef
    from slotwarden.values.store import ValueStore

REF = EnvRef("acme", "shop", "live", "KEY")


class Slow:
    """A store whose encryption takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.time = 100.0
        self.done: list[str] = []

    async def seal(self, _ref: EntryRef, _encoded: Sensitive) -> Mapping[str, Sensitive]:
        self.time += self.seconds
        return {}

    async def write_custom_metadata(self, _ref: EntryRef, _owner: Mapping[str, str], **_more: Any) -> None:
        self.done.append("claim")

    async def write(self, _ref: EntryRef, _data: Mapping[str, Sensitive], **_more: Any) -> Written:
        self.done.append("write")
        return Written(1, "", ownership.write({}, ME))

    async def intent(self, _version: int) -> None:
        # What is begun at the same time comes to its end before this does.
        await asyncio.sleep(0)
        self.done.append("intent")


@pytest.mark.parametrize(("seconds", "first"), [(FRESH, "claim"), (FRESH + 0.1, "intent")])
async def test_a_claim_goes_beside_its_intent_only_right_after_the_look(seconds: float, first: str) -> None:
    store = Slow(seconds)
    entries = Entries(cast("ValueStore", store), lambda: store.time)
    value = EnvValue(Sensitive.of_text("one"), sealed=True)
    await entries.write(REF, hold(None, ME, NOW), value, store.intent, seen=100.0)
    assert store.done == [*sorted(("claim", "intent"), key=lambda each: each != first), "write"]
