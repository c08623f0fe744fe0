"""What the aggregated API is sent and what it answers, as models."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from slotwarden.gateway.aggregated.group import API_VERSION
from slotwarden.gateway.bodies import Part, fitting
from slotwarden.gateway.observing import REQUEST_ID, is_request_id
from slotwarden.sensitive import Sensitive

ApiVersion = Literal["values.slotwarden.io/v1beta1"]
State = Literal["Current", "Superseded", "Deleted", "Destroyed"]
_TIME: Final = {"format": "date-time"}
_INT64: Final = {"format": "int64"}
_LARGEST: Final = 2**31 - 1


def _open(schema: dict[str, Any]) -> None:
    """A structural schema does not tell that there are no further members."""
    schema.pop("additionalProperties", None)


class _Part(Part):
    """A part of a body of this API."""

    model_config = ConfigDict(json_schema_extra=_open)


class Meta(_Part):
    """Which object an answer is about."""

    namespace: Annotated[str, Field(description="Namespace of the object.")]
    name: Annotated[str, Field(description="Name of the object.")]
    uid: Annotated[str, Field(description="The object's uid.")]


_Api = Annotated[ApiVersion | None, Field(description=f"May be left out: {API_VERSION}.")]
_RequestId = Annotated[
    Annotated[str, fitting(is_request_id, "is not 1 to 128 letters, digits, '.', '_' and '-'")] | None,
    Field(
        alias="requestID",
        json_schema_extra={"pattern": REQUEST_ID},
        description="What tells this request from others on the object, in its status and in logs: 1 to 128 letters, "
        "digits, '.', '_' and '-'. Absent: that of the header X-Request-Id, else one is made.",
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
