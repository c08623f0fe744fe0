"""The API paths that the operator uses. Names come from the API server itself and are DNS names."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from slotwarden.resources.secretslot import API_VERSION

GROUP: Final = f"/apis/{API_VERSION}"


def slots(resource: str, namespace: str | None) -> str:
    """The objects of one of our resources, of a namespace or of the cluster."""
    return f"{GROUP}/{resource}" if namespace is None else f"{GROUP}/namespaces/{_safe(namespace)}/{resource}"


def slot(resource: str, namespace: str, name: str, subresource: str = "") -> str:
    """One of them."""
    return f"{slots(resource, namespace)}/{_safe(name)}" + (f"/{subresource}" if subresource else "")


def secrets(namespace: str | None) -> str:
    """The Secrets of a namespace, or of the cluster."""
    return "/api/v1/secrets" if namespace is None else f"/api/v1/namespaces/{_safe(namespace)}/secrets"


def secret(namespace: str, name: str) -> str:
    """One Secret."""
    return f"{secrets(namespace)}/{_safe(name)}"


def events(namespace: str) -> str:
    """The events of a namespace."""
    return f"/api/v1/namespaces/{_safe(namespace)}/events"


def leases(namespace: str) -> str:
    """The Leases of a namespace."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{_safe(namespace)}/leases"


def lease(namespace: str, name: str) -> str:
    """One Lease."""
    return f"{leases(namespace)}/{_safe(name)}"


def namespace(name: str) -> str:
    """One Namespace."""
    return f"/api/v1/namespaces/{_safe(name)}"


def configmaps(namespace: str) -> str:
    """The ConfigMaps of a namespace."""
    return f"/api/v1/namespaces/{_safe(namespace)}/configmaps"


def api_service(name: str) -> str:
    """One APIService."""
    return f"/apis/apiregistration.k8s.io/v1/apiservices/{_safe(name)}"


def review(group: str, resource: str) -> str:
    """Where a question to an authenticator or authorizer of the cluster is put."""
    return f"/apis/{group}/v1/{resource}"


def _safe(segment: str) -> str:
    return quote(segment, safe="")
