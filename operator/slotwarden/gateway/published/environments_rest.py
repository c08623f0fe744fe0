"""The form of environment secrets: JSON over HTTP, as their published reference has it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from aiohttp import web
from pydantic import Field

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import is_dns_label
from slotwarden.gateway.answers import NEVER_KEPT, json_answer, milliseconds, text_answer, texts
from slotwarden.gateway.bodies import Part, read
from slotwarden.gateway.content import content
from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.observing import ID
from slotwarden.gateway.published.naming import KEY, SEGMENT, Key, check
from slotwarden.gateway.refusals import Cause, invalid
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.published.environments import Environments
    from slotwarden.gateway.refusals import Refusal

_SECRETS: Final = "/{o}/{p}/envs/{envName}/secrets"
_SECRET: Final = _SECRETS + "/{name}"

_Kind = Annotated[Literal["Secret"], Field(description="What it is.")]
_Name = Annotated[Key, Field(description="The secret's name.")]
_Description = Annotated[
    str | None, Field(max_length=1024, description="What it is for, for all who may see that there is such a secret.")
]


class SecretCreate(Part):
    """Declares a secret."""

    kind: _Kind
    name: _Name
    description: _Description = None


class SecretUpdate(Part):
    """Describes a secret; without a description it stays as it is."""

    kind: _Kind
    name: _Name
    description: _Description = None


class SecretValue(Part):
    """A value to be set."""

    value: Annotated[Sensitive, Field(description="The value; an empty one is a value.")]


class EnvironmentsRest:
    """The handlers."""

    def __init__(self, service: Environments) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """All paths. Requests have passed authentication when they come here."""
        return [
            web.get(_SECRETS, self._list, name="environments.list"),
            web.post(_SECRETS, self._create, name="environments.create"),
            web.get(_SECRET, self._get, name="environments.get"),
            web.put(_SECRET, self._describe, name="environments.describe"),
            web.delete(_SECRET, self._delete, name="environments.delete"),
            web.put(f"{_SECRET}/value", self._set_value, name="environments.set-value"),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        found = await self._service.secrets(request[CALLER], *_environment(request))
        return text_answer(f"[{', '.join(map(_text, found))}]", headers=NEVER_KEPT)

    async def _create(self, request: web.Request) -> web.Response:
        environment = _environment(request)
        body = read(SecretCreate, await content(request))
        ref = EnvRef(*environment, body.name)
        made = await self._service.create(request[CALLER], ref, body.description or "", request[ID])
        return json_answer(_told(made), code=HTTPStatus.CREATED, headers=NEVER_KEPT)

    async def _get(self, request: web.Request) -> web.Response:
        return text_answer(_text(await self._service.get(request[CALLER], _ref(request))), headers=NEVER_KEPT)

    async def _describe(self, request: web.Request) -> web.Response:
        ref = _ref(request)
        body = read(SecretUpdate, await content(request))
        if body.name != ref.key:
            raise invalid(Cause("name", "is not the name in the path: a secret cannot be renamed"))
        description = (body.description or "") if "description" in body.model_fields_set else None
        changed = await self._service.describe(request[CALLER], ref, description, request[ID])
        return json_answer(_told(changed), headers=NEVER_KEPT)

    async def _delete(self, request: web.Request) -> web.Response:
        ref = _ref(request)
        await self._service.delete(request[CALLER], ref, request[ID])
        return json_answer({"deleted": True, "name": ref.key}, headers=NEVER_KEPT)

    async def _set_value(self, request: web.Request) -> web.Response:
        ref = _ref(request)
        body = read(SecretValue, await content(request))
        known = await self._service.set_value(request[CALLER], ref, body.value, request[ID])
        return json_answer(_told(known), headers=NEVER_KEPT)


def error(_request: web.Request, refused: Refusal) -> dict[str, Any]:
    """The form of an error."""
    return {"error": refused.message, "code": refused.reason}


def _environment(request: web.Request) -> tuple[str, str, str]:
    """Organization, project and environment of a path. What cannot be the name of an organization is nobody's.

    It is told nowhere, in the log neither: there is no telling what it is.
    """
    organization, project, environment = (request.match_info[name] for name in ("o", "p", "envName"))
    check(p=(project, SEGMENT), envName=(environment, SEGMENT))
    return organization if is_dns_label(organization) else "", project, environment


def _ref(request: web.Request) -> EnvRef:
    environment, name = _environment(request), request.match_info["name"]
    check(name=(name, KEY))
    return EnvRef(*environment, name)


def _told(record: Record) -> dict[str, Any]:
    return {
        "name": cast("EnvRef", record.entry).key,
        "description": record.description,
        "hasValue": record.has_value,
        "createdAt": milliseconds(record.created),
        "updatedAt": milliseconds(record.updated),
    }


_text = texts(_told)
