"""What a refusal is called where google.rpc.Code names it: in gRPC, and in the REST form of a service that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grpc import StatusCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.gateway.refusals import Refusal

_CODES: Final[Mapping[int, StatusCode]] = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    405: StatusCode.UNIMPLEMENTED,
    # What somebody has to change first. That a slot is there already is no error: to create it is to overwrite it.
    409: StatusCode.FAILED_PRECONDITION,
    413: StatusCode.RESOURCE_EXHAUSTED,
    415: StatusCode.INVALID_ARGUMENT,
    422: StatusCode.INVALID_ARGUMENT,
    503: StatusCode.UNAVAILABLE,
}


def code(refused: Refusal) -> StatusCode:
    """By its name."""
    if refused.raced:
        # Not UNAVAILABLE, on which clients repeat the very call: they have to look again at what they write over.
        return StatusCode.ABORTED
    return _CODES.get(refused.code, StatusCode.INTERNAL)


def number(refused: Refusal) -> int:
    """By its number."""
    return int(code(refused).value[0])
