"""The printed policy is enough, each capability in it is needed, and it opens nothing else."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, get_args

import pytest
from click.testing import CliRunner

from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.main import main
from slotwarden.sensitive import Sensitive
from slotwarden.values.mac import load_or_create
from slotwarden.values.paths import EntryPaths
from slotwarden.values.store import VaultStore
from slotwarden.vault.errors import Operation, VaultDenied
from slotwarden.vault.policy import Role, render
from tests.vault.rules import without

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.vault.kv import VaultKV
    from testbed.clients.vault import VaultAdmin

ENTRIES = (
    (SlotRef("acme", "old"), SlotRef("acme", "new")),
    (EnvRef("acme", "shop", "live", "OLD"), EnvRef("acme", "shop", "live", "NEW")),
)
OLD = ENTRIES[0][0]
VALUE = {"a": Sensitive(b"1")}


async def work(store: VaultStore) -> None:
    """All that the operator ever does."""
    for old, new in ENTRIES:
        await store.read_metadata(old)
        await store.read(old)
        await store.write_custom_metadata(new, {"owner": "me"}, creates=True)
        await store.write(new, VALUE, cas=0)
        await store.write(old, VALUE, cas=1)
        await store.write_custom_metadata(old, {"owner": "me"})
        await store.soft_delete(old, [2])
        await store.patch_custom_metadata(old, {"released": "now"})
        await store.undelete(old, [2])
        await store.destroy(old, [1])
        await store.purge(old)
    await store.list_slots("acme")
    await store.list_env("acme")
    await store.list_organizations()
    await load_or_create(store)


@pytest.fixture
def prepared(vault_admin: VaultAdmin, vault_prefix: str) -> str:
    for old, _ in ENTRIES:
        vault_admin.write(EntryPaths(vault_prefix).of(old), {"a": "0"})
    return vault_prefix


@pytest.mark.parametrize("transit", [None, "seals"])
@pytest.mark.parametrize("namespaces", [(), ("acme", "beta")])
@pytest.mark.parametrize("role", get_args(Role))
def test_the_command_prints_it(role: Role, namespaces: tuple[str, ...], transit: str | None) -> None:
    words = ["--for", role, "--vault-mount", "credentials", "--vault-prefix", "all"]
    words += [word for name in namespaces for word in ("--namespace", name)]
    words += ["--transit-mount", transit] if transit else []
    printed = CliRunner().invoke(main, ["vault-policy", *words], catch_exceptions=False)
    assert (printed.exit_code, printed.output) == (0, render("credentials", "all", namespaces, role, transit))


async def test_the_policy_is_enough(
    prepared: str, make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin
) -> None:
    kv = make_kv(make_token(render(vault_admin.mount, prepared)))
    await work(VaultStore(kv, EntryPaths(prepared)))


@pytest.mark.parametrize(
    ("endpoint", "capability", "operation"),
    [
        *[
            (f"{endpoint}/{{}}/+/{entry}", capability, operation)
            for entry in ("slots/+", "env/+/+/+")
            for endpoint, capability, operation in [
                ("metadata", "read", Operation.READ_METADATA),
                ("data", "read", Operation.READ),
                ("data", "update", Operation.WRITE),
                ("metadata", "update", Operation.WRITE_METADATA),
                ("metadata", "create", Operation.WRITE_METADATA),
                ("metadata", "patch", Operation.PATCH_METADATA),
                ("delete", "update", Operation.DELETE),
                ("undelete", "update", Operation.UNDELETE),
                ("destroy", "update", Operation.DESTROY),
                ("metadata", "delete", Operation.PURGE),
            ]
        ],
        ("metadata/{}/+/slots", "list", Operation.LIST),
        ("metadata/{}/+/env", "list", Operation.LIST),
        ("metadata/{}/+/env/+", "list", Operation.LIST),
        ("metadata/{}/+/env/+/+", "list", Operation.LIST),
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
    inside = ("acme/other/a", "acme/slots/a/b", "acme/env/a/b", "acme/env/a/b/c/d", "a")
    for path in ("elsewhere/acme/slots/a", *(f"{prepared}/{path}" for path in inside)):
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
    assert await store.list_env("acme") == [ENTRIES[1][0]]
    beta = [old._replace(organization="beta") for old, _ in ENTRIES]
    closed = [store.list_slots("beta"), store.list_env("beta"), store.list_organizations()]
    for denied in (*map(store.read, beta), *closed):
        with pytest.raises(VaultDenied):
            await denied
