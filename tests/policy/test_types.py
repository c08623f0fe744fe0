"""The policies fit the CRD: the API server's own type check finds no field that does not exist."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from testbed.install import RELEASE_NAMESPACE

if TYPE_CHECKING:
    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

DEADLINE = 60
POLICIES = ("set-value", "inline-values", "set-env-value", "inline-env-values", "system-namespaces", "secret-types")


def test_no_expression_is_warned_about(enforced: Session, kubectl: Kubectl) -> None:
    found = {policy: _checked(kubectl, f"slotwarden.{RELEASE_NAMESPACE}.{policy}") for policy in POLICIES}
    assert found == {policy: {} for policy in POLICIES}


def _checked(kubectl: Kubectl, policy: str) -> dict[str, Any]:
    """What the type check says, which a controller writes a moment after the policy was applied."""
    end = time.monotonic() + DEADLINE
    while True:
        found = kubectl("get", "validatingadmissionpolicy", policy, "-o", "json", check=True).json()
        status = found.get("status", {})
        if status.get("observedGeneration") == found["metadata"]["generation"]:
            return dict(status["typeChecking"])
        assert time.monotonic() < end, f"{policy} was not checked"
