"""Nothing is projected into the namespaces that run the cluster, nor into the operator's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.kubectl import helm_template
from testbed.install import CHART
from tests.policy.users import env, slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session

REGISTRY = {"registry": {}}


@pytest.fixture
def kept_free(
    enforced: Session, kubectl: Kubectl, make_namespace: Callable[..., str], refused_in_the_end: Callable[..., Result]
) -> Iterator[str]:
    """The namespace of a second release, whose policy holds there."""
    own = make_namespace()
    objects = helm_template(enforced.helm, CHART, "slotwarden", own, {})
    policy = [item for item in objects if item["metadata"]["name"] == f"slotwarden.{own}.system-namespaces"]
    kubectl.apply(policy, check=True)
    try:
        refused_in_the_end(own, "nothing is projected into namespace", slot(REGISTRY))
        yield own
    finally:
        kubectl("delete", "-f", "-", stdin=policy, check=True)


def test_no_slot_may_be_there(kept_free: str, kubectl: Kubectl, namespace: str) -> None:
    for manifest in (slot(REGISTRY), env()):
        for where in (kept_free, "kube-system"):
            done = kubectl("create", "--dry-run=server", "-f", "-", stdin=manifest, namespace=where)
            assert f"nothing is projected into namespace {where}" in done.stderr
        done = kubectl("create", "--dry-run=server", "-f", "-", stdin=manifest, namespace=namespace)
        assert (done.code, done.stderr) == (0, "")


def test_the_operator_writes_no_secret_there(kept_free: str, kubectl: Kubectl, namespace: str) -> None:
    operator = f"system:serviceaccount:{kept_free}:slotwarden"
    anybody = ("system:masters",)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "projected"}}

    def made(where: str, by: str) -> Result:
        words = ("create", "--dry-run=server", "-f", "-")
        return kubectl(*words, stdin=secret, namespace=where, as_user=by, as_groups=anybody)

    for where in (kept_free, "kube-system"):
        assert f"nothing is projected into namespace {where}" in made(where, operator).stderr
        assert made(where, "somebody").code == 0
    assert made(namespace, operator).code == 0
