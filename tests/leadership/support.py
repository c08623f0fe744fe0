"""What the tests of leadership share: replicas of one operator, and what has to hold when they changed places."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from testbed.clients.kube import core, slots
from testbed.wait import eventually
from tests.e2e.support import Organization, auths, condition, data
from tests.leadership.evidence import Evidence, Write
from tests.leadership.load import LABEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.audit import Mark
    from testbed.operator import Operator
    from tests.e2e.support import Json
    from tests.leadership.load import Load, Wanted

PATIENCE = 120.0
LEASE = "slotwarden"
LOST = "leadership is lost"
KEPT = 10
"""How many versions Vault keeps."""


@dataclass(frozen=True)
class Replicas(Organization):
    """A namespace with several operators; `operator` is the first of them."""

    more: Callable[..., Operator]
    members: list[Operator]
    marks: tuple[Mark, Mark]

    def add(self, *arguments: str, start: bool = True) -> Operator:
        """Another replica, ready to take over."""
        replica = self.more(*arguments, replica=f"replica-{len(self.members) + 1}", start=start)
        self.members.append(replica)
        return replica

    def lease(self) -> Json:
        return self.kube.get(self.lease_path)

    @property
    def lease_path(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/{LEASE}"

    def evidence(self) -> Evidence:
        return Evidence.of(self, self.members, self.marks)

    def written(self, what: str) -> list[Write]:
        """All that the replicas wrote to an object or entry."""
        return [write for write in self.evidence().writes if write.what.endswith(what)]

    def settled(self, load: Load) -> None:
        """Return once all is as the users want it; then no value was lost, and none stored twice."""
        eventually(lambda: self._check(load), PATIENCE, interval=1.0, message="all slots are as their users want them")
        for wanted in load.wanted.values():
            path = self.entry(wanted.name)
            assert self.vault.version(path) == len(wanted.values), (wanted, self.written(path))
            field = "token" if wanted.server is None else "password"
            if not wanted.deleted:
                last = range(max(0, len(wanted.values) - KEPT), len(wanted.values))
                stored = [self.vault.read(path, number + 1) or {} for number in last]
                assert [found[field] for found in stored] == wanted.values[-KEPT:], wanted.name

    def _check(self, load: Load) -> bool:
        found = {slot["metadata"]["name"]: slot for slot in self.kube.list(slots(self.namespace))}
        held = {secret["metadata"]["name"]: secret for secret in self.kube.list(core(self.namespace, "secrets"))}
        assert found.keys() == {wanted.name for wanted in load.alive}
        assert not (wrong := held.keys() ^ {wanted.secret for wanted in load.alive}), wrong
        for wanted in load.alive:
            slot, secret = found[wanted.name], held[wanted.secret]
            ready = condition(slot)
            assert (ready["status"], ready["observedGeneration"]) == ("True", slot["metadata"]["generation"]), slot
            assert _value(wanted, secret) == wanted.values[-1], wanted.name
            assert secret["metadata"]["labels"].get(LABEL, "") == wanted.label, wanted.name
            assert "token" not in slot["spec"].get("git", {}), wanted.name
            assert "password" not in slot["spec"].get("registry", {}), wanted.name
        for wanted in load.wanted.values():
            if wanted.deleted:
                entry = self.vault.metadata(self.entry(wanted.name)) or {}
                assert "slotwarden.io/released" in entry["custom_metadata"], wanted.name
        return True


def _value(wanted: Wanted, secret: Json) -> str:
    if wanted.server is None:
        return data(secret)["password"]
    return str(auths(secret)[wanted.server]["password"])


def leads(replica: Operator) -> bool:
    return replica.metrics().value("slotwarden_leader") == 1.0


def stands_by(replica: Operator) -> None:
    """It is ready, and has nothing to do."""
    assert replica.readyz()[0] == HTTPStatus.OK
    found = replica.metrics()
    assert found.value("slotwarden_leader") == 0.0
    assert found.value("slotwarden_queue_depth") == 0.0


def said(replica: Operator, text: str) -> tuple[datetime, str]:
    """When it logged something, and what; LookupError where it did not."""
    lines = [json.loads(line) for line in replica.log_text().splitlines() if line.startswith("{") and text in line]
    return datetime.fromisoformat(lines[-1]["timestamp"]), lines[-1]["event"]


def busy(load: Load, changes: int = 100) -> None:
    """Wait for changes from now on."""
    made = load.changes
    # On a busy machine ten changes may take a second.
    eventually(lambda: load.has_made(made + changes), PATIENCE + changes / 2)


def lost(replica: Operator, why: str) -> datetime:
    """Wait for the end of a leader that lost its Lease.

    Returns:
        When it saw the loss.
    """
    assert replica.wait_end() > 0
    when, what = said(replica, LOST)
    assert why in what, what
    return when
