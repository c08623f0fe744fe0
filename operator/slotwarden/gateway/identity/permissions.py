"""What a caller may do, and what is told to one who may not: so that nobody learns of an object by asking for it.

It is asked before anything is looked up. Whoever may not do something to an object, but may read what is known of it,
is told so; to all others the object is as one that does not exist.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from slotwarden.domain.names import is_dns_label
from slotwarden.gateway.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from slotwarden.gateway.identity.caller import Access, Caller

ORGANIZATION: Final = "X-Slotwarden-Organization"
_OBJECTS: Final = "slotwarden.io"
_VALUES: Final = "values.slotwarden.io"
_AT_ONCE: Final = 16
_ACCOUNT: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that RBAC allows, on `secretslots` or `envsecrets`."""

    verb: str
    group: str
    subresource: str = ""

    def of(self, resource: str) -> str:
        """The resource as RBAC writes it."""
        return f"{resource}/{self.subresource}" if self.subresource else resource


READ: Final = Permission("get", _OBJECTS)
LIST: Final = Permission("list", _OBJECTS)
DECLARE: Final = Permission("create", _OBJECTS)
DESCRIBE: Final = Permission("update", _OBJECTS)
REMOVE: Final = Permission("delete", _OBJECTS)
SET: Final = Permission("create", _VALUES, "value")
REVEAL: Final = Permission("create", _VALUES, "reveal")


class Unseen(Exception):
    """The caller may neither do that to the object nor read what is known of it: answer as if there were none."""


class Permissions:
    """What callers may do. Methods raise `KubernetesError`s where the API server does not say.

    Args:
        access: what Kubernetes' authorizers say.
        served: the namespaces that are served; all of them if empty. In others nobody may do anything.
    """

    def __init__(self, access: Access, served: frozenset[str]) -> None:
        self._access = access
        self._served = served
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def may(self, caller: Caller, what: Permission, resource: str, namespace: str, name: str = "") -> bool:
        """Whether the caller may; without a name, whether to all objects of the namespace."""
        if not self._serves(namespace):
            return False
        return await self._access.may(caller, what, resource=resource, namespace=namespace, name=name)

    async def among(
        self, caller: Caller, what: Permission, resource: str, namespace: str, names: Collection[str]
    ) -> frozenset[str]:
        """To which of these objects the caller may do that; one question where it is to all or there are none."""
        if not names or await self.may(caller, what, resource, namespace):
            return frozenset(names)
        if not self._serves(namespace):
            return frozenset()
        # Of one caller together: a thousand questions for each of their lists would leave others no connection.
        places = self._places.setdefault(caller.username, asyncio.Semaphore(_AT_ONCE))

        async def ask(name: str) -> str | None:
            async with places:
                allowed = await self._access.named(caller, what, resource=resource, namespace=namespace, name=name)
                return name if allowed else None

        answers = await asyncio.gather(*map(ask, names))
        return frozenset(name for name in answers if name is not None)

    async def admit(self, caller: Caller, what: Permission, resource: str, namespace: str, name: str = "") -> None:
        """Let a caller pass who may do that to the objects of the namespace: a list or a creation, say.

        Args:
            name: of the object, where the permission to do it to that one alone is enough.

        Raises:
            Refusal: 403.
        """
        if not await self.may(caller, what, resource, namespace, name):
            raise _forbidden(caller, what, resource, namespace)

    async def admit_to(self, caller: Caller, what: Permission, resource: str, namespace: str, name: str) -> None:
        """Let a caller pass who may do that to the object of that name, whether there is one or not.

        Raises:
            Refusal: 403, to one who may read what is known of it.
            Unseen: to all others.
        """
        if await self.may(caller, what, resource, namespace, name):
            return
        if await self.may(caller, READ, resource, namespace, name):
            raise _forbidden(caller, what, resource, namespace)
        raise Unseen

    def _serves(self, namespace: str) -> bool:
        return is_dns_label(namespace) and (not self._served or namespace in self._served)


def organization(caller: Caller, named: str | None) -> str:
    """The namespace that a caller speaks of.

    Args:
        named: what the header says; None where there is none.

    Raises:
        Refusal: 400, where there is no telling.
    """
    if named is not None:
        if not is_dns_label(named):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{ORGANIZATION}: is not the name of a namespace")
        return named
    if caller.username.startswith(_ACCOUNT):
        return caller.username.removeprefix(_ACCOUNT).partition(":")[0]
    raise Refusal(HTTPStatus.BAD_REQUEST, f"{ORGANIZATION}: is required, as the caller is no ServiceAccount")


def _forbidden(caller: Caller, what: Permission, resource: str, namespace: str) -> Refusal:
    return Refusal(
        HTTPStatus.FORBIDDEN,
        f'User "{caller.username}" cannot {what.verb} resource "{what.of(resource)}" in API group "{what.group}" in '
        f'the namespace "{namespace}"',
    )
