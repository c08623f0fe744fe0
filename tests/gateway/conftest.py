from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gateway.support import authority

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kube import Kube
    from testbed.gateway import Gateway
    from testbed.pki import Pki
    from testbed.session import Session


@pytest.fixture
def served(gateway: Callable[..., Gateway], namespace: str) -> Gateway:
    """A gateway that is ready."""
    return gateway(namespace)


@pytest.fixture
def cadata(served: Gateway, kube: Kube, namespace: str) -> str:
    """Its authorities, PEM."""
    del served
    return authority(kube, namespace)


@pytest.fixture
def pki(installed: Session) -> Pki:
    """The testbed's keys, those of the front proxy among them."""
    return installed.testbed.pki


@pytest.fixture
def account(kube: Kube, namespace: str) -> str:
    """A ServiceAccount of a client, with no permissions."""
    kube.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "client"}})
    return "client"
