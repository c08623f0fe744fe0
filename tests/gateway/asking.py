"""Requests that never pause, while certificates change."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Self

from cryptography import x509

from testbed.gateway import API_SERVICE, API_SERVICES, SERVICE
from tests.gateway.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testbed.clients.kube import Kube
    from testbed.gateway import Gateway


def bundle(kube: Kube) -> str:
    """The authorities that the API server believes, PEM."""
    return base64.b64decode(kube.get(f"{API_SERVICES}/{API_SERVICE}")["spec"]["caBundle"]).decode()


def shown(port: int, cadata: str, name: str) -> x509.Certificate:
    """The certificate that a client with these authorities is shown, and believes. Raises OSError."""
    tls = ssl.create_default_context(cadata=cadata)
    with socket.create_connection(("127.0.0.1", port), 10) as raw, tls.wrap_socket(raw, server_hostname=name) as made:
        der = made.getpeercert(binary_form=True)
    if der is None:
        raise LookupError("no certificate")
    return x509.load_der_x509_certificate(der)


class Asking:
    """Asks through the API server, and makes new connections as it would, until the context ends.

    Attributes:
        failed: what went wrong.
        leaves, signers: the certificates that were shown, by serial number, and the names of their authorities.
    """

    def __init__(self, kube: Kube, gateways: Sequence[Gateway], namespace: str) -> None:
        self._kube = kube
        self._ports = [each.port for each in gateways]
        self._name = f"{SERVICE}.{namespace}.svc"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.count = 0
        self.failed: list[str] = []
        self.leaves: list[int] = []
        self.signers: list[str] = []

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            try:
                self._kube.get(ROOT)
                for port in self._ports:
                    self._note(shown(port, bundle(self._kube), self._name))
            except Exception as error:  # noqa: BLE001 - any failure is what this is about
                self.failed.append(f"{type(error).__name__}: {error}")
            self.count += 1

    def _note(self, leaf: x509.Certificate) -> None:
        if leaf.serial_number not in self.leaves:
            self.leaves.append(leaf.serial_number)
        signer = leaf.issuer.rfc4514_string()
        if signer not in self.signers:
            self.signers.append(signer)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
