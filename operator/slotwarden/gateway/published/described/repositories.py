"""What the API of repositories' secrets says of itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from slotwarden.domain.names import ENV_KEY, ENV_SEGMENT
from slotwarden.gateway.published.described.contract import Contract, Operation, Parameter, member, record, reference
from slotwarden.gateway.published.repositories_rest import SecretPut

_PATH: Final = "/repos/id:{repo_id}/secrets/{key}"
_NAMED: Final = (
    Parameter("repo_id", "The repository.", {"type": "string", "pattern": "^([A-Za-z0-9_-]{0,58}[A-Za-z0-9])$"}),
    Parameter("key", "The secret's name.", {"type": "string", "pattern": f"^{ENV_KEY}$"}),
    Parameter(
        "secret_group",
        "The group that the secret is in.",
        {"type": "string", "pattern": f"^{ENV_SEGMENT}$", "default": "default"},
        "query",
    ),
)
_STATES: Final = ("scheduled", "in_progress", "success", "failed", "cancel")
_PROBLEM: Final = {
    "error_code": member("One word."),
    "message": member("What is wrong, for people."),
    "details": {"type": "object", "description": "Which fields are wrong, where some are."},
}

CONTRACT: Final = Contract(
    "repositories",
    "Secrets of repositories",
    "A value is accepted at once, and an operation tells how far it is: it succeeds once stored and projected.",
    (
        Operation(
            "repositories.put",
            "PUT",
            _PATH,
            "Set a value; makes the secret where there is none",
            "set the value; to declare, too, where there is no such secret",
            HTTPStatus.ACCEPTED,
            "Operation",
            _NAMED,
            SecretPut,
            (404, 409, 422),
        ),
        Operation(
            "repositories.operation",
            "GET",
            f"{_PATH}/operations/{{operation_id}}",
            "Ask how far an operation is",
            "read or to set the value",
            HTTPStatus.OK,
            "Operation",
            (*_NAMED, Parameter("operation_id", "The operation.", {"type": "string", "format": "uuid"})),
            errors=(404, 422),
        ),
    ),
    {
        "Operation": record(
            "What became of a value that was sent.",
            operation_id=member("The operation.", format="uuid"),
            status_url=member("Where to ask how far it is.", format="uri"),
            status=member("How far it is.", enum=list(_STATES)),
            created_at=member("When the value was accepted.", format="date-time"),
            modified_at=member("When the operation last changed.", format="date-time"),
            response={"type": "object", "description": "Always empty."},
            error={"anyOf": [reference("Failure"), {"type": "null"}], "description": "Why it failed, where it did."},
        ),
        "Failure": record("Why an operation failed.", **_PROBLEM),
    },
    record("An error.", **_PROBLEM, request_id=member("The name of the request.")),
)
