"""The gateway's policy: every door works with it, each capability in it is needed, and it opens nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.sensitive import Sensitive
from slotwarden.values.doors import ValueDoors
from slotwarden.values.mac import load_or_create
from slotwarden.values.ownership import Owner, write
from slotwarden.values.paths import EntryPaths
from slotwarden.values.store import VaultStore
from slotwarden.vault.errors import Operation, VaultDenied
from slotwarden.vault.policy import render
from tests.vault.rules import without

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.domain.entries import EntryRef
    from slotwarden.vault.kv import VaultKV
    from testbed.clients.vault import VaultAdmin

NEW, OLD = EnvRef("acme", "shop", "live", "NEW"), SlotRef("acme", "old")
ME = Owner("cluster", "namespace-uid", "object-uid")
DEAD = replace(ME, object_uid="another")
ONE, TWO = EnvValue(Sensitive(b"one")), EnvValue(Sensitive(b"two"))


async def intent(version: int) -> None:
    pass


async def work(store: VaultStore) -> None:
    """All that the doors ever do: at a new entry, and at a dead predecessor's."""
    doors = ValueDoors(store, lambda: datetime.now(UTC))
    await doors.set(NEW, ME, ONE, intent)
    await doors.set(NEW, ME, TWO, intent)
    await doors.reveal(NEW, ME)
    await doors.reveal(NEW, ME, 1)
    await doors.versions(NEW, ME)
    await doors.rollback(NEW, ME, 1, intent, fits=lambda value: None)
    await doors.set(OLD, ME, ONE, intent)


@pytest.fixture
def prepared(vault_admin: VaultAdmin, vault_prefix: str) -> str:
    path = EntryPaths(vault_prefix).of(OLD)
    vault_admin.write(path, {"value": "theirs"})
    vault_admin.set_custom_metadata(path, write({}, DEAD))
    return vault_prefix


@pytest.fixture
def make_store(
    make_kv: Callable[..., VaultKV], make_token: Callable[..., str], prepared: str
) -> Callable[[str], VaultStore]:
    return lambda rules: VaultStore(make_kv(make_token(rules)), EntryPaths(prepared))


async def test_the_policy_is_enough(
    prepared: str, make_store: Callable[[str], VaultStore], vault_admin: VaultAdmin
) -> None:
    await work(make_store(render(vault_admin.mount, prepared, role="gateway")))


@pytest.mark.parametrize(
    ("endpoint", "capability", "operation"),
    [
        ("metadata/{}/+/env/+/+/+", "read", Operation.READ_METADATA),
        ("metadata/{}/+/env/+/+/+", "create", Operation.WRITE_METADATA),
        ("metadata/{}/+/slots/+", "read", Operation.READ_METADATA),
        ("metadata/{}/+/slots/+", "update", Operation.WRITE_METADATA),
        ("data/{}/+/env/+/+/+", "read", Operation.READ),
        ("data/{}/+/env/+/+/+", "update", Operation.WRITE),
        ("data/{}/+/slots/+", "update", Operation.WRITE),
        ("delete/{}/+/slots/+", "update", Operation.DELETE),
    ],
)
async def test_each_capability_is_needed(
    prepared: str,
    make_store: Callable[[str], VaultStore],
    vault_admin: VaultAdmin,
    endpoint: str,
    capability: str,
    operation: Operation,
) -> None:
    path = f"{vault_admin.mount}/{endpoint.format(prepared)}"
    store = make_store(without(render(vault_admin.mount, prepared, role="gateway"), path, capability))
    with pytest.raises(VaultDenied, match=f"`{capability}`") as caught:
        await work(store)
    assert caught.value.operation is operation
    assert re.fullmatch(re.escape(path).replace(r"\+", "[^/]+"), caught.value.path)


@pytest.mark.parametrize("namespaces", [(), ("acme",)])
async def test_nothing_else_is_open(
    prepared: str, make_store: Callable[[str], VaultStore], vault_admin: VaultAdmin, namespaces: tuple[str, ...]
) -> None:
    store = make_store(render(vault_admin.mount, prepared, namespaces, role="gateway"))
    await work(store)
    unclaimed: EntryRef = SlotRef("acme", "unclaimed")
    for denied in (
        store.list_organizations(),
        store.list_slots("acme"),
        store.list_env("acme"),
        store.undelete(OLD, [1]),
        store.destroy(OLD, [1]),
        store.purge(OLD),
        store.patch_custom_metadata(OLD, {"a": "b"}),
        store.write(unclaimed, {"value": Sensitive(b"1")}, cas=0),
        load_or_create(store),
        *([store.read(SlotRef("beta", "a"))] if namespaces else []),
    ):
        with pytest.raises(VaultDenied):
            await denied
