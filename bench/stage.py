"""What a run plays on: fresh servers, the chart's RBAC for an operator of all namespaces, the least rights in Vault."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import requests

from bench.settings import IN_FLIGHT
from bench.slots import COLLECTION
from bench.web import Api
from testbed import procfs
from testbed.gateway import Gateway, install_aggregation
from testbed.install import ROOT, install_rights
from testbed.operator import Identities, Operator, operator_env, vault_place, vault_rules
from testbed.run import Run
from testbed.state import State
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from testbed.clients.kube import Kube
    from testbed.install import Account
    from testbed.progress import Reporter
    from testbed.session import Session

FOLDER: Final = ROOT / ".testbed" / "bench"
SYSTEM: Final = "slotwarden-system"
SERVERS: Final = ("kube-apiserver", "etcd", "vault", "kube-controller-manager")
ENV_SECRETS: Final = "/apis/slotwarden.io/v1beta1/envsecrets"
SECRETS: Final = "/api/v1/secrets?labelSelector=slotwarden.io/watch=true"
# Servers at rest use this much of a core together; more of them is work that was left over.
REST: Final = 0.3


class Stage:
    """The servers of one run, and what is done to them between the measurements."""

    def __init__(self, session: Session, account: Account, patience: float) -> None:
        self.session = session
        self.account = account
        self._patience = patience
        known = State.load(session.testbed.folder)
        self._processes = {name: known.processes[name].pid for name in SERVERS} if known else {}

    @property
    def user(self) -> str:
        """Who the operator and the bare client are in the API server's audit log."""
        return self.account.user

    def versions(self) -> dict[str, str]:
        """Of the servers."""
        testbed = self.session.testbed
        return {
            "kube-apiserver": self.session.kube.get("/version")["gitVersion"],
            "etcd": requests.get(f"{testbed.etcd.url}/version", timeout=5).json()["etcdserver"],
            "vault": testbed.vault.health()["version"],
        }

    def pids(self, operator: Operator | None = None) -> dict[str, int]:
        """The processes whose CPU is counted, by name."""
        return {**({"operator": operator.pid} if operator else {}), **self._processes}

    def admin(self) -> Api:
        """A client of the API server as its administrator."""
        return Api.of_kubeconfig(self.session.endpoints.kubeconfig, IN_FLIGHT + 4)

    def identities(self, prefix: str) -> Identities:
        """The operator's account, and a token in Vault with the policy that the program prints for this prefix."""
        self.session.vault.write_policy(prefix, vault_rules(self.session, prefix))
        return _identities(self.session, self.account, prefix)

    def operator(self, prefix: str) -> Operator:
        """An operator of all namespaces, not started yet."""
        folder = self.session.folder / f"operator-{prefix}"
        identities = self.identities(prefix)
        flags = [*vault_place(self.session), "--vault-prefix", prefix]
        flags += ["--lease-namespace", SYSTEM, "--log-level", "info", "--log-format", "json"]
        return Operator(flags, operator_env(self.session, identities, folder), folder, self.user, identities.vault_user)

    def replica(self, prefix: str, name: str, *arguments: str) -> Gateway:
        """A gateway of all namespaces, not started yet; `name` is its folder's."""
        session, folder = self.session, self.session.folder / f"gateway-{name}"
        account = install_rights(session, SYSTEM, prefix, {"namespaces": []}, role="gateway")
        session.vault.write_policy(account.name, vault_rules(session, prefix, role="gateway"))
        identities = _identities(session, account, account.name)
        flags = [*vault_place(session), "--vault-prefix", prefix, "--service-namespace", SYSTEM]
        flags += ["--log-level", "info", "--log-format", "json", *arguments]
        env = operator_env(session, identities, folder)
        return Gateway(flags, env, folder, account.user, identities.vault_user)

    @contextlib.contextmanager
    def gateway(self, prefix: str) -> Iterator[Gateway]:
        """A gateway of all namespaces, which the API server forwards to while the block runs."""
        made = self.replica(prefix, prefix)
        try:
            with install_aggregation(self.session, made.start(), SYSTEM):
                yield made
        finally:
            made.stop()

    def client(self, prefix: str) -> tuple[Api, Api]:
        """Clients of the API server and of Vault with just the operator's rights."""
        identities = self.identities(prefix)
        env = operator_env(self.session, identities, self.session.folder / f"client-{prefix}")
        headers = {"X-Vault-Token": identities.vault_token, "X-Vault-Request": "true"}
        at = self.session.endpoints
        vault = Api(at.vault_address, at.vault_ca, headers, IN_FLIGHT)
        return Api.of_kubeconfig(Path(env["KUBECONFIG"]), IN_FLIGHT), vault

    def reader(self) -> Api:
        """A client of the API server with the operator's rights, on connections of its own."""
        folder = self.session.folder / "reader"
        return Api.of_kubeconfig(
            Path(operator_env(self.session, Identities(self.account, "", ""), folder)["KUBECONFIG"]), 1
        )

    def make_namespaces(self, names: Sequence[str]) -> None:
        """Make namespaces, each with what the controllers put into it."""
        for name in names:
            self.session.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})

    async def clear(self, namespaces: Sequence[str], prefix: str) -> None:
        """Delete all slots of these namespaces, then their Secrets and their values below `prefix`; wait for it all.

        An operator that runs works off the deletions before the values are removed.
        """
        async with self.admin() as api:
            for collections in ((COLLECTION, ENV_SECRETS), (SECRETS,)):
                paths = [within(collection, name) for collection in collections for name in namespaces]
                await asyncio.gather(*(api.send("DELETE", path) for path in paths))
                await asyncio.to_thread(eventually, partial(_empty, self.session.kube, paths), self._patience)
                await self.rest()
        for name in namespaces:
            await asyncio.to_thread(self.session.vault.purge_folder, f"{prefix}/{name}")
        await self.rest()

    async def rest(self, operator: Operator | None = None) -> None:
        """Wait until the servers (and an operator) have nothing to do."""
        await procfs.idle(self.pids(operator), REST, self._patience)


def _identities(session: Session, account: Account, policy: str) -> Identities:
    """An account, and a token of the policy that is known as the account in Vault's audit log."""
    made = Identities(account, policy, "")
    name = made.vault_user.removeprefix("token-")
    token = session.vault.create_token([policy], no_default_policy=True, display_name=name)
    return dataclasses.replace(made, vault_token=token)


async def started(operator: Operator, stage: Stage) -> Operator:
    """Start an operator, and wait until it leads and has come to rest."""
    operator.start()
    leads = partial(_leads, operator)
    await asyncio.to_thread(eventually, leads, 60, message="the operator leads")
    await stage.rest(operator)
    return operator


def _leads(operator: Operator) -> bool:
    return operator.metrics().value("slotwarden_leader") == 1


def within(collection: str, namespace: str) -> str:
    """The path of a collection in one namespace."""
    group, _, resource = collection.partition("?")[0].rpartition("/")
    query = collection.partition("?")[2]
    return f"{group}/namespaces/{namespace}/{resource}" + (f"?{query}" if query else "")


def _empty(kube: Kube, paths: Sequence[str]) -> bool:
    return not any(kube.list(f"{path}{'&' if '?' in path else '?'}limit=1") for path in paths)


@contextlib.contextmanager
def raised(reporter: Reporter, patience: float) -> Iterator[Stage]:
    """Fresh servers for the block; they and every operator are ended after it, and removed where it went well."""
    run = Run.begin(FOLDER)
    try:
        session = run.session(reporter)
        run.install(session)
        session.kube.create("/api/v1/namespaces", {"metadata": {"name": SYSTEM}})
        yield Stage(session, install_rights(session, SYSTEM, "slotwarden", {"namespaces": []}), patience)
    finally:
        run.end()
    shutil.rmtree(run.folder, ignore_errors=True)
