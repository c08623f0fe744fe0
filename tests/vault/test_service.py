"""The value service on a real Vault: what a look at a value may change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.credentials import GitCredential
from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.sensitive import Sensitive
from slotwarden.values.entries import Entries, NotOwner, NoValue, VersionDeleted, hold
from slotwarden.values.ownership import Owner
from slotwarden.values.paths import EntryPaths
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore
from slotwarden.vault.policy import render
from tests.vault.meanwhile import meanwhile

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.domain.declared import Value
    from slotwarden.domain.entries import EntryRef
    from slotwarden.vault.kv import VaultKV
    from testbed.clients.vault import VaultAdmin

REF = SlotRef("acme", "git")
ME = Owner("cluster", "namespace-uid", "object-uid")
VALUE = GitCredential("bot", Sensitive(b"one"), "https://github.com")


OTHER = replace(ME, object_uid="another")
CHANGED = replace(VALUE, token=Sensitive(b"two"))


@pytest.fixture
def requests() -> list[str]:
    """What was asked of Vault."""
    return []


@pytest.fixture
def store(
    make_kv: Callable[..., VaultKV],
    make_token: Callable[..., str],
    vault_admin: VaultAdmin,
    vault_prefix: str,
    requests: list[str],
) -> VaultStore:
    token = make_token(render(vault_admin.mount, vault_prefix))
    return VaultStore(
        make_kv(token, observe=lambda operation, *_: requests.append(operation)), EntryPaths(vault_prefix)
    )


@pytest.fixture
def values(store: VaultStore) -> ValueService:
    return ValueService(store, lambda: datetime.now(UTC))


REFS = pytest.mark.parametrize(
    ("ref", "value"),
    [
        (REF, VALUE),
        (EnvRef("acme", "shop", "live", "TEXT"), EnvValue(Sensitive("é\0\n".encode()))),
        (EnvRef("acme", "shop", "live", "BYTES"), EnvValue(Sensitive(b"\xff\0\xfe"))),
        (EnvRef("acme", "shop", "live", "EMPTY"), EnvValue(Sensitive(b""))),
    ],
)


@REFS
async def test_a_value_of_either_kind_is_kept(values: ValueService, ref: EntryRef, value: Value) -> None:
    stored = await values.settle(ref, ME, value)
    assert (stored.value, stored.version.number) == (value, 1)
    for known in (False, True):
        assert await values.settle(ref, ME, value, known=known) == stored
        assert await values.settle(ref, ME, None, known=known) == stored
    assert await values.current(ref, ME) == stored


@REFS
async def test_a_rotation_costs_one_read(
    values: ValueService, store: VaultStore, requests: list[str], ref: EntryRef, value: Value
) -> None:
    first = await values.settle(ref, ME, value)
    requests.clear()
    await values.settle(ref, ME, None, known=True)
    assert requests == ["read"]
    await store.write(ref, {"value": Sensitive(b"x"), "token": Sensitive(b"x"), "username": Sensitive(b"x")}, cas=1)
    requests.clear()
    assert (await values.settle(ref, ME, value, known=True)).version.number == first.version.number + 2
    assert requests == ["read", "write"]


async def test_of_another_nothing_is_taken_although_it_was_known(
    values: ValueService, store: VaultStore, requests: list[str]
) -> None:
    await values.settle(REF, replace(OTHER, policy="Retain"), VALUE)
    requests.clear()
    with pytest.raises(NotOwner):
        await values.settle(REF, ME, CHANGED, known=True)
    assert requests == ["read", "read_metadata"]
    entry = await store.read(REF)
    assert entry is not None
    assert entry.version == 1


async def test_an_entry_that_is_gone_although_it_was_known_is_made_anew(
    values: ValueService, store: VaultStore
) -> None:
    await values.settle(REF, ME, VALUE)
    await store.purge(REF)
    with pytest.raises(NoValue):
        await values.settle(REF, ME, None, known=True)
    assert (await values.settle(REF, ME, VALUE, known=True)).version.number == 1


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
        await values.current(REF, OTHER)
    metadata = await store.read_metadata(REF)
    assert metadata is not None
    await store.write_custom_metadata(REF, {})
    with pytest.raises(NoValue):
        await values.current(REF, ME)


@pytest.mark.parametrize("method", ["soft_delete", "patch_custom_metadata"])
@pytest.mark.parametrize("heir", [False, True], ids=["deletion", "succession"])
async def test_a_value_set_while_a_predecessor_is_let_go_stands(
    store: VaultStore, values: ValueService, method: str, heir: bool
) -> None:
    """An object is deleted and made again, and has its value from the gateway before the operator is through."""
    await values.settle(REF, OTHER, VALUE)
    slow = ValueService(meanwhile(store, method, lambda: values.settle(REF, ME, CHANGED)), lambda: datetime.now(UTC))
    if heir:
        with pytest.raises(NoValue):
            await slow.settle(REF, ME, None)
    else:
        assert await slow.release(REF, OTHER.cluster, OTHER.object_uid)
    stored = await values.settle(REF, ME, None)
    assert (stored.value, stored.version.number) == (CHANGED, 2)
    owner = await values.owner(REF)
    assert owner == replace(ME, first_version=2)


async def test_what_a_predecessor_left_is_destroyed_in_time_and_nothing_else(
    store: VaultStore, values: ValueService
) -> None:
    await values.settle(REF, OTHER, VALUE)
    await values.release(REF, OTHER.cluster, OTHER.object_uid)
    slow = ValueService(
        meanwhile(store, "destroy", lambda: values.settle(REF, ME, CHANGED)),
        lambda: datetime.now(UTC) + timedelta(days=7, minutes=1),
    )
    with pytest.raises(NoValue):
        await values.settle(REF, ME, None)
    metadata = await store.read_metadata(REF)
    assert metadata is not None
    assert not metadata.versions[1].destroyed
    with pytest.raises(NoValue):
        await slow.settle(REF, ME, None)
    metadata = await store.read_metadata(REF)
    assert metadata is not None
    assert [metadata.versions[number].destroyed for number in (1, 2)] == [True, False]
    assert (await values.settle(REF, ME, None)).value == CHANGED


async def test_a_version_of_a_predecessor_is_not_taken_for_ones_own(store: VaultStore, values: ValueService) -> None:
    """Somebody undeletes it in Vault, and it happens to be what the heir is given."""
    await values.settle(REF, OTHER, VALUE)
    await values.release(REF, OTHER.cluster, OTHER.object_uid)
    held = hold(await store.read_metadata(REF), ME, datetime.now(UTC))
    await Entries(store).claim(REF, held)
    await store.undelete(REF, [1])
    with pytest.raises(NoValue):
        await values.settle(REF, ME, None)
    assert (await values.settle(REF, ME, VALUE)).version.number == 2


async def test_equal_content_in_another_form_makes_no_version(values: ValueService, store: VaultStore) -> None:
    ref = EnvRef("acme", "shop", "live", "KEY")
    await store.write_custom_metadata(ref, {}, creates=True)
    await store.write(ref, {"value_base64": Sensitive(b"b25l"), "note": Sensitive(b"by hand")}, cas=0)
    assert (await values.settle(ref, ME, EnvValue(Sensitive(b"one")))).version.number == 1
    assert await values.owner(ref) == ME
