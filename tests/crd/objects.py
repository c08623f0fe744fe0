from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from testbed.clients.kubectl import Result


class Trial(Protocol):
    """Applies a slot without storing it."""

    def __call__(self, spec: Any, *, name: str = ..., **metadata: Any) -> Result: ...


def slot(spec: Any, name: str = "pull", **metadata: Any) -> dict[str, Any]:
    """A SecretSlot as a user writes it."""
    return {
        "apiVersion": "slotwarden.io/v1beta1",
        "kind": "SecretSlot",
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def env(name: str = "url", *, project: Any = "shop", environment: Any = "production", **spec: Any) -> dict[str, Any]:
    """An EnvSecret as a user writes it; its key is `DATABASE_URL` where the spec names none."""
    given = {"project": project, "environment": environment, "key": "DATABASE_URL", **spec}
    return {
        "apiVersion": "slotwarden.io/v1beta1",
        "kind": "EnvSecret",
        "metadata": {"name": name},
        "spec": {field: value for field, value in given.items() if value is not None},
    }
