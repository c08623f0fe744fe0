"""From a pydantic model to a structural schema, the one form that the API server accepts in a CRD.

pydantic writes `$ref`s, titles, defaults and `anyOf: [X, null]`; a structural schema has none of these. What cannot be
turned into one is refused here, by name, instead of by the API server later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

Schema = dict[str, Any]

_DROPPED: Final = frozenset({"title", "default"})
_KEPT: Final = frozenset(
    {
        "description", "type", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum",
        "minItems", "maxItems", "maxProperties", "required",
        "x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
    }
)  # fmt: skip
_TYPES: Final = frozenset({"string", "integer", "boolean", "number", "object", "array"})


class NotStructuralError(Exception):
    """A model that no structural schema can express, and where in it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path or 'the root'}: {why}")


def structural_schema(model: type[BaseModel]) -> Schema:
    """The structural schema of a model as it is written to the API, with a description on every field.

    Raises:
        NotStructuralError: a part of the model cannot be expressed, or a field has no description.
    """
    raw = model.model_json_schema(by_alias=True, mode="validation")
    definitions = raw.pop("$defs", {})
    return _convert(raw, definitions, "")


def _convert(raw: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Schema:
    plain = _resolve(raw, definitions, path)
    kind = plain.get("type")
    if kind not in _TYPES:
        raise NotStructuralError(path, f"type is {kind!r}")
    made: Schema = {}
    for key, value in plain.items():
        if key in _KEPT:
            made[key] = value
        elif key == "const":
            made["enum"] = [value]
        elif key == "properties":
            made[key] = {name: _property(part, definitions, f"{path}.{name}") for name, part in value.items()}
        elif key == "items":
            made[key] = _convert(value, definitions, f"{path}[]")
        elif key == "additionalProperties" and isinstance(value, dict):
            made[key] = _convert(value, definitions, f"{path}{{}}")
        else:
            raise NotStructuralError(path, f"{key} has no place in a structural schema")
    if kind == "array" and "items" not in made:
        raise NotStructuralError(path, "an array needs items")
    return made


def _property(raw: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Schema:
    """A field, which unlike an item must say in its own words what it is."""
    if not raw.get("description"):
        raise NotStructuralError(path, "no description")
    return _convert(raw, definitions, path)


def _resolve(raw: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Schema:
    """The schema without references, unions with null, titles and pydantic's defaults.

    Outer keys win over inner ones: a field's own description over its type's.
    """
    outer = {key: value for key, value in raw.items() if key not in _DROPPED}
    inner: Mapping[str, Any] | None = None
    if "$ref" in outer:
        inner = definitions[outer.pop("$ref").removeprefix("#/$defs/")]
    elif "anyOf" in outer:
        parts = [part for part in outer.pop("anyOf") if part != {"type": "null"}]
        if len(parts) != 1:
            raise NotStructuralError(path, "a union of several types")
        inner = parts[0]
    if inner is None:
        return outer
    return {**_resolve(inner, definitions, path), **outer}
