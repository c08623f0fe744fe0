"""The project's programs as real processes: started, ended, crashed, asked how they are."""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import requests

from testbed import processes
from testbed.clients.metrics import Metrics
from testbed.pki import write_private
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slotwarden.vault.policy import Role
    from testbed.processes import Identity

PROGRAM = Path(sys.executable).parent / "slotwarden"
READY_TIMEOUT = 30.0


class Program:
    """One process of a command; it can be ended, crashed and started again, and its log goes on in one file.

    Attributes:
        command: the command of `slotwarden`.
        ports_asked: the options of its ports.
    """

    command: ClassVar[Role]
    ports_asked: ClassVar[Sequence[str]] = ("--health-port", "--metrics-port")

    def __init__(
        self, arguments: Sequence[str], env: Mapping[str, str], folder: Path, user: str = "", vault_user: str = ""
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{self.command}.log"
        # Its names in the audit logs of the API server and of Vault.
        self.user = user
        self.vault_user = vault_user
        self._port_file = folder / "ports.json"
        self._identity_file = folder / "process.json"
        self._arguments = list(arguments)
        self._env = {**env}
        self._identity: Identity | None = None

    @property
    def env(self) -> dict[str, str]:
        """Its environment; changes hold from the next start."""
        return self._env

    def through(self, *, kubernetes: str, vault: str) -> Self:
        """Have it reach the two servers at these addresses from its next start."""
        kubeconfig = Path(self._env["KUBECONFIG"])
        config = json.loads(kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = kubernetes
        write_private(kubeconfig, json.dumps(config))
        self._env["VAULT_ADDR"] = vault
        return self

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._identity is not None and self._identity.alive()

    @property
    def pid(self) -> int:
        """Its process. Raises LookupError before it was started."""
        if self._identity is None:
            raise LookupError(f"the {self.command} was not started")
        return self._identity.pid

    def start(self, *, wait: bool = True) -> Self:
        """Start it; with `wait`, return once /readyz says yes."""
        self._port_file.unlink(missing_ok=True)
        ports = [word for option in self.ports_asked for word in (option, "0")]
        command = [str(PROGRAM), self.command, *self._arguments, *ports, "--port-file", str(self._port_file)]
        self._identity = processes.spawn(command, self.log, env=self._env)
        write_private(self._identity_file, json.dumps({"pid": self._identity.pid, "started": self._identity.started}))
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = READY_TIMEOUT) -> None:
        """Return once /readyz says yes; fail at once where the process has ended."""

        def check() -> bool:
            if not self.running:
                raise RuntimeError(f"the {self.command} ended: {processes.last_lines(self.log, 15)}")
            return self.readyz()[0] == HTTPStatus.OK

        eventually(check, timeout, interval=0.05, message=f"the {self.command} is ready")

    def stop(self) -> None:
        """End it in order (SIGTERM)."""
        if self._identity:
            self._identity.stop()

    def kill(self) -> None:
        """Crash it (SIGKILL)."""
        if self._identity:
            self._identity.kill()

    def signal(self, number: int) -> None:
        """Send it a signal, without waiting for what becomes of it."""
        if self._identity:
            self._identity.signal(number)

    def wait_end(self, timeout: float = READY_TIMEOUT) -> int:
        """Return its exit code once it has ended by itself or by a signal (which is negative)."""

        def ended() -> tuple[int, int]:
            found = os.waitpid(self.pid, os.WNOHANG)
            if not found[0]:
                raise LookupError("it runs")
            return found

        return os.waitstatus_to_exitcode(
            eventually(ended, timeout, interval=0.02, message=f"the {self.command} ends")[1]
        )

    def restart(self) -> Self:
        """End it in order and start it again."""
        self.stop()
        return self.start()

    def log_text(self) -> str:
        """All that it logged, over all its starts."""
        return self.log.read_text(errors="replace")

    def ports(self) -> dict[str, int]:
        """Its ports by name: `health`, `metrics` and those of its own. Raises OSError before it listens."""
        ports: dict[str, int] = json.loads(self._port_file.read_text())
        return ports

    def readyz(self) -> tuple[int, str]:
        """Status code and text of /readyz. Raises OSError while it does not listen."""
        return self._get("health", "/readyz")

    def healthz(self) -> tuple[int, str]:
        """Status code and text of /healthz."""
        return self._get("health", "/healthz")

    def metrics(self) -> Metrics:
        """Its metrics now."""
        return Metrics(self._get("metrics", "/metrics")[1])

    def _get(self, port: str, path: str) -> tuple[int, str]:
        response = requests.get(f"http://127.0.0.1:{self.ports()[port]}{path}", timeout=5)
        return response.status_code, response.text
