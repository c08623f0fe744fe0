"""Helm upgrades the chart from the version before, and uninstalls it: slots and values stay, and nothing is stuck.

`previous/` has the chart as it was packaged last; a release replaces it by its own package.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from testbed.clients.helm import Helm
from testbed.clients.kube import core
from testbed.gateway import API_SERVICE, API_SERVICES, TLS_SECRET
from testbed.install import CHART, install_crds
from testbed.release import NAME, Release, rendered
from testbed.wait import eventually
from tests.release.bed import Bed
from tests.release.conftest import in_vault, prepare
from tests.release.modes import CLUSTER_WIDE, served, values
from tests.release.test_operator import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from testbed.session import Session

Json = dict[str, Any]
(PREVIOUS,) = (Path(__file__).parent / "previous").glob("*.tgz")
pytestmark = [pytest.mark.xdist_group("release"), pytest.mark.parametrize("bed", [None], indirect=True)]


@pytest.fixture
def helm(servers: Session, bed: None, tmp_path: Path) -> Iterator[Helm]:
    """Helm, in a namespace for a release; what that leaves is removed."""
    del bed
    with contextlib.ExitStack() as after:
        name = f"upgraded-{secrets.token_hex(3)}"
        prepare(servers, CLUSTER_WIDE, name, served(name), after)
        yield Helm(servers.helm, servers.endpoints.kubeconfig, name, tmp_path)


@dataclass(frozen=True)
class Site:
    """A release that is Helm's, by its namespace."""

    session: Session
    name: str
    folder: Path

    @property
    def values(self) -> Json:
        return values(CLUSTER_WIDE, self.name, served(self.name), in_vault(self.session))

    def running(self, chart: Path, chosen: Mapping[str, Any]) -> Bed:
        """The programs as a chart has them."""
        objects = rendered(self.session, self.name, chosen, chart)
        release = Release(self.session, self.name, objects, self.folder / chart.stem)
        return Bed(release, CLUSTER_WIDE, served(self.name)[0], "", self.session.kube_audit.mark())


def test_it_is_upgraded_and_uninstalled(helm: Helm, servers: Session, tmp_path: Path) -> None:
    kube, site = servers.kube, Site(servers, helm.namespace, tmp_path)
    slot, secret, made = installed_before(helm, site)
    entry = f"{site.name}/{served(site.name)[0]}/slots/{slot}"

    helm("upgrade", NAME, str(CHART), "--reset-then-reuse-values", values=site.values)
    manifest = helm("get", "manifest", NAME)
    assert len(left(servers, manifest)) == len(rendered(servers, site.name, site.values))
    after = site.running(CHART, site.values)
    after.operator()
    after.gateway()
    kube.patch(after.path("secretslots", slot), {"spec": {"refreshInterval": "2h"}})
    after.ready("secretslots", slot)
    assert [kube.get(secret)[part] for part in ("data", "type")] == [made[part] for part in ("data", "type")]
    assert kube.get(secret)["metadata"]["uid"] == made["metadata"]["uid"]
    assert servers.vault.version(entry) == 1
    assert after.refusals() == []
    after.release.stop()

    helm("uninstall", NAME)
    eventually(lambda: set(left(servers, manifest)) == crds(servers), message="all but the CRDs is gone")
    # The API server looks for that group at nobody's any more, or no deletion of a namespace would end.
    assert kube.find(f"{API_SERVICES}/{API_SERVICE}") is None
    assert kube.get(secret)["data"] == made["data"]
    kube.delete(after.path("secretslots", slot))
    assert kube.find(after.path("secretslots", slot)) is None
    assert servers.vault.read(entry) is not None
    assert made_by_programs(servers, site.name) == ["lease.coordination.k8s.io/slotwarden", f"secret/{TLS_SECRET}"]
    servers.kubectl("delete", "namespace", *served(site.name), site.name, "--timeout=50s", check=True)


def test_it_takes_the_crds_with_it_where_it_is_told_to(helm: Helm, servers: Session, tmp_path: Path) -> None:
    site = Site(servers, helm.namespace, tmp_path)
    chosen = {**site.values, "crds": {"keep": False}}
    helm("install", NAME, str(CHART), "--take-ownership", values=chosen)
    manifest = helm("get", "manifest", NAME)
    site.running(CHART, chosen).make("secretslots", {"registry": {"serverAddress": "ghcr.io"}})
    helm("uninstall", NAME)
    try:
        eventually(lambda: left(servers, manifest) == [], 60, message="all is gone")
    finally:
        install_crds(servers)
        servers.testbed.controller_manager.kill()
        servers.testbed.controller_manager.start()


def installed_before(helm: Helm, site: Site) -> tuple[str, str, Json]:
    """The version before, with a slot: its name, and its Secret as it is."""
    # What it knew of.
    chosen = {name: site.values[name] for name in ("vault", "gateway")}
    del chosen["gateway"]["extraEnv"]
    # The CRDs are there, as another release or kubectl left them.
    helm("install", NAME, str(PREVIOUS), "--take-ownership", values=chosen)
    before = site.running(PREVIOUS, chosen)
    before.operator()
    slot = before.make("secretslots", git("kept"))
    secret = core(before.namespace, "secrets", before.projected("secretslots", slot))
    before.release.stop()
    return slot, secret, site.session.kube.get(secret)


def left(session: Session, manifest: str) -> list[str]:
    """What is there of the objects of a manifest."""
    objects = [item for item in yaml.safe_load_all(manifest) if item]
    words = ("get", "--ignore-not-found", "--output=name", "-f", "-")
    return session.kubectl(*words, stdin=objects, check=True).stdout.split()


def made_by_programs(session: Session, namespace: str) -> list[str]:
    """What is left in the release's namespace beside what was there before."""
    words = ("get", "leases,secrets,configmaps", "--output=name")
    found = session.kubectl(*words, namespace=namespace, check=True).stdout.split()
    return [name for name in found if name not in {"secret/vault-ca", "configmap/kube-root-ca.crt"}]


def crds(session: Session) -> set[str]:
    """The names of our CRDs, as kubectl tells them."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    return {
        f"customresourcedefinition.apiextensions.k8s.io/{item['metadata']['name']}" for item in session.kube.list(path)
    }
