"""What the demo plays on: a testbed of its own, the chart's objects, and an operator that is allowed only those."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from testbed.binaries import Resolver
from testbed.binaries.cache import Cache
from testbed.cluster import Testbed
from testbed.install import install_rights, install_shared
from testbed.operator import Identities, Operator, operator_env, vault_rules
from testbed.processes import Identity
from testbed.session import Endpoints, Session

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.progress import Reporter

SYSTEM = "slotwarden-system"
ACME = "acme"
PREFIX = "slotwarden"
OWNER = "owner.json"
# A demo that is left open over a weekend still works on Monday.
WEEK_SECONDS = 7 * 24 * 3600


class AlreadyPlayingError(Exception):
    """Another demo uses the folder."""


class Stage:
    """The servers and the operator in `folder`; `down` ends exactly what `up` started."""

    def __init__(self, folder: Path, reporter: Reporter) -> None:
        self.folder = folder.resolve()
        self._reporter = reporter
        self._testbed = Testbed(self.folder, reporter)
        self._operator: Operator | None = None
        self._session: Session | None = None
        self.programs: dict[str, Path] = {}

    @property
    def session(self) -> Session:
        """The administrator's clients. Raises RuntimeError before `up` has the servers."""
        if self._session is None:
            raise RuntimeError("the servers were not started")
        return self._session

    @property
    def has_servers(self) -> bool:
        """Whether `up` came as far as the servers."""
        return self._session is not None

    @property
    def log(self) -> Path:
        """What the operator writes."""
        return self.folder / "operator" / "operator.log"

    @property
    def operator_running(self) -> bool:
        """Whether the operator lives."""
        return self._operator is not None and self._operator.running

    def claim(self) -> None:
        """Make the folder this process's own, after ending what a killed demo left. Raises AlreadyPlayingError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with Cache(self.folder).lock("demo"):
            other = _read(self.folder / OWNER)
            if other and other.alive():
                raise AlreadyPlayingError(
                    f"a demo is up in {self.folder} (pid {other.pid}): end it with Ctrl-C, or choose another --dir"
                )
            self.down()
            self.log.unlink(missing_ok=True)
            me = Identity.of(os.getpid())
            (self.folder / OWNER).write_text(json.dumps(asdict(me)) if me else "{}")

    def up(self, timeout: float) -> None:
        """Start the servers, install the chart's objects, start the operator. Raises what its parts raise."""
        # All of them first: whatever has to be built shows its own progress.
        self.programs = Resolver(self._reporter).resolve_all()
        self._testbed.start()
        self._session = Session(Endpoints.of(self._testbed), self.folder, self._reporter, self._testbed)
        with self._reporter.step("installing the CRD, the RBAC and the admission policies of the chart"):
            install_shared(self.session)
            for name in (SYSTEM, ACME):
                self.session.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
            identities = make_identities(self.session)
        with self._reporter.step("starting the operator with those rights and the least Vault policy"):
            folder = self.log.parent
            env = operator_env(self.session, identities, folder, seconds=WEEK_SECONDS)
            flags = ["--vault-prefix", PREFIX, "--lease-namespace", SYSTEM, "--log-format", "console"]
            self._operator = Operator(flags, env, folder, identities.account.user).start(wait=False)
            self._operator.wait_ready(timeout)

    def down(self) -> None:
        """End the operator and the servers, also those of a killed demo; the logs stay."""
        operator = _read(self.log.parent / "process.json")
        if operator:
            operator.stop()
        self._testbed.stop()
        for path in (self.log.parent / "kubeconfig", self.log.parent / "process.json", self.folder / OWNER):
            path.unlink(missing_ok=True)


def make_identities(session: Session) -> Identities:
    """What an operator of all namespaces is allowed: the chart's ClusterRole, the policy that the program prints."""
    account = install_rights(session, SYSTEM, PREFIX, {"namespaces": []})
    session.vault.write_policy("slotwarden", vault_rules(session, PREFIX))
    token = session.vault.create_token(["slotwarden"], ttl=f"{WEEK_SECONDS}s", no_default_policy=True)
    return Identities(account, "slotwarden", token)


def _read(path: Path) -> Identity | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Identity(**json.loads(path.read_text()))
    return None
