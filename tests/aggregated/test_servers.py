"""Servers behind the aggregated API stopped, sealed and restarted, and the gateway itself away."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from testbed.gateway import API_SERVICE, API_SERVICES, SERVICE, is_available, lead_to
from testbed.operator import Operator, make_identities, operator_env
from testbed.wait import eventually
from tests.aggregated.accounts import Account
from tests.aggregated.kinds import KINDS, body_of, declare, of_kind, secret_value
from tests.aggregated.users import GROUP, ROOT, rule
from tests.e2e.environments import Environment
from tests.e2e.support import Organization, registry
from tests.gateway.support import ask, authority, bearer, context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.gateway import Gateway
    from testbed.servers.vault import Vault

PATIENCE = 60.0


@pytest.fixture
def owner(org: Organization, gateway: Gateway, tmp_path: Path) -> Account:
    """Who may set values."""
    return Account.made(org, gateway, tmp_path, rule(*(f"{kind}/value" for kind in KINDS)), label="owner")


def sealed(vault: Vault) -> Callable[[], None]:
    vault.seal()
    return vault.unseal


def stopped(vault: Vault) -> Callable[[], None]:
    vault.stop()
    return vault.start


def frozen(vault: Vault) -> Callable[[], None]:
    vault.pause()
    return vault.resume


@pytest.mark.parametrize("away", [sealed, stopped, frozen])
def test_vault_away(
    org: Organization, gateway: Gateway, owner: Account, away: Callable[..., Callable[[], None]]
) -> None:
    """Through the API server, which hands on what the gateway says."""
    value, name = f"c4nary{secrets.token_hex(12)}", f"vault-{away.__name__}"
    declared = {kind: declare(org, kind, name) for kind in KINDS}
    for kind in KINDS:
        of_kind(org, kind).told(name, "AwaitingValue")
    back = away(org.session.testbed.vault)
    try:
        for kind in KINDS:
            said = owner.raw(f"{ROOT}/namespaces/{org.namespace}/{kind}/{name}/value", body_of(kind, value))
            assert (said.reason, value in said.text) == ("ServiceUnavailable", False), said
            assert "pending" not in of_kind(org, kind).slot(name)["status"]
        answer = owner.answer(f"{ROOT}/namespaces/{org.namespace}/envsecrets/{name}/value", {"value": value})
        assert (answer.code, answer.headers["retry-after"]) == (503, "2")
        assert answer.body["details"]["retryAfterSeconds"] == 2
        assert gateway.readyz()[0] == 200
    finally:
        back()
    for kind, secret in declared.items():
        eventually(lambda kind=kind: set_by(owner, kind, name, value), PATIENCE, message="it is set")
        of_kind(org, kind).ready(name)
        assert secret_value(org, kind, secret) == value
        assert org.vault.version(of_kind(org, kind).entry(name)) == 1
    assert value not in gateway.log_text()


def test_the_api_server_is_restarted(org: Organization, gateway: Gateway, owner: Account) -> None:
    first, second = (f"c4nary{secrets.token_hex(12)}" for _ in range(2))
    declared = {kind: declare(org, kind, "restart") for kind in KINDS}
    for kind in KINDS:
        assert set_by(owner, kind, "restart", first)
    pid, apiserver = gateway.pid, org.session.testbed.apiserver
    tls, path = (
        context(authority(org.kube, org.namespace)),
        f"{ROOT}/namespaces/{org.namespace}/envsecrets/restart/value",
    )
    token = owner.token()
    apiserver.stop()
    # Nobody can be known, and nothing is done.
    answer = ask(gateway, tls, path, [bearer(token)], {"value": second})
    assert (answer.code, answer.headers["retry-after"]) == (503, "2")
    apiserver.start()
    eventually(lambda: is_available(org.kube), PATIENCE, message="the aggregated API is available again")
    for kind, secret in declared.items():
        eventually(lambda kind=kind: set_by(owner, kind, "restart", second), PATIENCE, message="it is set")
        assert org.vault.version(of_kind(org, kind).entry("restart")) == 2

        def holds(kind: str = kind, secret: str = secret) -> bool:
            return secret_value(org, kind, secret) == second

        eventually(holds, PATIENCE, message="it is projected")
    assert (gateway.pid, gateway.running) == (pid, True)
    assert gateway.readyz()[0] == 200


def test_a_namespace_with_slots_ends_while_the_gateway_serves(org: Organization, gateway: Gateway, lived: str) -> None:
    del gateway
    org.kube.delete(f"/api/v1/namespaces/{lived}")
    eventually(lambda: org.kube.find(f"/api/v1/namespaces/{lived}") is None, 120, message="the namespace is gone")


def test_a_namespace_ends_once_the_apiservice_of_a_gateway_that_is_away_is_removed(
    org: Organization, gateway: Gateway, lived: str
) -> None:
    path = f"/api/v1/namespaces/{lived}"
    gateway.stop()
    try:
        eventually(lambda: not available(org), PATIENCE, message="the API server sees that the gateway is away")
        org.kube.delete(path)

        def stuck() -> bool:
            (told,) = (
                c
                for c in org.kube.get(path)["status"]["conditions"]
                if c["type"] == "NamespaceDeletionDiscoveryFailure"
            )
            assert GROUP in told["message"]
            return bool(told["status"] == "True")

        eventually(stuck, PATIENCE, message="the namespace says what stops its deletion")
        # Objects are served as ever: only the values are not.
        assert org.session.kubectl("get", "secretslots", "-n", org.namespace).code == 0
        done = org.session.kubectl("delete", "apiservice", API_SERVICE)
        assert done.code == 0, done.stderr
        eventually(lambda: org.kube.find(path) is None, 120, message="the namespace is gone")
    finally:
        gateway.start()
        org.kube.delete(f"{API_SERVICES}/{API_SERVICE}")
        org.kube.delete(core(org.namespace, "services", SERVICE))
        lead_to(org.kube, gateway, org.namespace)
    eventually(lambda: is_available(org.kube), PATIENCE, message="the aggregated API is available again")


@pytest.fixture
def lived(org: Organization, tmp_path: Path) -> Iterator[str]:
    """A namespace with slots that have values, and an operator of its own."""
    session, name = org.session, f"ends-{secrets.token_hex(3)}"
    session.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    identities = make_identities(session, name, name)
    flags = ["--namespace", name, "--vault-prefix", name, "--log-format", "json", "--no-leader-elect"]
    made = Operator(flags, operator_env(session, identities, tmp_path), tmp_path, identities.account.user).start()
    Organization(session, name, name, made).made("pull", registry("first"))
    Environment(session, name, name, made).made("url", {"value": "first"})
    yield name
    made.stop()


def set_by(owner: Account, kind: str, name: str, value: str) -> bool:
    said = owner.raw(f"{ROOT}/namespaces/{owner.org.namespace}/{kind}/{name}/value", body_of(kind, value))
    assert said.reason == "", said.text
    return bool(said.body["version"])


def available(org: Organization) -> bool:
    found = org.kube.get(f"{API_SERVICES}/{API_SERVICE}")
    (told,) = (c for c in found["status"]["conditions"] if c["type"] == "Available")
    return bool(told["status"] == "True")
