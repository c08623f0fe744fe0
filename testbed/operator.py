"""The operator as a real process, with a kubeconfig and a Vault token that allow it what it needs and nothing more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from testbed import processes
from testbed.clients.metrics import Metrics
from testbed.install import account_token, install_operator, uninstall_operator
from testbed.pki import write_private
from testbed.servers.apiserver import write_kubeconfig
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from testbed.install import Account
    from testbed.processes import Identity
    from testbed.session import Session

PROGRAM = Path(sys.executable).parent / "slotwarden"
READY_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Identities:
    """What an operator is allowed: its ServiceAccount in the cluster, its token and policy in Vault."""

    account: Account
    vault_policy: str
    vault_token: str

    @property
    def vault_user(self) -> str:
        """The token's display name in Vault's audit log."""
        return f"token-{self.account.namespace}-{self.account.name}"


def make_identities(
    session: Session, namespace: str, prefix: str, values: Mapping[str, Any] | None = None, replica: str = ""
) -> Identities:
    """Give an operator its least rights: the chart's RBAC, and the policy that the program itself prints.

    For `replica` see `install_operator`.
    """
    account = install_operator(session, namespace, prefix, values, replica)
    policy = f"slotwarden-{namespace}"
    session.vault.write_policy(policy, vault_rules(session, prefix, namespace))
    name = f"{account.namespace}-{account.name}"
    return Identities(account, policy, session.vault.create_token([policy], no_default_policy=True, display_name=name))


def vault_rules(session: Session, prefix: str, *namespaces: str) -> str:
    """The policy in Vault that `slotwarden vault-policy` prints for an operator of these namespaces, or of all."""
    names = [part for name in namespaces for part in ("--namespace", name)]
    command = [str(PROGRAM), "vault-policy", "--vault-mount", session.vault.mount, "--vault-prefix", prefix, *names]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def remove_identities(session: Session, identities: Identities) -> None:
    """Take the rights back."""
    uninstall_operator(session, identities.account)
    session.vault.revoke_token(identities.vault_token)
    session.vault.request("DELETE", f"sys/policies/acl/{identities.vault_policy}")


class Operator:
    """One operator process; it can be ended, crashed and started again, and its log goes on in one file."""

    def __init__(
        self, arguments: Sequence[str], env: Mapping[str, str], folder: Path, user: str = "", vault_user: str = ""
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "operator.log"
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

    def through(self, *, kubernetes: str, vault: str) -> Operator:
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
            raise LookupError("the operator was not started")
        return self._identity.pid

    def start(self, *, wait: bool = True) -> Operator:
        """Start it; with `wait`, return once /readyz says yes."""
        self._port_file.unlink(missing_ok=True)
        ports = ["--health-port", "0", "--metrics-port", "0", "--port-file", str(self._port_file)]
        command = [str(PROGRAM), "operator", *self._arguments, *ports]
        self._identity = processes.spawn(command, self.log, env=self._env)
        write_private(self._identity_file, json.dumps({"pid": self._identity.pid, "started": self._identity.started}))
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = READY_TIMEOUT) -> None:
        """Return once /readyz says yes; fail at once where the process has ended."""

        def check() -> bool:
            if not self.running:
                raise RuntimeError(f"the operator ended: {processes.last_lines(self.log, 15)}")
            return self.readyz()[0] == HTTPStatus.OK

        eventually(check, timeout, interval=0.05, message="the operator is ready")

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

        return os.waitstatus_to_exitcode(eventually(ended, timeout, interval=0.02, message="the operator ends")[1])

    def restart(self) -> Operator:
        """End it in order and start it again."""
        self.stop()
        return self.start()

    def log_text(self) -> str:
        """All that it logged, over all its starts."""
        return self.log.read_text(errors="replace")

    def ports(self) -> dict[str, int]:
        """Its ports, `health` and `metrics`. Raises OSError before it listens."""
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


def operator_env(session: Session, identities: Identities, folder: Path, seconds: int = 3600) -> dict[str, str]:
    """The environment of an operator that is allowed `identities`, and knows nothing of the administrator."""
    kubeconfig = folder / "kubeconfig"
    kube = session.kube
    folder.mkdir(parents=True, exist_ok=True)
    write_kubeconfig(
        kubeconfig, kube.server, kube.ca, account_token(session, identities.account, seconds), identities.account.name
    )
    own = {
        "KUBECONFIG": str(kubeconfig),
        "VAULT_ADDR": session.endpoints.vault_address,
        "VAULT_TOKEN": identities.vault_token,
        "HOME": str(folder),
    }
    if session.endpoints.vault_ca:
        own["VAULT_CACERT"] = str(session.endpoints.vault_ca)
    passed = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {**passed, **own}
