"""The form of core-instance secrets: JSON over HTTP, as their published reference has it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from aiohttp import web
from pydantic import Field

from slotwarden.domain import envvalue
from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.entries import EnvRef
from slotwarden.gateway.answers import NEVER_KEPT, json_answer, milliseconds
from slotwarden.gateway.bodies import Part, read
from slotwarden.gateway.content import content
from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.observing import ID
from slotwarden.gateway.published.coreinstances import PROJECT
from slotwarden.gateway.published.cursors import cursor, position
from slotwarden.gateway.published.naming import Key, Kind, check, organization_of, queried
from slotwarden.gateway.refusals import Cause, invalid
from slotwarden.gateway.serving.server import sent
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from datetime import datetime

    from slotwarden.domain.envvalue import EnvValue
    from slotwarden.gateway.published.coreinstances import CoreInstances, Item, Page
    from slotwarden.gateway.refusals import Refusal

PAGE: Final = 100
MOST: Final = 1000
_SECRETS: Final = "/v1/core_instances/{coreInstanceID}/secrets"
_HEXADECIMAL: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID: Final = Kind(lambda text: _HEXADECIMAL.fullmatch(text) is not None, "is not a uuid")
_NUMBER: Final = re.compile("[0-9]{1,4}")
_PAGE: Final = Kind(
    lambda text: _NUMBER.fullmatch(text) is not None and 1 <= int(text) <= MOST, f"is not a number from 1 to {MOST}"
)


class CreateCoreInstanceSecret(Part):
    """Creates a secret with its value."""

    key: Annotated[Key, Field(description="The secret's name, once in the core instance.")]
    value: Annotated[Sensitive, Field(description="The value in base64.", json_schema_extra={"format": "byte"})]
    encrypted: Annotated[
        bool | None, Field(description="Whether it is encrypted with the core instance's own key.")
    ] = None


class CoreInstancesRest:
    """The handlers."""

    def __init__(self, service: CoreInstances) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """All paths. Requests have passed authentication when they come here."""
        return [
            web.get(_SECRETS, self._list, name="core-instances.list"),
            web.post(_SECRETS, self._create, name="core-instances.create"),
        ]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        namespace, instance = _instance(request)
        asked = (request[CALLER], namespace, instance, _last(request), _before(request), request[ID])
        async with self._service.page(*asked) as page:
            return await sent(request, json_answer(_told(page), headers=NEVER_KEPT))

    async def _create(self, request: web.Request) -> web.Response:
        namespace, instance = _instance(request)
        body = read(CreateCoreInstanceSecret, await content(request))
        ref = EnvRef(namespace, PROJECT, instance, body.key)
        made = await self._service.create(request[CALLER], ref, _value(body), request[ID])
        told = {"id": made.uid, "createdAt": milliseconds(made.created)}
        return json_answer(told, code=HTTPStatus.CREATED, headers=NEVER_KEPT)


def error(_request: web.Request, refused: Refusal) -> dict[str, Any]:
    """The form of an error."""
    return {"error": refused.message, "code": refused.reason}


def _instance(request: web.Request) -> tuple[str, str]:
    """Organization and instance of a request; a uuid is the same in capitals."""
    instance = request.match_info["coreInstanceID"]
    check(coreInstanceID=(instance, _UUID))
    return organization_of(request), instance.lower()


def _last(request: web.Request) -> int:
    given = queried(request, "last")
    if given is None:
        return PAGE
    check(last=(given, _PAGE))
    return int(given)


def _before(request: web.Request) -> tuple[datetime, str] | None:
    given = queried(request, "before")
    try:
        return position(given) if given is not None else None
    except ValueError as error:
        raise invalid(Cause("before", str(error))) from None


def _value(body: CreateCoreInstanceSecret) -> EnvValue:
    try:
        return envvalue.from_vault({envvalue.BYTES: body.value}, sealed=bool(body.encrypted))
    except InvalidValue as error:
        raise invalid(Cause("value", error.why)) from None


def _told(page: Page) -> dict[str, Any]:
    return {
        "items": [_item(item) for item in page.items],
        "endCursor": cursor(page.end) if page.end is not None else None,
        "count": page.count,
    }


def _item(item: Item) -> dict[str, Any]:
    record, ref = item.record, cast("EnvRef", item.record.entry)
    value = {"value": envvalue.encoded(item.value).reveal_text()} if item.value is not None else {}
    return {
        "id": record.uid,
        "coreInstanceID": ref.environment,
        "key": ref.key,
        **value,
        "createdAt": milliseconds(record.created),
        "updatedAt": milliseconds(record.updated),
    }
