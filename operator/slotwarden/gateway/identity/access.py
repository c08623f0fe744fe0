"""What a caller may do, by SubjectAccessReview: plain RBAC decides, for clients behind the API server and for others.

The API server asks for itself before it forwards a request; whoever reaches the gateway directly was asked nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.cluster.reviews import Attributes, Reviews, User
from slotwarden.gateway.aggregated.group import GROUP, VERSION
from slotwarden.gateway.identity.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from slotwarden.gateway.identity.caller import Caller

SECONDS: Final = 10.0
_ROOM: Final = 4096


class ReviewedAccess:
    """An `Access`. A yes holds for ten seconds; a no is never remembered, so that a new permission holds at once."""

    def __init__(self, reviews: Reviews, clock: Callable[[], float]) -> None:
        self._reviews = reviews
        self._allowed: Memory[Hashable, bool] = Memory(clock, _ROOM)

    async def may(
        self, caller: Caller, *, verb: str, namespace: str, resource: str, subresource: str, name: str
    ) -> bool:
        """Whether the caller may.

        Raises:
            KubernetesError: the API server does not say.
        """
        asked = Attributes(verb, GROUP, VERSION, resource, subresource, namespace, name)
        extra = tuple(sorted(caller.extra.items()))
        key = (caller.username, caller.uid, caller.groups, extra, asked)
        if self._allowed.get(key):
            return True
        user = User(caller.username, caller.uid, caller.groups, caller.extra)
        allowed = await self._reviews.access(user, asked)
        if allowed:
            self._allowed.put(key, True, SECONDS)
        return allowed
