"""The reference of SecretSlot, from its CRD: fields, rules, columns, conditions, labels and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slotwarden.domain import targets
from slotwarden.reconcile import observe
from slotwarden.resources import rules as rules_of_names
from slotwarden.resources.conditions import ConditionType, Reason
from slotwarden.resources.crd import crd
from tools.docs.markdown import code, table, text

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

_VERSION: Final[Schema] = crd()["spec"]["versions"][0]
_PROPERTIES: Final[Schema] = _VERSION["schema"]["openAPIV3Schema"]["properties"]
_LIMITS: Final = {
    "maxLength": "at most {} characters",
    "maxItems": "at most {}",
    "maxProperties": "at most {}",
}
_CONDITIONS: Final = {
    ConditionType.READY: "The value is stored and the Secret holds it.",
    ConditionType.VALUE_STORED: "Vault holds the value.",
    ConditionType.PROJECTED: "The Secret holds that value.",
    ConditionType.RECONCILING: ("There only while work goes on or is tried again; kstatus reads it as *in progress*."),
    ConditionType.STALLED: "There only while somebody has to change something; kstatus reads it as *failed*.",
}
# Name, where it stands, who sets it, what for. A test looks for names in the code that are missing here.
MARKS: Final = (
    (
        observe.REFRESH_ANNOTATION,
        "annotation of a SecretSlot",
        "you",
        "Look at Vault and the source now. Any text that differs from the last; "
        "`status.lastHandledRefresh` repeats it when it is done.",
    ),
    (
        observe.ADOPT_VALUE_ANNOTATION,
        "annotation of a SecretSlot",
        "you",
        '`"true"`: take over an entry in Vault that belongs to another object, with what it holds.',
    ),
    (
        targets.ADOPT_ANNOTATION,
        "annotation of a Secret",
        "you",
        '`"true"`: the operator may take this Secret over, which it did not make.',
    ),
    (
        targets.WATCH_LABEL,
        "label of a Secret",
        "you, on a source; the operator, on what it makes",
        '`"true"`: changes are followed at once. Secrets without it are never watched.',
    ),
    (
        targets.OWNER_LABEL,
        "label of a Secret",
        "the operator",
        "The uid of the SecretSlot that the Secret is made from, or a key of its own where several share it.",
    ),
    (
        targets.MANAGED_BY_LABEL,
        "label of a Secret",
        "the operator",
        f"`{targets.MANAGER}`; beside it `app.kubernetes.io/name` and `app.kubernetes.io/component` "
        "(`git` or `registry`).",
    ),
    (
        targets.TARGET_ANNOTATION,
        "annotation of a Secret",
        "the operator",
        "`namespace/name` of the Secret that it made: a copy of it elsewhere is not the operator's.",
    ),
    (
        targets.DECLARED_ANNOTATION,
        "annotation of a Secret",
        "the operator",
        "Which labels and annotations come from the SecretSlot, so that those taken out of it go.",
    ),
)


def columns() -> str:
    """The columns that kubectl prints."""
    rows = [
        (
            code(column["name"].upper()),
            "`-o wide`" if column.get("priority") else "always",
            text(f"{column['description']}."),
        )
        for column in _VERSION["additionalPrinterColumns"]
    ]
    return table(("column", "shown", "what it tells"), rows)


def spec() -> str:
    """The fields of the spec."""
    return _fields("spec", limits=True)


def status() -> str:
    """The fields of the status."""
    return _fields("status", limits=False)


def rules() -> str:
    """What the API server refuses beyond types and limits, in its own words."""
    root = _VERSION["schema"]["openAPIV3Schema"]
    rows = [
        (code(f"{path}{rule.get('fieldPath', '')}".lstrip(".") or "the object"), text(rule["message"]))
        for path, schema in [("", root), *_ruled("spec", _PROPERTIES["spec"])]
        for rule in schema.get("x-kubernetes-validations", ())
    ]
    return table(("at", "says"), rows)


def marks() -> str:
    """Labels and annotations."""
    return table(("name", "where", "set by", "what for"), [(code(row[0]), *row[1:]) for row in MARKS])


def conditions() -> str:
    """The types of conditions."""
    return table(("condition", "what it tells"), [(code(kind), said) for kind, said in _CONDITIONS.items()])


def reasons() -> str:
    """The reasons of conditions."""
    return table(("reason", "cause", "way out"), [(code(reason), reason.cause, reason.way_out) for reason in Reason])


def _fields(name: str, *, limits: bool) -> str:
    parts = []
    for path, schema in _sections(name, _PROPERTIES[name]):
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
