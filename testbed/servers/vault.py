"""Vault with TLS, Raft storage in a folder and one kept unseal key, so that it can be restarted with its data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

from testbed.pki import write_private
from testbed.servers.base import Server
from testbed.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

MOUNT = "secret"
TRANSIT = "transit"
AUDIT_LOG = "vault-audit.log"


class Vault(Server):
    """One node; initialized and unsealed by `start`.

    It has KV version 2 at `secret`, Transit at `transit`, and a file audit device.
    """

    name = "vault"

    @property
    def url(self) -> str:
        """VAULT_ADDR."""
        return f"https://127.0.0.1:{self.port()}"

    @property
    def ca(self) -> Path:
        """VAULT_CACERT."""
        return self._context.pki.ca

    @property
    def audit_log(self) -> Path:
        """One JSON entry per line; values in it are HMACs."""
        return self._context.folder / AUDIT_LOG

    @property
    def root_token(self) -> str:
        """The administrator's token."""
        return str(self._kept()["root_token"])

    def prepare(self) -> None:
        """The configuration, the same at every start."""
        super().prepare()
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)
        pki = self._context.pki
        config = {
            "storage": {"raft": {"path": str(self.folder / "data"), "node_id": "testbed", "performance_multiplier": 1}},
            "listener": {
                "tcp": {
                    "address": f"127.0.0.1:{self.port()}",
                    "cluster_address": f"127.0.0.1:{self.port('cluster')}",
                    "tls_cert_file": str(pki.server_cert),
                    "tls_key_file": str(pki.server_key),
                    "telemetry": {"unauthenticated_metrics_access": True},
                }
            },
            "telemetry": {"disable_hostname": True, "prometheus_retention_time": "1h"},
            "api_addr": self.url,
            "cluster_addr": f"https://127.0.0.1:{self.port('cluster')}",
            "disable_mlock": True,
            "ui": False,
        }
        write_private(self.folder / "config.json", json.dumps(config, indent=2))

    def command(self) -> list[str]:
        """A server by its configuration file."""
        return ["server", f"-config={self.folder / 'config.json'}"]

    def ready(self) -> bool:
        """Whether it answers at all, sealed or not: `start` does the rest."""
        return self.health().get("version") is not None

    def start(self, *, wait: bool = True, unseal: bool = True) -> None:
        """Start it; with `unseal`, initialize it the first time and return once it is active."""
        super().start(wait=wait or unseal)
        if unseal:
            first = not self.health()["initialized"]
            if first:
                self._initialize()
            self.unseal()
            if first:
                self._set_up()

    def seal(self) -> None:
        """Seal it, as an operator would: it answers 503 until `unseal`."""
        self.request("PUT", "sys/seal")

    def unseal(self) -> None:
        """Unseal it with the kept key and return once it is active; nothing where it is unsealed."""
        if self.health()["sealed"]:
            self.request("PUT", "sys/unseal", {"key": self._kept()["keys_base64"][0]})
        eventually(lambda: self._active(), 30, interval=0.05, message="Vault is active")

    def health(self) -> dict[str, Any]:
        """sys/health, whatever the status code. Raises OSError while nothing listens."""
        url = f"{self.url}/v1/sys/health?standbyok=true&perfstandbyok=true"
        answer: dict[str, Any] = requests.get(url, verify=str(self.ca), timeout=5).json()
        return answer

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call as root (without a token before there is one). Raises requests.HTTPError."""
        headers = {"X-Vault-Request": "true"}
        if self._init_file.exists():
            headers["X-Vault-Token"] = self.root_token
        response = requests.request(
            method, f"{self.url}/v1/{path}", json=body, headers=headers, verify=str(self.ca), timeout=30
        )
        response.raise_for_status()
        return dict(response.json()) if response.content else {}

    @property
    def _init_file(self) -> Path:
        return self.folder / "init.json"

    def _kept(self) -> dict[str, Any]:
        kept: dict[str, Any] = json.loads(self._init_file.read_text())
        return kept

    def _active(self) -> bool:
        health = self.health()
        return not health["sealed"] and not health["standby"]

    def _initialize(self) -> None:
        answer = self.request("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        write_private(self._init_file, json.dumps(answer))

    def _set_up(self) -> None:
        """Audit first, so that every later write is in it; then KV, which upgrades itself for a moment after."""
        write_private(self.audit_log, "")
        options = {"file_path": str(self.audit_log), "mode": "0600"}
        self.request("PUT", "sys/audit/file", {"type": "file", "options": options})
        self.request("POST", f"sys/mounts/{MOUNT}", {"type": "kv", "options": {"version": "2"}})
        self.request("POST", f"sys/mounts/{TRANSIT}", {"type": "transit"})
        eventually(lambda: self._kv_answers(), 30, interval=0.05, message="Vault's KV engine answers")

    def _kv_answers(self) -> bool:
        return "max_versions" in self.request("GET", f"{MOUNT}/config")["data"]
