"""The reference of a kind, from its CRD: columns, fields, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slotwarden.resources import rules as rules_of_names
from slotwarden.resources.crd import definition
from tools.docs.markdown import code, table, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotwarden.resources.crd import Kind

Schema = dict[str, Any]

_LIMITS: Final = {
    "maxLength": "at most {} characters",
    "maxItems": "at most {}",
    "maxProperties": "at most {}",
}


def columns(kind: Kind) -> str:
    """The columns that kubectl prints."""
    rows = [
        (
            code(column["name"].upper()),
            "`-o wide`" if column.get("priority") else "always",
            text(f"{column['description']}."),
        )
        for column in _version(kind)["additionalPrinterColumns"]
    ]
    return table(("column", "shown", "what it tells"), rows)


def spec(kind: Kind) -> str:
    """The fields of the spec."""
    return _fields("spec", _schema(kind), limits=True)


def status(kind: Kind) -> str:
    """The fields of the status."""
    return _fields("status", _schema(kind), limits=False)


def rules(kind: Kind) -> str:
    """What the API server refuses beyond types and limits, in its own words."""
    root = _schema(kind)
    rows = [
        (code(f"{path}{rule.get('fieldPath', '')}".lstrip(".") or "the object"), text(rule["message"]))
        for path, schema in [("", root), *_ruled("spec", root["properties"]["spec"])]
        for rule in schema.get("x-kubernetes-validations", ())
    ]
    return table(("at", "says"), rows)


def _version(kind: Kind) -> Schema:
    version: Schema = definition(kind)["spec"]["versions"][0]
    return version


def _schema(kind: Kind) -> Schema:
    schema: Schema = _version(kind)["schema"]["openAPIV3Schema"]
    return schema


def _fields(name: str, root: Schema, *, limits: bool) -> str:
    parts = []
    for path, schema in _sections(name, root["properties"][name]):
        rows = list(_rows(schema, limits=limits, flat=path != name))
        parts.append(f"### {path}\n{table(('field', 'type', 'what it is'), rows)}")
    return "\n".join(parts)


def _sections(path: str, schema: Schema, depth: int = 0) -> Iterator[tuple[str, Schema]]:
    """The objects that have a table of their own: the root, its fields, and the items of lists."""
    yield path, schema
    for name, part in schema["properties"].items():
        inner = part.get("items", part)
        if "properties" in inner and (depth == 0 or "items" in part):
            yield from _sections(f"{path}.{name}{'[]' if 'items' in part else ''}", inner, depth + 1)


def _rows(schema: Schema, *, limits: bool, flat: bool, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """The fields of an object; with `flat`, those of the objects in it too."""
    for name, part in schema["properties"].items():
        required = name in schema.get("required", ())
        yield code(prefix + name), _type(part, required=required), _describe(part, limits=limits)
        if flat and "properties" in part:
            yield from _rows(part, limits=limits, flat=True, prefix=f"{prefix}{name}.")


def _ruled(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """All objects, with their paths, from the outside in."""
    yield path, schema
    for name, part in schema["properties"].items():
        inner = part.get("items", part)
        if "properties" in inner:
            yield from _ruled(f"{path}.{name}{'[]' if 'items' in part else ''}", inner)


def _type(schema: Schema, *, required: bool) -> str:
    if "items" in schema:
        kind = f"list of {schema['items']['type']}s"
    elif "additionalProperties" in schema:
        kind = f"map of {schema['additionalProperties']['type']}s"
    elif "enum" in schema:
        kind = " or ".join(map(code, schema["enum"]))
    elif schema.get("format") == "date-time":
        kind = "time"
    else:
        kind = schema["type"]
    return f"{kind}, required" if required else kind


def _describe(schema: Schema, *, limits: bool) -> str:
    """A field's own words, then its limits."""
    said = text(schema["description"])
    held = [*_limits(schema), *(f"values {words}" for words in _limits(schema.get("additionalProperties", {})))]
    return f"{said} *Limits: {', '.join(held)}.*" if limits and held else said


def _limits(schema: Schema) -> Iterator[str]:
    if schema.get("pattern") == rules_of_names.DNS_SUBDOMAIN_PATTERN:
        yield "a DNS subdomain"
    yield from (words.format(schema[key]) for key, words in _LIMITS.items() if key in schema)
