"""What the API of environments' secrets says of itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from slotwarden.domain.names import DNS_LABEL, ENV_KEY, ENV_SEGMENT
from slotwarden.gateway.published.described.contract import Contract, Operation, Parameter, many, member, record
from slotwarden.gateway.published.environments_rest import SecretCreate, SecretUpdate, SecretValue

_SECRETS: Final = "/{o}/{p}/envs/{envName}/secrets"
_SECRET: Final = f"{_SECRETS}/{{name}}"
_PLACE: Final = (
    Parameter("o", "The organization, which is a namespace.", {"type": "string", "pattern": f"^{DNS_LABEL}$"}),
    Parameter("p", "The project.", {"type": "string", "pattern": f"^{ENV_SEGMENT}$"}),
    Parameter("envName", "The environment.", {"type": "string", "pattern": f"^{ENV_SEGMENT}$"}),
)
_NAMED: Final = (*_PLACE, Parameter("name", "The secret's name.", {"type": "string", "pattern": f"^{ENV_KEY}$"}))

CONTRACT: Final = Contract(
    "environments",
    "Secrets of environments",
    "Declared and described by one permission, given their value by another; a value is never told.",
    (
        Operation(
            "environments.list",
            "GET",
            _SECRETS,
            "List secrets by name",
            "list",
            HTTPStatus.OK,
            "Secrets",
            _PLACE,
            errors=(422,),
        ),
        Operation(
            "environments.create",
            "POST",
            _SECRETS,
            "Declare a secret, still without a value",
            "declare",
            HTTPStatus.CREATED,
            "Secret",
            _PLACE,
            SecretCreate,
            (404, 409, 422),
        ),
        Operation(
            "environments.get",
            "GET",
            _SECRET,
            "Read a secret's metadata",
            "read",
            HTTPStatus.OK,
            "Secret",
            _NAMED,
            errors=(404, 422),
        ),
        Operation(
            "environments.describe",
            "PUT",
            _SECRET,
            "Change a secret's description",
            "describe",
            HTTPStatus.OK,
            "Secret",
            _NAMED,
            SecretUpdate,
            (404, 409, 422),
        ),
        Operation(
            "environments.delete",
            "DELETE",
            _SECRET,
            "Delete a secret with its value",
            "delete",
            HTTPStatus.OK,
            "Deleted",
            _NAMED,
            errors=(404, 409, 422),
        ),
        Operation(
            "environments.set-value",
            "PUT",
            f"{_SECRET}/value",
            "Set a secret's value",
            "set the value",
            HTTPStatus.OK,
            "Secret",
            _NAMED,
            SecretValue,
            (404, 409, 422),
        ),
    ),
    {
        "Secret": record(
            "A secret without its value.",
            name=member("The secret's name."),
            description={"type": ["string", "null"], "description": "What it is for."},
            hasValue={"type": "boolean", "description": "Whether a value was set."},
            createdAt=member("When it was declared.", format="date-time"),
            updatedAt=member("When its value or description last changed.", format="date-time"),
        ),
        "Secrets": many("Secret"),
        "Deleted": record(
            "What was done.",
            deleted={"type": "boolean", "const": True, "description": "It is deleted."},
            name=member("The secret's name."),
        ),
    },
    record("An error.", error=member("What is wrong, for people."), code=member("The same in one word.")),
    organized=False,
)
