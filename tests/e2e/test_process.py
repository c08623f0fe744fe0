"""The operator as a process: its stop, its health, its metrics, its log."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import slots
from testbed.ports import free_ports
from testbed.wait import eventually
from tests.e2e.support import Organization, condition, data, git

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session

pytestmark = pytest.mark.own_operator
PINNED = {
    "slotwarden_reconcile_total",
    "slotwarden_vault_requests_total",
    "slotwarden_kubernetes_requests_total",
    "slotwarden_queue_depth",
    "slotwarden_queue_age_seconds",
    "slotwarden_projection_seconds_count",
    "slotwarden_leader",
    "slotwarden_slots",
    "slotwarden_vault_up",
}


def stop(running: Operator) -> int:
    """Ask it to end (SIGTERM); returns its exit code."""
    running.signal(signal.SIGTERM)
    return running.wait_end()


def test_a_stop_in_the_middle_of_much_work_loses_nothing(org: Organization) -> None:
    names = [f"git-{number:02}" for number in range(60)]
    with ThreadPoolExecutor(4) as makers:
        making = [makers.submit(org.create, name, git(f"token-of-{name}")) for name in names[:40]]
        eventually(lambda: any("token" not in slot["spec"]["git"] for slot in org.kube.list(slots(org.namespace))))
        assert stop(org.operator) == 0
        for made in making:
            made.result()
    for name in names[40:]:
        org.create(name, git(f"token-of-{name}"))
    org.operator.start()
    for name in names:
        slot = org.ready(name)
        assert "token" not in slot["spec"]["git"]
        assert data(org.secret(name)) == {"username": "bot", "password": f"token-of-{name}"}
        assert org.vault.version(org.entry(name)) == 1
    assert '"exception"' not in org.operator.log_text()
    assert "Traceback" not in org.operator.log_text()


def test_it_is_not_ready_before_it_has_listed_all(
    installed: Session, operator: Callable[..., Operator], namespace: str
) -> None:
    vault = installed.endpoints.vault_address
    away = f"https://127.0.0.1:{free_ports(1)[0]}"
    running = operator(namespace, start=False).through(kubernetes=away, vault=vault).start(wait=False)
    eventually(lambda: "the first sync has to wait" in running.log_text(), message="it has tried to list")
    code, text = running.readyz()
    assert code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "[-] sync" in text
    assert running.healthz() == (HTTPStatus.OK, "ok\n")
    assert running.metrics().value("slotwarden_leader") == 0
    assert "slotwarden_slots" not in running.metrics().names()
    assert stop(running) == 0
    assert "Traceback" not in running.log_text()
    running.through(kubernetes=installed.kube.server, vault=vault).start()
    assert "[+] sync: ok" in running.readyz()[1]
    assert running.healthz() == (HTTPStatus.OK, "ok\n")


@pytest.mark.parametrize("namespace_of_lease", ["default", "not-there"])
def test_it_is_not_ready_where_it_can_never_lead(
    operator: Callable[..., Operator], namespace: str, namespace_of_lease: str
) -> None:
    running = operator(namespace, "--lease-namespace", namespace_of_lease, start=False).start(wait=False)

    def told() -> bool:
        code, text = running.readyz()
        assert code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "[+] sync: ok" in text
        assert "[-] lease: the API server answered 403 to get leases" in text
        return f'in the namespace "{namespace_of_lease}"' in text

    eventually(told, message="it says why it stands by for ever")
    assert running.metrics().value("slotwarden_leader") == 0


def test_metrics_have_their_names_and_no_objects(org: Organization) -> None:
    org.made("recognisable", git("token"))
    org.create("unset-yet", git())
    org.told("unset-yet", "AwaitingValue")
    found = org.operator.metrics()
    assert found.names() >= PINNED
    assert found.value("slotwarden_leader") == 1
    assert found.value("slotwarden_projection_seconds_count") == 1
    assert found.value("slotwarden_reconcile_total", kind="slot") > 0
    assert found.value("slotwarden_slots", kind="slot", reason="Ready") == 1
    assert found.value("slotwarden_slots", kind="slot", reason="AwaitingValue") == 1
    for name in ("recognisable", "unset-yet", org.namespace, org.prefix):
        assert name not in found.text


def test_requests_are_counted_as_the_servers_count_them(org: Organization) -> None:
    def sent() -> int:
        return len(org.session.vault_audit.requests(org.prefix))

    def counted() -> float:
        ours = org.operator.metrics()
        own = ("lookup", "login", "renew", "health")
        every = ours.value("slotwarden_vault_requests_total")
        return every - sum(ours.value("slotwarden_vault_requests_total", operation=each) for each in own)

    org.made("git", git("token"))
    eventually(lambda: counted() == sent() > 0, message=f"{counted()} requests are counted of {sent()}")


def test_the_log_is_json_of_one_line_each(org: Organization) -> None:
    org.made("git", git("token"))
    org.operator.restart()
    org.barrier()
    assert stop(org.operator) == 0
    entries = [json.loads(line) for line in org.operator.log_text().splitlines()]
    assert len(entries) >= 4
    for entry in entries:
        assert {"event", "level", "logger", "timestamp"} <= entry.keys()
    said = [entry["event"] for entry in entries]
    assert any(event.startswith("health on 127.0.0.1:") for event in said)
    assert any(event.startswith("synced: ") for event in said)
    assert "stopping" in said


def test_the_log_for_people_is_plain_text(
    installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str
) -> None:
    org = Organization(installed, namespace, vault_prefix, operator(namespace, "--log-format", "console"))
    org.made("git", git("token"))
    lines = org.operator.log_text().splitlines()
    assert any("synced: " in line and "info" in line for line in lines)
    assert not any(line.startswith("{") or "\x1b" in line for line in lines)


def test_a_killed_operator_goes_on_where_it_was(org: Organization) -> None:
    names = [f"git-{number:02}" for number in range(10)]
    for name in names:
        org.create(name, git(f"token-of-{name}"))
    org.operator.kill()
    org.operator.start()
    for name in names:
        assert condition(org.ready(name))["status"] == "True"
        assert data(org.secret(name))["password"] == f"token-of-{name}"
        assert org.vault.version(org.entry(name)) == 1
