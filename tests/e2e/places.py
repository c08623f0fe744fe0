"""Where a value could be left behind: all that the operator writes, keeps open or is seen with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.support import MANAGED_BY
from tests.e2e.world import LAST_APPLIED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.clients.audit import Mark
    from testbed.clients.kube import Kube
    from tests.e2e.world import World

Json = dict[str, Any]
INLINE = (("registry", "password"), ("git", "token"))
SLOTS = ("secretslots", "envsecrets")


def all_places(world: World, kube: Mark, vault: Mark, sources: set[str], refused: set[str]) -> dict[str, str | bytes]:
    """Every place by name, with what it holds.

    Args:
        kube, vault: marks in the audit logs, from before the values came in.
        sources: the source Secrets, which hold values by their nature, as projected ones do.
        refused: slots whose inline value could not be stored and is still where the user wrote it.
    """
    return {
        **_process(world),
        **dict(objects(world.kube, world.namespace, sources, refused)),
        **{f"audited {index}: {name}": text for index, (name, text) in enumerate(audited(world, kube, refused))},
        "Vault's audit log": _since(world.session.vault_audit.path, vault),
    }


def objects(kube: Kube, namespace: str, sources: set[str], refused: set[str]) -> Iterator[tuple[str, str]]:
    """All objects of all kinds in a namespace, events too, but for the Secrets that are made to hold values."""
    for path in _collections(kube, namespace):
        for item in kube.list(path):
            name = item["metadata"]["name"]
            if path.endswith("/secrets") and (name in sources or _projected(item)):
                continue
            if path.endswith(SLOTS) and name in refused:
                item = _without_inline(item)
            yield f"{path}/{name}", json.dumps(item, ensure_ascii=False)


def audited(world: World, since: Mark, refused: set[str]) -> Iterator[tuple[str, str]]:
    """The API server's record of what the operator did, and all others that are not the test itself.

    Left out are its requests for Secrets, which hold values by their nature, and what it was answered when it read
    slots: those are the objects as their users wrote them, which the record of the users' own requests holds already.
    """
    for event in world.session.kube_audit.events(since=since):
        reference = event.get("objectRef", {})
        if event["user"]["username"] == "testbed-admin" or reference.get("namespace") != world.namespace:
            continue
        if reference.get("resource") == "secrets" and not reference.get("subresource"):
            continue
        shown = dict(event)
        if reference.get("resource") in SLOTS and "subresource" not in reference and event["verb"] in ("get", "list"):
            del shown["responseObject"]
        elif reference.get("name") in refused and "spec" in (event.get("responseObject") or {}):
            shown["responseObject"] = _without_inline(event["responseObject"])
        yield f"{event['verb']} {event['requestURI']}", json.dumps(shown, ensure_ascii=False)


def _process(world: World) -> dict[str, str | bytes]:
    """What the process shows to the outside."""
    operator = world.operator
    pid = json.loads((operator.log.parent / "process.json").read_text())["pid"]
    return {
        "log": operator.log.read_bytes(),
        "metrics": operator.metrics().text,
        "readyz": operator.readyz()[1],
        "healthz": operator.healthz()[1],
        "arguments": Path(f"/proc/{pid}/cmdline").read_bytes(),
        "environment": Path(f"/proc/{pid}/environ").read_bytes(),
    }


def _collections(kube: Kube, namespace: str) -> list[str]:
    """The paths of all namespaced collections that can be listed."""
    groups = ["/api/v1"] + [f"/apis/{g['preferredVersion']['groupVersion']}" for g in kube.get("/apis")["groups"]]
    return [
        f"{group}/namespaces/{namespace}/{kind['name']}"
        for group in groups
        for kind in kube.get(group)["resources"]
        if kind["namespaced"] and "list" in kind["verbs"] and "/" not in kind["name"]
    ]


def _projected(secret: Json) -> bool:
    return (secret["metadata"].get("labels") or {}).get(MANAGED_BY) == "slotwarden"


def _without_inline(slot: Json) -> Json:
    """A slot without what its user wrote into the value's field, in the spec and in kubectl's record of it."""
    shown: Json = json.loads(json.dumps(slot))
    for kind, field in INLINE:
        (shown["spec"].get(kind) or {}).pop(field, None)
    shown["spec"].pop("value", None)
    (shown["metadata"].get("annotations") or {}).pop(LAST_APPLIED, None)
    return shown


def _since(path: Path, mark: Mark) -> bytes:
    with path.open("rb") as handle:
        handle.seek(mark.place)
        return handle.read()
