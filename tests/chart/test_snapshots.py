"""All that the chart renders in its modes, so that a change shows what it does to each object.

The other tests say what has to hold. Rendered by helm and compared here: a second tool for tests of charts would be one
more language for what pytest does. To write them anew: SLOTWARDEN_SNAPSHOTS=write .venv/bin/python -m pytest FILE
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.chart.objects import Json, Render

FOLDER = Path(__file__).parent / "snapshots"
MODES: dict[str, Json] = {
    "default": {},
    "namespaced": {
        "namespaces": ["acme", "shop"],
        "clusterId": "east",
        "vault": {"auth": "token", "tokenSecret": {"name": "operator-token"}},
        "gateway": {
            "enabled": True,
            "aggregation": False,
            "publishedApis": {"enabled": False},
            "vaultTokenSecret": {"name": "gateway-token"},
        },
        "policies": {"enabled": False},
        "roles": {"create": False},
    },
    "everything": {
        "replicas": 2,
        "commonLabels": {"example.com/team": "platform"},
        "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": ["pull"]},
        "vault": {"audience": "vault", "caSecret": {"name": "vault-ca"}, "transitMount": "transit"},
        "gateway": {
            "enabled": True,
            "publicUrl": "https://secrets.example.com",
            "service": {"type": "LoadBalancer", "annotations": {"example.com/internal": "true"}},
        },
        "policies": {"inlineValues": "deny"},
        "networkPolicy": {
            "enabled": True,
            "metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        },
        "metrics": {"podMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
        "argocd": {"healthChecks": {"enabled": True}},
    },
}


@pytest.mark.parametrize("mode", MODES)
def test_it_renders_as_it_did(render: Render, mode: str) -> None:
    file = FOLDER / f"{mode}.yaml"
    found = "---\n".join(
        yaml.safe_dump(item, sort_keys=False, default_flow_style=None, width=110)
        for item in render(MODES[mode])
        # Their own test compares them with the models.
        if item["kind"] != "CustomResourceDefinition"
    )
    if os.environ.get("SLOTWARDEN_SNAPSHOTS") == "write":
        file.write_text(found)
    assert found == file.read_text(), f"{file.name} differs; how to write it anew stands in {Path(__file__).name}"


def test_each_snapshot_is_of_a_mode() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(MODES)
