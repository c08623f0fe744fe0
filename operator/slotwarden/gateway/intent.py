"""States in an object's status what is about to be written to Vault, before it is.

The operator is woken by it and looks for that version, so that a crash between the two loses nothing and nothing waits
for the next refresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotwarden.cluster.errors import NotFound
from slotwarden.gateway.objects import missing
from slotwarden.resources.base import rfc3339
from slotwarden.resources.slotstatus import Pending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from slotwarden.cluster.objects import Objects
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.resources.base import ObjectMeta


def intent(
    objects: Objects, resource: Resource, metadata: ObjectMeta, request_id: str, now: datetime
) -> Callable[[int], Awaitable[None]]:
    """What to call with the version that the entry will have, before every try to write it.

    It raises a 404 where the object is gone, and `Conflict` where another one has its name.
    """

    async def state(version: int) -> None:
        pending = Pending(request_id=request_id, expected_version=version, requested_time=rfc3339(now))
        try:
            await objects.apply_pending(resource, metadata.namespace, metadata.name, metadata.uid, pending)
        except NotFound:
            raise missing(resource, metadata.name) from None

    return state
