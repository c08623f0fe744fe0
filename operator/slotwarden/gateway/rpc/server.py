"""The gRPC server: one port with TLS, health that follows readiness, reflection, and an end that lets calls finish."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from slotwarden.gateway.bodies import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.gateway.rpc.certificate import ShownCertificate
    from slotwarden.gateway.rpc.guard import Guard
    from slotwarden.gateway.serving.server import Traffic

_LOOK_EVERY: Final = 0.5
_CUT_SECONDS: Final = 1.0
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_BODY),
    # A token alone may be 16 KiB.
    ("grpc.max_metadata_size", 32 * 1024),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_concurrent_streams", 256),
    ("grpc.max_connection_idle_ms", 300_000),
    # A client that does not read an answer keeps it here, for as long as it has the connection. Others are told to make
    # a new one, and what runs on the old one has more time than a call may take.
    ("grpc.max_connection_age_ms", 600_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    # A second process on the port would get some of the connections, unseen.
    ("grpc.so_reuseport", 0),
)


class GrpcServer:
    """One listening gRPC server.

    Args:
        services: full names, and what adds each to a server.
        traffic: knows which calls run.
        grace: seconds that they get to end when it stops.
        connections: how many there may be at once; more are closed.
    """

    def __init__(
        self,
        services: Sequence[tuple[str, Callable[[grpc.aio.Server], None]]],
        guard: Guard,
        address: tuple[str, int],
        certificate: ShownCertificate,
        traffic: Traffic,
        grace: float,
        connections: int,
    ) -> None:
        self.host, self.asked = address
        self._services = services
        self._guard = guard
        self._certificate = certificate
        self._traffic = traffic
        self._grace = grace
        self._options = (*_OPTIONS, ("grpc.max_allowed_incoming_connections", connections))
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> int:
        """Listen, and return the port. Raises OSError."""
        server = grpc.aio.server(interceptors=(self._guard,), options=self._options)
        names = [name for name, _ in self._services]
        for _, add in self._services:
            add(server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        try:
            port = server.add_secure_port(f"{self.host}:{self.asked}", self._certificate.credentials())
        except RuntimeError:
            raise OSError(None, "the address cannot be had") from None
        await server.start()
        self._server = server
        return int(port)

    async def follow(self, ready: Callable[[], bool]) -> None:
        """Tell of the gateway's readiness as health, until cancelled; of every service, and of all (no name)."""
        while True:
            status = health_pb2.HealthCheckResponse.SERVING if ready() else health_pb2.HealthCheckResponse.NOT_SERVING
            for name in ("", *(name for name, _ in self._services)):
                await self._health.set(name, status)
            await asyncio.sleep(_LOOK_EVERY)

    async def stop(self) -> None:
        """Say so, take no more calls, let those that run end, and close the rest."""
        if self._server is None:
            return
        await self._health.enter_graceful_shutdown()
        ending = asyncio.create_task(self._server.stop(self._grace))
        # Without those that never end by themselves: who watches the health would keep the server for all its grace.
        await self._traffic.end(self._grace)
        await self._server.stop(_CUT_SECONDS)
        await ending
