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
