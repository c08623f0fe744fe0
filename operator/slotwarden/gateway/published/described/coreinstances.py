"""What the API of core instances' secrets says of itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from slotwarden.gateway.published.coreinstances_rest import MOST, PAGE, CreateCoreInstanceSecret
from slotwarden.gateway.published.cursors import CURSOR
from slotwarden.gateway.published.described.contract import Contract, Operation, Parameter, many, member, record

_SECRETS: Final = "/v1/core_instances/{coreInstanceID}/secrets"
_UUID: Final = {"type": "string", "format": "uuid"}
_INSTANCE: Final = Parameter("coreInstanceID", "The core instance.", _UUID)
_LAST: Final = Parameter(
    "last",
    "How many at most.",
    {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE},
    "query",
)
_BEFORE: Final = Parameter(
    "before", "The endCursor of the page before this one.", {"type": "string", "pattern": f"^{CURSOR}$"}, "query"
)

CONTRACT: Final = Contract(
    "core-instances",
    "Secrets of core instances",
    "Made once with their value, encrypted with the core instance's own key on request; listed newest first.",
    (
        Operation(
            "core-instances.list",
            "GET",
            _SECRETS,
            "List secrets, newest first, a page further back with each cursor",
            "list; values are told of the secrets whose value the caller may read",
            HTTPStatus.OK,
            "Page",
            (_INSTANCE, _LAST, _BEFORE),
            errors=(409, 422),
        ),
        Operation(
            "core-instances.create",
            "POST",
            _SECRETS,
            "Make a secret with its value",
            "set the value; to declare, too, where there is no such secret",
            HTTPStatus.CREATED,
            "Created",
            (_INSTANCE,),
            CreateCoreInstanceSecret,
            (404, 409, 422),
        ),
    ),
    {
        "Item": record(
            "A secret.",
            "value",
            id=member("Its identity.", format="uuid"),
            coreInstanceID=member("The core instance.", format="uuid"),
            key=member("Its name in the core instance."),
            value=member("The value in base64, where there is one and the caller may read it.", format="byte"),
            createdAt=member("When it was made.", format="date-time"),
            updatedAt=member("When it last changed.", format="date-time"),
        ),
        "Page": record(
            "A page of secrets.",
            items=many("Item"),
            endCursor={"type": ["string", "null"], "description": "What the next page begins before; null: no more."},
            count={"type": "integer", "minimum": 0, "description": "How many secrets the core instance has."},
        ),
        "Created": record(
            "The secret that was made.",
            id=member("Its identity.", format="uuid"),
            createdAt=member("When it was made.", format="date-time"),
        ),
    },
    record("An error.", error=member("What is wrong, for people."), code=member("The same in one word.")),
)
