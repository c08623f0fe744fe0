"""How long a gRPC call may take, and how long it counts as one that runs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.published import slots_grpc
from slotwarden.gateway.published.pb import secret_service_pb2 as pb
from slotwarden.gateway.published.pb import secret_service_pb2_grpc as service
from slotwarden.gateway.rpc import guard, server
from slotwarden.gateway.serving.server import Traffic
from slotwarden.gateway.shares import Shares
from slotwarden.telemetry.metrics import GatewayMetrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from slotwarden.sensitive import Sensitive

TOKEN = (("authorization", "Bearer x"),)
# What comes is taken in only as far as it is read.
NARROW = (("grpc.http2.bdp_probe", 0),)


class Anybody:
    """Knows whose every token is."""

    async def caller(self, _token: Sensitive) -> Caller:
        return Caller("system:serviceaccount:acme:bot", "", (), {}, "token")


class Never(service.SecretServiceServicer):
    """Answers no call, for as long as anybody waits."""

    async def ListSecrets(self, _request: object, _context: object) -> pb.ListSecretsResponse:  # noqa: N802
        await asyncio.Event().wait()
        raise AssertionError


class Late(Never):
    """Answers once it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()

    async def ListSecrets(self, _request: object, _context: object) -> pb.ListSecretsResponse:  # noqa: N802
        await self.let.wait()
        return pb.ListSecretsResponse()


class Long(service.SecretServiceServicer):
    """Answers with more than a connection takes in without being read."""

    async def ListSecrets(self, _request: object, _context: object) -> pb.ListSecretsResponse:  # noqa: N802
        return pb.ListSecretsResponse(secrets=[pb.SecretMetadata(name="x" * 2**21)])


@asynccontextmanager
async def serving(
    servicer: service.SecretServiceServicer, options: Sequence[tuple[str, int]] = ()
) -> AsyncIterator[grpc.aio.Channel]:
    """A connection to a server that runs one call at a time."""
    anybody, nothing, one = Anybody(), Any, 1
    traffic = Traffic(one, nothing)  # type: ignore[arg-type]  # no HTTP here
    made = guard.Guard(slots_grpc.ROUTES, anybody, traffic, Shares(one), GatewayMetrics())  # type: ignore[arg-type]
    running = grpc.aio.server(interceptors=(made,), options=options)
    service.add_SecretServiceServicer_to_server(servicer, running)
    port = running.add_insecure_port("127.0.0.1:0")
    await running.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=NARROW) as channel:
        yield channel
    await running.stop(None)


async def refused(channel: grpc.aio.Channel) -> grpc.aio.AioRpcError:
    """Why a call is not served now."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.SecretServiceStub(channel).ListSecrets(pb.ListSecretsRequest(), metadata=TOKEN, timeout=20)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert ("retry-after", "2") in tuple(caught.value.trailing_metadata())
    return caught.value


async def code(channel: grpc.aio.Channel) -> grpc.StatusCode:
    """What a call comes to."""
    call = service.SecretServiceStub(channel).ListSecrets(pb.ListSecretsRequest(), metadata=TOKEN, timeout=20)
    return await call.code()


async def test_a_call_that_takes_too_long_is_given_up_and_leaves_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.01)
    async with serving(Never()) as channel:
        for _ in range(2):
            assert (await refused(channel)).details() == "it took too long; what was begun may have been done"


async def test_a_call_runs_until_its_answer_is_read() -> None:
    """Else who reads none could have any number of them held, each with a value in it."""
    async with serving(Long()) as channel:
        read = channel.unary_stream(f"/{slots_grpc.SERVICE}/ListSecrets")
        unread = read(b"", metadata=TOKEN)
        await unread.initial_metadata()
        for _ in range(3):
            assert (await refused(channel)).details() == "the gateway has too much to do"
        assert [len(answer) > 2**21 async for answer in unread] == [True]
        stub = service.SecretServiceStub(channel)
        await stub.ListSecrets(pb.ListSecretsRequest(), metadata=TOKEN, timeout=20)


async def test_who_reads_no_answer_loses_the_connection_in_the_end() -> None:
    """Nothing else ends such a call. A thousand times faster here."""
    fast = [(name, value // 1000 if "_age_" in name else value) for name, value in server._OPTIONS]
    async with serving(Long(), fast) as channel:
        unread = channel.unary_stream(f"/{slots_grpc.SERVICE}/ListSecrets")(b"", metadata=TOKEN)
        await unread.initial_metadata()
        assert (await refused(channel)).details() == "the gateway has too much to do"
        async with asyncio.timeout(20):
            while await code(channel) is not grpc.StatusCode.OK:
                pass


async def test_a_call_that_is_cancelled_leaves_room() -> None:
    late = Late()
    async with serving(late) as channel:
        call = channel.unary_stream(f"/{slots_grpc.SERVICE}/ListSecrets")(b"", metadata=TOKEN)
        await call.initial_metadata()
        assert (await refused(channel)).details() == "the gateway has too much to do"
        call.cancel()
        late.let.set()
        async with asyncio.timeout(20):
            while await code(channel) is not grpc.StatusCode.OK:
                pass


@pytest.mark.parametrize("metadata", [TOKEN, ()])
async def test_a_call_without_a_message_leaves_room(metadata: tuple[tuple[str, str], ...]) -> None:
    async with serving(Long()) as channel:
        empty = channel.stream_unary(f"/{slots_grpc.SERVICE}/ListSecrets")(metadata=metadata, timeout=20)
        await empty.done_writing()
        told = grpc.StatusCode.INVALID_ARGUMENT if metadata else grpc.StatusCode.UNAUTHENTICATED
        assert await empty.code() is told
        assert await code(channel) is grpc.StatusCode.OK


class Unread:
    """A call whose client takes no status, and does not end."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def send_initial_metadata(self, _metadata: object) -> None:
        return

    def add_done_callback(self, _callback: object) -> None:
        return

    async def abort(self, *_words: object) -> None:
        self.told.set()
        await asyncio.Event().wait()


async def test_a_refusal_that_is_not_read_takes_no_room() -> None:
    """It needs no token to be refused."""
    one: Any = 1
    traffic = Traffic(one, Any)  # type: ignore[arg-type]  # no HTTP here
    made = guard.Guard({}, Anybody(), traffic, Shares(one), GatewayMetrics())  # type: ignore[arg-type]
    call: Any = Unread()
    serving_it = asyncio.create_task(made._serve("slots.list", None, call, call))
    await call.told.wait()
    with traffic.running():
        serving_it.cancel()
