from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.crd.objects import Trial, slot

if TYPE_CHECKING:
    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session


@pytest.fixture
def trial(installed: Session, kubectl: Kubectl) -> Trial:
    """What the API server answers to a slot, without storing it."""

    def run(spec: Any, *, name: str = "pull", **metadata: Any) -> Result:
        return kubectl("create", "--dry-run=server", "-f", "-", stdin=slot(spec, name, **metadata), namespace="default")

    return run
