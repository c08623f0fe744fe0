"""etcd, for the API server alone; without fsync, because nothing here must survive a power cut."""

from __future__ import annotations

import requests

from testbed.servers.base import Server


class Etcd(Server):
    """One member, plain HTTP on loopback."""

    name = "etcd"

    @property
    def url(self) -> str:
        """Where the API server finds it."""
        return f"http://127.0.0.1:{self.port()}"

    def command(self) -> list[str]:
        """One member that knows only itself."""
        peer = f"http://127.0.0.1:{self.port('peer')}"
        return [
            "--name=testbed",
            f"--data-dir={self.folder / 'data'}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=testbed={peer}",
            "--unsafe-no-fsync",
            "--quota-backend-bytes=4294967296",
            "--log-level=warn",
        ]

    def ready(self) -> bool:
        """By its own health endpoint."""
        return requests.get(f"{self.url}/health", timeout=5).ok
