"""The printed policy is enough, each capability in it is needed, and it opens nothing else."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.entries import SlotRef
from slotwarden.sensitive import Sensitive
from slotwarden.values.mac import load_or_create
from slotwarden.values.paths import EntryPaths
from slotwarden.values.store import VaultStore
from slotwarden.vault.errors import Operation, VaultDenied
from slotwarden.vault.policy import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.vault.kv import VaultKV
    from testbed.clients.vault import VaultAdmin

OLD, NEW = SlotRef("acme", "old"), SlotRef("acme", "new")
VALUE = {"a": Sensitive(b"1")}


async def work(store: VaultStore) -> None:
    """All that the operator ever does."""
    await store.read_metadata(OLD)
    await store.read(OLD)
    await store.write_custom_metadata(NEW, {"owner": "me"}, creates=True)
    await store.write(NEW, VALUE, cas=0)
    await store.write(OLD, VALUE, cas=1)
    await store.write_custom_metadata(OLD, {"owner": "me"})
    await store.soft_delete(OLD, [2])
    await store.undelete(OLD, [2])
    await store.destroy(OLD, [1])
    await store.purge(OLD)
    await store.list_slots("acme")
    await store.list_organizations()
    await load_or_create(store)


def without(policy: str, path: str, capability: str) -> str:
    """The policy without one capability of one path."""
    block = re.search(rf'path "{re.escape(path)}" {{\n  capabilities = \[(.*?)\]', policy)
    assert block is not None
    assert f'"{capability}"' in block[1]
    kept = ", ".join(one for one in block[1].split(", ") if one != f'"{capability}"') or '"deny"'
    return policy[: block.start(1)] + kept + policy[block.end(1) :]


@pytest.fixture
def prepared(vault_admin: VaultAdmin, vault_prefix: str) -> str:
    vault_admin.write(EntryPaths(vault_prefix).of(OLD), {"a": "0"})
    return vault_prefix


async def test_the_policy_is_enough(
    prepared: str, make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin
) -> None:
    kv = make_kv(make_token(render(vault_admin.mount, prepared)))
    await work(VaultStore(kv, EntryPaths(prepared)))


@pytest.mark.parametrize(
    ("endpoint", "capability", "operation"),
    [
        ("metadata/{}/+/slots/+", "read", Operation.READ_METADATA),
        ("data/{}/+/slots/+", "read", Operation.READ),
        ("data/{}/+/slots/+", "update", Operation.WRITE),
        ("metadata/{}/+/slots/+", "update", Operation.WRITE_METADATA),
        ("metadata/{}/+/slots/+", "create", Operation.WRITE_METADATA),
        ("delete/{}/+/slots/+", "update", Operation.DELETE),
        ("undelete/{}/+/slots/+", "update", Operation.UNDELETE),
        ("destroy/{}/+/slots/+", "update", Operation.DESTROY),
        ("metadata/{}/+/slots/+", "delete", Operation.PURGE),
        ("metadata/{}/+/slots", "list", Operation.LIST),
        ("metadata/{}", "list", Operation.LIST),
        ("data/{}/_system/mac-key", "read", Operation.READ),
        ("data/{}/_system/mac-key", "create", Operation.WRITE),
    ],
)
async def test_each_capability_is_needed(
    prepared: str,
    make_kv: Callable[..., VaultKV],
    make_token: Callable[..., str],
    vault_admin: VaultAdmin,
    endpoint: str,
    capability: str,
    operation: Operation,
) -> None:
    path = f"{vault_admin.mount}/{endpoint.format(prepared)}"
    kv = make_kv(make_token(without(render(vault_admin.mount, prepared), path, capability)))
    with pytest.raises(VaultDenied, match=f"`{capability}`") as caught:
        await work(VaultStore(kv, EntryPaths(prepared)))
    assert caught.value.operation is operation
    assert re.fullmatch(re.escape(path).replace(r"\+", "[^/]+"), caught.value.path)


async def test_a_deleted_mac_key_needs_update(
    prepared: str, make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin
) -> None:
    policy = render(vault_admin.mount, prepared)
    store = VaultStore(make_kv(make_token(policy)), EntryPaths(prepared))
    first = await load_or_create(store)
    vault_admin.soft_delete(f"{prepared}/_system/mac-key")
    poor = make_kv(make_token(without(policy, f"{vault_admin.mount}/data/{prepared}/_system/mac-key", "update")))
    with pytest.raises(VaultDenied, match="`update`"):
        await load_or_create(VaultStore(poor, EntryPaths(prepared)))
    assert (await load_or_create(store)).kid != first.kid


@pytest.mark.parametrize(
    ("path", "capability", "operation"),
    [("auth/token/lookup-self", "read", "lookup"), ("auth/token/renew-self", "update", "renew")],
)
async def test_the_token_keeps_itself_without_the_default_policy(
    prepared: str,
    make_kv: Callable[..., VaultKV],
    make_token: Callable[..., str],
    vault_admin: VaultAdmin,
    path: str,
    capability: str,
    operation: str,
) -> None:
    policy = render(vault_admin.mount, prepared)
    for rules, code in ((policy, "200"), (without(policy, path, capability), "403")):
        seen: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        token = make_token(rules, ttl="3s")
        kv = make_kv(token, observe=lambda op, code, _, seen=seen: seen.put_nowait((op, code)))
        await kv.read(EntryPaths(prepared).of(OLD))
        async with asyncio.timeout(20):
            while (found := await seen.get())[0] != operation:
                pass
        assert found == (operation, code)


async def test_other_paths_are_closed(
    prepared: str, make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin
) -> None:
    kv = make_kv(make_token(render(vault_admin.mount, prepared)))
    for path in ("elsewhere/acme/slots/a", f"{prepared}/acme/other/a", f"{prepared}/acme/slots/a/b", f"{prepared}/a"):
        with pytest.raises(VaultDenied):
            await kv.read(path)
        with pytest.raises(VaultDenied):
            await kv.write(path, VALUE, cas=0)


async def test_only_the_named_namespaces_are_open(
    prepared: str, make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin
) -> None:
    kv = make_kv(make_token(render(vault_admin.mount, prepared, ["acme"])))
    store = VaultStore(kv, EntryPaths(prepared))
    assert await store.read(OLD) is not None
    assert await store.list_slots("acme") == [OLD]
    await load_or_create(store)
    for denied in (store.read(SlotRef("beta", "old")), store.list_slots("beta"), store.list_organizations()):
        with pytest.raises(VaultDenied):
            await denied
