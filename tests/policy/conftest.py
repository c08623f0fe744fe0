from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.policy.users import SLOTS, Json, Users, env, inline, slot

if TYPE_CHECKING:
    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session

DEADLINE = 30


@pytest.fixture(scope="session")
def enforced(installed: Session, kubectl: Kubectl) -> Session:
    """The run's servers once the API server has taken the policies up, which is a moment after they were applied."""
    user = f"nobody-{secrets.token_hex(3)}"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": user},
        "rules": [SLOTS],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": user},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
        "subjects": [{"kind": "User", "name": user}],
    }
    kubectl.apply([role, binding], check=True)
    try:
        until_refused(kubectl, user, "default", "secretslots/value")
        until_refused(kubectl, user, "default", "envsecrets/value", env(value="any"))
    finally:
        kubectl("delete", "clusterrole,clusterrolebinding", user, check=True)
    return installed


@pytest.fixture
def users(enforced: Session, kubectl: Kubectl, namespace: str) -> Users:
    """Makes users of the test's namespace with the permissions a test names."""
    return Users(enforced.kube, kubectl, namespace)


def until_refused(
    kubectl: Kubectl, user: str | None, namespace: str, words: str, manifest: Json | None = None
) -> Result:
    """Try to create an inline value without storing it until the answer has these words: a policy has taken effect."""
    tried = manifest or slot(inline())
    end = time.monotonic() + DEADLINE
    while True:
        done = kubectl("create", "--dry-run=server", "-f", "-", stdin=tried, namespace=namespace, as_user=user)
        if done.code and words in done.stderr:
            return done
        assert time.monotonic() < end, f"{words!r} did not come: {done.stderr}"


@pytest.fixture
def refused_in_the_end(kubectl: Kubectl) -> Any:
    """`until_refused` for tests that bring a policy of their own."""

    def wait(namespace: str, words: str, manifest: Json | None = None) -> Result:
        return until_refused(kubectl, None, namespace, words, manifest)

    return wait
