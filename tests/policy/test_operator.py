"""The operator's own permissions: enough for its work, the scrub above all, and for nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.targets import Form
from testbed.install import RELEASE_NAMESPACE, install_rights, uninstall_rights
from testbed.wait import eventually
from tests.policy.users import CANARY, User, env, inline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session
    from tests.policy.users import Users

MAY = [
    "get secretslots",
    "list secretslots",
    "watch secretslots",
    "patch secretslots",
    "patch secretslots/status",
    "get envsecrets",
    "list envsecrets",
    "watch envsecrets",
    "patch envsecrets",
    "patch envsecrets/status",
    "get secrets",
    "list secrets",
    "watch secrets",
    "create secrets",
    "patch secrets",
    "delete secrets",
    "create events",
    "get namespaces/{namespace}",
]
MAY_NOT = [
    "create secretslots",
    "update secretslots",
    "delete secretslots",
    "update secretslots/status",
    "create envsecrets",
    "update envsecrets",
    "delete envsecrets",
    "update envsecrets/status",
    "update secrets",
    "patch events",
    "deletecollection secrets",
    "list namespaces",
    "get configmaps",
    "get pods",
    "create pods",
    "get secretslots.values.slotwarden.io/value",
    "create secretslots.values.slotwarden.io/value",
    "create secretslots.values.slotwarden.io/reveal",
    "create envsecrets.values.slotwarden.io/value",
    "create envsecrets.values.slotwarden.io/reveal",
    "get roles",
    "impersonate serviceaccounts",
]


@pytest.fixture
def operator_user(enforced: Session, kubectl: Kubectl, namespace: str) -> Iterator[User]:
    account = install_rights(enforced, namespace, "unused")
    yield User(kubectl, namespace, account.user)
    uninstall_rights(enforced, account)


def test_the_scrub_passes(users: Users, operator_user: User) -> None:
    users.given(inline())
    set_again = json.dumps({"spec": {"registry": {"password": CANARY + "2"}}})
    refused = operator_user.patch(set_again)
    assert "ask for `create` on secretslots/value" in refused.stderr
    scrub = [{"op": "remove", "path": "/spec/registry/password"}]
    done = operator_user.patch(json.dumps(scrub), kind="json")
    assert (done.code, done.stderr) == (0, "")
    again = operator_user.patch(set_again)
    assert again.code != 0
    assert CANARY not in again.stderr


def test_the_scrub_of_an_environment_passes(users: Users, operator_user: User) -> None:
    users.has(env(value=CANARY))
    set_again = operator_user.patch(json.dumps({"spec": {"value": CANARY + "2"}}), "url", resource="esec")
    assert "ask for `create` on envsecrets/value" in set_again.stderr
    assert CANARY not in set_again.stderr
    scrub = json.dumps([{"op": "remove", "path": "/spec/value"}])
    done = operator_user.patch(scrub, "url", kind="json", resource="esec")
    assert (done.code, done.stderr) == (0, "")


def test_it_may_do_its_work(operator_user: User) -> None:
    assert {what: _can(operator_user, what) for what in MAY} == dict.fromkeys(MAY, "yes")
    assert {what: _can(operator_user, what) for what in MAY_NOT} == dict.fromkeys(MAY_NOT, "no")


def test_it_may_do_nothing_elsewhere(operator_user: User) -> None:
    elsewhere = User(operator_user.kubectl, "default", operator_user.name)
    assert {_can(elsewhere, what) for what in ("get secrets", "list secretslots", "get namespaces/default")} == {"no"}
    system = User(operator_user.kubectl, "kube-system", operator_user.name)
    assert _can(system, "get namespaces/kube-system") == "yes"
    assert _can(system, "get secrets") == "no"


def test_it_makes_secrets_of_its_own_types_alone(enforced: Session, kubectl: Kubectl, namespace: str) -> None:
    """The cluster fills a Secret of another type with the token of any ServiceAccount."""
    assert enforced
    operator = f"system:serviceaccount:{RELEASE_NAMESPACE}:slotwarden"
    token = "kubernetes.io/service-account-token"
    data = {"username": "", "password": "", ".dockerconfigjson": "{}", "tls.crt": "", "tls.key": ""}

    def made(kind: str, by: str = operator) -> Result:
        metadata = {"name": "made", "annotations": {"kubernetes.io/service-account.name": "default"}}
        secret = {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "stringData": data}
        words = ("create", "--dry-run=server", "-f", "-")
        return kubectl(*words, stdin=secret, namespace=namespace, as_user=by, as_groups=("system:masters",))

    words = f"the operator makes no Secret of type {token}"
    eventually(lambda: words in made(token).stderr, 30, message="the policy holds")
    assert "no Secret of type kubernetes.io/tls" in made("kubernetes.io/tls").stderr
    assert {form: made(form.secret_type).code for form in Form} == dict.fromkeys(Form, 0)
    assert made(token, by="somebody").code == 0


def _can(user: User, what: str) -> str:
    verb, resource = what.format(namespace=user.namespace).split()
    words = ["auth", "can-i", verb]
    kind, _, part = resource.partition("/")
    if part and kind != "namespaces":
        words += [kind, f"--subresource={part}"]
    else:
        words += [resource]
    done = user.kubectl(*words, namespace=user.namespace, as_user=user.name)
    return done.stdout.strip()
