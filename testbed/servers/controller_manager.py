"""kube-controller-manager, with the controllers that decide what the operator sees: garbage, namespaces, accounts."""

from __future__ import annotations

import requests

from testbed.servers.base import Server

CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "clusterrole-aggregation-controller",
    "validatingadmissionpolicy-status-controller",
)


class ControllerManager(Server):
    """One instance, without leader election."""

    name = "kube-controller-manager"

    def command(self) -> list[str]:
        """Few controllers with many workers: tests wait for them."""
        config = self._context.folder / "kube-apiserver" / "controller-manager.kubeconfig"
        pki = self._context.pki
        return [
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--authorization-always-allow-paths=/healthz",
            f"--controllers={','.join(CONTROLLERS)}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port()}",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={pki.server_cert}",
            f"--tls-private-key-file={pki.server_key}",
            f"--root-ca-file={pki.ca}",
            f"--service-account-private-key-file={pki.service_accounts}",
            "--use-service-account-credentials=false",
            "--kube-api-qps=300",
            "--kube-api-burst=600",
            "--concurrent-namespace-syncs=20",
            "--concurrent-gc-syncs=20",
            "--profiling=false",
        ]

    def ready(self) -> bool:
        """By its health endpoint, which is open to all."""
        return requests.get(f"https://127.0.0.1:{self.port()}/healthz", verify=str(self._context.pki.ca), timeout=5).ok
