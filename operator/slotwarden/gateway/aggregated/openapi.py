"""The API's description in OpenAPI 2 and 3, made from the models, so that it cannot tell anything else than they do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from slotwarden.gateway.aggregated.bodies import BODIES, Value
from slotwarden.gateway.aggregated.group import GROUP, RESOURCES, ROOT, SUBRESOURCES, VERSION, Subresource, path
from slotwarden.resources.schema import structural_schema

Document = dict[str, Any]

_INFO: Final = {"title": "Slotwarden: values of slots", "version": VERSION}
_JSON: Final = "application/json"
_SCHEMA: Final = "io.slotwarden.values.v1beta1."
_ANSWERED: Final[Document] = {
    "metadata": {"description": "In an answer: the object.", "type": "object"},
    "version": {"description": "In an answer: which version it is.", "type": "integer", "format": "int64"},
    "createdTime": {"description": "In an answer: when it was made.", "type": "string", "format": "date-time"},
}
_DRY_RUN: Final = "With All, everything is checked and nothing is written. It has no other value."


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What the two versions say differently: where schemas are, and how parameters, bodies and answers are written."""

    schemas: str
    old: bool

    def reference(self, kind: str) -> Document:
        return {"$ref": f"{self.schemas}{_SCHEMA}{kind}"}

    def content(self, kind: str) -> Document:
        reference = self.reference(kind)
        return {"schema": reference} if self.old else {"content": {_JSON: {"schema": reference}}}

    def parameter(self, place: str, name: str, about: str) -> Document:
        made = {"name": name, "in": place, "description": about, "required": place == "path"}
        return made | ({"type": "string"} if self.old else {"schema": {"type": "string"}})

    def operation(self, kind: str, each: Subresource) -> Document:
        code, word = ("201", "Created") if each.verb == "create" else ("200", "OK")
        made: Document = {
            "description": each.about,
            "operationId": f"{each.verb}Values{VERSION.title()}Namespaced{kind}{each.name.title()}",
            "tags": [f"values_{VERSION}"],
            "parameters": [self.parameter("query", "dryRun", _DRY_RUN)] if each.writes else [],
            "responses": {code: {"description": word} | self.content(each.answer)},
            "x-kubernetes-group-version-kind": {"group": GROUP, "version": VERSION, "kind": each.kind},
        }
        if self.old:
            made |= {"consumes": [_JSON], "produces": [_JSON], "schemes": ["https"]}
        if each.verb == "create" and self.old:
            made["parameters"].append({"name": "body", "in": "body"} | self.content(each.kind))
        elif each.verb == "create":
            made["requestBody"] = self.content(each.kind)
        return made

    def paths(self) -> Document:
        names = [
            self.parameter("path", "name", "Name of the object."),
            self.parameter("path", "namespace", "Namespace of the object."),
        ]
        return {
            path(resource, each.name): {"parameters": names, each.method.lower(): self.operation(kind, each)}
            for resource, kind in RESOURCES.items()
            for each in SUBRESOURCES
        }


def _schemas() -> Document:
    made: Document = {}
    for name, model in BODIES.items():
        schema = structural_schema(model)
        if model is Value:
            schema["properties"] |= _ANSWERED
        schema["x-kubernetes-group-version-kind"] = [{"group": GROUP, "version": VERSION, "kind": name}]
        made[f"{_SCHEMA}{name}"] = schema
    return made


def documents() -> dict[str, Document]:
    """The documents by their paths: OpenAPI 2, the index of OpenAPI 3, and OpenAPI 3 of the one group and version."""
    modern = {
        "openapi": "3.0.0",
        "info": _INFO,
        "paths": _Dialect("#/components/schemas/", old=False).paths(),
        "components": {"schemas": _schemas()},
    }
    here = f"/openapi/v3{ROOT}"
    # Clients keep what they fetched for as long as this address stays the same.
    mark = hashlib.sha512(json.dumps(modern, sort_keys=True).encode()).hexdigest().upper()
    return {
        "/openapi/v2": {
            "swagger": "2.0",
            "info": _INFO,
            "paths": _Dialect("#/definitions/", old=True).paths(),
            "definitions": _schemas(),
        },
        "/openapi/v3": {"paths": {ROOT.removeprefix("/"): {"serverRelativeURL": f"{here}?hash={mark}"}}},
        here: modern,
    }
