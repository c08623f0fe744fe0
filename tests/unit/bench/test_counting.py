from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bench.counting import Mark, Requests
from testbed.clients.audit import BEGIN, KubernetesAudit, VaultAudit

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.session import Session

USER = "system:serviceaccount:slotwarden-system:slotwarden"


def kubernetes(verb: str, resource: str, subresource: str = "", user: str = USER) -> dict[str, Any]:
    reference = {"resource": resource, "subresource": subresource, "namespace": "acme"}
    when = {"auditID": "", "stage": "ResponseComplete", "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z"}
    return {**when, "verb": verb, "user": {"username": user}, "objectRef": reference}


def vault(operation: str, path: str) -> dict[str, Any]:
    return {"type": "request", "request": {"operation": operation, "path": path}}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Audit logs of one slot's creation, of what is counted apart, and of others."""
    asked = [
        kubernetes("patch", "secretslots"),
        kubernetes("create", "secrets"),
        kubernetes("patch", "secretslots", "status"),
        kubernetes("create", "events"),
        kubernetes("update", "leases"),
        kubernetes("watch", "secrets"),
        kubernetes("get", "namespaces"),
        kubernetes("create", "secrets", user="another"),
    ]
    stored = [
        vault("read", "secret/metadata/slotwarden/acme/slots/pull"),
        vault("create", "secret/metadata/slotwarden/acme/slots/pull"),
        vault("update", "secret/data/slotwarden/acme/slots/pull"),
        vault("update", "secret/data/another/acme/slots/pull"),
    ]
    for name, lines in (("kubernetes", asked), ("vault", stored)):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    logs = {"kube_audit": KubernetesAudit(tmp_path / "kubernetes"), "vault_audit": VaultAudit(tmp_path / "vault")}
    return cast("Session", SimpleNamespace(**logs))


def test_events_and_leases_are_no_writes_for_a_slot(session: Session) -> None:
    found = Requests.since(session, Mark(BEGIN, BEGIN), USER, "slotwarden")
    assert (found.kubernetes_writes, found.vault_writes) == (3, 2)


def test_watches_and_the_lease_are_no_calls_of_a_refresh_but_events_are(session: Session) -> None:
    assert Requests.since(session, Mark(BEGIN, BEGIN), USER, "slotwarden").kubernetes_calls == 5


def test_requests_are_told_by_what_they_are(session: Session) -> None:
    found = Requests.since(session, Mark(BEGIN, BEGIN), USER, "slotwarden").per(2)
    assert found["kubernetes"]["patch secretslots/status"] == 0.5
    assert found["vault"] == {"create metadata": 0.5, "read metadata": 0.5, "update data": 0.5}


def test_what_was_before_the_mark_is_not_counted(session: Session) -> None:
    found = Requests.since(session, Mark.now(session), USER, "slotwarden")
    assert (found.kubernetes, found.vault) == ({}, {})
