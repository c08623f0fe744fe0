"""What the demo plays on: a testbed of its own, the chart's objects, and programs that are allowed only those."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from testbed.binaries import Resolver
from testbed.binaries.cache import Cache
from testbed.cluster import Testbed
from testbed.gateway import Gateway, is_available, lead_to
from testbed.install import install_rights, install_shared
from testbed.operator import Identities, Operator, operator_env, vault_place, vault_rules
from testbed.processes import Identity
from testbed.session import Endpoints, Session
from testbed.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from slotwarden.vault.policy import Role
    from testbed.program import Program
    from testbed.progress import Reporter

P = TypeVar("P", bound="Program")
PROGRAMS = (Operator.command, Gateway.command)
SYSTEM = "slotwarden-system"
ACME = "acme"
PREFIX = "slotwarden"
OWNER = "owner.json"
# A demo that is left open over a weekend still works on Monday.
WEEK_SECONDS = 7 * 24 * 3600


class AlreadyPlayingError(Exception):
    """Another demo uses the folder."""


class Stage:
    """The servers and the programs in `folder`; `down` ends exactly what `up` started."""

    def __init__(self, folder: Path, reporter: Reporter) -> None:
        self.folder = folder.resolve()
        self._reporter = reporter
        self._testbed = Testbed(self.folder, reporter)
        self._programs: list[Program] = []
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
    def gateway_port(self) -> int:
        """Where the gateway serves HTTPS. Raises LookupError before `up` has started it."""
        found = next((program for program in self._programs if isinstance(program, Gateway)), None)
        if found is None:
            raise LookupError("the gateway was not started")
        return found.port

    @property
    def logs(self) -> dict[str, Path]:
        """What each program writes, by its command."""
        return {name: self.folder / name / f"{name}.log" for name in PROGRAMS}

    @property
    def ended(self) -> str:
        """The program that has ended by itself; empty while all live."""
        return next((program.command for program in self._programs if not program.running), "")

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
            for log in self.logs.values():
                log.unlink(missing_ok=True)
            me = Identity.of(os.getpid())
            (self.folder / OWNER).write_text(json.dumps(asdict(me)) if me else "{}")

    def up(self, timeout: float) -> None:
        """Start the servers, install the chart's objects, start the programs. Raises what its parts raise."""
        # All of them first: whatever has to be built shows its own progress.
        self.programs = Resolver(self._reporter).resolve_all()
        self._testbed.start()
        self._session = Session(Endpoints.of(self._testbed), self.folder, self._reporter, self._testbed)
        with self._reporter.step("installing the CRDs, the RBAC and the admission policies of the chart"):
            install_shared(self.session)
            for name in (SYSTEM, ACME):
                self.session.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
            operator = self._made(Operator, "--lease-namespace", SYSTEM)
            gateway = self._made(Gateway, "--service-namespace", SYSTEM, "--tls-name", "localhost")
        with self._reporter.step("starting the operator with those rights and the least Vault policy"):
            # The gateway comes up meanwhile.
            self._programs = [program.start(wait=False) for program in (operator, gateway)]
            operator.wait_ready(timeout)
        with self._reporter.step("starting the gateway with its own, until the API server forwards to it"):
            gateway.wait_ready(timeout)
            lead_to(self.session.kube, gateway, SYSTEM)
            eventually(lambda: is_available(self.session.kube), timeout, message="the aggregated API is available")

    def down(self) -> None:
        """End the programs and the servers, also those of a killed demo; the logs stay."""
        for log in self.logs.values():
            process = _read(log.parent / "process.json")
            if process:
                process.stop()
        self._testbed.stop()
        for log in self.logs.values():
            for name in ("kubeconfig", "process.json"):
                (log.parent / name).unlink(missing_ok=True)
        (self.folder / OWNER).unlink(missing_ok=True)

    def _made(self, program: type[P], *arguments: str) -> P:
        """A program of all namespaces with its least rights; it is not started."""
        role = program.command
        identities = make_identities(self.session, role)
        folder = self.logs[role].parent
        flags = [*vault_place(self.session), "--vault-prefix", PREFIX, "--log-format", "console", *arguments]
        env = operator_env(self.session, identities, folder, seconds=WEEK_SECONDS)
        return program(flags, env, folder, identities.account.user)


def make_identities(session: Session, role: Role) -> Identities:
    """What a program of all namespaces is allowed: the chart's ClusterRole, the policy that the program prints."""
    account = install_rights(session, SYSTEM, PREFIX, {"namespaces": []}, role=role)
    policy = f"slotwarden-{role}"
    session.vault.write_policy(policy, vault_rules(session, PREFIX, role=role))
    token = session.vault.create_token([policy], ttl=f"{WEEK_SECONDS}s", no_default_policy=True)
    return Identities(account, policy, token)


def _read(path: Path) -> Identity | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Identity(**json.loads(path.read_text()))
    return None
