"""Objects as watches and answers tell them, for tests of what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotwarden.domain.names import object_name

if TYPE_CHECKING:
    from collections.abc import Mapping

WHEN = "2026-03-04T05:06:07Z"


def env(key: str = "TOKEN", version: int = 1, *, environment: str = "production", **more: Any) -> dict[str, Any]:
    """An EnvSecret of project `shop`, named like its key in lower case unless `name` says otherwise."""
    spec = {"project": "shop", "environment": environment, "key": key, **more.pop("spec", {})}
    return _object("EnvSecret", more.pop("name", key.lower().replace("_", "-")), version, spec, more)


def slot(name: str = "pull", version: int = 1, **more: Any) -> dict[str, Any]:
    """A registry's SecretSlot, by its slot name."""
    spec = {"slotName": name, "registry": {"serverAddress": "ghcr.io"}, **more.pop("spec", {})}
    return _object("SecretSlot", object_name(name), version, spec, more)


def _object(kind: str, name: str, version: int, spec: Mapping[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    status = more.pop("status", {})
    metadata = {
        "namespace": "acme",
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
        "creationTimestamp": WHEN,
        **more,
    }
    return {"apiVersion": "slotwarden.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec, "status": status}
