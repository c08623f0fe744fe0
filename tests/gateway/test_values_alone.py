"""A gateway without the published APIs, with the rights that the chart gives it then: the values API is whole."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from testbed.gateway import make_gateway, user_token
from testbed.operator import make_identities, remove_identities
from tests.gateway.support import ROOT, ask, authority, bearer, context
from tests.policy.users import env, role_of, slot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl
    from testbed.gateway import Gateway
    from testbed.session import Session

OFF = {"gateway": {"publishedApis": {"enabled": False}, "aggregation": False}}
OBJECTS = {"secretslots/pull": {"username": "bot", "password": "first"}, "envsecrets/url": {"value": "first"}}
EVERYTHING = {"apiGroups": ["values.slotwarden.io"], "resources": ["*"], "verbs": ["*"]}


@pytest.fixture
def alone(installed: Session, namespace: str, vault_prefix: str, tmp_path: Path) -> Iterator[Gateway]:
    identities = make_identities(installed, namespace, vault_prefix, OFF, role="gateway")
    flags = ("--no-published-apis", "--no-aggregation")
    made = make_gateway(installed, namespace, vault_prefix, tmp_path, *flags, identities=identities)
    yield made.start()
    made.stop()
    remove_identities(installed, identities)


def test_values_are_set_read_and_rolled_back(
    alone: Gateway, kube: Kube, kubectl: Kubectl, namespace: str, account: str
) -> None:
    name = f"system:serviceaccount:{namespace}:{account}"
    slots = [slot({"registry": {"serverAddress": "ghcr.io"}}), env()]
    kubectl.apply([*role_of(name, EVERYTHING), *slots], namespace=namespace, check=True)
    tls, headers = context(authority(kube, namespace)), [bearer(user_token(kube, namespace, account))]
    for what, first in OBJECTS.items():
        path = f"{ROOT}/namespaces/{namespace}/{what}"
        field = list(first)[-1]
        for body in (first, {**first, field: "second"}):
            assert ask(alone, tls, f"{path}/value", headers, body).code == 201
        assert ask(alone, tls, f"{path}/rollback", headers, {"version": 1}).code == 201
        assert len(ask(alone, tls, f"{path}/versions", headers).body["items"]) == 3
        told = ask(alone, tls, f"{path}/reveal", headers, {}).body
        assert "first" in (told.get(field), base64.b64decode(told.get("valueBase64", "")).decode())


def test_nothing_else_is_served(alone: Gateway, kube: Kube, namespace: str, account: str) -> None:
    assert "grpc" not in alone.ports()
    tls, headers = context(authority(kube, namespace)), [bearer(user_token(kube, namespace, account))]
    for path in ("/docs", "/openapi/published/slots.json", f"/{namespace}/shop/envs/production/secrets"):
        answer = ask(alone, tls, path, headers)
        assert (answer.code, answer.body["kind"]) == (404, "Status")
