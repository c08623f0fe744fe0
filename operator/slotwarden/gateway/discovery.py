"""What kube-apiserver and clients read to learn which resources there are.

Only subresources are listed: the objects themselves are those of group slotwarden.io, and a second resource of the same
name would make `kubectl get secretslots` ambiguous, and give the namespace controller something to delete.
"""

from __future__ import annotations

from typing import Any, Final

from slotwarden.gateway.group import API_VERSION, GROUP, RESOURCES, ROOT, SUBRESOURCES, VERSION

_THIS: Final = {"groupVersion": API_VERSION, "version": VERSION}
_GROUP: Final[dict[str, Any]] = {"name": GROUP, "versions": [_THIS], "preferredVersion": _THIS}

DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_GROUP]},
    f"/apis/{GROUP}": {"kind": "APIGroup", "apiVersion": "v1", **_GROUP},
    ROOT: {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": API_VERSION,
        "resources": [
            {
                "name": f"{resource}/{each.name}",
                "singularName": "",
                "namespaced": True,
                "kind": each.kind,
                "verbs": [each.verb],
            }
            for resource in RESOURCES
            for each in SUBRESOURCES
        ],
    },
}
"""The documents by their paths."""
