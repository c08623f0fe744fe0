"""The value service on a real Vault: what a look at a value may change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.credentials import GitCredential
from slotwarden.domain.entries import SlotRef
from slotwarden.sensitive import Sensitive
from slotwarden.values.ownership import Owner
from slotwarden.values.paths import EntryPaths
from slotwarden.values.service import NoValue, ValueService, VersionDeleted
from slotwarden.values.store import VaultStore

if TYPE_CHECKING:
    from slotwarden.vault.kv import VaultKV

REF = SlotRef("acme", "git")
ME = Owner("cluster", "namespace-uid", "object-uid")
VALUE = GitCredential("bot", Sensitive(b"one"), "https://github.com")


@pytest.fixture
def store(kv: VaultKV, vault_prefix: str) -> VaultStore:
    return VaultStore(kv, EntryPaths(vault_prefix))


@pytest.fixture
def values(store: VaultStore) -> ValueService:
    return ValueService(store, lambda: datetime.now(UTC))


async def test_to_read_a_value_that_was_let_go_does_not_bring_it_back(store: VaultStore, values: ValueService) -> None:
    """A Secret is compared while its slot is deleted: the one must not undo the other."""
    stored = await values.settle(REF, ME, VALUE)
    assert await values.current(REF, ME) == stored
    assert await values.release(REF, ME.cluster, ME.object_uid)
    with pytest.raises(VersionDeleted):
        await values.current(REF, ME)
    metadata = await store.read_metadata(REF)
    assert metadata is not None
    assert metadata.versions[1].is_gone(datetime.now(UTC))
    owner = await values.owner(REF)
    assert owner is not None
    assert owner.released
    # Its owner being there after all is another thing.
    assert await values.settle(REF, ME, None) == stored


async def test_only_the_owner_reads(store: VaultStore, values: ValueService) -> None:
    with pytest.raises(NoValue):
        await values.current(REF, ME)
    await values.settle(REF, ME, VALUE)
    with pytest.raises(NoValue):
        await values.current(REF, Owner("cluster", "namespace-uid", "another"))
    metadata = await store.read_metadata(REF)
    assert metadata is not None
    await store.write_custom_metadata(REF, {})
    with pytest.raises(NoValue):
        await values.current(REF, ME)
