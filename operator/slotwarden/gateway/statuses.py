"""Whatever goes wrong, in the one form that Kubernetes clients read: a metav1.Status, in words of ours alone.

Nothing of a request's body is ever part of an answer, and nothing of an exception that we did not raise ourselves.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from slotwarden.cluster import errors as kubernetes
from slotwarden.domain.credentials import InvalidValue
from slotwarden.gateway.aggregated.group import GROUP
from slotwarden.gateway.answers import json_answer
from slotwarden.values.doors import AlreadySet, Misfit
from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted
from slotwarden.values.versions import VersionMismatch, VersionUnknown
from slotwarden.vault import errors as vault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

RETRY_SECONDS: Final = 2
"""When to come again, where a server behind us is away."""

_REASONS: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    500: "InternalError",
    503: "ServiceUnavailable",
}
_WORDS: Final[Mapping[int, str]] = {
    401: "Unauthorized",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    413: "the request is too large",
    500: "the gateway failed; its log tells where",
}
_log = logging.getLogger("slotwarden.gateway")


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong with one field, by its name in the body."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class Refusal(Exception):
    """A request that is not done, and what its sender is told.

    Attributes:
        code: the HTTP status.
        message: a sentence, fit for anybody who may send this request.
        causes: the fields that are wrong.
        retry: seconds after which to try again; 0 where that would not help.
    """

    def __init__(self, code: int, message: str, causes: tuple[Cause, ...] = (), retry: int = 0) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message
        self.causes = causes
        self.retry = retry

    @property
    def reason(self) -> str:
        """One word for programs."""
        return _REASONS.get(self.code, "Unknown")

    def status(self, resource: str = "", name: str = "") -> dict[str, Any]:
        """The metav1.Status, about an object where there is one."""
        details: dict[str, Any] = {"name": name, "group": GROUP, "kind": resource} if name else {}
        if self.causes:
            details["causes"] = [
                {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in self.causes
            ]
        if self.retry:
            details["retryAfterSeconds"] = self.retry
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        return status | {"reason": self.reason} | ({"details": details} if details else {}) | {"code": self.code}


def invalid(*causes: Cause) -> Refusal:
    """A body that is understood, with fields that cannot be."""
    said = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body is invalid: {said}", causes)


def conflict(message: str, *causes: Cause) -> Refusal:
    """A request that does not fit what is there."""
    return Refusal(HTTPStatus.CONFLICT, message, causes)


def away(message: str) -> Refusal:
    """A server behind us cannot answer now."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, message, retry=RETRY_SECONDS)


def refusal(error: BaseException) -> Refusal:
    """What an exception means to the sender. Of one that is not known only that there was one."""
    match error:
        case Refusal():
            return error
        case web.HTTPException():
            return Refusal(error.status, _WORDS.get(error.status, error.reason))
        case TimeoutError():
            return away("it took too long; what was begun may have been done")
        case vault.VaultUnavailable() | kubernetes.Unavailable():
            return away(str(error))
        case vault.VaultError() | kubernetes.KubernetesError():
            return _of_a_server(error)
        case _:
            return _of_a_value(error) or Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, _WORDS[500])


def _of_a_server(error: vault.VaultError | kubernetes.KubernetesError) -> Refusal:
    """Of a server that answers: where it does not let the gateway do its work, that is nothing the sender can mend."""
    match error:
        case vault.CasMismatch():
            return conflict("others write this value at the same moment: try again")
        case kubernetes.Conflict():
            return conflict("the object was deleted and made again meanwhile: try again")
        case vault.VaultError():
            return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"the gateway's access to Vault: {error}")
        case _:
            return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"the gateway's access to the cluster: {error}")


def _of_a_value(error: BaseException) -> Refusal | None:
    """Of what the value service says of the value that is there; None for anything else."""
    match error:
        case NoValue():
            return Refusal(HTTPStatus.NOT_FOUND, str(error))
        case NotOwner() | VersionDeleted() | AlreadySet() | Misfit():
            return conflict(str(error))
        case VersionMismatch():
            return conflict(f"expectedVersion: {error}", Cause("expectedVersion", str(error)))
        case VersionUnknown():
            return invalid(Cause("version", str(error), "FieldValueNotFound"))
        case InvalidValue():
            return conflict(f"what Vault holds is no value for this object: {error}")
        case _:
            return None


def answer(request: web.Request, refused: Refusal) -> web.Response:
    """The answer to a request that is not done."""
    headers = {"Cache-Control": "no-store"}
    if refused.retry:
        headers["Retry-After"] = str(refused.retry)
    about = (request.match_info.get("resource", ""), request.match_info.get("name", ""))
    return json_answer(refused.status(*about), code=refused.code, headers=headers)


@web.middleware
async def statuses(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn every exception into an answer; the outermost middleware."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        made = answer(request, refusal(error))
        for name in ("Allow", "WWW-Authenticate"):
            if name in error.headers:
                made.headers[name] = error.headers[name]
        return made
    except Exception as error:  # noqa: BLE001  # the last place where one could leave with its text
        refused = refusal(error)
        if refused.message == _WORDS[500]:
            _log.exception("a request failed")
        return answer(request, refused)
