"""A testbed of the pages' own: they install and remove what is shared by all in the testbed of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.binaries import Resolver
from testbed.program import PROGRAM
from testbed.progress import Reporter
from testbed.session import Endpoints, Session
from tests.docs import peers
from tests.docs.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.clients.kube import Kube
    from testbed.cluster import Testbed

PROGRAMS = ("kubectl", "helm", "vault")


@pytest.fixture(scope="module")
def cluster(own_testbed: Testbed) -> Kube:
    """The pages' cluster, as its administrator, with the kinds of other operators."""
    kube = Session(Endpoints.of(own_testbed), own_testbed.folder, Reporter(quiet=True), own_testbed).kube
    peers.define(kube)
    # The garbage collector looks for new kinds every 30 s, but at once when it starts.
    own_testbed.controller_manager.kill()
    own_testbed.controller_manager.start()
    return kube


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
