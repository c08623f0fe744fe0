"""Whatever goes wrong, in words of ours alone; the form that it is told in is that of the API that was asked.

Nothing of a request's body is ever part of an answer, and nothing of an exception that we did not raise ourselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from slotwarden.cluster import errors as kubernetes
from slotwarden.domain.credentials import InvalidValue
from slotwarden.values.doors import AlreadySet, Misfit
from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted
from slotwarden.values.sealing import EncryptionFailed
from slotwarden.values.versions import VersionMismatch, VersionUnknown
from slotwarden.vault import errors as vault

if TYPE_CHECKING:
    from collections.abc import Mapping

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
WORDS: Final[Mapping[int, str]] = {
    401: "Unauthorized",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    413: "the request is too large",
    500: "the gateway failed; its log tells where",
}


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
        raced: whether others were quicker: who begins anew most likely gets through, with nothing to be mended first.
    """

    def __init__(
        self, code: int, message: str, causes: tuple[Cause, ...] = (), retry: int = 0, *, raced: bool = False
    ) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message
        self.causes = causes
        self.retry = retry
        self.raced = raced

    @property
    def reason(self) -> str:
        """One word for programs."""
        return _REASONS.get(self.code, "Unknown")


def invalid(*causes: Cause, code: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Refusal:
    """A request that is understood, with fields that cannot be."""
    said = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    return Refusal(code, f"the request is invalid: {said}", causes)


def conflict(message: str, *causes: Cause) -> Refusal:
    """A request that does not fit what is there."""
    return Refusal(HTTPStatus.CONFLICT, message, causes)


def race(message: str) -> Refusal:
    """A request that others came in the way of at the same moment."""
    return Refusal(HTTPStatus.CONFLICT, f"{message}: try again", raced=True)


def away(message: str) -> Refusal:
    """A server behind us cannot answer now."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, message, retry=RETRY_SECONDS)


def refusal(error: BaseException) -> Refusal:
    """What an exception means to the sender. Of one that is not known only that there was one."""
    match error:
        case Refusal():
            return error
        case web.HTTPException():
            return Refusal(error.status, WORDS.get(error.status, error.reason))
        case TimeoutError():
            return away("it took too long; what was begun may have been done")
        case vault.VaultUnavailable() | kubernetes.Unavailable():
            return away(str(error))
        case vault.VaultError() | kubernetes.KubernetesError():
            return _of_a_server(error)
        case _:
            return _of_a_value(error) or Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, WORDS[500])


def _of_a_server(error: vault.VaultError | kubernetes.KubernetesError) -> Refusal:
    """Of a server that answers: where it does not let the gateway do its work, that is nothing the sender can mend."""
    match error:
        case vault.CasMismatch():
            return race("others write this value at the same moment")
        case kubernetes.Conflict():
            return race("the object was deleted and made again meanwhile")
        case kubernetes.Forbidden():
            # Its words name our roles. It lets nobody do anything as long as it starts and has not read its own.
            done = f"{error.verb} {error.resource}"
            return away(f"the API server does not let the gateway {done}: it starts, or a permission is missing")
        case vault.VaultError():
            return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"the gateway's access to Vault: {error}")
        case _:
            return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"the gateway's access to the cluster: {error}")


def _of_a_value(error: BaseException) -> Refusal | None:
    """Of what the value service says of the value that is there; None for anything else."""
    match error:
        case NoValue():
            return Refusal(HTTPStatus.NOT_FOUND, str(error))
        case NotOwner() | VersionDeleted() | AlreadySet() | Misfit() | EncryptionFailed():
            return conflict(str(error))
        case VersionMismatch():
            return conflict(f"expectedVersion: {error}", Cause("expectedVersion", str(error)))
        case VersionUnknown():
            return invalid(Cause("version", str(error), "FieldValueNotFound"))
        case InvalidValue():
            return conflict(f"what Vault holds is no value for this object: {error}")
        case _:
            return None
