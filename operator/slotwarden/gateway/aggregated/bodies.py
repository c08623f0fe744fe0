"""What the aggregated API is sent and what it answers, as models; and how bytes become one without being told again.

A body holds a value, so no error of the parser's or the validator's leaves this module: what is wrong is said by field
names of our own, and a member that is not known is not named.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from slotwarden.gateway.aggregated.group import API_VERSION
from slotwarden.gateway.refusals import Cause, Refusal, invalid
from slotwarden.sensitive import Sensitive

MAX_BODY: Final = 1536 * 1024
"""Bytes of a body: a value of 512 KiB in base64, with room for what stands around it."""

ApiVersion = Literal["values.slotwarden.io/v1beta1"]
State = Literal["Current", "Superseded", "Deleted", "Destroyed"]
_TIME: Final = {"format": "date-time"}
_INT64: Final = {"format": "int64"}
_LARGEST: Final = 2**31 - 1


def _open(schema: dict[str, Any]) -> None:
    """A structural schema does not tell that there are no further members."""
    schema.pop("additionalProperties", None)


class _Part(BaseModel):
    """A frozen part of a body, in camelCase outside. Unknown members are errors, and no type is made of another."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        json_schema_extra=_open,
    )


class Meta(_Part):
    """Which object an answer is about."""

    namespace: Annotated[str, Field(description="Namespace of the object.")]
    name: Annotated[str, Field(description="Name of the object.")]
    uid: Annotated[str, Field(description="The object's uid.")]


_Api = Annotated[ApiVersion | None, Field(description=f"May be left out: {API_VERSION}.")]
_RequestId = Annotated[
    str | None,
    Field(
        alias="requestID",
        pattern=r"^[A-Za-z0-9._-]{1,128}$",
        description="What tells this request from others on the object, in its status and in logs: 1 to 128 letters, "
        "digits, '.', '_' and '-'. Absent: one is made.",
    ),
]


class Value(_Part):
    """A value to be set. Which of its members belong to it depends on the object."""

    api_version: _Api = None
    kind: Annotated[Literal["Value"] | None, Field(description="May be left out.")] = None
    username: Annotated[
        str | None,
        Field(
            description="Of a SecretSlot: the name to log in with. Where the object has one it can only be the same."
        ),
    ] = None
    password: Annotated[Sensitive | None, Field(description="Of a SecretSlot for a registry: its password.")] = None
    token: Annotated[Sensitive | None, Field(description="Of a SecretSlot for git: its token.")] = None
    server_address: Annotated[
        str | None,
        Field(description="Of a SecretSlot for a registry: where it is valid. It can only be the object's own."),
    ] = None
    url: Annotated[
        str | None, Field(description="Of a SecretSlot for git: where it is valid. It can only be the object's own.")
    ] = None
    value: Annotated[Sensitive | None, Field(description="Of an EnvSecret: its value as text; it may be empty.")] = None
    value_base64: Annotated[
        Sensitive | None,
        Field(alias="valueBase64", description="Of an EnvSecret: its value as bytes in base64, instead of value."),
    ] = None
    expected_version: Annotated[
        int | None,
        Field(
            ge=0,
            le=_LARGEST,
            description="The version that the value has now, 0 before the first. Where it has another one nothing is "
            "set, and the answer is a conflict.",
            json_schema_extra=_INT64,
        ),
    ] = None
    request_id: _RequestId = None


class Reveal(_Part):
    """Asks for a value."""

    api_version: _Api = None
    kind: Annotated[Literal["Reveal"] | None, Field(description="May be left out.")] = None
    version: Annotated[
        int | None, Field(ge=1, le=_LARGEST, description="Which version. Absent: the newest.", json_schema_extra=_INT64)
    ] = None


class Rollback(_Part):
    """Asks for an earlier version to become the newest one again."""

    api_version: _Api = None
    kind: Annotated[Literal["Rollback"] | None, Field(description="May be left out.")] = None
    version: Annotated[int, Field(ge=1, le=_LARGEST, description="Which version to take.", json_schema_extra=_INT64)]
    request_id: _RequestId = None


class ValueVersion(_Part):
    """What a set or a rollback came to."""

    api_version: Annotated[ApiVersion, Field(description="Of the answer.")] = API_VERSION
    kind: Annotated[Literal["ValueVersion"], Field(description="Of the answer.")] = "ValueVersion"
    metadata: Annotated[Meta, Field(description="The object.")]
    version: Annotated[int, Field(description="The version that the value has now.", json_schema_extra=_INT64)]
    created_time: Annotated[
        str | None,
        Field(description="When that version was made. Absent: of a dry run, it was not.", json_schema_extra=_TIME),
    ] = None
    changed: Annotated[bool, Field(description="Whether a version was made: the same value again makes none.")]
    request_id: Annotated[str, Field(alias="requestID", description="What the object's status calls this request.")]


class VersionItem(_Part):
    """One version of a value."""

    version: Annotated[int, Field(description="Its number.", json_schema_extra=_INT64)]
    created_time: Annotated[str, Field(description="When it was made.", json_schema_extra=_TIME)]
    state: Annotated[
        State,
        Field(
            description="Current: the newest. Superseded: an earlier one that can be read. Deleted: Vault can restore "
            "it. Destroyed: gone for good."
        ),
    ]


class ValueVersionList(_Part):
    """The versions of a value, the newest first."""

    api_version: Annotated[ApiVersion, Field(description="Of the answer.")] = API_VERSION
    kind: Annotated[Literal["ValueVersionList"], Field(description="Of the answer.")] = "ValueVersionList"
    metadata: Annotated[Meta, Field(description="The object.")]
    items: Annotated[tuple[VersionItem, ...], Field(description="The versions.")]


BODIES: Final[dict[str, type[_Part]]] = {
    model.__name__: model for model in (Value, Reveal, Rollback, ValueVersion, ValueVersionList)
}
"""All kinds, by name."""

_Body = TypeVar("_Body", Value, Reveal, Rollback)
_MESSAGES: Final = {
    "missing": "is required",
    "string_type": "is not a string",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "int_parsing_size": "is too large",
    "string_pattern_mismatch": "is not 1 to 128 letters, digits, '.', '_' and '-'",
}


def read(model: type[_Body], raw: bytes) -> _Body:
    """The body of a request; none at all is one without members.

    Raises:
        Refusal: 400 for what is no JSON object of known members, 422 for fields that are wrong. It tells no input.
    """
    try:
        return model.model_validate_json(raw or b"{}", by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    kinds = {each["type"] for each in found}
    name = model.__name__
    if "json_invalid" in kinds:
        raise Refusal(400, "the body is not JSON")
    if "model_type" in kinds or "model_attributes_type" in kinds:
        raise Refusal(400, f"the body is not a JSON object of kind {name}")
    if "extra_forbidden" in kinds:
        known = ", ".join(field.alias or "" for field in model.model_fields.values())
        raise Refusal(400, f"the body has a member that kind {name} does not know; it knows {known}")
    raise invalid(*(_cause(str(each["loc"][0]), each["type"], name) for each in found))


def answer(body: ValueVersion | ValueVersionList) -> dict[str, Any]:
    """The JSON of an answer without a value."""
    return body.model_dump(by_alias=True, mode="json", exclude_none=True)


FIELDS: Final = {
    "username": "username",
    "password": "password",
    "token": "token",
    "server_address": "serverAddress",
    "url": "url",
    "value": "value",
    "value_base64": "valueBase64",
}
"""The names of a value's fields in Vault, and here."""


def _cause(field: str, kind: str, model: str) -> Cause:
    if kind == "literal_error":
        return Cause(field, f"is not {model if field == 'kind' else API_VERSION}")
    return Cause(field, _MESSAGES.get(kind, "is not acceptable"))
