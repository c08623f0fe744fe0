"""Vault's place taken by a server in the test's hands."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.vault.config import VaultConfig
from slotwarden.vault.kv import VaultKV
from tests.unit.vault.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    with serving(made):
        yield made


@pytest.fixture
async def reach(server: Server) -> AsyncIterator[Callable[..., VaultKV]]:
    """`reach(**settings)`: a client of the server, closed after the test."""
    made: list[VaultKV] = []

    def make(scheme: str = "http", before_write: Callable[[], object] = lambda: None, **settings: Any) -> VaultKV:
        address = f"{scheme}://127.0.0.1:{server.server_port}"
        config = VaultConfig(address, **{"token": Sensitive(b"t0ken"), **settings})
        made.append(VaultKV(config, before_write=before_write))
        return made[-1]

    yield make
    server.held.set()
    for kv in made:
        await kv.close()


@contextlib.contextmanager
def serving(server: Server) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.held.set()
        server.shutdown()
        thread.join()
        server.server_close()
