"""Inline values are warned about, or denied where that is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testbed.clients.kubectl import helm_template
from testbed.install import CHART
from tests.policy.users import CANARY, ENV_VALUE, VALUE, env, inline, slot, sourced

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session
    from tests.policy.users import Users

PASSWORD = (
    "spec.registry.password is inline: the value passes through the API server's storage and audit log. "
    "It is removed from the object once stored; prefer passwordFrom"
)
TOKEN = "spec.git.token is inline"
ENVIRONMENT = (
    "spec.value is inline: the value passes through the API server's storage and audit log. "
    "It is removed from the object once stored; prefer valueFrom or the values API"
)
GIT: dict[str, Any] = {"git": {"url": "https://github.com", "username": "bot", "token": CANARY}}


def test_an_inline_value_is_warned_about(users: Users) -> None:
    user = users.may(VALUE, ENV_VALUE)
    tried = (slot(inline(), "a"), PASSWORD), (slot(GIT, "b"), TOKEN), (env(value=CANARY), ENVIRONMENT)
    for manifest, words in tried:
        done = user.create(manifest)
        assert done.code == 0
        assert "Warning:" in done.stderr
        assert words in done.stderr
        assert CANARY not in done.stderr


def test_a_source_is_not(users: Users) -> None:
    users.given({"registry": {}})
    admin = users.kubectl("create", "-f", "-", stdin=slot(sourced(), "other"), namespace=users.namespace)
    assert (admin.code, admin.stderr) == (0, "")


def test_it_is_denied_where_configured(
    enforced: Session,
    kubectl: Kubectl,
    make_namespace: Callable[..., str],
    refused_in_the_end: Callable[..., Result],
) -> None:
    strict = make_namespace()
    policies = _policies(enforced, strict, "deny")
    kubectl.apply(policies, check=True)
    try:
        done = refused_in_the_end(strict, "spec.registry.password is inline")
        assert PASSWORD in done.stderr
        assert CANARY not in done.stderr
        environment = refused_in_the_end(strict, "spec.value is inline", env(value=CANARY))
        assert ENVIRONMENT in environment.stderr
        assert CANARY not in environment.stderr
        sources = kubectl("create", "-f", "-", stdin=slot(sourced()), namespace=strict)
        assert sources.code == 0, sources.stderr
        elsewhere = kubectl("create", "-f", "-", stdin=slot(inline()), namespace=make_namespace())
        assert elsewhere.code == 0, elsewhere.stderr
    finally:
        kubectl("delete", "-f", "-", stdin={"apiVersion": "v1", "kind": "List", "items": policies}, check=True)


def test_it_can_be_allowed(enforced: Session) -> None:
    names = [item["metadata"]["name"] for item in _policies(enforced, "any", "allow")]
    policies = ("secret-types", "set-env-value", "set-value", "system-namespaces")
    assert sorted(names) == [f"slotwarden.any.{policy}" for policy in policies for _ in range(2)]


def _policies(session: Session, namespace: str, inline_values: str) -> list[dict[str, Any]]:
    """The policies of a second release that holds in one namespace."""
    values = {"namespaces": [namespace], "policies": {"inlineValues": inline_values}}
    objects = helm_template(session.helm, CHART, "slotwarden", namespace, values)
    return [item for item in objects if item["kind"].startswith("ValidatingAdmissionPolicy")]
