"""Stand-ins for what the handlers of the gateway ask, and what was asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotwarden.cluster.errors import Conflict, NotFound, Unavailable
from slotwarden.domain.credentials import RegistryCredential
from slotwarden.sensitive import Sensitive
from slotwarden.values.doors import SetResult
from slotwarden.values.entries import NotOwner, Stored, Version
from slotwarden.values.versions import VersionInfo
from tests.unit.gateway.objects import ENVIRONMENT, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.identity.permissions import Permission
    from slotwarden.values.versions import Gone

CANARY = "c4naryThroughADoor"
WHEN = "2026-01-01T00:00:00Z"


class Bed:
    """The cluster, the permissions and the values of one test, and what was asked of them."""

    def __init__(self) -> None:
        self.allowed = True
        self.error: Exception | None = None
        self.objects: dict[str, Any] = {}
        self.asked: list[Any] = []
        self.pending: list[Any] = []
        self.stored: list[Any] = []
        self.declare("pull", REGISTRY)
        self.declare("database-url", ENVIRONMENT)

    def declare(self, name: str, spec: Mapping[str, Any], **metadata: Any) -> None:
        known = {"namespace": "acme", "name": name, "uid": f"uid-{name}", "creationTimestamp": WHEN}
        self.objects[name] = {"metadata": {**known, **metadata}, "spec": spec}

    # What Access is asked.
    async def may(self, _caller: Caller, what: Permission, **attributes: str) -> bool:
        self.asked.append({"verb": what.verb, "group": what.group, "subresource": what.subresource, **attributes})
        self._fail(Unavailable)
        return self.allowed

    # What Objects and Namespaces are asked.
    async def get(self, _resource: str, _namespace: str, name: str) -> Any:
        self.asked.append(f"get {name}")
        if name not in self.objects:
            raise NotFound("get", "secretslots", 404, "no such object")
        return self.objects[name]

    async def of_key(self, _ref: Any) -> list[Any]:
        return [found for found in self.objects.values() if "key" in found["spec"]]

    async def look_up(self, _namespace: str) -> str:
        return "uid-acme"

    async def cluster(self) -> str:
        return "uid-kube-system"

    async def apply_pending(self, resource: str, seen: Any, pending: Any) -> Any:
        self._fail(Conflict, NotFound)
        self.pending.append((resource, seen.namespace, seen.name, seen.uid, pending.to_object()))
        return self.objects[seen.name]

    # What ValueDoors is asked.
    async def set(self, ref: Any, owner: Any, value: Any, intent: Any, **options: Any) -> Any:
        self._fail(NotOwner, RuntimeError)
        if not options["dry_run"]:
            await intent(4)
            self.stored.append((ref, owner, value, options))
        return SetResult(Version(4, "" if options["dry_run"] else WHEN), changed=True)

    async def rollback(
        self, ref: Any, _owner: Any, version: int, intent: Any, *, fits: Any, kept: Any, dry_run: bool
    ) -> Any:
        del kept
        self.asked.append((ref, version, dry_run, fits(RegistryCredential("bot", Sensitive(b"x"), "example.com"))))
        await intent(5)
        return SetResult(Version(5, WHEN), changed=True)

    async def reveal(self, _ref: Any, _owner: Any, version: int | None) -> Stored:
        value = RegistryCredential("bot", Sensitive.of_text(CANARY), "ghcr.io")
        return Stored(value, Version(version or 4, WHEN))

    async def versions(self, _ref: Any, _owner: Any) -> Any:
        told: list[tuple[int, Gone]] = [(4, ""), (3, ""), (2, "deleted"), (1, "destroyed")]
        return [VersionInfo(Version(number, WHEN), gone, current=number == 4) for number, gone in told]

    def _fail(self, *kinds: type[Exception]) -> None:
        if isinstance(self.error, kinds):
            raise self.error
