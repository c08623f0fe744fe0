"""Objects as the API server sends them, for the tests of the reconciler's pure parts."""

from __future__ import annotations

import base64
from typing import Any

from slotwarden.domain.kinds import ENV, SLOT
from slotwarden.reconcile.observe import SecretView, SlotView, secret_view, slot_view
from slotwarden.sensitive import Sensitive
from slotwarden.values.mac import MacKey

KEY = MacKey("k1", Sensitive(b"0" * 32))


def slot(
    name: str = "one",
    *,
    uid: str = "uid-1",
    version: int = 1,
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    **metadata: Any,
) -> SlotView:
    """A registry slot in `acme`."""
    return slot_view(
        SLOT,
        {
            "metadata": {
                "namespace": "acme",
                "name": name,
                "uid": uid,
                "resourceVersion": str(version),
                "generation": 1,
                "creationTimestamp": "2026-01-01T00:00:00Z",
                **metadata,
            },
            "spec": spec or {"registry": {"serverAddress": "ghcr.io", "username": "bot"}},
            "status": status or {"observedGeneration": -1},
        },
    )


def env(
    name: str = "url",
    *,
    uid: str = "uid-1",
    key: str = "URL",
    created: str = "00",
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> SlotView:
    """An EnvSecret of shop's production in `acme`, made in that second."""
    return slot_view(
        ENV,
        {
            "metadata": {
                "namespace": "acme",
                "name": name,
                "uid": uid,
                "resourceVersion": "1",
                "generation": 1,
                "creationTimestamp": f"2026-01-01T00:00:{created}Z",
            },
            "spec": {"project": "shop", "environment": "production", "key": key, **spec},
            "status": status or {"observedGeneration": -1},
        },
    )


def secret(
    name: str = "one",
    *,
    uid: str = "suid-1",
    version: int = 1,
    owner: str | None = "uid-1",
    data: dict[str, str] | None = None,
    key: MacKey | None = KEY,
    kind: str = "Opaque",
    **metadata: Any,
) -> SecretView:
    """A labelled Secret in `acme`."""
    labels = {"slotwarden.io/watch": "true"}
    owners = []
    if owner:
        labels["slotwarden.io/owner"] = owner
        owners = [{"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "name": "one", "uid": owner}]
    raw = {
        "metadata": {
            "namespace": "acme",
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "labels": labels,
            "ownerReferences": owners,
            **metadata,
        },
        "type": kind,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in (data or {}).items()},
    }
    return secret_view(raw, key)
