"""How long a gRPC call may take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.published import slots_grpc
from slotwarden.gateway.published.pb import secret_service_pb2 as pb
from slotwarden.gateway.published.pb import secret_service_pb2_grpc as service
from slotwarden.gateway.rpc import guard
from slotwarden.gateway.serving.server import Traffic
from slotwarden.gateway.shares import Shares
from slotwarden.telemetry.metrics import GatewayMetrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slotwarden.sensitive import Sensitive


class Anybody:
    """Knows whose every token is."""

    async def caller(self, _token: Sensitive) -> Caller:
        return Caller("system:serviceaccount:acme:bot", "", (), {}, "token")


class Never(service.SecretServiceServicer):
    """Answers no call, for as long as anybody waits."""

    async def ListSecrets(self, _request: object, _context: object) -> pb.ListSecretsResponse:  # noqa: N802
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
async def stub() -> AsyncIterator[service.SecretServiceAsyncStub]:
    anybody, nothing, one = Anybody(), Any, 1
    traffic = Traffic(one, nothing)  # type: ignore[arg-type]  # no HTTP here
    made = guard.Guard(slots_grpc.ROUTES, anybody, traffic, Shares(one), GatewayMetrics())  # type: ignore[arg-type]
    server = grpc.aio.server(interceptors=(made,))
    service.add_SecretServiceServicer_to_server(Never(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield service.SecretServiceStub(channel)
    await server.stop(None)


async def test_a_call_that_takes_too_long_is_given_up_and_leaves_room(
    stub: service.SecretServiceAsyncStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.01)
    for _ in range(2):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ListSecrets(pb.ListSecretsRequest(), metadata=(("authorization", "Bearer x"),), timeout=20)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "it took too long; what was begun may have been done"
        assert ("retry-after", "2") in tuple(caught.value.trailing_metadata())
