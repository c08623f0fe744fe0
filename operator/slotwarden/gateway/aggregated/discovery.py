"""What kube-apiserver and clients read to learn which resources there are.

The resources themselves are listed without a verb: so the namespace controller finds nothing to delete in this group,
and `kubectl api-resources` shows nothing. But kubectl has to know them: without, `kubectl auth can-i` asks about
another group and answers no. The objects are those of slotwarden.io, which comes first, so `kubectl get secretslots`
means those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slotwarden.gateway.aggregated.group import API_VERSION, GROUP, RESOURCES, ROOT, SUBRESOURCES, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

_THIS: Final = {"groupVersion": API_VERSION, "version": VERSION}
_GROUP: Final[dict[str, Any]] = {"name": GROUP, "versions": [_THIS], "preferredVersion": _THIS}


def _listed(resource: str, kind: str) -> Iterator[dict[str, Any]]:
    """A resource and its subresources."""
    named = {"namespaced": True}
    yield {"name": resource, "singularName": f"{kind.lower()}value", **named, "kind": f"{kind}Value", "verbs": []}
    for each in SUBRESOURCES:
        yield {"name": f"{resource}/{each.name}", "singularName": "", **named, "kind": each.kind, "verbs": [each.verb]}


DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_GROUP]},
    f"/apis/{GROUP}": {"kind": "APIGroup", "apiVersion": "v1", **_GROUP},
    ROOT: {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": API_VERSION,
        "resources": [each for resource, kind in RESOURCES.items() for each in _listed(resource, kind)],
    },
}
"""The documents by their paths."""
