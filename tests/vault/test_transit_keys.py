"""The keys of encrypted values: rotated, deleted, used elsewhere, and what a policy opens of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.values.sealing import EncryptionFailed
from slotwarden.vault.errors import Operation, VaultDenied, VaultRejected
from slotwarden.vault.policy import render
from slotwarden.vault.transit import VaultTransit
from tests.vault.gateway import ME, REF, Gateway
from tests.vault.rules import without
from tests.vault.sealed import CANARY, Keys, kept, put, sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.domain.entries import EnvRef
    from slotwarden.values.service import ValueService
    from slotwarden.values.store import VaultStore
    from slotwarden.vault.kv import VaultKV
    from testbed.clients.vault import VaultAdmin


async def test_a_rotated_key_opens_what_it_encrypted_before(
    gateway: Gateway, sealing_operator: ValueService, keys: Keys
) -> None:
    await put(gateway, sealed("one"))
    keys.rotate()
    assert (await gateway.doors.reveal(REF, ME)).value == sealed("one")
    assert await put(gateway, sealed("one")) == (1, False)
    await put(gateway, sealed("two"))
    assert keys.raw()["ciphertext"].startswith("vault:v2:")
    assert (await gateway.doors.reveal(REF, ME, 1)).value == sealed("one")
    assert (await sealing_operator.settle(REF, ME, None, kept=kept)).value == sealed("two")


async def test_what_its_key_is_too_new_for_is_told(gateway: Gateway, keys: Keys) -> None:
    await put(gateway, sealed("one"))
    keys.rotate()
    keys.configure(min_decryption_version=2)
    with pytest.raises(EncryptionFailed, match="version 1 in Vault is encrypted and cannot be decrypted"):
        await gateway.doors.reveal(REF, ME)
    assert await put(gateway, sealed("one")) == (2, True)


async def test_a_deleted_key_is_told_and_a_new_value_makes_a_new_one(
    gateway: Gateway, sealing_operator: ValueService, keys: Keys
) -> None:
    await put(gateway, sealed("one"))
    keys.delete()
    for look in (
        gateway.doors.reveal(REF, ME),
        gateway.doors.reveal(REF, ME, 1),
        sealing_operator.current(REF, ME),
        sealing_operator.settle(REF, ME, None),
        sealing_operator.settle(REF, ME, None, known=True),
    ):
        with pytest.raises(EncryptionFailed, match="the key is not there: it was deleted"):
            await look
    assert await put(gateway, sealed("one")) == (2, True)
    assert (await sealing_operator.settle(REF, ME, None)).value == sealed("one")
    with pytest.raises(EncryptionFailed, match="not encrypted for this place by the key"):
        await gateway.doors.reveal(REF, ME, 1)


@pytest.mark.parametrize("to", [REF._replace(key="OTHER"), REF._replace(environment="LIVE")])
async def test_a_ciphertext_opens_only_where_it_was_made(gateway: Gateway, keys: Keys, to: EnvRef) -> None:
    """Neither at another key of the environment, nor with the key of another one."""
    await put(gateway, sealed(CANARY))
    await put(gateway, sealed("theirs"), to)
    keys.vault.write(keys.paths.of(to), keys.raw())
    with pytest.raises(EncryptionFailed):
        await gateway.doors.reveal(to, ME)
    assert (await gateway.doors.reveal(REF, ME)).value == sealed(CANARY)


@pytest.mark.parametrize("data", [{"ciphertext": 7}, {"ciphertext": "vault:v1:AAAA"}, {"ciphertext": CANARY}])
async def test_what_somebody_wrote_there_is_told_without_it(gateway: Gateway, keys: Keys, data: dict[str, Any]) -> None:
    await put(gateway, sealed("one"))
    keys.vault.write(keys.paths.of(REF), data)
    with pytest.raises(EncryptionFailed) as caught:
        await gateway.doors.reveal(REF, ME)
    assert CANARY not in repr(caught.value)
    assert await put(gateway, sealed("two")) == (3, True)


async def test_a_value_beside_a_ciphertext_is_none(gateway: Gateway, keys: Keys) -> None:
    await put(gateway, sealed("one"))
    keys.vault.write(keys.paths.of(REF), {**keys.raw(), "value": "two"})
    with pytest.raises(EncryptionFailed, match="beside other fields"):
        await gateway.doors.reveal(REF, ME)


@pytest.mark.parametrize("role", ["operator", "gateway"])
@pytest.mark.parametrize(
    ("verb", "capability", "operation"),
    [("encrypt", "create", Operation.ENCRYPT), ("encrypt", "update", Operation.ENCRYPT), ("decrypt", "update", None)],
)
async def test_each_capability_is_needed(
    gateway: Gateway,
    make_store: Callable[..., VaultStore],
    vault_admin: VaultAdmin,
    vault_prefix: str,
    role: Any,
    verb: str,
    capability: str,
    operation: Operation | None,
) -> None:
    rules = render(vault_admin.mount, vault_prefix, role=role, transit=vault_admin.transit)
    poor = without(rules, f"{vault_admin.transit}/{verb}/{vault_prefix}.*", capability)
    made = Gateway(make_store(policy=poor), [])

    async def work() -> None:
        for content in ("one", "two"):
            await put(made, sealed(content))

    with pytest.raises(VaultDenied, match=f"the role lacks .*`{capability}`") as caught:
        await work()
    assert caught.value.operation is (operation or Operation.DECRYPT)
    await put(gateway, sealed("three"))


async def test_other_keys_and_their_settings_are_closed(
    make_store: Callable[..., VaultStore], vault_admin: VaultAdmin, vault_prefix: str
) -> None:
    policy = render(vault_admin.mount, vault_prefix, ["acme"], "gateway", vault_admin.transit)
    store = make_store(policy=policy)
    await put(Gateway(store, []), sealed("one"))
    with pytest.raises(VaultDenied):
        await store.seal(REF._replace(organization="beta"), Sensitive(b"b25l"))
    assert re_opened(policy, vault_admin.transit) == {"encrypt", "decrypt"}


def re_opened(policy: str, mount: str) -> set[str]:
    """What a policy opens of Transit."""
    return {line.split("/")[1] for line in policy.splitlines() if line.startswith(f'path "{mount}/')}


async def test_a_mount_that_is_not_there_is_named(kv: VaultKV, make_kv: Callable[..., VaultKV], keys: Keys) -> None:
    root = make_kv(keys.vault._session.headers["X-Vault-Token"])  # Vault tells it only who may know
    with pytest.raises(VaultRejected, match="nowhere/encrypt/key: nothing is mounted there"):
        await VaultTransit(root.session, "nowhere").encrypt("key", Sensitive(b"b25l"), "about")
    with pytest.raises(VaultRejected):
        await VaultTransit(root.session, keys.vault.mount).decrypt("key", [(Sensitive(b"vault:v1:AA"), "about")])
