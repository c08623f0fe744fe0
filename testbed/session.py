"""What a run of the tests uses: the testbed's servers, or any cluster and Vault that the user names."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from testbed.binaries import Resolver
from testbed.clients.audit import KubernetesAudit, VaultAudit
from testbed.clients.kube import Kube
from testbed.clients.kubectl import Kubectl
from testbed.clients.vault import VaultAdmin

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.cluster import Testbed
    from testbed.progress import Reporter


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the two servers are and how an administrator reaches them."""

    kubeconfig: Path
    vault_address: str
    vault_token: str = field(repr=False)
    vault_ca: Path | None

    @classmethod
    def of(cls, testbed: Testbed) -> Endpoints:
        """Those of a running testbed."""
        vault = testbed.vault
        return cls(testbed.apiserver.kubeconfig, vault.url, vault.root_token, vault.ca)


class NotOurServersError(Exception):
    """Asked for something that only the testbed's own servers give: their control, or their audit logs."""


class Session:
    """The servers of a run and administrators' clients for them.

    `testbed` is None where the servers are the user's own: they are then not controlled, and have no audit log here.
    """

    def __init__(self, endpoints: Endpoints, folder: Path, reporter: Reporter, testbed: Testbed | None) -> None:
        self.endpoints = endpoints
        self.folder = folder
        self._testbed = testbed
        self._resolver = Resolver(reporter)

    @property
    def foreign(self) -> bool:
        """Whether the servers are the user's own."""
        return self._testbed is None

    @property
    def testbed(self) -> Testbed:
        """The testbed. Raises NotOurServersError with `--kubeconfig`."""
        if self._testbed is None:
            raise NotOurServersError("needs the testbed's own servers; this run uses --kubeconfig")
        return self._testbed

    @cached_property
    def kube(self) -> Kube:
        """The Kubernetes API as its administrator."""
        return Kube(self.endpoints.kubeconfig)

    @cached_property
    def kubectl(self) -> Kubectl:
        """The kubectl program, as the administrator, or as others."""
        return Kubectl(self._resolver.resolve("kubectl"), self.endpoints.kubeconfig)

    @cached_property
    def helm(self) -> Path:
        """The helm program."""
        return self._resolver.resolve("helm")

    @cached_property
    def promtool(self) -> Path:
        """The program that checks and tests what Prometheus reads."""
        return self._resolver.resolve("promtool")

    @cached_property
    def kubeconform(self) -> Path:
        """The program that holds objects to the schemas of their kinds."""
        return self._resolver.resolve("kubeconform")

    @cached_property
    def vault(self) -> VaultAdmin:
        """Vault as its administrator."""
        at = self.endpoints
        return VaultAdmin(at.vault_address, at.vault_token, at.vault_ca)

    @cached_property
    def kube_audit(self) -> KubernetesAudit:
        """What was asked of the API server."""
        return KubernetesAudit(self.testbed.apiserver.audit_log)

    @cached_property
    def vault_audit(self) -> VaultAudit:
        """What was asked of Vault."""
        return VaultAudit(self.testbed.vault.audit_log)
