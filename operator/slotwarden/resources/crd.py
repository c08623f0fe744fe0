"""The CustomResourceDefinitions as files, made from the models and compared with the checked-in ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from slotwarden.resources import envsecret, rules, secretslot
from slotwarden.resources.schema import structural_schema
from slotwarden.resources.slotstatus import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from slotwarden.resources.base import Model

_HEADER: Final = """\
# Generated from operator/slotwarden/resources by `slotwarden crds`. Do not edit.
"""
_API_VERSION: Final = "APIVersion defines the versioned schema of this representation of an object."
_KIND: Final = "Kind is a string value representing the REST resource this object represents."


@dataclass(frozen=True, slots=True)
class Column:
    """What kubectl prints of an object; `wide` with `-o wide` alone."""

    name: str
    type: str
    json_path: str
    description: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """What tells the definition of one kind from that of another.

    Attributes:
        rules: CEL rules at the object's root, which alone see its name.
        selectable: fields of the spec that `--field-selector` takes.
    """

    name: str
    plural: str
    short: str
    description: str
    spec: type[Model]
    columns: tuple[Column, ...]
    rules: Mapping[str, Any] = field(default_factory=dict)
    selectable: tuple[str, ...] = ()


def _ready(part: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{part}'


_READY: Final = Column("Ready", "string", _ready("status"), "Whether the Secret is there and up to date")
_REASON: Final = Column("Reason", "string", _ready("reason"), "The cause in one word")
_SECRET: Final = Column("Secret", "string", ".status.projections[0].secretName", "The Secret made from the value")
_AGE: Final = Column("Age", "date", ".metadata.creationTimestamp", "Time since the object was made")
_VERSION: Final = Column(
    "Vault version", "integer", ".status.vault.version", "Version of the entry in Vault", wide=True
)
_MESSAGE: Final = Column("Message", "string", _ready("message"), "The cause in a sentence", wide=True)

SECRET_SLOT: Final = Kind(
    name=secretslot.KIND,
    plural=secretslot.PLURAL,
    short="sslot",
    description="One git or registry credential: declared here, held in Vault, projected into Secrets that builds and "
    "deployments reference by name.",
    spec=secretslot.Spec,
    columns=(
        Column("Type", "string", ".status.type", "Kind of credential: git or registry"),
        *(_READY, _REASON, _SECRET, _AGE),
        Column(
            "Server",
            "string",
            ".spec['registry','git']['serverAddress','url']",
            "Where the credential is valid; empty is Docker Hub",
            wide=True,
        ),
        *(_VERSION, _MESSAGE),
    ),
    rules=rules.SECRET_SLOT,
)
ENV_SECRET: Final = Kind(
    name=envsecret.KIND,
    plural=envsecret.PLURAL,
    short="esec",
    description="One named value of a project's environment: declared here, set later under a permission of its own, "
    "held in Vault, projected with all others of its environment into one Secret for envFrom.",
    spec=envsecret.EnvSpec,
    columns=(
        Column("Project", "string", ".spec.project", "The project"),
        Column("Environment", "string", ".spec.environment", "The project's environment"),
        Column("Key", "string", ".spec.key", "Key in the Secret, name of the environment variable"),
        *(_READY, _REASON, _SECRET, _AGE, _VERSION),
        Column("Description", "string", ".spec.description", "What the value is for", wide=True),
        _MESSAGE,
    ),
    selectable=("project", "environment", "key"),
)
KINDS: Final = (SECRET_SLOT, ENV_SECRET)


class _PlainDumper(yaml.SafeDumper):
    """Writes a list that stands twice twice: anchors and aliases are not for readers."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def definition(kind: Kind) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind as an object."""
    version: dict[str, Any] = {
        "name": secretslot.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": list(map(_column, kind.columns)),
        "schema": {"openAPIV3Schema": _root_schema(kind)},
    }
    if kind.selectable:
        version["selectableFields"] = [{"jsonPath": f".spec.{name}"} for name in kind.selectable]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{secretslot.GROUP}"},
        "spec": {
            "group": secretslot.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short],
                "categories": ["slots"],
            },
            "versions": [version],
        },
    }


def render() -> dict[str, str]:
    """The text of each CRD file by its name."""
    return {f"{secretslot.GROUP}_{kind.plural}.yaml": _HEADER + _text(definition(kind)) for kind in KINDS}


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


def _text(made: dict[str, Any]) -> str:
    return yaml.dump(made, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100)


def _column(column: Column) -> dict[str, Any]:
    made = {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.json_path,
        "description": column.description,
    }
    return made | ({"priority": 1} if column.wide else {})


def _root_schema(kind: Kind) -> dict[str, Any]:
    """The schema of the whole object: the API server's own fields beside the models of spec and status.

    The status has the only default: an object that nobody has looked at yet counts as in progress without a write, and
    nothing in the spec differs from what was applied.
    """
    return {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": _API_VERSION, "type": "string"},
            "kind": {"description": _KIND, "type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
            "spec": structural_schema(kind.spec),
            "status": structural_schema(Status) | {"default": {"observedGeneration": -1}},
        },
        **kind.rules,
    }
