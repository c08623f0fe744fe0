"""What the slots API says of its REST form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from slotwarden.domain.names import SLOT_NAME
from slotwarden.gateway.published.described.contract import (
    Contract,
    Operation,
    Parameter,
    many,
    member,
    record,
    reference,
)
from slotwarden.gateway.published.slots_rest import CreateSecretRequest

_SLOTS: Final = "/v1/ignite/secrets"
_SLOT: Final = f"{_SLOTS}/{{name}}"
_NAME: Final = Parameter("name", "The slot's name.", {"type": "string", "pattern": f"^{SLOT_NAME}$"})
_KINDS: Final = ("git_secret", "registry_secret")
_INT64: Final = "^[0-9]{1,19}$"

CONTRACT: Final = Contract(
    "slots",
    "Slots",
    "Git and registry credentials by name; the REST form of dodil.ignite.v1.SecretService.",
    (
        Operation(
            "slots.create",
            "POST",
            _SLOTS,
            "Make a slot, or overwrite the one of that name",
            "set the value; to declare or to describe, too, where the object is made or its declaration changes",
            HTTPStatus.OK,
            "CreateSecretResponse",
            body=CreateSecretRequest,
            errors=(404, 409),
        ),
        Operation(
            "slots.list",
            "GET",
            _SLOTS,
            "List the metadata of all slots",
            "list",
            HTTPStatus.OK,
            "ListSecretsResponse",
        ),
        Operation(
            "slots.get",
            "GET",
            _SLOT,
            "Read a slot with its credential in cleartext",
            "read the value",
            HTTPStatus.OK,
            "GetSecretResponse",
            (_NAME,),
            errors=(404, 409),
        ),
        Operation(
            "slots.delete",
            "DELETE",
            _SLOT,
            "Delete a slot; again does no harm",
            "delete",
            HTTPStatus.OK,
            "DeleteSecretResponse",
            (_NAME,),
            errors=(409,),
        ),
    ),
    {
        "SecretMetadata": record(
            "What is known of a slot beside its credential.",
            name=member("The slot's name."),
            type=member("The kind of its credential.", enum=list(_KINDS)),
            createdAtMs=member("When it was made, in milliseconds since 1970.", pattern=_INT64),
            updatedAtMs=member("When its credential was last set, in milliseconds since 1970.", pattern=_INT64),
        ),
        "CreateSecretResponse": record("The slot, without its credential.", metadata=reference("SecretMetadata")),
        "ListSecretsResponse": record("All slots, without their credentials.", secrets=many("SecretMetadata")),
        "GetSecretResponse": record(
            "A slot with its credential.",
            name=member("The slot's name."),
            value=reference("TheSecretValue"),
            metadata=reference("SecretMetadata"),
        ),
        "TheSecretValue": record(
            "The credential: one of the two.",
            "gitSecret",
            "registrySecret",
            gitSecret=record("For a git host.", username=member("The user name."), token=member("The token.")),
            registrySecret=record(
                "For a container registry.",
                username=member("The login."),
                password=member("The password or token."),
                serverAddress=member("The registry's host; empty: Docker Hub."),
            ),
        ),
        "DeleteSecretResponse": record("What was done.", deleted={"type": "boolean", "description": "Was one there."}),
    },
    record(
        "google.rpc.Status.",
        code={"type": "integer", "description": "The number of google.rpc.Code."},
        message=member("What is wrong, for people."),
        details={"type": "array", "items": {}, "maxItems": 0, "description": "Always empty."},
    ),
)
