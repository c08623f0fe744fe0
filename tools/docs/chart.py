"""The reference of the chart: what `values.yaml` says of each value, with its default and its type by the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from tools.docs.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Schema = dict[str, Any]
CHART: Final = Path(__file__).resolve().parent.parent.parent / "charts" / "slotwarden"
_HEADING: Final = ("value", "default", "type", "what it does")
_LIMITS: Final = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {}",
}


def values() -> str:
    """The values of the release, then those of each group.

    Raises:
        LookupError: a value has no comment, or none in the schema.
    """
    text = (CHART / "values.yaml").read_text()
    schema = json.loads((CHART / "values.schema.json").read_text())
    node: Any = yaml.compose(text)
    rows = list(_rows(node, text.splitlines(), schema, schema))
    alone = [row for path, row in rows if len(path) == 1]
    groups = dict.fromkeys(path[0] for path, _ in rows if len(path) > 1)
    parts = [("The release", alone)]
    parts += [(code(group), [row for path, row in rows if len(path) > 1 and path[0] == group]) for group in groups]
    return "\n".join(f"## {heading}\n{table(_HEADING, part)}" for heading, part in parts)


def _rows(
    node: yaml.MappingNode, lines: Sequence[str], schema: Schema, root: Schema, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], tuple[str, str, str, str]]]:
    """Each value that has a comment, by its path; what has none is a group of values."""
    for key, value in node.value:
        path = (*above, key.value)
        part = _resolved(schema["properties"][key.value], root)
        said = _comment(lines, key.start_mark.line)
        if said:
            default = yaml.safe_load(yaml.serialize(value))
            yield path, (code(".".join(path)), _default(default), _type(part, root), f"{said}{_limits(part)}")
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from _rows(value, lines, part, root, path)
        else:
            raise LookupError(f"{'.'.join(path)} has no comment in values.yaml")


def _comment(lines: Sequence[str], line: int) -> str:
    said: list[str] = []
    while line and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        said.insert(0, lines[line].lstrip().removeprefix("#").strip())
    return " ".join(said).replace("<", "&lt;")


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    return schema if reference is None else root["definitions"][reference.rpartition("/")[2]]


def _default(value: object) -> str:
    if value in ("", [], {}):
        return ""
    if isinstance(value, list | dict):
        return code(yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000).strip())
    return code(value if isinstance(value, str) else json.dumps(value))


def _type(schema: Schema, root: Schema) -> str:
    if "enum" in schema:
        return " or ".join(map(code, schema["enum"]))
    if "oneOf" in schema:
        return " or ".join(_type(each, root) for each in schema["oneOf"])
    if schema["type"] == "array":
        return f"list of {_type(_resolved(schema['items'], root), root)}s"
    if isinstance(schema.get("additionalProperties"), dict):
        return "map of strings"
    return str(schema["type"])


def _limits(schema: Schema) -> str:
    held = [words.format(schema[key]) for key, words in _LIMITS.items() if key in schema]
    return f" *Limits: {', '.join(held)}.*" if held else ""
