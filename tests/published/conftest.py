"""A namespace with an operator and a gateway, for all tests of a worker; names are a test's own."""

from __future__ import annotations

import contextlib
import itertools
import secrets
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from testbed.gateway import Gateway, make_gateway
from testbed.operator import Operator, make_identities, operator_env, remove_identities, vault_place
from testbed.proxy import Proxy
from testbed.release import released
from tests.published.operations import Bed
from tests.published.support import EVERYTHING, Api, User
from tests.support.groups import keep_on_one_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.session import Session
    from tests.published.support import Rule

# Without a Lease, which an operator that a test stops for a while would lose.
ALONE = "--no-leader-elect"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep those with the bed on one worker: each would start its three programs."""
    keep_on_one_worker(items, __file__, "operations", fixture="bed")


@pytest.fixture(scope="package")
def namespace_of_all(installed: Session) -> Iterator[str]:
    """The namespace, which is the folder in Vault too."""
    name = f"published-{secrets.token_hex(4)}"
    installed.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    installed.kube.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="package")
def process(
    request: pytest.FixtureRequest,
    installed: Session,
    namespace_of_all: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Operator]:
    """The operator of the namespace; a test that stops it has it run again at its end."""
    name, folder = namespace_of_all, tmp_path_factory.mktemp("operator")
    with contextlib.ExitStack() as after:
        if request.config.getoption("release"):
            made = released(installed, Operator, [name], name, folder, after, ALONE)
        else:
            identities = make_identities(installed, name, name)
            after.callback(remove_identities, installed, identities)
            arguments = ["--namespace", name, *vault_place(installed), "--vault-prefix", name]
            arguments += ["--log-level", "debug", "--log-format", "json", ALONE]
            env = operator_env(installed, identities, folder)
            made = Operator(arguments, env, folder, identities.account.user)
        after.callback(made.stop)
        yield made.start()


@pytest.fixture(scope="package")
def make_replica(
    installed: Session, namespace_of_all: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Gateway]]:
    """`make_replica(*arguments, start=True)`: a gateway of the namespace, until the worker ends."""
    identities = make_identities(installed, namespace_of_all, namespace_of_all, role="gateway")
    made: list[Gateway] = []

    def make(*arguments: str, start: bool = True) -> Gateway:
        folder = tmp_path_factory.mktemp("gateway")
        more = ("--no-aggregation", *arguments)
        gateway = make_gateway(installed, namespace_of_all, namespace_of_all, folder, *more, identities=identities)
        made.append(gateway)
        return gateway.start() if start else gateway

    yield make
    for each in made:
        each.stop()
    remove_identities(installed, identities)


@pytest.fixture(scope="package")
def replica(
    request: pytest.FixtureRequest,
    installed: Session,
    namespace_of_all: str,
    make_replica: Callable[..., Gateway],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    """The gateway of the namespace; a test that stops it has it run again at its end."""
    if not request.config.getoption("release"):
        yield make_replica()
        return
    name, folder = namespace_of_all, tmp_path_factory.mktemp("gateway")
    with contextlib.ExitStack() as after:
        made = released(installed, Gateway, [name], name, folder, after, "--tls-name", "localhost")
        after.callback(made.stop)
        yield made.start()


@pytest.fixture(scope="package")
def second(make_replica: Callable[..., Gateway]) -> Gateway:
    """A second gateway of the namespace, which no test stops."""
    return make_replica()


@pytest.fixture
def api(installed: Session, namespace_of_all: str, process: Operator, replica: Gateway) -> Api:
    """The APIs, the operator behind them, and the objects."""
    return Api(installed, namespace_of_all, process, replica)


@pytest.fixture
def users(api: Api) -> Iterator[Callable[..., User]]:
    """`users(*rules, namespace=…)`: a ServiceAccount that is allowed that and nothing else, once it is."""
    names: list[tuple[str, str]] = []
    count = itertools.count()

    def make(*rules: Rule, namespace: str = "") -> User:
        user = User.made(api, f"u-{secrets.token_hex(3)}-{next(count)}", rules, namespace or api.namespace)
        names.append((user.namespace, user.name))
        return user

    yield make
    for namespace, name in names:
        api.kube.delete(core(namespace, "serviceaccounts", name))


@pytest.fixture(scope="package")
def owner(installed: Session, namespace_of_all: str, process: Operator, replica: Gateway) -> User:
    """One who may do everything with objects and values."""
    api = Api(installed, namespace_of_all, process, replica)
    return User.made(api, "owner", EVERYTHING, namespace_of_all)


@pytest.fixture(scope="package")
def bed_of_all(installed: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """A namespace of its own, whose operator reaches the servers through proxies."""
    name = f"operations-{secrets.token_hex(4)}"
    kube, testbed = installed.kube, installed.testbed
    with contextlib.ExitStack() as after:
        kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
        after.callback(kube.delete, f"/api/v1/namespaces/{name}")
        ours, theirs = (make_identities(installed, name, name, role=role) for role in ("operator", "gateway"))
        after.callback(remove_identities, installed, ours)
        after.callback(remove_identities, installed, theirs)
        to_kube, to_vault = (Proxy(url, testbed.pki).start() for url in (testbed.apiserver.url, testbed.vault.url))
        after.callback(to_kube.stop)
        after.callback(to_vault.stop)
        folder = tmp_path_factory.mktemp("operator")
        arguments = ["--namespace", name, *vault_place(installed), "--vault-prefix", name]
        arguments += ["--log-level", "debug", "--log-format", "json", ALONE]
        operator = Operator(arguments, operator_env(installed, ours, folder), folder, ours.account.user)
        operator.through(kubernetes=to_kube.url, vault=to_vault.url).start()
        after.callback(operator.stop)
        gateways = [
            make_gateway(
                installed, name, name, tmp_path_factory.mktemp("gateway"), "--no-aggregation", identities=theirs
            )
            for _ in range(2)
        ]
        for gateway in gateways:
            after.callback(gateway.stop)
            gateway.start()
        api = Api(installed, name, operator, gateways[0])
        yield Bed(api, User.made(api, "owner", EVERYTHING, name), gateways[1], to_kube, to_vault)


@pytest.fixture
def bed(bed_of_all: Bed) -> Iterator[Bed]:
    """However a test ends, the next one begins with all of it running."""
    yield bed_of_all
    for proxy in (bed_of_all.to_kube, bed_of_all.to_vault):
        proxy.clear()
        proxy.start()
    for program in (*bed_of_all.gateways, bed_of_all.operator):
        if not program.running:
            program.start()
