"""KV version 2 against a real Vault, with no more rights than the operator has."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.credentials import MAX_BYTES, NOT_TEXT, InvalidValue, from_vault
from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.sensitive import Sensitive
from slotwarden.values.mac import load_or_create
from slotwarden.values.paths import EntryPaths, UnsafePath
from slotwarden.values.store import VaultStore
from slotwarden.vault.errors import CasMismatch, VaultRejected, VaultUnavailable
from slotwarden.vault.kv import Health, VaultKV

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.vault import VaultAdmin
    from testbed.session import Session

REF = SlotRef("acme", "Ghcr_pull")


def data(**fields: str) -> dict[str, Sensitive]:
    return {name: Sensitive.of_text(value) for name, value in fields.items()}


@pytest.fixture
def store(kv: VaultKV, vault_prefix: str) -> VaultStore:
    return VaultStore(kv, EntryPaths(vault_prefix))


@pytest.fixture
def path(vault_prefix: str) -> str:
    return EntryPaths(vault_prefix).of(REF)


async def test_nothing_is_there_at_first(store: VaultStore) -> None:
    assert await store.read(REF) is None
    assert await store.read_metadata(REF) is None
    assert await store.list_slots("acme") == []
    assert await store.list_organizations() == []


async def test_a_value_is_written_and_read(store: VaultStore, vault_admin: VaultAdmin, path: str) -> None:
    value = "quotes \" ' \\ \n é \u2028 & <"
    written = await store.write(REF, data(username="u", password=value), cas=0)
    assert written.version == 1
    assert vault_admin.read(path) == {"username": "u", "password": value}
    entry = await store.read(REF)
    assert entry is not None
    assert entry.data == data(username="u", password=value)
    assert (entry.version, entry.created_time) == (1, written.created_time)
    assert (entry.deletion_time, entry.destroyed, dict(entry.custom_metadata)) == (None, False, {})


async def test_check_and_set(store: VaultStore) -> None:
    await store.write(REF, data(a="1"), cas=0)
    with pytest.raises(CasMismatch, match="has changed since"):
        await store.write(REF, data(a="2"), cas=0)
    with pytest.raises(CasMismatch):
        await store.write(REF, data(a="2"), cas=2)
    assert (await store.write(REF, data(a="2"), cas=1)).version == 2


async def test_of_many_writers_one_wins(store: VaultStore) -> None:
    writes = [store.write(REF, data(a=str(number)), cas=0) for number in range(24)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert len([one for one in outcomes if isinstance(one, CasMismatch)]) == 23


async def test_custom_metadata_is_replaced_and_other_settings_stay(
    store: VaultStore, vault_admin: VaultAdmin, path: str
) -> None:
    await store.write(REF, data(a="1"), cas=0)
    settings = {"max_versions": 7, "delete_version_after": "3h", "cas_required": True}
    vault_admin.request("POST", f"{vault_admin.mount}/metadata/{path}", settings)
    await store.write_custom_metadata(REF, {"owner": "one", "x": "y"})
    await store.write_custom_metadata(REF, {"owner": "two"})
    found = await store.read_metadata(REF)
    assert found is not None
    assert found.custom_metadata == {"owner": "two"}
    kept = vault_admin.metadata(path)
    assert kept is not None
    assert (kept["max_versions"], kept["delete_version_after"], kept["cas_required"]) == (7, "3h0m0s", True)
    written = await store.write(REF, data(a="2"), cas=1)
    assert written.custom_metadata == {"owner": "two"}


async def test_metadata_alone_makes_an_entry_without_a_version(store: VaultStore) -> None:
    await store.write_custom_metadata(REF, {"owner": "one"})
    found = await store.read_metadata(REF)
    assert found is not None
    assert (found.current_version, found.versions) == (0, {})
    assert await store.read(REF) is None
    assert (await store.write(REF, data(a="1"), cas=0)).version == 1


async def test_single_keys_of_the_custom_metadata_are_set(store: VaultStore) -> None:
    await store.patch_custom_metadata(REF, {"owner": "one"})
    assert await store.read_metadata(REF) is None
    await store.write(REF, data(a="1"), cas=0)
    await store.write_custom_metadata(REF, {"owner": "one", "x": "y"})
    await store.patch_custom_metadata(REF, {"owner": "two", "z": "é"})
    found = await store.read_metadata(REF)
    assert found is not None
    assert found.custom_metadata == {"owner": "two", "x": "y", "z": "é"}


async def test_an_earlier_version_is_read(store: VaultStore) -> None:
    for number in range(3):
        await store.write(REF, data(a=f"v{number + 1}"), cas=number)
    await store.soft_delete(REF, [2])
    first, second = await store.read(REF, 1), await store.read(REF, 2)
    assert first is not None
    assert second is not None
    assert (first.version, first.data) == (1, data(a="v1"))
    assert (second.version, second.data) == (2, None)
    assert await store.read(REF, 4) is None


async def test_a_deleted_version_is_told_and_comes_back(store: VaultStore) -> None:
    await store.write(REF, data(a="1"), cas=0)
    await store.soft_delete(REF, [1])
    entry = await store.read(REF)
    assert entry is not None
    assert (entry.data, entry.version, entry.destroyed) == (None, 1, False)
    assert entry.deletion_time is not None
    found = await store.read_metadata(REF)
    assert found is not None
    assert found.versions[1].is_gone(datetime.now(UTC) + timedelta(minutes=1))
    assert not found.versions[1].is_gone(datetime(2000, 1, 1, tzinfo=UTC))
    await store.undelete(REF, [1])
    entry = await store.read(REF)
    assert entry is not None
    assert entry.data == data(a="1")


async def test_a_destroyed_version_is_told(store: VaultStore) -> None:
    await store.write(REF, data(a="1"), cas=0)
    await store.destroy(REF, [1])
    entry = await store.read(REF)
    assert entry is not None
    assert (entry.data, entry.destroyed, entry.version) == (None, True, 1)
    found = await store.read_metadata(REF)
    assert found is not None
    assert found.versions[1].is_gone(datetime.now(UTC))
    assert (await store.write(REF, data(a="2"), cas=1)).version == 2


async def test_a_purge_removes_everything_and_versions_start_again(store: VaultStore) -> None:
    await store.write(REF, data(a="1"), cas=0)
    await store.write(REF, data(a="2"), cas=1)
    await store.purge(REF)
    assert await store.read_metadata(REF) is None
    await store.purge(REF)
    assert (await store.write(REF, data(a="3"), cas=0)).version == 1


async def test_deleting_what_is_not_there_changes_nothing(store: VaultStore) -> None:
    await store.soft_delete(REF, [1])
    await store.undelete(REF, [1])
    await store.destroy(REF, [1])
    assert await store.read_metadata(REF) is None


async def test_lists(store: VaultStore, vault_admin: VaultAdmin, vault_prefix: str) -> None:
    for ref in (SlotRef("acme", "a"), SlotRef("acme", "B_"), SlotRef("beta", "c")):
        await store.write(ref, data(a="1"), cas=0)
    vault_admin.write(f"{vault_prefix}/acme/slots/not.ours", {"a": "1"})
    vault_admin.write(f"{vault_prefix}/acme/slots/folder/x", {"a": "1"})
    await load_or_create(store)
    assert sorted(await store.list_organizations()) == ["acme", "beta"]
    assert sorted(ref.slot for ref in await store.list_slots("acme")) == ["B_", "a"]
    assert store.location(REF) == f"{vault_admin.mount}/{vault_prefix}/acme/slots/Ghcr_pull"


async def test_lists_of_environments(
    store: VaultStore, make_kv: Callable[..., VaultKV], vault_admin: VaultAdmin, vault_prefix: str, testbed: Session
) -> None:
    found = {
        EnvRef("acme", "shop", "live", "A.b"),
        EnvRef("acme", "shop", "Test_1", "C"),
        EnvRef("acme", "api", "x", "C"),
    }
    for ref in found | {EnvRef("beta", "shop", "live", "D")}:
        await store.write(ref, data(value="1"), cas=0)
    for foreign in ("shop/live/1x", "shop/live/folder/x", "shop/flat", "no.ours/live/A", "flat"):
        vault_admin.write(f"{vault_prefix}/acme/env/{foreign}", {"value": "1"})
    listed = await store.list_env("acme")
    assert (set(listed), len(listed)) == (found, 3)
    seen: list[str] = []
    kv = make_kv(testbed.endpoints.vault_token, observe=lambda operation, *_: seen.append(operation))
    assert await VaultStore(kv, EntryPaths(vault_prefix)).list_env("empty") == []
    assert seen.count("list") == 1


async def test_a_foreign_entry_is_read_without_a_crash(store: VaultStore, vault_admin: VaultAdmin, path: str) -> None:
    vault_admin.write(path, {"username": "u", "password": {"nested": 1}, "number": 7, "nothing": None})
    entry = await store.read(REF)
    assert entry is not None
    assert entry.data is not None
    assert {entry.data[name] for name in ("password", "number", "nothing")} == {NOT_TEXT}
    with pytest.raises(InvalidValue, match="password is not a string"):
        from_vault(entry.data)


async def test_a_value_of_the_greatest_length(store: VaultStore) -> None:
    await store.write(REF, {"password": Sensitive(b"x" * MAX_BYTES)}, cas=0)
    entry = await store.read(REF)
    assert entry is not None
    assert entry.data == {"password": Sensitive(b"x" * MAX_BYTES)}


async def test_one_mac_key_for_all(store: VaultStore) -> None:
    keys = await asyncio.gather(*[load_or_create(store) for _ in range(8)])
    assert {key.kid for key in keys} == {keys[0].kid}
    assert all(key == keys[0] for key in keys)


async def test_a_climbing_name_makes_no_request(make_kv: Callable[..., VaultKV], vault_prefix: str) -> None:
    seen: list[object] = []
    climbing = [EnvRef("acme", *(".." if part == at else "a" for part in range(3))) for at in range(3)]
    kv = make_kv("unused", observe=lambda *request: seen.append(request))
    store = VaultStore(kv, EntryPaths(vault_prefix))
    for ref in (SlotRef("acme", "../../beta/slots/a"), SlotRef("..", "a"), SlotRef("acme", "..%2f.."), *climbing):
        with pytest.raises(UnsafePath):
            await store.read(ref)
        with pytest.raises(UnsafePath):
            await store.write(ref, data(a="1"), cas=0)
    assert seen == []


async def test_requests_are_observed(
    make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_prefix: str
) -> None:
    seen: list[tuple[str, str, float]] = []
    kv = make_kv(make_token('path "+/data/*" { capabilities = ["read"] }'), observe=lambda *one: seen.append(one))
    await kv.read(f"{vault_prefix}/a")
    ((code, seconds),) = [(code, seconds) for operation, code, seconds in seen if operation == "read"]
    assert code == "404"
    assert 0 < seconds < 10


async def test_a_mount_that_is_not_there(make_kv: Callable[..., VaultKV], testbed: object) -> None:
    token = testbed.endpoints.vault_token  # type: ignore[attr-defined]
    with pytest.raises(VaultRejected, match="nothing is mounted there"):
        await make_kv(token, mount="nowhere").read("a")
    with pytest.raises(VaultRejected, match="is cubbyhole such a mount"):
        await make_kv(token, mount="cubbyhole").write("a", data(a="1"), cas=0)


async def test_health(make_kv: Callable[..., VaultKV]) -> None:
    assert await make_kv("unused").health() == Health(sealed=False, initialized=True, standby=False, reachable=True)


async def test_an_unknown_authority_is_not_trusted(make_kv: Callable[..., VaultKV]) -> None:
    kv = make_kv("unused", ca=None)
    with pytest.raises(VaultUnavailable, match=r"was not trusted .*: .*certificate"):
        await kv.read("a")
    assert not (await kv.health()).reachable
