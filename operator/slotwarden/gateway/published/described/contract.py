"""A contract as data, of which its document in OpenAPI 3.1 and its page are made; bodies are told by their models."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

from slotwarden.domain.names import DNS_LABEL
from slotwarden.gateway.bodies import MAX_BODY
from slotwarden.gateway.identity.permissions import ORGANIZATION
from slotwarden.gateway.observing import HEADER, REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slotwarden.gateway.bodies import Part

Schema = dict[str, Any]
Document = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_JSON: Final = "application/json"
_ERROR: Final = "Error"
_WHEN: Final[Mapping[int, str]] = {
    400: "What is sent cannot be understood.",
    401: "No token, or none that is good.",
    403: "The caller may not do this, and may know that the secret is there; or a quota lets no such object be made.",
    404: "There is no such secret or namespace, or none that the caller may know of.",
    409: "It does not fit what is there, or the namespace is being deleted; the message tells why.",
    413: f"The body is longer than {MAX_BODY // 1024} KiB.",
    415: "The body is no JSON by its own type.",
    422: "A field is wrong; the message names it and tells nothing of its content.",
    500: "The gateway failed; its log tells where.",
    503: "Vault or the API server is away, or too much runs at once.",
}
_ALWAYS: Final = (400, 401, 403, 500, 503)
_OF_A_BODY: Final = (413, 415)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a path or a query."""

    name: str
    about: str
    schema: Schema
    place: str = "path"

    def told(self) -> Document:
        """As OpenAPI has it."""
        return {
            "name": self.name,
            "in": self.place,
            "description": self.about,
            "required": self.place == "path",
            "schema": self.schema,
        }


@dataclass(frozen=True, slots=True)
class Operation:
    """One call.

    Attributes:
        name: that of its route, which metrics and the log use.
        permissions: what its caller has to be allowed.
        code: that of the answer where it is done, in the form of the schema `answer`.
        errors: the codes that it has beside those of every operation.
    """

    name: str
    method: str
    path: str
    summary: str
    permissions: str
    code: HTTPStatus
    answer: str
    parameters: Sequence[Parameter] = ()
    body: type[Part] | None = None
    errors: Sequence[int] = ()

    def told(self) -> Document:
        """As OpenAPI has it."""
        codes = sorted({*_ALWAYS, *self.errors, *(_OF_A_BODY if self.body else ())})
        made: Document = {
            "operationId": self.name,
            "summary": self.summary,
            "description": f"Needs the permission to {self.permissions}.",
            "parameters": [each.told() for each in self.parameters],
            "responses": {
                str(int(self.code)): {"description": self.code.phrase, **_content(self.answer)},
                **{str(code): _refused(code) for code in codes},
            },
        }
        if self.body is not None:
            made["requestBody"] = {"required": True, **_content(self.body.__name__)}
        return made


@dataclass(frozen=True, slots=True)
class Contract:
    """One API.

    Attributes:
        name: as it stands in the addresses of its document and its page.
        answers: the schemas of what is answered, by name.
        error: the schema of an error.
        organized: whether a header can name the organization.
    """

    name: str
    title: str
    about: str
    operations: Sequence[Operation]
    answers: Mapping[str, Schema]
    error: Schema
    organized: bool = True

    def document(self) -> Document:
        """The document in OpenAPI 3.1."""
        paths: Document = {}
        for each in self.operations:
            paths.setdefault(each.path, {"parameters": self._headers()})[each.method.lower()] = each.told()
        return {
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": "1", "description": self.about},
            "security": [{"token": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                "schemas": {**self._bodies(), **self.answers, _ERROR: self.error},
            },
        }

    def _headers(self) -> list[Document]:
        name = Parameter(HEADER, "Names the call in answer, log and status.", _text(pattern=REQUEST_ID), "header")
        organization = Parameter(
            ORGANIZATION,
            "The organization; else the namespace of the caller's ServiceAccount.",
            _text(pattern=f"^{DNS_LABEL}$"),
            "header",
        )
        return [each.told() for each in ((name, organization) if self.organized else (name,))]

    def _bodies(self) -> dict[str, Schema]:
        models = dict.fromkeys(each.body for each in self.operations if each.body is not None)
        wanted = [(model, "validation") for model in models]
        _, made = models_json_schema(wanted, by_alias=True, ref_template=f"{_SCHEMAS}{{model}}")  # type: ignore[arg-type]
        return {name: _untitled(schema) for name, schema in made.get("$defs", {}).items()}


def record(about: str, /, *optional: str, **properties: Schema) -> Schema:
    """The schema of an object that has all of these members, but for those that are optional."""
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def member(about: str, **more: Any) -> Schema:
    """The schema of a text."""
    return {"type": "string", "description": about, **more}


def many(of: str) -> Schema:
    """The schema of a list."""
    return {"type": "array", "items": reference(of)}


def reference(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"{_SCHEMAS}{name}"}


def _text(**more: Any) -> Schema:
    return {"type": "string", **more}


def _untitled(schema: Schema) -> Schema:
    """Without the titles that pydantic makes of names."""
    made = {name: part for name, part in schema.items() if name not in ("title", "properties", "default")}
    properties = schema.get("properties", {})
    return made | ({"properties": {name: _untitled(part) for name, part in properties.items()}} if properties else {})


def _content(schema: str) -> Document:
    return {"content": {_JSON: {"schema": reference(schema)}}}


def _refused(code: int) -> Document:
    made: Document = {"description": _WHEN[code], **_content(_ERROR)}
    if code == HTTPStatus.SERVICE_UNAVAILABLE:
        again = {"description": "Seconds after which to come again.", "schema": {"type": "integer"}}
        made["headers"] = {"Retry-After": again}
    return made
