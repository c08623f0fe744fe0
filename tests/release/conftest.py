"""Servers of the folder's own, with one release at a time: there is one aggregated API in a cluster."""

from __future__ import annotations

import base64
import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from slotwarden.vault import policy
from testbed.clients.kube import core
from testbed.gateway import API_SERVICE, API_SERVICES
from testbed.install import install_crds
from testbed.release import Release, rendered
from tests.release.bed import Bed
from tests.release.modes import NAMED, NAMESPACED, OWN_CERTIFICATE, TLS, served, values
from tests.release.rights import Places, Right
from tests.support.servers import own_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.session import Session

Json = dict[str, Any]
AUTH = "kubernetes"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


@dataclass(frozen=True)
class Without:
    """A mode with one right left out."""

    mode: str
    right: Right

    def __str__(self) -> str:
        return f"{self.mode}: {self.right}"


@pytest.fixture(scope="package")
def servers(request: pytest.FixtureRequest) -> Iterator[Session]:
    """The servers, with the CRDs, and Vault's login with tokens of ServiceAccounts."""
    with own_session(request.config, install_crds) as session:
        _login(session)
        yield session


@pytest.fixture(scope="package")
def bed(
    request: pytest.FixtureRequest, servers: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bed | None]:
    """A release in a mode, or in one without a right; its programs start when they are asked for.

    None stands for no release, where a test makes one by itself.
    """
    asked: str | Without | None = request.param
    if asked is None:
        yield None
        return
    mode, right = (asked, None) if isinstance(asked, str) else (asked.mode, asked.right)
    with contextlib.ExitStack() as after:
        yield install(servers, mode, tmp_path_factory.mktemp("release"), after, right)


def install(session: Session, mode: str, folder: Path, after: contextlib.ExitStack, right: Right | None = None) -> Bed:
    """Install a release, all of which goes with `after`."""
    since = session.kube_audit.mark()
    name = f"release-{secrets.token_hex(3)}"
    work = served(name)
    tls = prepare(session, mode, name, work, after)
    chosen = values(mode, name, work, in_vault(session))
    objects = rendered(session, name, chosen)
    if right is not None:
        objects = Places(name, work).without(objects, right)
    release = Release(session, name, objects, folder)
    after.callback(release.remove)
    after.callback(release.stop)
    if right is None:
        release.dry_run()
    release.apply()
    bed = Bed(release, mode, work[0], tls, since, right)
    if mode == OWN_CERTIFICATE:
        _tell_authority(bed)
    return bed


def _login(session: Session) -> None:
    """Have Vault ask the API server whose a token is."""
    kube = session.kube
    kube.create(core("default", "serviceaccounts"), {"metadata": {"name": "vault"}})
    binding = {
        "metadata": {"name": "vault"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "default", "name": "vault"}],
    }
    kube.create(BINDINGS, binding)
    spec = {"spec": {"expirationSeconds": 36000}}
    reviewer = kube.create(core("default", "serviceaccounts", "vault/token"), spec)["status"]["token"]
    session.vault.enable_kubernetes_auth(AUTH, kube.server, Path(kube.ca).read_text(), reviewer)


def in_vault(session: Session) -> Json:
    """Where the session's Vault is, as the chart's values have it."""
    place: Json = {"address": session.endpoints.vault_address, "authMount": AUTH, "mount": session.vault.mount}
    return {**place, "transitMount": session.vault.transit, "caSecret": {"name": "vault-ca"}}


def prepare(session: Session, mode: str, name: str, work: tuple[str, ...], after: contextlib.ExitStack) -> str:
    """What there is before the chart is installed; the authority of a certificate of others."""
    kube, vault = session.kube, session.vault
    for each in (name, *work):
        kube.create("/api/v1/namespaces", {"metadata": {"name": each}})
        after.callback(kube.delete, f"/api/v1/namespaces/{each}")
    after.callback(vault.purge_folder, name)
    ca = session.endpoints.vault_ca
    assert ca is not None
    kube.create(core(name, "secrets"), {"metadata": {"name": "vault-ca"}, "stringData": {"ca.crt": ca.read_text()}})
    accounts: tuple[tuple[policy.Role, str], ...] = (("operator", "slotwarden"), ("gateway", "slotwarden-gateway"))
    for role, account in accounts:
        own = f"{name}-{role}"
        named = work if mode in NAMED else ()
        vault.write_policy(own, policy.render(vault.mount, name, named, role, vault.transit))
        after.callback(vault.request, "DELETE", f"sys/policies/acl/{own}")
        options = {"audience": "vault"} if mode == NAMESPACED else {}
        options |= {"token_policies": [own], "token_no_default_policy": True}
        vault.write_kubernetes_role(AUTH, own, (name, account), **options)
    return _certificate(session, name) if mode == OWN_CERTIFICATE else ""


def _certificate(session: Session, namespace: str) -> str:
    """A certificate that others look after, as cert-manager would leave it; its authority."""
    authority = trustme.CA()
    made = authority.issue_cert("localhost", f"slotwarden-gateway.{namespace}.svc")
    text = {
        "tls.crt": b"".join(each.bytes() for each in made.cert_chain_pems).decode(),
        "tls.key": made.private_key_pem.bytes().decode(),
    }
    body = {"metadata": {"name": TLS}, "type": "kubernetes.io/tls", "stringData": text}
    session.kube.create(core(namespace, "secrets"), body)
    return authority.cert_pem.bytes().decode()


def _tell_authority(bed: Bed) -> None:
    """What cert-manager's injector does for an APIService that asks for it."""
    bundle = base64.b64encode(bed.tls.encode()).decode()
    bed.kube.patch(f"{API_SERVICES}/{API_SERVICE}", {"spec": {"caBundle": bundle}})
