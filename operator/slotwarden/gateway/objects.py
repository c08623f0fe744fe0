"""Reads the object that a request is about, live: what it declares, whose the value is, and what forbids to set it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotwarden.cluster.errors import NotFound
from slotwarden.domain.declared_env import DeclaredEnv
from slotwarden.domain.declared_slot import DeclaredSlot
from slotwarden.gateway.refusals import Cause, Refusal, conflict
from slotwarden.resources.envsecret import EnvSecret
from slotwarden.resources.secretslot import GROUP, SecretSlot
from slotwarden.values.ownership import Owner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotwarden.cluster.client import Json
    from slotwarden.cluster.namespaces import Namespaces
    from slotwarden.cluster.objects import Objects
    from slotwarden.domain.entries import EnvRef
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.values.doors import Look

AnyDeclared = DeclaredSlot | DeclaredEnv


@dataclass(frozen=True, slots=True)
class Found:
    """An object, and whom the entry of its value has to name.

    Attributes:
        look: at that entry, begun as the object was made; None for one that was found.
    """

    declared: AnyDeclared
    owner: Owner
    look: Look | None = None


class ObjectReader:
    """Reads objects; nothing is kept but the cluster's identity. Methods raise `KubernetesError`s and `Refusal`s."""

    def __init__(self, objects: Objects, namespaces: Namespaces) -> None:
        self._objects = objects
        self._namespaces = namespaces

    async def place(self, namespace: str) -> tuple[str, str]:
        """The cluster's identity and the namespace's uid as it is now. Raises NotFound."""
        return await asyncio.gather(self._namespaces.cluster(), self._namespaces.look_up(namespace))

    async def known(self, record: Record) -> Owner:
        """Whom the entry of an object names, to be read: the object's own uid tells that within a cluster."""
        return Owner(await self._namespaces.cluster(), "", record.uid, record.policy)

    async def read(self, resource: Resource, namespace: str, name: str) -> Found:
        """The object as it is; 404 where there is none."""
        try:
            raw, namespace_uid, cluster = await asyncio.gather(
                self._objects.get(resource, namespace, name),
                self._namespaces.look_up(namespace),
                self._namespaces.cluster(),
            )
        except NotFound:
            raise missing(resource, name) from None
        declared = declared_of(resource, raw)
        return Found(declared, Owner(cluster, namespace_uid, declared.metadata.uid, declared.deletion_policy))

    async def read_to_set(self, resource: Resource, namespace: str, name: str) -> Found:
        """The object, whose value may be set by a door; 409 where it may not."""
        found = await self.read(resource, namespace, name)
        hindrance(found.declared)
        if not isinstance(found.declared, DeclaredEnv):
            return found
        others = [DeclaredEnv(EnvSecret.from_object(raw)) for raw in await self._objects.of_key(found.declared.entry)]
        rivalry(found.declared, others)
        return _among(found, others)

    async def key_to_set(self, ref: EnvRef) -> Found | None:
        """The object that holds a key, whatever its name; None where there is none, 409 where no door may set it."""
        try:
            raws, namespace_uid, cluster = await asyncio.gather(
                self._objects.of_key(ref), self._namespaces.look_up(ref.organization), self._namespaces.cluster()
            )
        except NotFound:
            return None
        all_of_it = [DeclaredEnv(EnvSecret.from_object(raw)) for raw in raws]
        declared = min(all_of_it, key=age, default=None)
        if declared is None:
            return None
        hindrance(declared)
        owner = Owner(cluster, namespace_uid, declared.metadata.uid, declared.deletion_policy)
        return _among(Found(declared, owner), all_of_it)


def made_to_set(raw: Json, place: tuple[str, str], look: Look) -> Found:
    """An EnvSecret that was just made, as the API server gave it back.

    Args:
        place: see `ObjectReader.place`.
    """
    declared, (cluster, namespace_uid) = DeclaredEnv(EnvSecret.from_object(raw)), place
    return Found(declared, Owner(cluster, namespace_uid, declared.metadata.uid, declared.deletion_policy), look)


def _among(found: Found, all_of_it: Iterable[DeclaredEnv]) -> Found:
    """The object, beside the others of its key.

    A younger one may have come first, within the second that creation times count: what it stored stays its own.
    """
    namesakes = frozenset(other.metadata.uid for other in all_of_it) - {found.declared.metadata.uid}
    return replace(found, owner=replace(found.owner, namesakes=namesakes))


def missing(resource: Resource, name: str) -> Refusal:
    """There is no such object."""
    return Refusal(404, f'{resource}.{GROUP} "{name}" not found')


def hindrance(declared: AnyDeclared) -> None:
    """Raise what forbids any door but the object's own to set its value: it goes, or has its value from its spec."""
    if declared.metadata.deletion_timestamp is not None:
        raise conflict("the object is being deleted")
    source = declared.source
    if source is not None:
        message = (
            f"takes the value from key {source.key} of Secret {source.secret}: change it there, or remove the field"
        )
        raise conflict(f"{source.field} {message}", Cause(source.field, message))
    if declared.inline is not None:
        # The operator has yet to store it, and would put it over what is set now.
        raise conflict("the spec holds a value that is not stored yet: wait for that, or remove it")


def rivalry(declared: DeclaredEnv, others: Iterable[DeclaredEnv]) -> None:
    """Raise that an older object stands for the same key: that one owns the value."""
    mine = age(declared)
    older = min((other for other in others if age(other) < mine), key=age, default=None)
    if older is not None:
        raise conflict(
            f"NameConflict: {older.metadata.name} is older and stands for the same project, environment and key",
            Cause("spec.key", f"belongs to {older.metadata.name}"),
        )


def age(declared: DeclaredEnv) -> tuple[str, str]:
    """What tells the older of two objects: it is smaller."""
    return declared.contribution()[1].age


def declared_of(resource: Resource, raw: Json) -> AnyDeclared:
    """What an object declares, as the API server gives it."""
    if resource == "secretslots":
        return DeclaredSlot(SecretSlot.from_object(raw))
    return DeclaredEnv(EnvSecret.from_object(raw))
