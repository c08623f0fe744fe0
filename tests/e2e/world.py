"""What the tests of doors, Secrets and counts add: manifests, bytes, and what the servers' audit logs say."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from testbed.clients.audit import resource_of
from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import REFRESH, Organization

if TYPE_CHECKING:
    from testbed.clients.audit import Mark
    from testbed.clients.kubectl import Result

Json = dict[str, Any]
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def manifest(spec: Json, name: str = "pull", **metadata: Any) -> Json:
    """A SecretSlot as a user writes it."""
    metadata = {"name": name, **metadata}
    return {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "metadata": metadata, "spec": spec}


def sourced(name: str = "source", key: str = "value", **spec: Any) -> Json:
    """The spec of a registry slot that takes its password from a Secret."""
    reference = {"secretKeyRef": {"name": name, "key": key}}
    return {"registry": {"serverAddress": "ghcr.io", "username": "bot", "passwordFrom": reference}, **spec}


def git_sourced(name: str = "source", key: str = "value", **spec: Any) -> Json:
    """The spec of a git slot that takes its token from a Secret."""
    reference = {"secretKeyRef": {"name": name, "key": key}}
    return {"git": {"url": "https://github.com", "username": "bot", "tokenFrom": reference}, **spec}


def kinds(events: list[Json]) -> list[str]:
    """What audited requests did, for example `patch secretslots/status`."""
    return [f"{event['verb']} {resource_of(event)}" for event in events]


@dataclass(frozen=True)
class World(Organization):
    """A namespace with an operator; the slot that most tests are about is called `pull`."""

    def apply(self, *manifests: Json) -> Result:
        """`kubectl apply` of objects."""
        return self.session.kubectl.apply(list(manifests), namespace=self.namespace, check=True)

    def patch(self, body: Json, name: str = "pull") -> Json:
        """Merge into a slot."""
        return self.kube.patch(self.path(name), body)

    def refresh(self, text: str, name: str = "pull") -> None:
        """Ask for a refresh by a text of the test's own, without waiting."""
        self.patch({"metadata": {"annotations": {REFRESH: text}}}, name)

    def bytes_of(self, name: str = "pull") -> dict[str, bytes]:
        """A Secret's decoded data as it is now."""
        found = self.secret(name).get("data") or {}
        return {key: base64.b64decode(value) for key, value in found.items()}

    def version_of(self, name: str = "pull") -> str:
        """A Secret's resourceVersion."""
        return str(self.secret(name)["metadata"]["resourceVersion"])

    def make_secret(self, name: str, data: dict[str, str], kind: str = "Opaque", **metadata: Any) -> Json:
        """Make a Secret as anybody would."""
        body = {"metadata": {"name": name, **metadata}, "type": kind, "stringData": data}
        return self.kube.create(core(self.namespace, "secrets"), body)

    def set_secret(self, name: str, **data: str) -> Json:
        """Set keys of a Secret's data."""
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        return self.patch_secret(name, {"data": encoded})

    def stored(self, name: str = "pull") -> Json:
        """The data that Vault holds for a slot; LookupError where it holds none."""
        found = self.vault.read(self.entry(name))
        if found is None:
            raise LookupError(f"no entry at {self.entry(name)}")
        return found

    def stored_version(self, name: str = "pull") -> int:
        """The version of a slot's entry; 0 where there is none."""
        return self.vault.version(self.entry(name))

    def told_that(self, reason: str, words: str, name: str = "pull") -> Json:
        """The slot, once its Ready condition has that reason and says these words."""

        def check() -> Json:
            slot = self.told(name, reason)
            message = next(c["message"] for c in slot["status"]["conditions"] if c["type"] == "Ready")
            assert words in message, message
            return slot

        return eventually(check, message=f"{name} says {words!r}")

    def announce(
        self, name: str, version: int, request: str = "r-1", *, ago: int = 0, instead_of: tuple[str, ...] = ()
    ) -> None:
        """State the intent to write a version, as the gateway does before it writes."""
        moment = datetime.now(UTC) - timedelta(seconds=ago)
        stated = {
            "expectedVersion": version,
            "requestedTime": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        pending: Json = {"requestID": request, **stated}
        if instead_of:
            pending["superseded"] = [{"requestID": each, **stated} for each in instead_of]
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": self.KIND, "metadata": {"name": name}}
        query = {"fieldManager": "slotwarden-gateway", "force": "true"}
        self.kube.patch(f"{self.path(name)}/status", {**head, "status": {"pending": pending}}, "apply", **query)

    def requests(self, since: Mark, name: str | None = None, verbs: frozenset[str] | None = None) -> list[Json]:
        """The operator's requests to the API server by its audit log, but for its Lease.

        Those to one object of this namespace where `name` is given.
        """
        found = self.session.kube_audit.events(since=since, user=self.operator.user, verbs=verbs)
        found = [event for event in found if event.get("objectRef", {}).get("resource") != "leases"]
        if name is None:
            return found
        # Others that take turns with the operator have objects of that name, too.
        mine = [event for event in found if event.get("objectRef", {}).get("namespace") == self.namespace]
        return [event for event in mine if _name(event) == name]

    def writes(self, since: Mark, name: str | None = None) -> list[str]:
        """What the operator wrote to the API server, as `kinds` tells it."""
        return kinds(self.requests(since, name, WRITES))

    def vault_requests(self, since: Mark, name: str = "pull") -> list[tuple[str, str]]:
        """The requests to a slot's entry by Vault's audit log: operation, and `data`, `metadata`, …"""
        found = self.session.vault_audit.requests(self.entry(name), since=since)
        return [(request["operation"], request["path"].split("/")[1]) for request in found]


def _name(event: Json) -> str | None:
    """The object that a request is about; of an event that is made, the one that it tells of."""
    reference, body = event.get("objectRef", {}), event.get("requestObject") or {}
    if reference.get("resource") == "events":
        return (body.get("involvedObject") or {}).get("name")
    return reference.get("name") or (body.get("metadata") or {}).get("name")
