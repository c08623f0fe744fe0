"""Who manages an object: told by the marks that each tool's own documentation says it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from slotwarden.domain.manager import manager

OWN = "slotwarden.io/EnvSecret:acme/database-url"


def an_object(**metadata: Any) -> dict[str, Any]:
    named = {"namespace": "acme", "name": "database-url"}
    return {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": named | metadata}


@pytest.mark.parametrize(
    ("labels", "annotations", "told"),
    [
        ({}, {"argocd.argoproj.io/tracking-id": f"shop:{OWN}"}, "Argo CD, application shop"),
        ({}, {"argocd.argoproj.io/tracking-id": f"team_shop:{OWN}"}, "Argo CD, application team_shop"),
        ({"argocd.argoproj.io/instance": "shop"}, {}, "Argo CD, application shop"),
        (
            {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
            {},
            "Flux, Kustomization flux-system/apps",
        ),
        (
            {"helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "acme"},
            {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "acme"},
            "Flux, HelmRelease acme/shop",
        ),
        (
            {"app.kubernetes.io/managed-by": "Helm"},
            {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "acme"},
            "Helm, release acme/shop",
        ),
        (
            {},
            {"config.k8s.io/owning-inventory": "d7a3"},
            "kpt or another tool with inventory d7a3",
        ),
        (
            {"app.kubernetes.io/managed-by": "configmanagement.gke.io"},
            {"configmanagement.gke.io/managed": "enabled", "config.k8s.io/owning-inventory": "system_root-sync"},
            "Config Sync",
        ),
        ({"kapp.k14s.io/app": "1596"}, {}, "kapp, application 1596"),
        (
            {},
            {"objectset.rio.cattle.io/id": "default-shop", "meta.helm.sh/release-name": "shop"},
            "Rancher Fleet, bundle default-shop",
        ),
        (
            {},
            {
                "objectset.rio.cattle.io/id": "",
                "objectset.rio.cattle.io/owner-name": "shop",
                "objectset.rio.cattle.io/owner-namespace": "kube-system",
            },
            "Rancher, kube-system/shop",
        ),
    ],
)
def test_each_tool_is_known_by_its_marks(labels: dict[str, str], annotations: dict[str, str], told: str) -> None:
    assert manager(an_object(labels=labels, annotations=annotations)) == told


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [
        ({}, {}),
        # Charts put it on what nothing but a hand applies.
        ({"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "Helm"}, {}),
        ({}, {"argocd.argoproj.io/tracking-id": "shop:slotwarden.io/EnvSecret:acme/another"}),
        ({}, {"argocd.argoproj.io/tracking-id": "shop:slotwarden.io/EnvSecret:globex/database-url"}),
        ({}, {"argocd.argoproj.io/tracking-id": "no tracking id"}),
        ({}, {"configmanagement.gke.io/managed": "disabled"}),
        ({}, {"kubectl.kubernetes.io/last-applied-configuration": "{}"}),
        ({}, {"slotwarden.io/created-at": "2026-01-01T00:00:00.000001Z"}),
    ],
)
def test_nothing_else_is_a_manager(labels: dict[str, str], annotations: dict[str, str]) -> None:
    assert manager(an_object(labels=labels, annotations=annotations)) is None


@pytest.mark.parametrize(
    ("writer", "told"),
    [
        ("argocd-controller", "Argo CD"),
        ("argocd-application-controller", "Argo CD"),
        ("kustomize-controller", "Flux"),
        ("helm-controller", "Flux"),
        ("fleetagent", "Rancher Fleet"),
        ("kubectl-client-side-apply", None),
        ("slotwarden-gateway", None),
        ("slotwarden", None),
    ],
)
def test_a_tool_without_marks_is_known_by_the_fields_that_it_writes(writer: str, told: str | None) -> None:
    assert manager(an_object(managedFields=[{"manager": "kubectl"}, {"manager": writer}])) == told


def test_a_tool_that_writes_the_status_alone_manages_nothing() -> None:
    assert manager(an_object(managedFields=[{"manager": "argocd-controller", "subresource": "status"}])) is None
