"""A testbed of the pages' own: they install and remove what is shared by all in the testbed of the run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from testbed.binaries import Resolver
from testbed.gateway import Gateway, install_aggregation
from testbed.operator import PROGRAM
from testbed.progress import Reporter
from testbed.session import Endpoints, Session
from testbed.wait import eventually
from tests.docs.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.cluster import Testbed

SYSTEM = "slotwarden-system"
PROGRAMS = ("kubectl", "helm", "vault")


@pytest.fixture(scope="module")
def reader(own_testbed: Testbed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody with a checkout, whose kubectl and vault lead to a cluster and a Vault of their own."""
    folder = tmp_path_factory.mktemp("checkout")
    # As `make testbed` leaves it.
    (folder / ".testbed").symlink_to(own_testbed.folder)
    programs = folder / "bin"
    programs.mkdir()
    for name, path in Resolver(Reporter(quiet=True)).resolve_all(PROGRAMS).items():
        (programs / name).symlink_to(path)
    (programs / PROGRAM.name).symlink_to(PROGRAM)
    made = Reader(folder, {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", **own_testbed.env})
    yield made
    made.leave()


@pytest.fixture
def gateway(own_testbed: Testbed, reader: Reader, tmp_path: Path) -> Iterator[None]:
    """A gateway in the namespace of the reader's chart, as the API server and the reader's curl find it."""
    session = Session(Endpoints.of(own_testbed), own_testbed.folder, Reporter(quiet=True), own_testbed)
    session.kube.create("/api/v1/namespaces", {"metadata": {"name": SYSTEM}})
    arguments = ["--service-namespace", SYSTEM, "--log-format", "json"]
    made = Gateway(arguments, {**os.environ, **own_testbed.env}, tmp_path)
    made.start()
    name = f"slotwarden-gateway.{SYSTEM}.svc"
    (reader.folder / "home" / ".curlrc").write_text(f'connect-to = "{name}:8443:127.0.0.1:{made.port}"\n')
    try:
        with install_aggregation(session, made, SYSTEM):
            yield
    finally:
        made.stop()
        session.kube.delete(f"/api/v1/namespaces/{SYSTEM}")
    eventually(lambda: session.kube.find(f"/api/v1/namespaces/{SYSTEM}") is None, 60, message="the namespace is gone")
