"""kubeconform, with the schemas of the API server that is there: the usual ones are on a host of their own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.clients.kube import Kube
    from tests.chart.objects import Json

_HERE = "#/components/schemas/"
_THERE = "#/definitions/"
# Where schemas are looked for, as kubeconform names them.
_FILES = "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json"
# Of the Prometheus operator, which the API server does not know.
OF_OTHERS = "monitoring.coreos.com"


@dataclass(frozen=True, slots=True)
class Kubeconform:
    """The program, and a folder for the schemas that it reads."""

    program: Path
    kube: Kube
    folder: Path
    _served: set[str] = field(default_factory=set)

    def complaints(self, objects: list[Json]) -> list[str]:
        """What it says against objects; unknown fields too. Every object is looked at, but those of others' kinds."""
        looked_at = [item for item in objects if not item["apiVersion"].startswith(OF_OTHERS)]
        for version in {item["apiVersion"] for item in looked_at}:
            self._learn(version)
        done = subprocess.run(
            [self.program, "-strict", "-output=json", "-verbose", f"-schema-location={self.folder}/{_FILES}"],
            input=yaml.safe_dump_all(looked_at),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        found = json.loads(done.stdout)["resources"]
        assert len(found) == len(looked_at), done.stderr
        return [f"{each['kind']} {each['name']}: {each['msg']}" for each in found if each["status"] != "statusValid"]

    def _learn(self, version: str) -> None:
        """Write the schemas of all kinds of an API version."""
        if version in self._served:
            return
        self._served.add(version)
        path = f"apis/{version}" if "/" in version else f"api/{version}"
        document = self.kube.get(self.kube.get("/openapi/v3")["paths"][path]["serverRelativeURL"])
        definitions = {name: _strict(schema) for name, schema in document["components"]["schemas"].items()}
        for name, schema in definitions.items():
            for kind in schema.get("x-kubernetes-group-version-kind", ()):
                # kubeconform takes the version for the group's name where that has none.
                file = f"{kind['group'] or kind['version']}-{kind['version']}-{kind['kind'].lower()}"
                root = {"$ref": f"{_THERE}{name}", "definitions": definitions}
                (self.folder / f"{file}.json").write_text(json.dumps(root))


def _strict(schema: Any) -> Any:
    """A schema of OpenAPI as JSON Schema that lets no unknown field through."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _strict(part) for name, part in schema.items()}
    reference = made.get("$ref")
    if isinstance(reference, str):
        made["$ref"] = reference.replace(_HERE, _THERE)
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_ended:
        made["additionalProperties"] = False
    return made
