"""What a caller may do, by SubjectAccessReview: plain RBAC decides, for clients behind the API server and for others.

The API server asks for itself before it forwards a request; whoever reaches the gateway directly was asked nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from slotwarden.cluster.reviews import Attributes, Reviews, User
from slotwarden.gateway.identity.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.identity.permissions import Permission

SECONDS: Final = 10.0
_ROOM: Final = 4096
_VERSION: Final = "v1beta1"


class ReviewedAccess:
    """An `Access`. A yes holds for ten seconds; a no is never remembered, so that a new permission holds at once."""

    def __init__(self, reviews: Reviews, clock: Callable[[], float]) -> None:
        self._reviews = reviews
        self._allowed: Memory[Hashable, bool] = Memory(clock, _ROOM)

    async def may(self, caller: Caller, what: Permission, *, resource: str, namespace: str, name: str) -> bool:
        """Whether the caller may; without a name, whether to all objects of the namespace.

        Most may do something to all objects or to none, so that is asked for too: one answer then holds for all.

        Raises:
            KubernetesError: the API server does not say.
        """
        # To Kubernetes, no name means all of them.
        names = dict.fromkeys(("", name))
        if any(self._allowed.get((caller.key, what, resource, namespace, each)) for each in names):
            return True
        answers = await asyncio.gather(*(self._ask(caller, what, resource, namespace, each) for each in names))
        return any(answers)

    async def named(self, caller: Caller, what: Permission, *, resource: str, namespace: str, name: str) -> bool:
        """Whether the caller may to this very object; whether to all of them was asked before.

        Raises:
            KubernetesError: the API server does not say.
        """
        known = self._allowed.get((caller.key, what, resource, namespace, name))
        return bool(known) or await self._ask(caller, what, resource, namespace, name)

    async def _ask(self, caller: Caller, what: Permission, resource: str, namespace: str, name: str) -> bool:
        user = User(caller.username, caller.uid, caller.groups, caller.extra)
        asked = Attributes(what.verb, what.group, _VERSION, resource, what.subresource, namespace, name)
        allowed = await self._reviews.access(user, asked)
        if allowed:
            self._allowed.put((caller.key, what, resource, namespace, name), True, SECONDS)
        return allowed
