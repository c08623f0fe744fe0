"""Conditions and their reasons: how an object tells what it is waiting for, in the shape that kstatus reads."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from slotwarden.resources.base import Model

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConditionType(StrEnum):
    """What a condition is about."""

    READY = "Ready"
    """Everything that the object asks for is there and up to date."""
    RECONCILING = "Reconciling"
    """Work goes on or will be tried again; kstatus reads it as *in progress*."""
    STALLED = "Stalled"
    """Nothing will change until somebody changes something; kstatus reads it as *failed*."""
    VALUE_STORED = "ValueStored"
    """Vault holds the value that the object stands for."""
    PROJECTED = "Projected"
    """Every Secret that the object asks for holds that value."""


class Reason(StrEnum):
    """Why a condition is as it is. `cause` and `way_out` are the text of the documentation."""

    cause: str
    way_out: str

    def __new__(cls, reason: str, cause: str, way_out: str) -> Reason:
        """A member that is its own name in the API and carries its explanation."""
        member = str.__new__(cls, reason)
        member._value_ = reason
        member.cause = cause
        member.way_out = way_out
        return member

    READY = (
        "Ready",
        "The value is stored and every Secret made from it is up to date.",
        "Nothing is to be done.",
    )
    AWAITING_VALUE = (
        "AwaitingValue",
        "The object is declared, but no value was set yet.",
        "Set the value: with `kubectl create --raw "
        "/apis/values.slotwarden.io/v1beta1/namespaces/NAMESPACE/RESOURCE/NAME/value -f FILE` where the gateway runs, "
        "through a source Secret, inline, or in Vault. One that is written to Vault is seen within five minutes, or at "
        'once on `kubectl annotate KIND NAME slotwarden.io/refresh="$(date +%s)" --overwrite`.',
    )
    SOURCE_MISSING = (
        "SourceMissing",
        "The source Secret, or the key in it, that the object takes its value from does not exist.",
        "Create the Secret with that key in the object's namespace, or change the reference.",
    )
    INVALID_VALUE = (
        "InvalidValue",
        "A value is there but cannot be used, for example a password that is empty or ends with a newline.",
        "Set it again as the message says; the value itself is never shown.",
    )
    ADDRESS_MISMATCH = (
        "AddressMismatch",
        "The address in the object differs from the one that the value was set for, so the value is not sent there.",
        "Set the value again for the new address, or change the address back.",
    )
    NAME_CONFLICT = (
        "NameConflict",
        "Another, older EnvSecret of the namespace has the same project, environment and key; this one touches "
        "nothing.",
        "Delete one of the two; `kubectl get esec --field-selector spec.key=KEY` shows both.",
    )
    NOT_OWNER = (
        "NotOwner",
        "The entry in Vault belongs to another object; it is neither read nor changed nor deleted.",
        "Take it over with what it holds: `kubectl annotate KIND NAME slotwarden.io/adopt-value=true`.",
    )
    TARGET_CONFLICT = (
        "TargetConflict",
        "Another, older object writes the same key of the same Secret, gives that Secret another type, or has it for "
        "another environment.",
        "Give the two different Secret names or server addresses; of two EnvSecrets with one key, delete one.",
    )
    FOREIGN_SECRET = (
        "ForeignSecret",
        "A Secret of that name exists and was not made by the operator; it stays as it is.",
        "Choose another `secretName`, delete the Secret, or give it to the operator: "
        "`kubectl annotate secret SECRET slotwarden.io/adopt=true`.",
    )
    SECRET_TOO_LARGE = (
        "SecretTooLarge",
        "With this value the Secret would hold more than 1 MiB, which no Secret can; it keeps what it held before.",
        "Set a shorter value, or give some EnvSecrets of the environment another `projection.secretName`.",
    )
    PROJECTION_FAILED = (
        "ProjectionFailed",
        "The API server refused to let the operator write the Secret; the message says why.",
        "Give the operator's ServiceAccount the permission, or lift the quota or admission rule that is named.",
    )
    VAULT_UNAVAILABLE = (
        "VaultUnavailable",
        "Vault does not answer or answers with an error of its own; existing Secrets stay as they are.",
        "Bring Vault back; work resumes by itself.",
    )
    VAULT_SEALED = (
        "VaultSealed",
        "Vault is sealed; existing Secrets stay as they are.",
        "Unseal Vault with `vault operator unseal`; work resumes by itself.",
    )
    VAULT_DENIED = (
        "VaultDenied",
        "Vault refused an operation; the message names the path and the capability that is missing.",
        "Give the operator's role its whole policy: `slotwarden vault-policy | vault policy write slotwarden -`.",
    )
    ENCRYPTION_FAILED = (
        "EncryptionFailed",
        "The value is, or is to be, encrypted with Vault Transit, and that cannot be done: no mount is configured, or "
        "the environment's key is gone; a Secret keeps the last good value.",
        "As the message says: give the operator and the gateway `--transit-mount`, or restore the key in Vault; where "
        "it is lost, set the value again, which makes a new key.",
    )
    VERSION_DELETED = (
        "VersionDeleted",
        "The newest version in Vault was deleted or destroyed; the Secret keeps the last good value.",
        "Undelete the version that the message names, at the path that the status names, with "
        "`vault kv undelete -versions=VERSION PATH`; or set the value again.",
    )
    STALE = (
        "Stale",
        "Vault could not be asked for several refresh intervals, so the value may be out of date.",
        "Bring Vault back; the message says why it could not be asked.",
    )


class Condition(Model):
    """One condition, in the standard shape of Kubernetes."""

    type: Annotated[
        str,
        Field(
            description="What the condition is about: Ready, Reconciling, Stalled, ValueStored or Projected.",
            json_schema_extra={"maxLength": 316},
        ),
    ]
    status: Annotated[
        Literal["True", "False", "Unknown"],
        Field(description="Whether it holds: True, False or Unknown."),
    ]
    observed_generation: Annotated[
        int | None,
        Field(
            description="The metadata.generation that was looked at.",
            json_schema_extra={"format": "int64", "minimum": 0},
        ),
    ] = None
    last_transition_time: Annotated[
        str,
        Field(
            description="When the status last changed from one value to another.",
            json_schema_extra={"format": "date-time"},
        ),
    ]
    reason: Annotated[
        str,
        Field(
            description="The cause in one word, from the documented list, for example AwaitingValue.",
            json_schema_extra={
                "minLength": 1,
                "maxLength": 1024,
                "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
            },
        ),
    ]
    message: Annotated[
        str,
        Field(
            description="The cause in a sentence, with what to do about it. It never holds a value.",
            json_schema_extra={"maxLength": 32768},
        ),
    ] = ""


def find_condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, where there is one."""
    return next((condition for condition in conditions if condition.type == kind), None)


def set_condition(conditions: Iterable[Condition], new: Condition) -> tuple[Condition, ...]:
    """The conditions with `new` in the place of the one of its type, or at the end.

    A condition whose status did not change keeps its `lastTransitionTime`.
    """
    kept = tuple(conditions)
    old = find_condition(kept, new.type)
    if old is None:
        return (*kept, new)
    if old.status == new.status:
        new = new.model_copy(update={"last_transition_time": old.last_transition_time})
    return tuple(new if condition.type == new.type else condition for condition in kept)


def without_condition(conditions: Iterable[Condition], kind: str) -> tuple[Condition, ...]:
    """The conditions without that type: kstatus wants Reconciling and Stalled absent when they do not hold."""
    return tuple(condition for condition in conditions if condition.type != kind)
