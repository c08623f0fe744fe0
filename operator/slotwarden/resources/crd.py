"""The CustomResourceDefinition of SecretSlot as a file, made from the models and compared with the checked-in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from slotwarden.resources import rules, secretslot
from slotwarden.resources.schema import structural_schema
from slotwarden.resources.slotstatus import Status

if TYPE_CHECKING:
    from pathlib import Path

_HEADER: Final = """\
# Generated from operator/slotwarden/resources by `slotwarden crds`. Do not edit.
"""
_API_VERSION: Final = "APIVersion defines the versioned schema of this representation of an object."
_KIND: Final = "Kind is a string value representing the REST resource this object represents."


def _ready(part: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{part}'


_COLUMNS: Final = (
    ("Type", "string", ".status.type", "Kind of credential: git or registry", 0),
    ("Ready", "string", _ready("status"), "Whether the Secret is there and up to date", 0),
    ("Reason", "string", _ready("reason"), "The cause in one word", 0),
    ("Secret", "string", ".status.projections[0].secretName", "The Secret made from the value", 0),
    ("Age", "date", ".metadata.creationTimestamp", "Time since the object was made", 0),
    (
        "Server",
        "string",
        ".spec['registry','git']['serverAddress','url']",
        "Where the credential is valid; empty is Docker Hub",
        1,
    ),
    ("Vault version", "integer", ".status.vault.version", "Version of the entry in Vault", 1),
    ("Message", "string", _ready("message"), "The cause in a sentence", 1),
)


class _PlainDumper(yaml.SafeDumper):
    """Writes a list that stands twice twice: anchors and aliases are not for readers."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def crd() -> dict[str, Any]:
    """The CustomResourceDefinition of SecretSlot as an object."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{secretslot.PLURAL}.{secretslot.GROUP}"},
        "spec": {
            "group": secretslot.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": secretslot.KIND,
                "listKind": f"{secretslot.KIND}List",
                "plural": secretslot.PLURAL,
                "singular": secretslot.KIND.lower(),
                "shortNames": ["sslot"],
                "categories": ["slots"],
            },
            "versions": [
                {
                    "name": secretslot.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(*column) for column in _COLUMNS],
                    "schema": {"openAPIV3Schema": _root_schema()},
                }
            ],
        },
    }


def render() -> dict[str, str]:
    """The text of each CRD file by its name."""
    text = yaml.dump(crd(), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100)
    return {f"{secretslot.GROUP}_{secretslot.PLURAL}.yaml": _HEADER + text}


def check(folder: Path) -> list[str]:
    """What is wrong with the CRD files in a folder, one sentence each; empty where they are what `render` gives."""
    wanted = render()
    problems = []
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path} is missing: run `slotwarden crds --output {folder}`")
        elif path.read_text() != text:
            problems.append(f"{path} differs from the models: run `slotwarden crds --output {folder}`")
    extra = (path for path in folder.glob("*.yaml") if path.name not in wanted)
    return problems + [f"{path} is made from no model: remove it" for path in sorted(extra)]


def write(folder: Path) -> list[Path]:
    """Write the CRD files into a folder, which is made where it is missing; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in render().items():
        path = folder / name
        path.write_text(text)
        written.append(path)
    return written


def _column(name: str, kind: str, json_path: str, description: str, priority: int) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "type": kind, "jsonPath": json_path, "description": description}
    if priority:
        made["priority"] = priority
    return made


def _root_schema() -> dict[str, Any]:
    """The schema of the whole object: the API server's own fields beside the models of spec and status.

    The status has the only default: an object that nobody has looked at yet counts as in progress without a write, and
    nothing in the spec differs from what was applied.
    """
    return {
        "description": "One git or registry credential: declared here, held in Vault, projected into Secrets that "
        "builds and deployments reference by name.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": _API_VERSION, "type": "string"},
            "kind": {"description": _KIND, "type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
            "spec": structural_schema(secretslot.Spec),
            "status": structural_schema(Status) | {"default": {"observedGeneration": -1}},
        },
        **rules.SECRET_SLOT,
    }
