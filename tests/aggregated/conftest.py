"""Servers of the folder's own, with an operator, and a gateway that the API server forwards to: there is one such API.

A test leaves them as it found them; names of objects are its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.gateway import install_aggregation, make_gateway
from testbed.install import install_shared
from testbed.operator import Operator, make_identities, operator_env
from tests.e2e.support import Organization
from tests.support.groups import keep_on_one_worker
from tests.support.servers import own_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.gateway import Gateway
    from testbed.session import Session

NAMESPACE = "acme"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the folder on one worker: each would start the servers."""
    keep_on_one_worker(items, __file__, "aggregated")


@pytest.fixture(scope="package")
def own(request: pytest.FixtureRequest) -> Iterator[Session]:
    """The servers, with the CRDs and the policies, and a namespace."""
    with own_session(request.config, install_shared) as session:
        session.kube.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        yield session


@pytest.fixture(scope="package")
def org(own: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    """The namespace, with an operator in it."""
    folder: Path = tmp_path_factory.mktemp("operator")
    identities = make_identities(own, NAMESPACE, NAMESPACE)
    # Without a Lease to lose while the API server is away.
    arguments = ["--namespace", NAMESPACE, "--vault-prefix", NAMESPACE, "--log-format", "json", "--no-leader-elect"]
    made = Operator(arguments, operator_env(own, identities, folder), folder, identities.account.user).start()
    yield Organization(own, NAMESPACE, NAMESPACE, made)
    made.stop()


@pytest.fixture(scope="package")
def gateway(org: Organization, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway of the namespace, through the aggregation layer."""
    made = make_gateway(org.session, NAMESPACE, NAMESPACE, tmp_path_factory.mktemp("gateway"))
    made.start()
    try:
        with install_aggregation(org.session, made, NAMESPACE):
            yield made
    finally:
        made.stop()
