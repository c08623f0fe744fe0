"""The status of an object of either kind. It tells whether a value is there and where, and never holds one."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from slotwarden.resources.base import Model
from slotwarden.resources.conditions import Condition

SlotType = Literal["git", "registry"]
_TIME = {"format": "date-time"}
_RequestId = Annotated[
    str,
    Field(
        alias="requestID",
        description="What tells this request from others on the object.",
        json_schema_extra={"maxLength": 128},
    ),
]
_RequestedTime = Annotated[str, Field(description="When the request came in.", json_schema_extra=_TIME)]
OPERATIONS: Final = 10
"""How many of the latest requests an object tells of."""


class VaultStatus(Model):
    """Which version of which entry in Vault is the value."""

    path: Annotated[
        str, Field(description="Path of the entry, mount included, for example secret/slotwarden/acme/slots/ghcr-pull.")
    ]
    version: Annotated[
        int,
        Field(
            description="Version of the entry that the Secrets hold.",
            json_schema_extra={"format": "int64"},
        ),
    ]
    created_time: Annotated[
        str,
        Field(
            description="When Vault made that version. It tells versions apart where their numbers begin at 1 again.",
            json_schema_extra=_TIME,
        ),
    ]


class ProjectionStatus(Model):
    """One Secret that is made from the value."""

    namespace: Annotated[str, Field(description="Namespace of the Secret.")]
    secret_name: Annotated[str, Field(description="Name of the Secret.")]
    type: Annotated[
        str | None,
        Field(description="Form of the Secret, for example dockerconfigjson."),
    ] = None
    uid: Annotated[
        str | None,
        Field(description="The Secret's uid. It stays the same through a rotation."),
    ] = None
    reason: Annotated[
        str | None,
        Field(description="Ready, or in one word what is in the way, for example ForeignSecret."),
    ] = None
    message: Annotated[
        str | None,
        Field(description="What is in the way, in a sentence."),
    ] = None
    mac: Annotated[
        str | None,
        Field(
            description="Keyed MAC over what the Secret should hold, as key id and digest: drift is told by it "
            "without keeping the value."
        ),
    ] = None


_ExpectedVersion = Annotated[
    int,
    Field(
        description="The version that the entry in Vault has once the value is written.",
        json_schema_extra={"format": "int64"},
    ),
]


class Superseded(Model):
    """A request whose place another took before the operator was done with it."""

    request_id: _RequestId
    expected_version: _ExpectedVersion
    requested_time: _RequestedTime


class Pending(Model):
    """A value that a door is about to write: stated before, so that no crash in between is waited out."""

    request_id: _RequestId
    expected_version: _ExpectedVersion
    requested_time: _RequestedTime
    superseded: Annotated[
        tuple[Superseded, ...] | None,
        Field(
            description="The requests whose place this one took before the operator was done with them, the newest "
            "first.",
            json_schema_extra={"maxItems": OPERATIONS - 1, "x-kubernetes-list-type": "atomic"},
        ),
    ] = None


class Operation(Model):
    """A request that the operator has looked at, and what came of it."""

    request_id: _RequestId
    state: Annotated[
        Literal["InProgress", "Succeeded", "Failed", "Canceled"],
        Field(
            description="InProgress: it waits for something, and the reason says for what; what is done at once is "
            "never told so. Succeeded: the value is stored and projected. Failed: the reason says why not. Canceled: a "
            "later request took its place."
        ),
    ]
    reason: Annotated[
        str, Field(description="Ready, or in one word what is or was in the way; Superseded where it was canceled.")
    ]
    message: Annotated[str | None, Field(description="What is or was in the way, in a sentence.")] = None
    version: Annotated[
        int | None,
        Field(description="The version in Vault that the Secrets held then.", json_schema_extra={"format": "int64"}),
    ] = None
    requested_time: _RequestedTime
    started_time: Annotated[
        str | None,
        Field(description="When it was first told to be in progress, where it ever was.", json_schema_extra=_TIME),
    ] = None
    finished_time: Annotated[
        str | None,
        Field(
            description="When the operator was done with it. Absent while it is in progress.", json_schema_extra=_TIME
        ),
    ] = None


class Status(Model):
    """What the operator found and did; it alone writes this, but for `pending`."""

    observed_generation: Annotated[
        int,
        Field(
            description="The metadata.generation that this status tells of; -1 before the operator has looked.",
            json_schema_extra={"format": "int64"},
        ),
    ] = -1
    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            description="Ready, Reconciling, Stalled, ValueStored and Projected, each with its cause.",
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    type: Annotated[
        SlotType | None,
        Field(description="The kind of credential that a SecretSlot holds: git or registry. An EnvSecret has none."),
    ] = None
    has_value: Annotated[
        bool | None,
        Field(description="Whether Vault holds a value for the object."),
    ] = None
    vault: Annotated[
        VaultStatus | None,
        Field(description="Where the value is in Vault, and which version of it."),
    ] = None
    created_at: Annotated[
        str | None,
        Field(description="When a value was first stored.", json_schema_extra=_TIME),
    ] = None
    updated_at: Annotated[
        str | None,
        Field(description="When the value last changed.", json_schema_extra=_TIME),
    ] = None
    last_sync_time: Annotated[
        str | None,
        Field(description="When the operator last changed something for the object.", json_schema_extra=_TIME),
    ] = None
    last_handled_refresh: Annotated[
        str | None,
        Field(description="The value of the annotation slotwarden.io/refresh that was last acted on."),
    ] = None
    source_mac: Annotated[
        str | None,
        Field(description="Keyed MAC over the value that was last taken from the source Secret, as key id and digest."),
    ] = None
    pending: Annotated[
        Pending | None,
        Field(description="A value that is being set: stated by the gateway, taken back by the operator when done."),
    ] = None
    operations: Annotated[
        tuple[Operation, ...],
        Field(
            description="The latest requests to set the value, the newest first, and what came of each. One that is "
            "new and that nothing keeps waiting stands in pending alone.",
            json_schema_extra={
                "maxItems": OPERATIONS,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["requestID"],
            },
        ),
    ] = ()
    projections: Annotated[
        tuple[ProjectionStatus, ...],
        Field(
            description="The Secrets made from the value, and how each of them is.",
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["namespace", "secretName"],
            },
        ),
    ] = ()
