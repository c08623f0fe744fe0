"""Servers of their own, with an operator, and a gateway that the API server forwards to: there is one such API each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.gateway import install_aggregation, make_gateway
from testbed.install import install_shared
from testbed.operator import Operator, make_identities, operator_env
from testbed.progress import Reporter
from testbed.session import Endpoints, Session
from tests.e2e.support import Organization

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.cluster import Testbed
    from testbed.gateway import Gateway

NAMESPACE = "acme"


@pytest.fixture(scope="module")
def own(own_testbed: Testbed) -> Session:
    """The module's own servers, with the CRDs and the policies, and a namespace."""
    session = Session(Endpoints.of(own_testbed), own_testbed.folder, Reporter(quiet=True), own_testbed)
    install_shared(session)
    session.kube.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    return session


@pytest.fixture(scope="module")
def org(own: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    """The namespace, with an operator in it."""
    folder: Path = tmp_path_factory.mktemp("operator")
    identities = make_identities(own, NAMESPACE, NAMESPACE)
    # Without a Lease to lose while the API server is away.
    arguments = ["--namespace", NAMESPACE, "--vault-prefix", NAMESPACE, "--log-format", "json", "--no-leader-elect"]
    made = Operator(arguments, operator_env(own, identities, folder), folder, identities.account.user).start()
    yield Organization(own, NAMESPACE, NAMESPACE, made)
    made.stop()


@pytest.fixture(scope="module")
def gateway(org: Organization, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway of the namespace, through the aggregation layer."""
    made = make_gateway(org.session, NAMESPACE, NAMESPACE, tmp_path_factory.mktemp("gateway"))
    made.start()
    try:
        with install_aggregation(org.session, made, NAMESPACE):
            yield made
    finally:
        made.stop()
