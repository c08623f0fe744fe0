"""The certificate of the gRPC server, which changes while it runs: gRPC asks for it at every new connection."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import grpc

from slotwarden.gateway.serving import pem
from slotwarden.gateway.serving.certificates import Lives, make

if TYPE_CHECKING:
    from slotwarden.gateway.serving.certificates import Pair


class ShownCertificate:
    """What new connections get. Before the first was given it is one that nobody believes: gRPC listens with none."""

    def __init__(self) -> None:
        self._first = _configuration(make(("localhost",), Lives(), datetime.now(UTC)).leaf)
        # Filled here and emptied by threads of gRPC's.
        self._newer: deque[grpc.ServerCertificateConfiguration] = deque(maxlen=1)

    def use(self, pair: Pair) -> None:
        """Show this certificate from now on."""
        self._newer.append(_configuration(pair))

    def credentials(self) -> grpc.ServerCredentials:
        """For a port; TLS 1.2 and newer is all that gRPC speaks."""
        return grpc.dynamic_ssl_server_credentials(self._first, self._next, require_client_authentication=False)  # type: ignore[arg-type]  # None: as it is

    def _next(self) -> grpc.ServerCertificateConfiguration | None:
        try:
            return self._newer.popleft()
        except IndexError:
            return None


def _configuration(pair: Pair) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([pem.shown(pair)])
