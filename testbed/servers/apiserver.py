"""kube-apiserver: RBAC, the aggregation layer, TLS, and an audit log of whole requests and responses."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import requests

from testbed.pki import FRONT_PROXY, write_private
from testbed.servers.base import Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADMIN = "testbed-admin"
CONTROLLER_MANAGER = "system:kube-controller-manager"
AUDIT_LOG = "audit.log"
ISSUER = "https://kubernetes.default.svc"

# Whole requests and responses of what tests ask for; nothing of discovery and of the servers' own housekeeping.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/readyz*", "/livez*", "/openapi*", "/api*", "/version"]},
        {"level": "None", "users": ["system:apiserver", CONTROLLER_MANAGER]},
        {"level": "RequestResponse"},
    ],
}


class ApiServer(Server):
    """The API server; users are known by bearer tokens that the testbed made up."""

    name = "kube-apiserver"
    # It would wait for open watches, which clients never close.
    stop_grace = 3.0

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"https://127.0.0.1:{self.port()}"

    @property
    def audit_log(self) -> Path:
        """One JSON event per line."""
        return self._context.folder / AUDIT_LOG

    @property
    def kubeconfig(self) -> Path:
        """The administrator's (group system:masters)."""
        return self._context.folder / "kubeconfig"

    @property
    def controller_manager_kubeconfig(self) -> Path:
        """The controller manager's own, so that the audit log tells its requests apart."""
        return self.folder / "controller-manager.kubeconfig"

    def prepare(self) -> None:
        """Tokens, kubeconfigs and the audit policy; once."""
        super().prepare()
        tokens = self.folder / "tokens.csv"
        if tokens.exists():
            return
        rows = []
        for user, path in ((ADMIN, self.kubeconfig), (CONTROLLER_MANAGER, self.controller_manager_kubeconfig)):
            token = secrets.token_urlsafe(32)
            rows.append(f'{token},{user},{user},"system:masters"\n')
            write_kubeconfig(path, self.url, self._context.pki.ca, token, user)
        self.use_audit_policy(AUDIT_POLICY)
        write_private(self.audit_log, "")
        write_private(tokens, "".join(rows))

    def use_audit_policy(self, policy: Mapping[str, Any]) -> None:
        """Have it record by another policy from its next start."""
        write_private(self.folder / "audit-policy.json", json.dumps(policy))

    def command(self) -> list[str]:
        """The flags of testbed, aggregation layer and audit."""
        pki = self._context.pki
        return [
            f"--etcd-servers=http://127.0.0.1:{self._context.state.ports['etcd']}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port()}",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={pki.server_cert}",
            f"--tls-private-key-file={pki.server_key}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--anonymous-auth=false",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
            "--allow-privileged=true",
            f"--service-account-key-file={pki.service_accounts}",
            f"--service-account-signing-key-file={pki.service_accounts}",
            f"--service-account-issuer={ISSUER}",
            f"--api-audiences={ISSUER},slotwarden",
            f"--requestheader-client-ca-file={pki.front_proxy_ca}",
            f"--requestheader-allowed-names={FRONT_PROXY}",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={pki.front_proxy_cert}",
            f"--proxy-client-key-file={pki.front_proxy_key}",
            f"--audit-policy-file={self.folder / 'audit-policy.json'}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-mode=blocking",
            # Whoever reads from a mark would miss what was rotated away.
            "--audit-log-maxsize=0",
            "--shutdown-delay-duration=0s",
            "--profiling=false",
        ]

    def ready(self) -> bool:
        """By /readyz, asked as the administrator."""
        token = (self.folder / "tokens.csv").read_text().partition(",")[0]
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.url}/readyz", headers=headers, verify=str(self._context.pki.ca), timeout=5).ok


def write_kubeconfig(path: Path, server: str, ca: Path | str, token: str, user: str) -> Path:
    """A kubeconfig with a bearer token, readable by its owner alone (JSON is YAML)."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "testbed",
        "clusters": [{"name": "testbed", "cluster": {"server": server, "certificate-authority": str(ca)}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": user}}],
    }
    return write_private(path, json.dumps(config, indent=2) + "\n")
