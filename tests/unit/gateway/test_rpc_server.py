"""How many connections the gRPC server has."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from slotwarden.gateway.published import slots_grpc
from slotwarden.gateway.rpc.certificate import ShownCertificate
from slotwarden.gateway.rpc.guard import Guard
from slotwarden.gateway.rpc.server import GrpcServer
from slotwarden.gateway.serving.server import Traffic


async def test_a_connection_too_many_is_ended_and_leaves_the_others() -> None:
    nobody: Any = None
    guard, traffic = Guard(slots_grpc.ROUTES, nobody, nobody, nobody, nobody), Traffic(1, nobody)
    server = GrpcServer((), guard, ("127.0.0.1", 0), ShownCertificate(), traffic, 1, connections=2)
    port = await server.start()
    kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for _ in range(2):
        late, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(late.read(), 5) == b""
        writer.close()
    assert not any(reader.at_eof() for reader, _ in kept)
    for _, writer in kept:
        writer.close()
    await server.stop()
