"""Objects as the API server gives them, for tests that need no server."""

from __future__ import annotations

from typing import Any

from slotwarden.domain.declared_env import DeclaredEnv
from slotwarden.domain.declared_slot import DeclaredSlot
from slotwarden.resources.envsecret import EnvSecret
from slotwarden.resources.secretslot import SecretSlot

REGISTRY = {"registry": {"serverAddress": "ghcr.io"}}
GIT = {"git": {"url": "https://github.com", "username": "bot"}}
ENVIRONMENT = {"project": "shop", "environment": "production", "key": "DATABASE_URL"}


def slot(spec: dict[str, Any], **metadata: Any) -> DeclaredSlot:
    return DeclaredSlot(SecretSlot.from_object(_object("pull", spec, metadata)))


def env(spec: dict[str, Any] | None = None, name: str = "database-url", **metadata: Any) -> DeclaredEnv:
    return DeclaredEnv(EnvSecret.from_object(_object(name, {**ENVIRONMENT, **(spec or {})}, metadata)))


def source(field: str) -> dict[str, Any]:
    return {field: {"secretKeyRef": {"name": "source", "key": "k"}}}


def _object(name: str, spec: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"namespace": "acme", "name": name, "uid": f"uid-of-{name}", **metadata}, "spec": spec}
