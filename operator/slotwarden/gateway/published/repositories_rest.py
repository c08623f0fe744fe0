"""The form of repository secrets: JSON over HTTP, as their published reference has it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote, urlencode

from aiohttp import web
from pydantic import Field

from slotwarden.domain import envvalue
from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import is_env_segment
from slotwarden.gateway.answers import NEVER_KEPT, json_answer
from slotwarden.gateway.bodies import Part, read
from slotwarden.gateway.content import content
from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.observing import ID
from slotwarden.gateway.published.naming import KEY, SEGMENT, Kind, check, organization_of, queried
from slotwarden.gateway.refusals import Cause, invalid
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from slotwarden.gateway.published.operations import Standing
    from slotwarden.gateway.published.repositories import Repositories
    from slotwarden.gateway.refusals import Refusal

_PATH: Final = "/repos/id:{repo_id}/secrets/{key}"
_GROUP: Final = "secret_group"
_DEFAULT: Final = "default"
_REPOSITORY: Final = Kind(
    lambda text: is_env_segment(_project(text)),
    "is not 1 to 59 letters, digits, '-' and '_' that end with a letter or digit",
)


class SecretPut(Part):
    """Sets the value of a secret."""

    value: Annotated[
        Sensitive,
        Field(description="The value in base64; an empty one is a value.", json_schema_extra={"format": "byte"}),
    ]


class RepositoriesRest:
    """The handlers.

    Args:
        public_url: where clients reach the gateway; that of each request if empty.
    """

    def __init__(self, service: Repositories, public_url: str) -> None:
        self._service = service
        self._public_url = public_url.rstrip("/")

    def routes(self) -> list[web.RouteDef]:
        """All paths. Requests have passed authentication when they come here."""
        poll = f"{_PATH}/operations/{{operation_id}}"
        return [
            web.put(_PATH, self._put, name="repositories.put"),
            web.get(poll, self._operation, name="repositories.operation"),
        ]

    async def _put(self, request: web.Request) -> web.Response:
        ref = _ref(request)
        body = read(SecretPut, await content(request))
        try:
            value = envvalue.from_vault({envvalue.BYTES: body.value})
        except InvalidValue as error:
            raise invalid(Cause("value", error.why)) from None
        made = await self._service.put(request[CALLER], ref, value, request[ID])
        return self._told(request, made, HTTPStatus.ACCEPTED)

    async def _operation(self, request: web.Request) -> web.Response:
        ref = _ref(request)
        found = await self._service.operation(request[CALLER], ref, request.match_info["operation_id"])
        return self._told(request, found, HTTPStatus.OK)

    def _told(self, request: web.Request, operation: Standing, code: int) -> web.Response:
        failed = operation.state == "failed"
        told = {
            "operation_id": operation.id,
            "status_url": self._status_url(request, operation.id),
            "status": operation.state,
            "created_at": operation.created,
            "modified_at": operation.modified,
            "response": {},
            "error": _problem(operation.reason, operation.message, {}) if failed else None,
        }
        return json_answer(told, code=code, headers=NEVER_KEPT)

    def _status_url(self, request: web.Request, operation: str) -> str:
        """Where to poll: whole, so that it works as it stands."""
        base = self._public_url or f"https://{request.host}"
        parts = request.match_info
        path = f"/repos/id:{quote(parts['repo_id'])}/secrets/{quote(parts['key'])}/operations/{operation}"
        return f"{base}{path}?{urlencode({_GROUP: _group(request)})}"


def error(request: web.Request, refused: Refusal) -> dict[str, Any]:
    """The form of an error."""
    details = {"fields": [{"field": each.field, "message": each.message} for each in refused.causes]}
    problem = _problem(refused.reason, refused.message, details if refused.causes else {})
    return {**problem, "request_id": request[ID]}


def _problem(code: str, message: str, details: dict[str, Any]) -> dict[str, Any]:
    return {"error_code": code, "message": message, "details": details}


def _project(repository: str) -> str:
    return f"repo-{repository}"


def _group(request: web.Request) -> str:
    return queried(request, _GROUP) or _DEFAULT


def _ref(request: web.Request) -> EnvRef:
    """The secret that a path names, in the organization that the caller speaks of."""
    repository, group, key = request.match_info["repo_id"], _group(request), request.match_info["key"]
    check(repo_id=(repository, _REPOSITORY), secret_group=(group, SEGMENT), key=(key, KEY))
    return EnvRef(organization_of(request), _project(repository), group, key)
