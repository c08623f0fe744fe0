"""Values that Vault holds encrypted: what its KV engine shows, and what every reader gets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.credentials import MAX_BYTES
from slotwarden.values.doors import AlreadySet, ValueDoors
from slotwarden.values.entries import NotOwner, NoValue, Stored
from slotwarden.values.ownership import write
from slotwarden.values.paths import EntryPaths
from slotwarden.values.sealing import EncryptionFailed
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore
from slotwarden.vault.errors import VaultDenied
from tests.vault.gateway import ELSEWHERE, ME, OTHER, REF, Gateway, now, text
from tests.vault.meanwhile import meanwhile
from tests.vault.sealed import CANARY, Keys, kept, put, sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.vault.kv import VaultKV


async def test_vault_holds_no_plaintext_and_every_reader_gets_it(
    gateway: Gateway, sealing_operator: ValueService, keys: Keys
) -> None:
    for number, content in enumerate((CANARY, "", b"\xff\0\xfe", "é\n"), 1):
        gateway.happened.clear()
        assert await put(gateway, sealed(content)) == (number, True)
        # What cannot be encrypted is not announced.
        assert gateway.happened[-4 if number == 1 else -3 :] == (
            ["encrypt", 1, "write_metadata", "write"] if number == 1 else ["encrypt", number, "write"]
        )
        held = keys.raw()
        assert held.keys() == {"ciphertext"}
        assert held["ciphertext"].startswith("vault:v1:")
        gateway.happened.clear()
        assert (await gateway.doors.reveal(REF, ME)).value == sealed(content)
        assert gateway.happened == ["read", "decrypt"]
        assert await put(gateway, sealed(content)) == (number, False)
        for known in (True, False):
            assert (await sealing_operator.settle(REF, ME, None, known=known, kept=kept)).value == sealed(content)
            assert (
                await sealing_operator.settle(REF, ME, sealed(content), known=known, kept=kept)
            ).version.number == number
        assert (await sealing_operator.current(REF, ME)).value == sealed(content)
    assert keys.vault.request("GET", keys.path())["data"]["exportable"] is False


async def test_the_largest_value_fits(gateway: Gateway) -> None:
    value = sealed(b"\xff" * MAX_BYTES)
    await put(gateway, value)
    assert (await gateway.doors.reveal(REF, ME)).value == value


async def test_to_be_encrypted_is_to_be_changed(gateway: Gateway, sealing_operator: ValueService, keys: Keys) -> None:
    await gateway.set(CANARY)
    assert keys.raw() == {"value": CANARY}
    assert (await sealing_operator.settle(REF, ME, None, known=True, kept=kept)).version.number == 2
    assert keys.raw().keys() == {"ciphertext"}
    assert await put(gateway, sealed(CANARY)) == (2, False)
    # Where the spec does not ask for it, what is encrypted stays so until it is set again.
    assert (await sealing_operator.settle(REF, ME, None)).version.number == 2
    assert await put(gateway, text(CANARY)) == (3, True)


async def test_a_rollback_keeps_to_what_is_asked_for_now(gateway: Gateway, keys: Keys) -> None:
    await gateway.set("one")
    await put(gateway, sealed("two"))

    async def back(version: int) -> int:
        made = await gateway.doors.rollback(REF, ME, version, gateway.intent, fits=lambda value: None, kept=kept)
        return made.version.number

    assert await back(1) == 3
    assert keys.raw().keys() == {"ciphertext"}
    assert (await gateway.doors.reveal(REF, ME)).value == sealed("one")
    assert await back(1) == 3
    assert await back(2) == 4
    assert [(await gateway.doors.reveal(REF, ME, at)).value.value for at in (1, 2, 3, 4)] == [
        text(content).value for content in ("one", "two", "one", "two")
    ]


async def test_without_transit_nothing_is_encrypted_or_decrypted(
    gateway: Gateway, kv: VaultKV, vault_prefix: str
) -> None:
    plain = Gateway(VaultStore(kv, EntryPaths(vault_prefix)), [])
    values = ValueService(plain.store, now)
    for dry_run in (True, False):
        with pytest.raises(EncryptionFailed, match=r"spec\.encrypted is set, and no Transit mount is configured"):
            await put(plain, sealed("one"), dry_run=dry_run)
    assert plain.happened == []
    with pytest.raises(EncryptionFailed):
        await values.settle(REF, ME, sealed("one"))
    assert await plain.store.read_metadata(REF) is None
    await put(gateway, sealed("one"))
    for look in (plain.doors.reveal(REF, ME), values.settle(REF, ME, None), values.current(REF, ME)):
        with pytest.raises(EncryptionFailed, match="--transit-mount"):
            await look
    await plain.set("two")
    with pytest.raises(EncryptionFailed):
        await values.settle(REF, ME, None, kept=kept)


async def test_a_first_value_is_encrypted_and_never_compared(gateway: Gateway) -> None:
    await put(gateway, sealed("one"), first=True)
    gateway.happened.clear()
    for value in (sealed("one"), text("one"), sealed("two")):
        with pytest.raises(AlreadySet):
            await put(gateway, value, first=True)
    assert set(gateway.happened) == {"read_metadata"}


async def test_a_lost_race_encrypts_again(gateway: Gateway) -> None:
    slow = Gateway(meanwhile(gateway.store, "write", lambda: gateway.set("two")))
    assert await put(slow, sealed("one")) == (2, True)
    assert slow.intents == [1, 2]
    assert (await gateway.doors.reveal(REF, ME)).value == sealed("one")


async def test_many_values_are_read_with_one_request_each_and_one_to_decrypt(gateway: Gateway, keys: Keys) -> None:
    refs = [REF._replace(key=f"K{at}") for at in range(30)]
    await asyncio.gather(
        *(
            gateway.doors.set(ref, ME, sealed(ref.key) if at % 2 else text(ref.key), gateway.intent)
            for at, ref in enumerate(refs)
        )
    )
    foreign, gone, unset, dead = refs[0], refs[1], REF._replace(key="UNSET"), refs[2]
    keys.vault.set_custom_metadata(keys.paths.of(foreign), write({}, ELSEWHERE))
    keys.vault.set_custom_metadata(keys.paths.of(dead), write({}, OTHER))
    keys.vault.soft_delete(keys.paths.of(gone))
    keys.vault.write(keys.paths.of(refs[3]), {"ciphertext": "vault:v1:AAAA"})
    gateway.happened.clear()
    found = await gateway.doors.reveal_all([(ref, ME) for ref in (*refs, unset)])
    assert sorted(map(str, gateway.happened)) == ["decrypt", *["read"] * 31]
    told = {ref.key: one.value.value for ref, one in zip(refs, found, strict=False) if isinstance(one, Stored)}
    assert told == {ref.key: text(ref.key).value for ref in refs[4:]}
    wrong = [type(one).__name__ for one in found if not isinstance(one, Stored)]
    assert wrong == ["NotOwner", "VersionDeleted", "NoValue", "EncryptionFailed", "NoValue"]
    assert {NotOwner, NoValue} <= {type(one) for one in found}
    assert await gateway.doors.reveal_all([]) == []


async def test_an_outage_is_none_of_the_values(gateway: Gateway, make_store: Callable[..., VaultStore]) -> None:
    await put(gateway, sealed("one"))
    denied = ValueDoors(make_store(policy='path "nothing" {\n  capabilities = ["read"]\n}'), now)
    with pytest.raises(VaultDenied):
        await denied.reveal_all([(REF, ME)])
