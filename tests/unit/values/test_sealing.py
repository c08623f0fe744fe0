"""How many ciphertexts are decrypted by one request, and what is done without any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.sensitive import Sensitive
from slotwarden.values.paths import EntryPaths, UnsafePath
from slotwarden.values.sealing import BATCH_BYTES, Sealing
from slotwarden.vault.kv import Entry

if TYPE_CHECKING:
    from slotwarden.domain.entries import EntryRef

REF = EnvRef("acme", "shop", "live", "KEY")


class Transit:
    """Notes what is asked of it; a fake, because a real batch of this size takes long to make."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int]] = []

    async def decrypt(self, key: str, sealed: list[tuple[Sensitive, str]]) -> list[Sensitive]:
        self.batches.append((key, len(sealed)))
        return [Sensitive(b"b25l")] * len(sealed)


def entry(**data: bytes) -> Entry:
    held = {name: Sensitive(value) for name, value in data.items()}
    return Entry(held, 1, "", None, destroyed=False, custom_metadata={})


async def opened(*found: tuple[EntryRef, Entry]) -> tuple[list[Entry], list[tuple[str, int]]]:
    transit: Any = Transit()
    return await Sealing(transit, EntryPaths("team/slots")).open(found), transit.batches


async def test_each_key_has_a_batch_of_its_own() -> None:
    other = REF._replace(environment="test")
    entries, batches = await opened(
        *((ref, entry(ciphertext=b"x")) for ref in (REF, other, REF)), (REF, entry(value=b"open"))
    )
    assert sorted(batches) == [("team.slots.acme.shop.live", 2), ("team.slots.acme.shop.test", 1)]
    assert [each.sealed for each in entries] == [True, True, True, False]


@pytest.mark.parametrize(
    ("count", "size", "batches"),
    [(256, 1, [256]), (257, 1, [256, 1]), (3, BATCH_BYTES // 2, [2, 1]), (2, BATCH_BYTES + 1, [1, 1])],
)
async def test_a_batch_is_bounded(count: int, size: int, batches: list[int]) -> None:
    entries, asked = await opened(*[(REF, entry(ciphertext=b"x" * size))] * count)
    assert sorted((number for _, number in asked), reverse=True) == batches
    assert len(entries) == count


async def test_nothing_is_asked_where_nothing_is_encrypted() -> None:
    gone = Entry(None, 1, "", None, destroyed=True, custom_metadata={})
    found = ((REF, entry(value=b"a")), (SlotRef("acme", "a"), entry(ciphertext=b"a")), (REF, gone))
    entries, batches = await opened(*found)
    assert entries == [each for _, each in found]
    assert batches == []
    assert await opened() == ([], [])


@pytest.mark.parametrize("part", ["organization", "project", "environment"])
@pytest.mark.parametrize("wrong", ["", "..", "a/b", "a.b", "*"])
def test_a_key_is_of_allowed_segments(part: str, wrong: str) -> None:
    with pytest.raises(UnsafePath):
        EntryPaths("slots").transit_key(REF._replace(**{part: wrong}))
