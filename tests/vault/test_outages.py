"""Vault sealed, away, restarted and silent: each is told apart, and work resumes by itself."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.vault.config import VaultConfig
from slotwarden.vault.errors import VaultSealed, VaultUnavailable
from slotwarden.vault.kv import Health, VaultKV

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from testbed.cluster import Testbed

PATH = "slotwarden/acme/slots/a"
AWAY = Health(sealed=False, initialized=False, standby=False, reachable=False)


@pytest.fixture
async def kv(own_testbed: Testbed) -> AsyncIterator[VaultKV]:
    vault = own_testbed.vault
    made = VaultKV(VaultConfig(vault.url, token=Sensitive.of_text(vault.root_token), ca=str(vault.ca)))
    yield made
    await made.close()


async def test_sealed_then_stopped_then_back(own_testbed: Testbed, kv: VaultKV) -> None:
    vault = own_testbed.vault
    await kv.write(PATH, {"a": Sensitive(b"1")}, cas=0)

    await asyncio.to_thread(vault.seal)
    with pytest.raises(VaultSealed, match=f"answered 503 to a read at secret/data/{PATH}: it is sealed"):
        await kv.read(PATH)
    assert await kv.health() == Health(sealed=True, initialized=True, standby=True, reachable=True)

    await asyncio.to_thread(vault.stop)
    with pytest.raises(VaultUnavailable, match="could not be reached") as caught:
        await kv.read(PATH)
    assert not isinstance(caught.value, VaultSealed)
    assert await kv.health() == AWAY

    await asyncio.to_thread(vault.start)
    entry = await kv.read(PATH)
    assert entry is not None
    assert entry.data == {"a": Sensitive(b"1")}


async def test_a_silent_server_runs_into_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        kv = VaultKV(VaultConfig(address, token=Sensitive(b"t"), request_timeout=0.2))
        with pytest.raises(VaultUnavailable, match="did not answer in time for a read"):
            await kv.read(PATH)
        assert await kv.health() == AWAY
        await kv.close()
