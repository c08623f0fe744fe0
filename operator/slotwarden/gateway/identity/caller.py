"""Who speaks, and what they may do: the seam between those who find that out and those who answer.

The authentication middleware puts a `Caller` on every request that it lets through; a handler takes it from there and
asks `Access` before it does anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from slotwarden.gateway.identity.permissions import Permission


@dataclass(frozen=True, slots=True)
class Caller:
    """A user as Kubernetes knows them.

    Attributes:
        uid: empty where the authenticator gives none.
        extra: what the authenticator adds, by lower-case keys.
        how: by which way they were known: the API server's front proxy said so, or a Bearer token was reviewed.
    """

    username: str
    uid: str
    groups: tuple[str, ...]
    extra: Mapping[str, tuple[str, ...]]
    how: Literal["front-proxy", "token"]

    @property
    def key(self) -> Hashable:
        """What tells this caller from all others."""
        return (self.username, self.uid, self.groups, tuple(sorted(self.extra.items())))


CALLER: Final = web.RequestKey("caller", Caller)
"""Where a request holds its caller: `request[CALLER]`."""


class Access(Protocol):
    """What Kubernetes' own authorizers say of objects and of values."""

    async def named(self, caller: Caller, what: Permission, *, resource: str, namespace: str, name: str) -> bool:
        """Whether the caller may to this very object; whether to all of them was asked before.

        Raises:
            KubernetesError: the API server does not say.
        """
        ...

    async def may(self, caller: Caller, what: Permission, *, resource: str, namespace: str, name: str) -> bool:
        """Whether the caller may; without a name, whether to all objects of the namespace.

        Raises:
            KubernetesError: the API server does not say.
        """
