"""Operators whose way to the servers can be spoiled, and operators on servers of the folder's own, to be stopped."""

from __future__ import annotations

import contextlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from testbed.install import install_shared
from testbed.operator import Operator, make_identities, operator_env
from testbed.proxy import Proxy
from testbed.pytest_plugin import RUN
from tests.e2e.environments import Environment
from tests.e2e.support import Organization
from tests.e2e.turns import Turns, with_flags
from tests.faults.doors import Doors, make_caller
from tests.faults.published import World
from tests.faults.support import Exposed
from tests.published.support import Api
from tests.support.groups import keep_on_one_worker
from tests.support.servers import own_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.cluster import Testbed
    from testbed.gateway import Gateway
    from testbed.session import Session


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep those with servers of their own on one worker: each would start them."""
    keep_on_one_worker(items, __file__, "own servers of faults", fixture="own")


@pytest.fixture
def make_exposed(
    installed: Session, operator: Callable[..., Operator], make_namespace: Callable[[], str], vault_prefix: str
) -> Iterator[Callable[..., Exposed]]:
    """`make_exposed(*arguments, start=True)`: a namespace with an operator that has a proxy before each server."""
    with contextlib.ExitStack() as after:

        def make(*arguments: str, start: bool = True) -> Exposed:
            testbed = installed.testbed
            to_kube = Proxy(testbed.apiserver.url, testbed.pki).start()
            after.callback(to_kube.stop)
            to_vault = Proxy(testbed.vault.url, testbed.pki).start()
            after.callback(to_vault.stop)
            namespace = make_namespace()
            made = operator(namespace, *arguments, start=False).through(kubernetes=to_kube.url, vault=to_vault.url)
            # Before its proxies, so that it does not wait for them.
            after.callback(made.stop)
            if start:
                made.start()
            return Exposed(installed, namespace, vault_prefix, made, to_kube, to_vault)

        yield make


@pytest.fixture
def exposed(make_exposed: Callable[..., Exposed]) -> Exposed:
    """A namespace whose operator runs and is ready, with a proxy before each server."""
    return make_exposed()


@pytest.fixture(scope="package")
def turns(request: pytest.FixtureRequest, installed: Session) -> Iterator[Turns]:
    """The operators behind the gateways; their own way to the servers is never spoiled."""
    made = Turns(installed, request.config.stash[RUN].folder / "tests", with_flags)
    yield made
    made.end()


@pytest.fixture
def make_doors(installed: Session, turns: Turns, gateway: Callable[..., Gateway]) -> Iterator[Callable[..., Doors]]:
    """`make_doors(replicas=1)`: a namespace with an operator, and gateways that have a proxy before each server."""
    with contextlib.ExitStack() as after:

        def make(replicas: int = 1) -> Doors:
            testbed, turn = installed.testbed, turns.take()
            token = make_caller(Environment(installed, turn.namespace, turn.prefix, turn.operator))
            to_kube, to_vault = (Proxy(url, testbed.pki).start() for url in (testbed.apiserver.url, testbed.vault.url))
            after.callback(to_kube.stop)
            after.callback(to_vault.stop)
            gateways = tuple(
                gateway(turn.namespace, prefix=turn.prefix, start=False).through(
                    kubernetes=to_kube.url, vault=to_vault.url
                )
                for _ in range(replicas)
            )
            for each in gateways:
                # Before its proxies, so that it does not wait for them.
                after.callback(each.stop)
                each.start()
            executor = after.enter_context(ThreadPoolExecutor(32))
            place = (installed, turn.namespace, turn.prefix, turn.operator)
            return Doors(*place, gateways, to_kube, to_vault, token, executor)

        yield make


@pytest.fixture
def doors(make_doors: Callable[..., Doors]) -> Doors:
    """A namespace with an operator and a gateway that are ready."""
    return make_doors()


@pytest.fixture
def make_world(make_doors: Callable[..., Doors]) -> Callable[..., World]:
    """`make_world(replicas=1)`: a namespace with gateways that have a proxy before each server."""

    def make(replicas: int = 1) -> World:
        doors = make_doors(replicas)
        api = Api(doors.session, doors.namespace, doors.operator, doors.gateways[0])
        proxies = (doors.to_kube, doors.to_vault)
        return World.of(api, doors.gateways, proxies, doors.executor, doors.prefix)

    return make


@pytest.fixture(scope="package")
def own(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Servers of the folder's own, with the CRDs and the policies; a test leaves them running."""
    with own_session(request.config, install_shared) as session:
        yield session


@pytest.fixture(scope="package")
def own_testbed(own: Session) -> Testbed:
    """The same, to be stopped, frozen or sealed."""
    return own.testbed


@pytest.fixture
def make_org(own: Session, tmp_path: Path) -> Iterator[Callable[..., Organization]]:
    """`make_org(*arguments, start=True)`: a namespace with an operator of its own."""
    with contextlib.ExitStack() as after:

        def make(*arguments: str, start: bool = True) -> Organization:
            name = f"org-{secrets.token_hex(3)}"
            own.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
            after.callback(own.kube.delete, f"/api/v1/namespaces/{name}")
            folder = tmp_path / name
            identities = make_identities(own, name, name)
            flags = ["--namespace", name, "--vault-prefix", name, "--log-level", "debug", "--log-format", "json"]
            made = Operator(
                [*flags, *arguments], operator_env(own, identities, folder), folder, identities.account.user
            )
            after.callback(made.stop)
            if start:
                made.start()
            return Organization(own, name, name, made)

        yield make


@pytest.fixture
def org(make_org: Callable[..., Organization]) -> Organization:
    """A namespace whose operator runs and is ready, sweeps twice soon after its start, and has no Lease to lose."""
    return make_org("--sweep-grace", "2", "--no-leader-elect")
