"""Who keeps an object as a repository has it: what such a tool declares it would put back, or make again.

Told by the marks that the tools leave, each in its own way, on what they apply. One that writes over other tools'
marks is asked for first: Fleet applies through Helm, and Config Sync through the inventories of cli-utils.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ARGO_CD: Final = "Argo CD"
_FIELD_MANAGERS: Final = {
    "argocd-controller": _ARGO_CD,
    # Where it applies by replacing: the name is then made of its program's.
    "argocd-application-controller": _ARGO_CD,
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "fleetagent": "Rancher Fleet",
}


def manager(raw: Mapping[str, Any]) -> str | None:
    """The tool that manages an object, and by which of its own objects, for people; None where there is none.

    Args:
        raw: the object as the API server gives it.
    """
    metadata = raw.get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if application := _tracked(raw, annotations.get("argocd.argoproj.io/tracking-id", "")):
        return f"{_ARGO_CD}, application {application}"
    marked = (tell(labels, annotations) for tell in _MARKS)
    return next(filter(None, marked), None) or _by_fields(metadata)


def _tracked(raw: Mapping[str, Any], tracking: str) -> str:
    """The application of Argo CD that a tracking id names.

    It is `application:group/Kind:namespace/name`. One that is about another object came here by copying, and Argo CD
    itself passes over it.
    """
    application, _, about = tracking.partition(":")
    metadata = raw["metadata"]
    group = str(raw.get("apiVersion", "")).partition("/")[0]
    own = f"{group}/{raw.get('kind', '')}:{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    return application if about == own else ""


def _argo_cd(labels: Mapping[str, str], _annotations: Mapping[str, str]) -> str | None:
    # Its other label, app.kubernetes.io/instance, is put by most charts too and so tells nothing.
    application = labels.get("argocd.argoproj.io/instance")
    return f"{_ARGO_CD}, application {application}" if application else None


def _flux(kind: str, group: str) -> Callable[[Mapping[str, str], Mapping[str, str]], str | None]:
    def tell(labels: Mapping[str, str], _annotations: Mapping[str, str]) -> str | None:
        name = labels.get(f"{group}/name")
        return f"Flux, {kind} {_full(labels.get(f'{group}/namespace'), name)}" if name else None

    return tell


def _config_sync(_labels: Mapping[str, str], annotations: Mapping[str, str]) -> str | None:
    # It leaves the annotation with another word on what it was told to leave alone.
    return "Config Sync" if annotations.get("configmanagement.gke.io/managed") == "enabled" else None


def _fleet(_labels: Mapping[str, str], annotations: Mapping[str, str]) -> str | None:
    bundle = annotations.get("objectset.rio.cattle.io/id")
    if bundle:
        return f"Rancher Fleet, bundle {bundle}"
    # Its library serves others too, such as the add-ons of k3s: they name the owner, and leave the id empty.
    owner = annotations.get("objectset.rio.cattle.io/owner-name")
    namespace = annotations.get("objectset.rio.cattle.io/owner-namespace")
    return f"Rancher, {_full(namespace, owner)}" if owner else None


def _cli_utils(_labels: Mapping[str, str], annotations: Mapping[str, str]) -> str | None:
    inventory = annotations.get("config.k8s.io/owning-inventory")
    return f"kpt or another tool with inventory {inventory}" if inventory else None


def _kapp(labels: Mapping[str, str], _annotations: Mapping[str, str]) -> str | None:
    application = labels.get("kapp.k14s.io/app")
    return f"kapp, application {application}" if application else None


def _helm(_labels: Mapping[str, str], annotations: Mapping[str, str]) -> str | None:
    release = annotations.get("meta.helm.sh/release-name")
    namespace = annotations.get("meta.helm.sh/release-namespace")
    return f"Helm, release {_full(namespace, release)}" if release else None


_MARKS: Final = (
    _argo_cd,
    _flux("Kustomization", "kustomize.toolkit.fluxcd.io"),
    _flux("HelmRelease", "helm.toolkit.fluxcd.io"),
    _config_sync,
    _fleet,
    _cli_utils,
    _kapp,
    _helm,
)


def _by_fields(metadata: Mapping[str, Any]) -> str | None:
    """Who of them wrote fields of the object, where the marks were taken off or never put; a status is not theirs."""
    entries = metadata.get("managedFields") or ()
    writers = (entry.get("manager", "") for entry in entries if not entry.get("subresource"))
    return next((_FIELD_MANAGERS[writer] for writer in writers if writer in _FIELD_MANAGERS), None)


def _full(namespace: str | None, name: str | None) -> str:
    return f"{namespace}/{name}" if namespace else str(name)
