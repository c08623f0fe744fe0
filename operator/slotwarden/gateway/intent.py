"""States in an object's status what is about to be written to Vault, before it is.

The operator is woken by it and looks for that version, so that a crash between the two loses nothing and nothing waits
for the next refresh. Of several requests at once the newest stands there and names those that it took the place of:
whoever asks for one of them is told so, on whichever replica it came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.cluster.errors import Conflict, NotFound
from slotwarden.gateway.objects import declared_of, missing
from slotwarden.resources.base import rfc3339
from slotwarden.resources.slotstatus import OPERATIONS, Pending, Superseded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from slotwarden.cluster.client import Json
    from slotwarden.cluster.objects import Objects
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.gateway.objects import AnyDeclared

_ATTEMPTS: Final = 64


def intent(
    objects: Objects,
    resource: Resource,
    seen: AnyDeclared,
    request_id: str,
    now: datetime,
    took: Callable[[Json], None] = lambda _: None,
) -> Callable[[int], Awaitable[None]]:
    """What to call with the version that the entry will have, before every try to write it.

    It raises a 404 where the object is gone, and `Conflict` where another one has its name.

    Args:
        seen: the object, as it was a moment ago.
        took: is told how the object is once the intent is stated.
    """

    async def state(version: int) -> None:
        nonlocal seen
        for _ in range(_ATTEMPTS):
            pending = Pending(
                request_id=request_id,
                expected_version=version,
                requested_time=rfc3339(now),
                superseded=superseded(seen.status.pending, request_id),
            )
            try:
                raw = await objects.apply_pending(resource, seen.metadata, pending)
            except NotFound:
                raise missing(resource, seen.metadata.name) from None
            except Conflict:
                # Somebody else came first, and may have stated another request, which must not be lost.
                seen = await _as_it_is(objects, resource, seen)
            else:
                seen = declared_of(resource, raw)
                took(raw)
                return
        raise Conflict("patch", f"{resource}/status", 409, "others change it all the time")

    return state


def superseded(before: Pending | None, request_id: str) -> tuple[Superseded, ...] | None:
    """The requests whose place another one takes, given what was stated before it; None where there are none."""
    if before is None:
        return None
    newest = Superseded(
        request_id=before.request_id,
        expected_version=before.expected_version,
        requested_time=before.requested_time,
    )
    earlier = (newest, *(before.superseded or ()))
    return tuple(each for each in earlier if each.request_id != request_id)[: OPERATIONS - 1] or None


async def _as_it_is(objects: Objects, resource: Resource, seen: AnyDeclared) -> AnyDeclared:
    metadata = seen.metadata
    try:
        found = declared_of(resource, await objects.get(resource, metadata.namespace, metadata.name))
    except NotFound:
        raise missing(resource, metadata.name) from None
    if found.metadata.uid != metadata.uid:
        raise Conflict("patch", f"{resource}/status", 409, "another object has this name")
    return found
