"""What end-to-end tests share: a namespace with an operator, seen as its users and its administrator see it."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from testbed.clients.kube import core, slots
from testbed.wait import eventually

if TYPE_CHECKING:
    from testbed.clients.audit import Mark
    from testbed.clients.kube import Kube
    from testbed.clients.vault import VaultAdmin
    from testbed.operator import Operator
    from testbed.session import Session

Json = dict[str, Any]
WRITES = {"create", "patch", "update", "delete"}
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "slotwarden.io/owner"
WATCH = "slotwarden.io/watch"
REFRESH = "slotwarden.io/refresh"


def registry(password: str | None = None, server: str = "ghcr.io", username: str | None = "bot", **spec: Any) -> Json:
    """The spec of a registry slot; without a password it is only declared."""
    fields = {"serverAddress": server, "username": username, "password": password}
    return {"registry": {key: value for key, value in fields.items() if value is not None}, **spec}


def git(token: str | None = None, url: str = "https://github.com", username: str | None = "bot", **spec: Any) -> Json:
    """The spec of a git slot; without a token it is only declared."""
    fields = {"url": url, "username": username, "token": token}
    return {"git": {key: value for key, value in fields.items() if value is not None}, **spec}


def projected(name: str, **projection: Any) -> Json:
    """The rest of a spec that names its Secret."""
    return {"projections": [{"secretName": name, **projection}]}


def condition(slot: Json, kind: str = "Ready") -> Json:
    """A condition of a slot; LookupError where it has none of that type."""
    found = [held for held in slot["status"].get("conditions", []) if held["type"] == kind]
    return dict(found[0])


def has_condition(slot: Json, kind: str) -> bool:
    """Whether a slot has a condition of that type, whatever its status."""
    return any(held["type"] == kind for held in slot["status"].get("conditions", []))


def data(secret: Json) -> dict[str, str]:
    """A Secret's data as text."""
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def auths(secret: Json) -> dict[str, Json]:
    """The entries of a dockerconfigjson Secret, in their order."""
    found: dict[str, Json] = json.loads(data(secret)[".dockerconfigjson"])["auths"]
    return found


def passwords(secret: Json) -> dict[str, str]:
    """The passwords of a dockerconfigjson Secret by server."""
    return {server: entry["password"] for server, entry in auths(secret).items()}


def encoded(text: str) -> str:
    """A value as a Secret holds it."""
    return base64.b64encode(text.encode()).decode()


@dataclass(frozen=True)
class Organization:
    """A namespace with an operator of its own and a folder in Vault; calls are the administrator's."""

    KIND: ClassVar[str] = "SecretSlot"
    session: Session
    namespace: str
    prefix: str
    operator: Operator

    @property
    def kube(self) -> Kube:
        return self.session.kube

    @property
    def vault(self) -> VaultAdmin:
        return self.session.vault

    def path(self, name: str = "") -> str:
        """The path of the slots, or of one."""
        return slots(self.namespace, name)

    def entry(self, slot: str) -> str:
        """Where a slot's value is, relative to the mount."""
        return f"{self.prefix}/{self.namespace}/slots/{slot}"

    def create(self, name: str, spec: Json, **metadata: Any) -> Json:
        manifest = {"apiVersion": "slotwarden.io/v1beta1", "kind": self.KIND, "spec": spec}
        return self.kube.create(self.path(), {**manifest, "metadata": {"name": name, **metadata}})

    def edit(self, name: str, spec: Json) -> Json:
        """Merge into a slot's spec."""
        return self.kube.patch(self.path(name), {"spec": spec})

    def slot(self, name: str) -> Json:
        return self.kube.get(self.path(name))

    def delete_slot(self, name: str) -> None:
        self.kube.delete(self.path(name))

    def secret(self, name: str) -> Json:
        return self.kube.get(core(self.namespace, "secrets", name))

    def find_secret(self, name: str) -> Json | None:
        return self.kube.find(core(self.namespace, "secrets", name))

    def patch_secret(self, name: str, body: Json) -> Json:
        return self.kube.patch(core(self.namespace, "secrets", name), body)

    def delete_secret(self, name: str) -> None:
        self.kube.delete(core(self.namespace, "secrets", name))

    def told(self, name: str, reason: str) -> Json:
        """The slot, once its Ready condition has that reason for the present spec."""

        def check() -> Json:
            slot = self.slot(name)
            ready = condition(slot)
            assert (ready["reason"], ready["observedGeneration"]) == (reason, slot["metadata"]["generation"]), ready
            return slot

        return eventually(check, message=f"{name} is {reason}")

    def ready(self, name: str) -> Json:
        """The slot, once it is ready for the present spec."""
        return self.told(name, "Ready")

    def made(self, name: str, spec: Json, **metadata: Any) -> Json:
        """A new slot, once it is ready."""
        self.create(name, spec, **metadata)
        return self.ready(name)

    def ask_refresh(self, name: str) -> str:
        """Annotate a slot; returns what `status.lastHandledRefresh` is going to say."""
        asked = secrets.token_hex(4)
        self.kube.patch(self.path(name), {"metadata": {"annotations": {REFRESH: asked}}})
        return asked

    def refreshed(self, name: str) -> Json:
        """The slot, as it is when a refresh was asked for and answered."""
        asked = self.ask_refresh(name)

        def check() -> Json:
            slot = self.slot(name)
            assert slot["status"].get("lastHandledRefresh") == asked
            return slot

        return eventually(check, message=f"the refresh of {name} is answered")

    def events(self, name: str) -> list[str]:
        """The reasons of a slot's events."""
        return [event["reason"] for event in self._events(name)]

    def event(self, name: str, reason: str) -> Json:
        """The one event of that reason, once it is there."""

        def check() -> Json:
            found = [event for event in self._events(name) if event["reason"] == reason]
            assert len(found) == 1, found
            return found[0]

        return eventually(check, message=f"{name} has one event {reason}")

    def _events(self, name: str) -> list[Json]:
        return self.kube.list(core(self.namespace, "events"), fieldSelector=f"involvedObject.name={name}")

    def mark(self) -> Mark:
        """A moment in the API server's audit log."""
        return self.session.kube_audit.mark()

    def calls(self, since: Mark, resource: str, name: str = "", verbs: set[str] = WRITES) -> list[str]:
        """The verbs that the operator sent to a resource, or to one object of it."""
        found = self.session.kube_audit.events(
            since=since, user=self.operator.user, namespace=self.namespace, resource=resource, verbs=verbs
        )
        return [event["verb"] for event in found if name in ("", event["objectRef"].get("name"))]

    def barrier(self) -> None:
        """Return when a slot made now is ready: what was caused before and does not wait has been worked off."""
        name = f"barrier-{secrets.token_hex(3)}"
        self.made(name, registry("barrier"))


RELEASED = "slotwarden.io/released"


def entry(org: Organization, name: str) -> Json:
    """The metadata of an object's entry in Vault; LookupError where there is none."""
    found = org.vault.metadata(org.entry(name))
    if found is None:
        raise LookupError(name)
    return found


def find_released(org: Organization, name: str) -> Json:
    """The metadata of an entry that is marked as released; empty where it is not."""
    found = org.vault.metadata(org.entry(name)) or {}
    return found if RELEASED in (found.get("custom_metadata") or {}) else {}


def released(org: Organization, name: str, timeout: float = 30) -> Json:
    """The same, once it is."""
    return eventually(lambda: find_released(org, name), timeout, message=f"the value of {name} is released")


def newest(metadata: Json) -> Json:
    """The newest version in the metadata of an entry."""
    version: Json = metadata["versions"][str(metadata["current_version"])]
    return version


def is_deleted(version: Json) -> bool:
    """Whether a version is soft-deleted: it could be restored."""
    return bool(version["deletion_time"]) and not version["destroyed"]
