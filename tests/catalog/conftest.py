from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster.client import KubeClient, load_configuration
from slotwarden.cluster.term import Term
from slotwarden.gateway.catalog.catalog import Catalog
from slotwarden.gateway.catalog.following import follow
from testbed.install import install_shared
from testbed.progress import Reporter
from testbed.proxy import Proxy
from testbed.session import Endpoints, Session
from tests.catalog.support import Followed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from testbed.cluster import Testbed


@pytest.fixture
async def make_followed(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Any]]:
    """`await make_followed(*namespaces, on=…, token=…)`: a catalog of them, closed after the test."""
    async with contextlib.AsyncExitStack() as after:

        async def make(*namespaces: str, on: Session | None = None, token: str = "") -> Followed:
            session: Session = on or request.getfixturevalue("installed")
            proxy = Proxy(session.testbed.apiserver.url, session.testbed.pki).start()
            after.callback(proxy.stop)
            config = json.loads(session.endpoints.kubeconfig.read_text())
            config["clusters"][0]["cluster"]["server"] = proxy.url
            if token:
                config["users"][0]["user"] = {"token": token}
            path = tmp_path / "kubeconfig"
            path.write_text(json.dumps(config))
            monkeypatch.setenv("KUBECONFIG", str(path))
            monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
            client = KubeClient(await load_configuration(), lambda *_: None, Term.unlimited())
            after.push_async_callback(client.close)
            catalog = Catalog()
            made = Followed(catalog, proxy, session.kube, namespaces)
            proxy.add(made.asked)
            tasks = [asyncio.create_task(run) for each in follow(catalog, client, namespaces) for run in each.runs()]
            after.push_async_callback(_end, tasks)
            return made

        yield make


@pytest.fixture(scope="module")
def own(own_testbed: Testbed) -> Session:
    """Servers of the module's own, with the CRDs and the policies."""
    session = Session(Endpoints.of(own_testbed), own_testbed.folder, Reporter(quiet=True), own_testbed)
    install_shared(session)
    return session


@pytest.fixture
async def followed(make_followed: Callable[..., Any], namespace: str) -> Followed:
    """A catalog of the test's namespace that is in touch."""
    made: Followed = await make_followed(namespace)
    await made.in_touch()
    return made


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    # One that ended by itself has failed.
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(ended, asyncio.CancelledError), ended
