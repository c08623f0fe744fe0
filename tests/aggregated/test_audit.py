"""What the API server's audit log holds of a value that came through each door, and what a policy keeps out of it."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from testbed.clients.audit import resource_of
from testbed.clients.kube import envs
from testbed.gateway import is_available
from testbed.install import ROOT as TREE
from testbed.servers.apiserver import AUDIT_POLICY
from testbed.wait import eventually
from tests.aggregated.accounts import Account
from tests.aggregated.kinds import KINDS, body_of, declare, of_kind
from tests.aggregated.users import GROUP, ROOT, User, rule
from tests.e2e.support import condition, git, registry
from tests.support.leaks import find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.clients.audit import Mark
    from testbed.gateway import Gateway
    from tests.e2e.support import Organization

Json = dict[str, Any]
USER = "dana"
SHIPPED = TREE / "examples" / "audit" / "policy.yaml"


@pytest.fixture(scope="module", params=["whole", "shipped"])
def policy(request: pytest.FixtureRequest, org: Organization, gateway: Gateway) -> Iterator[str]:
    """By which policy the API server records: everything whole, or as ours has it."""
    if request.param == "shipped":
        record_by(org, gateway, yaml.safe_load(SHIPPED.read_text()))
    yield str(request.param)
    if request.param == "shipped":
        record_by(org, gateway, AUDIT_POLICY)


def record_by(org: Organization, gateway: Gateway, rules: Json) -> None:
    """Restart the API server with an audit policy."""
    apiserver = org.session.testbed.apiserver
    apiserver.stop()
    apiserver.use_audit_policy(rules)
    apiserver.start()
    for program in (org.operator, gateway):
        eventually(lambda program=program: program.readyz()[0] == 200, 60, message="it is ready again")
    eventually(lambda: is_available(org.kube), 60, message="the aggregated API is available again")


def test_inline(org: Organization, policy: str) -> None:
    value, name, mark = canary(), f"inline-{policy}", org.mark()
    org.session.kubectl.apply(manifest(name, registry(value)), namespace=org.namespace, check=True)
    org.ready(name)
    recorded = events(org, mark, "secretslots", name)
    assert {"create", "patch"} <= {event["verb"] for event in recorded}
    users, operators = by(recorded, org.operator.user)
    assert holding(value, users) == (["secretslots"] if policy == "whole" else [])
    # What the operator was told by its watch is not recorded, and its patch says that a field goes.
    assert operators
    assert holding(value, operators) == []


def test_inline_in_an_environment(org: Organization, policy: str) -> None:
    value, name, mark = canary(), f"key-{policy}", org.mark()
    spec = {"project": "shop", "environment": "audit", "key": f"KEY_{policy.upper()}", "value": value}
    org.session.kubectl.apply({**manifest(name, spec), "kind": "EnvSecret"}, namespace=org.namespace, check=True)
    eventually(
        lambda: condition(org.kube.get(envs(org.namespace, name)))["reason"] == "Ready", message="the key is ready"
    )
    recorded = events(org, mark)
    assert any(event["objectRef"].get("name") == name for event in recorded)
    assert holding(value, recorded) == (["envsecrets", "secrets"] if policy == "whole" else [])


def test_source(org: Organization, policy: str) -> None:
    value, name, source, mark = canary(), f"sourced-{policy}", f"source-{policy}", org.mark()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": source}, "stringData": {"token": value}}
    org.session.kubectl.apply(secret, namespace=org.namespace, check=True)
    spec = {"git": {**git()["git"], "tokenFrom": {"secretKeyRef": {"name": source, "key": "token"}}}}
    org.session.kubectl.apply(manifest(name, spec), namespace=org.namespace, check=True)
    org.ready(name)
    recorded = events(org, mark)
    assert holding(value, recorded) == (["secrets"] if policy == "whole" else [])
    # What the operator wrote and read is a Secret, and never the slot.
    assert {event["objectRef"]["name"] for event in recorded if event["verb"] == "create"} >= {source, name}


def test_the_values_api(org: Organization, policy: str) -> None:
    value, name, admin = canary(), f"set-{policy}", User(org)
    org.create(name, registry(username=None))
    mark = org.mark()
    body = {"username": "bot", "password": value}
    for what, sent in (
        ("value", body),
        ("reveal", {}),
        ("rollback", {"version": 1}),
        ("value", {**body, "token": value}),
    ):
        admin.post(f"secretslots/{name}/{what}", sent)
    admin.get(f"secretslots/{name}/versions")
    org.ready(name)
    recorded = events(org, mark)
    asked = [event for event in recorded if event["objectRef"].get("apiGroup") == GROUP]
    assert [(event["verb"], event["objectRef"]["subresource"], event["responseStatus"]["code"]) for event in asked] == [
        ("create", "value", 201),
        ("create", "reveal", 201),
        ("create", "rollback", 201),
        ("create", "value", 422),
        ("get", "versions", 200),
    ]
    for event in asked:
        assert (event["user"]["username"], event["objectRef"]["name"]) == ("testbed-admin", name)
        assert event.keys().isdisjoint({"requestObject", "responseObject"})
    # The Secret that the operator makes of it holds the value.
    assert holding(value, recorded) == (["secrets"] if policy == "whole" else [])


def test_the_gateway_itself(org: Organization, gateway: Gateway, tmp_path: Path, policy: str) -> None:
    """Of a request past the API server is recorded what the gateway asks of it: whose token, and what they may."""
    verbs = ("create", "get")
    allowed = rule(*(f"{kind}/{what}" for kind in KINDS for what in ("value", "reveal")), verbs=verbs)
    holder, mark, values = Account.made(org, gateway, tmp_path, allowed), org.mark(), []
    token = holder.token()
    for kind in KINDS:
        name = f"direct-{policy}"
        declare(org, kind, name)
        for what, body in (("value", body_of(kind, canary())), ("reveal", {})):
            path = f"{ROOT}/namespaces/{org.namespace}/{kind}/{name}/{what}"
            answer = holder.answer(path, body, token)
            assert answer.code == 201, answer
        values.append(answer.body["password" if kind == "secretslots" else "value"])
        of_kind(org, kind).ready(name)
    recorded = org.session.kube_audit.events(since=mark)
    assert {"tokenreviews", "subjectaccessreviews"} <= {resource_of(event) for event in by_gateway(recorded)}
    for value in values:
        assert holding(value, recorded) == (["secrets"] if policy == "whole" else [])
        assert holding(value, by_gateway(recorded)) == []
    reviewed = {"tokenreviews", "serviceaccounts/token"} if policy == "whole" else set()
    assert set(holding(token, recorded)) == reviewed


def test_a_source_of_an_environment_and_its_values(org: Organization, policy: str) -> None:
    """As for slots: what is recorded is the Secret."""
    value, later, name, mark = canary(), canary(), f"env-{policy}", org.mark()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"of-{name}"}, "stringData": {"value": value}}
    org.session.kubectl.apply(secret, namespace=org.namespace, check=True)
    declare(org, "envsecrets", name, source=f"of-{name}")
    of_kind(org, "envsecrets").ready(name)
    declare(org, "envsecrets", f"{name}-set")
    admin = User(org)
    assert admin.post(f"envsecrets/{name}-set/value", {"value": later}).code == 0
    assert admin.post(f"envsecrets/{name}-set/reveal").code == 0
    of_kind(org, "envsecrets").ready(f"{name}-set")
    recorded = events(org, mark)
    assert {"value", "reveal"} <= {event["objectRef"].get("subresource") for event in recorded}
    for each in (value, later):
        assert holding(each, recorded) == (["secrets"] if policy == "whole" else [])


def by_gateway(recorded: list[Json]) -> list[Json]:
    """What a gateway asked of the API server."""
    return [event for event in recorded if "slotwarden-gateway" in event["user"]["username"]]


def canary() -> str:
    return f"c4nary{secrets.token_hex(12)}"


def manifest(name: str, spec: Json) -> Json:
    return {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "metadata": {"name": name}, "spec": spec}


def events(org: Organization, since: Mark, resource: str = "", name: str = "") -> list[Json]:
    """What was recorded of the namespace."""
    found = org.session.kube_audit.events(since=since, namespace=org.namespace)
    asked = [event for event in found if resource in ("", event["objectRef"]["resource"])]
    return [event for event in asked if name in ("", event["objectRef"].get("name"))]


def by(recorded: list[Json], user: str) -> tuple[list[Json], list[Json]]:
    """What others than a user did, and what that user did."""
    theirs = [event for event in recorded if event["user"]["username"] == user]
    return [event for event in recorded if event not in theirs], theirs


def holding(value: str, recorded: list[Json]) -> list[str]:
    """The resources whose records hold a value."""
    return sorted({resource_of(event) for event in recorded if find(value, {"": json.dumps(event)})})
