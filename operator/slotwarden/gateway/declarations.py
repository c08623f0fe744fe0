"""Makes, changes and removes the objects that the published APIs speak of, and tells the catalog at once.

What a repository manages is not changed and not removed here: the tool that keeps it would put it back, so the caller
is told where to go. A value is nothing that such a tool has, and is set without a look at this.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, Protocol

from slotwarden.cluster.errors import AlreadyExists, Conflict, Forbidden, NotFound, Terminating
from slotwarden.domain.declared import CREATED_ANNOTATION
from slotwarden.domain.declared_env import DeclaredEnv
from slotwarden.domain.kinds import ENV
from slotwarden.domain.manager import manager
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.objects import age, missing
from slotwarden.gateway.refusals import Refusal, conflict, race
from slotwarden.resources.envsecret import EnvSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from slotwarden.cluster.client import Json
    from slotwarden.cluster.objects import Objects
    from slotwarden.domain.entries import EnvRef
    from slotwarden.gateway.aggregated.group import Resource

_ATTEMPTS: Final = 8


class Known(Protocol):
    """What the gateway knows of objects, which is told of its own writes before they are acknowledged."""

    def took(self, raw: Json) -> None:
        """The object is like that now."""

    def dropped(self, resource: str, namespace: str, name: str, uid: str) -> None:
        """The object is gone."""


class Exists(Refusal):
    """The object that was to be made is there.

    Attributes:
        raw: what stands for the same already, as the API server gives it.
    """

    def __init__(self, raw: Json) -> None:
        super().__init__(409, "there is such an object")
        self.raw = raw


class Full(Refusal):
    """A quota of the namespace is used up: asked before the name is, so what was to be made may be there."""

    def __init__(self) -> None:
        super().__init__(403, "a quota of the namespace lets no such object be made")


class Declarations:
    """Writes of objects. Methods raise `KubernetesError`s, and `Refusal`s that speak of the object alone.

    Args:
        known: is told of every write.
        now: the time, in UTC.
    """

    def __init__(self, objects: Objects, known: Known, now: Callable[[], datetime]) -> None:
        self._objects = objects
        self._known = known
        self._now = now

    async def make(self, resource: Resource, namespace: str, name: str, spec: Mapping[str, Any]) -> Json:
        """Make an object of that name.

        Raises:
            Exists: there is one, whatever it declares.
        """
        try:
            return self._took(await self._create(resource, namespace, name, spec))
        except AlreadyExists:
            raw = await self._found(resource, namespace, name)
            raise Exists(self._took(raw)) from None
        except Full:
            try:
                raw = await self._objects.get(resource, namespace, name)
            except NotFound:
                raise Full from None
            raise Exists(self._took(raw)) from None

    async def make_env(self, ref: EnvRef, spec: Mapping[str, Any]) -> Json:
        """Make the object of a key of an environment.

        Two that come at once by an API make the same name, and ours gives way to one of another name, made by other
        means, that was there before it or is older by the operator's rule: ours never stands beside the one that holds
        the value. Ages count in seconds, so the order in which the API server wrote them is looked at as well.

        Args:
            spec: what it declares beside project, environment and key.

        Raises:
            Exists: there is one, under whatever name.
        """
        name = env_object_name(ref)
        identity = {"project": ref.project, "environment": ref.environment, "key": ref.key}
        try:
            made = await self._create(ENV.resource, ref.organization, name, {**identity, **spec})
        except AlreadyExists:
            oldest = await self._oldest(ref)
            if oldest is None:
                raise conflict(f"the name {name} that the object would have is taken, or just becoming free") from None
            raise Exists(self._took(oldest)) from None
        except Full:
            oldest = await self._oldest(ref)
            if oldest is None:
                raise
            raise Exists(self._took(oldest)) from None
        # Whatever was there before is in a list from when ours was made.
        others = [raw for raw in await self._objects.of_key(ref, _version(made)) if _uid(raw) != _uid(made)]
        before = [raw for raw in others if int(_version(raw)) < int(_version(made)) or _age(raw) < _age(made)]
        if before:
            await self._delete(ENV.resource, made)
            raise Exists(self._took(min(before, key=_age)))
        return self._took(made)

    async def holder(self, ref: EnvRef) -> Json | None:
        """The object that stands for a key as it is now; None where there is none."""
        oldest = await self._oldest(ref)
        return None if oldest is None else self._took(oldest)

    async def change(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        uid: str,
        decide: Callable[[Json], Mapping[str, Any] | None],
    ) -> Json:
        """Change what an object declares.

        Args:
            uid: which object is meant; another one of the name is none.
            decide: what to merge into the spec of the object as it is; None where it is as it should be.

        Returns:
            The object as it is then.

        Raises:
            Refusal: 404 where it is gone; 409 where something else manages it, or others change it all the time.
        """
        for _ in range(_ATTEMPTS):
            raw = await self._read(resource, namespace, name, uid)
            spec = decide(raw)
            if spec is None:
                return self._took(raw)
            free(raw)
            try:
                return self._took(await self._objects.patch(raw, resource, spec))
            except (Conflict, NotFound):
                # The next look tells a change from a deletion.
                continue
        raise race("others change this object at the same moment")

    async def remove(self, resource: Resource, namespace: str, name: str, uid: str | None = None) -> str:
        """Delete an object; the uid of the one that went.

        Args:
            uid: which object is meant; any of the name if None.

        Raises:
            Refusal: 404 where it is gone; 409 where something else manages it.
        """
        raw = await self._read(resource, namespace, name, uid)
        free(raw)
        if not await self._delete(resource, raw):
            raise missing(resource, name)
        return str(raw["metadata"]["uid"])

    async def _create(self, resource: str, namespace: str, name: str, spec: Mapping[str, Any]) -> Json:
        created = self._now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        metadata = {"name": name, "annotations": {CREATED_ANNOTATION: created}}
        try:
            return await self._objects.create(resource, namespace, metadata, spec)
        except Terminating:
            raise conflict("the namespace is being deleted") from None
        except NotFound:
            raise Refusal(404, "there is no such namespace") from None
        except Forbidden as error:
            if "quota" not in str(error):
                raise
            raise Full from None

    async def _oldest(self, ref: EnvRef) -> Json | None:
        return min(await self._objects.of_key(ref), key=_age, default=None)

    async def _found(self, resource: Resource, namespace: str, name: str) -> Json:
        try:
            return await self._objects.get(resource, namespace, name)
        except NotFound:
            raise race("the object was deleted at the same moment") from None

    async def _read(self, resource: Resource, namespace: str, name: str, uid: str | None) -> Json:
        """The very object, as long as it is to stay."""
        try:
            raw = await self._objects.get(resource, namespace, name)
        except NotFound:
            raw = None
        other = raw is None or uid not in (None, raw["metadata"]["uid"])
        if other and uid is not None:
            self._known.dropped(resource, namespace, name, uid)
        if raw is None:
            raise missing(resource, name)
        if other or raw["metadata"].get("deletionTimestamp"):
            self._took(raw)
            raise missing(resource, name)
        return raw

    async def _delete(self, resource: str, raw: Json) -> bool:
        """Delete the very object; False where it is gone already."""
        namespace, name, uid = (raw["metadata"][field] for field in ("namespace", "name", "uid"))
        deleted = True
        try:
            left = await self._objects.delete(resource, namespace, name, uid)
        except (NotFound, Conflict):
            deleted, left = False, None
        if left is not None:
            self._took(left)
        else:
            self._known.dropped(resource, namespace, name, uid)
        return deleted

    def _took(self, raw: Json) -> Json:
        self._known.took(raw)
        return raw


def _age(raw: Json) -> tuple[str, str]:
    return age(DeclaredEnv(EnvSecret.from_object(raw)))


def _uid(raw: Json) -> str:
    return str(raw["metadata"]["uid"])


def _version(raw: Json) -> str:
    return str(raw["metadata"]["resourceVersion"])


def free(raw: Json) -> None:
    """Raise that an object is managed by something else, which says what it declares: 409."""
    managing = manager(raw)
    if managing is not None:
        raise conflict(f"the object is managed by {managing}: change it there; only its value can be set here")
