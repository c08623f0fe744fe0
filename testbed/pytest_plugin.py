"""The pytest plugin: one control plane and one Vault per run, and for each test what is its own.

Nothing is started unless a test asks for a fixture that needs it. With pytest-xdist, the process that began the run
owns the servers: the first worker that needs them starts them, and they are ended with the run, also on Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from testbed.binaries.cache import Cache
from testbed.cluster import Testbed
from testbed.gateway import Gateway, install_aggregation, make_gateway
from testbed.operator import Operator, make_identities, operator_env, remove_identities, vault_place
from testbed.progress import Reporter
from testbed.run import RUNS, Run
from testbed.session import Endpoints, NotOurServersError, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl
    from testbed.clients.vault import VaultAdmin
    from testbed.operator import Identities

RUN = pytest.StashKey[Run]()
FOLDER = "slotwarden_run"
LONG_TEXT = 200


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for tests against servers that are not the testbed's."""
    group = parser.getgroup("testbed", "Kubernetes and Vault")
    group.addoption("--testbed-dir", type=Path, default=RUNS, help="where the runs' servers keep data and logs")
    group.addoption("--kubeconfig", type=Path, help="run against this cluster instead of the testbed's")
    group.addoption("--vault-address", default=os.environ.get("VAULT_ADDR"), help="with --kubeconfig; VAULT_ADDR")
    group.addoption("--vault-ca", type=Path, default=os.environ.get("VAULT_CACERT"), help="VAULT_CACERT")
    group.addoption(
        "--release", action="store_true", help="programs that need no flags of their own are containers of the chart"
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Tell a long text by its length: a test's name is in the environment of what it starts, which has its limit."""
    return f"{argname} of {len(val)}" if isinstance(val, (str, bytes)) and len(val) > LONG_TEXT else None


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run in the first process; join it in a worker."""
    # A sixth of what the servers compute is Go's garbage collection; memory is what a run has enough of.
    os.environ.setdefault("GOGC", "400")
    joined = getattr(config, "workerinput", {}).get(FOLDER)
    config.stash[RUN] = Run(Path(joined)) if joined else Run.begin(config.getoption("testbed_dir").resolve())


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run where it began, however it ended."""
    run = config.stash.get(RUN, None)
    if run and not hasattr(config, "workerinput"):
        run.end()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the run's folder."""
    node.workerinput[FOLDER] = str(node.config.stash[RUN].folder)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module with servers of its own on one worker (`--dist loadgroup`): each would start them."""
    for item in items:
        if "own_testbed" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@contextlib.contextmanager
def _only_our_servers() -> Iterator[None]:
    """Skip what only the testbed's own servers can show, where they are not used."""
    try:
        yield
    except NotOurServersError as error:
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Skip a test whose fixtures need the testbed's own servers."""
    with _only_our_servers():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Skip a test that needs the testbed's own servers."""
    with _only_our_servers():
        yield


def _endpoints(config: pytest.Config) -> Endpoints | None:
    kubeconfig: Path | None = config.getoption("kubeconfig")
    if kubeconfig is None:
        return None
    address, token, ca = config.getoption("vault_address"), os.environ.get("VAULT_TOKEN"), config.getoption("vault_ca")
    if not (address and token):
        raise pytest.UsageError("--kubeconfig needs a Vault too: VAULT_ADDR, VAULT_TOKEN and, for TLS, VAULT_CACERT")
    return Endpoints(kubeconfig.resolve(), address, token, Path(ca).resolve() if ca else None)


@contextlib.contextmanager
def _speaking(config: pytest.Config) -> Iterator[Reporter]:
    """A reporter past pytest's capture."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        yield Reporter()


@pytest.fixture(scope="session")
def testbed(request: pytest.FixtureRequest) -> Session:
    """The run's servers; `testbed.testbed` controls them, which only tests with servers of their own should do."""
    with _speaking(request.config) as reporter:
        return request.config.stash[RUN].session(reporter, _endpoints(request.config))


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest, testbed: Session) -> Session:
    """The run's servers with the CRDs and the admission policies."""
    request.config.stash[RUN].install(testbed)
    return testbed


@contextlib.contextmanager
def own_servers(config: pytest.Config) -> Iterator[Testbed]:
    """A testbed beside the run's, until the context ends."""
    run = config.stash[RUN]
    with _speaking(config) as reporter:
        own = Testbed(run.folder / f"own-{secrets.token_hex(3)}", reporter)
        own.start()
    try:
        yield own
    finally:
        own.stop()


@pytest.fixture(scope="module")
def own_testbed(request: pytest.FixtureRequest) -> Iterator[Testbed]:
    """A testbed of this module's own, for tests that stop, freeze or seal servers."""
    with own_servers(request.config) as own:
        yield own


@pytest.fixture(scope="session")
def kube(testbed: Session) -> Kube:
    """The Kubernetes API as its administrator."""
    return testbed.kube


@pytest.fixture(scope="session")
def kubectl(testbed: Session) -> Kubectl:
    """The kubectl program, as the administrator, or as another user."""
    return testbed.kubectl


@pytest.fixture(scope="session")
def vault_admin(testbed: Session) -> VaultAdmin:
    """Vault as its administrator."""
    return testbed.vault


@pytest.fixture
def make_namespace(request: pytest.FixtureRequest, kube: Kube) -> Iterator[Callable[..., str]]:
    """Make namespaces of the test's own; they are deleted afterwards without waiting."""
    made: list[str] = []

    def make(labels: Mapping[str, str] | None = None) -> str:
        name = f"{_slug(request.node.name)}-{secrets.token_hex(3)}"
        kube.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": dict(labels or {})}})
        made.append(name)
        return name

    yield make
    for name in made:
        kube.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def namespace(make_namespace: Callable[..., str]) -> str:
    """A namespace of the test's own."""
    return make_namespace()


@pytest.fixture
def vault_prefix(request: pytest.FixtureRequest, vault_admin: VaultAdmin) -> Iterator[str]:
    """A prefix in Vault of the test's own, removed afterwards."""
    prefix = f"{_slug(request.node.name)}-{secrets.token_hex(3)}"
    yield prefix
    vault_admin.purge_folder(prefix)


@pytest.fixture
def operator(
    installed: Session, request: pytest.FixtureRequest, vault_prefix: str
) -> Iterator[Callable[..., Operator]]:
    """Start operators: `operator(namespace, *arguments, env=…, values=…, replica="", wait=True, start=True)`.

    Each runs in namespaced mode with the least RBAC and Vault policy, at DEBUG level, with a log file of its own.
    """
    with contextlib.ExitStack() as after:
        count = 0

        def make(
            namespace: str,
            *arguments: str,
            env: Mapping[str, str] | None = None,
            values: Mapping[str, Any] | None = None,
            replica: str = "",
            start: bool = True,
            wait: bool = True,
        ) -> Operator:
            nonlocal count
            count += 1
            folder = request.config.stash[RUN].folder / "tests" / f"{_slug(request.node.name)}-{namespace}-{count}"
            identities = make_identities(installed, namespace, vault_prefix, values, replica)
            after.callback(remove_identities, installed, identities)
            made = Operator(
                _arguments(installed, namespace, vault_prefix, arguments),
                {**operator_env(installed, identities, folder), **(env or {})},
                folder,
                identities.account.user,
                identities.vault_user,
            )
            after.callback(made.stop)
            return made.start(wait=wait) if start else made

        yield make


@pytest.fixture
def gateway(installed: Session, request: pytest.FixtureRequest, vault_prefix: str) -> Iterator[Callable[..., Gateway]]:
    """Start gateways: `gateway(namespace, *arguments, prefix=…, start=True)`, each with a folder and a log of its own.

    All of one namespace have the same rights, which are the least, and the same prefix in Vault.
    """
    with contextlib.ExitStack() as after:
        known: dict[str, Identities] = {}
        count = 0

        def make(namespace: str, *arguments: str, prefix: str = vault_prefix, start: bool = True) -> Gateway:
            nonlocal count
            count += 1
            if namespace not in known:
                known[namespace] = make_identities(installed, namespace, prefix, role="gateway")
                after.callback(remove_identities, installed, known[namespace])
            folder = request.config.stash[RUN].folder / "tests" / f"{_slug(request.node.name)}-{namespace}-g{count}"
            made = make_gateway(installed, namespace, prefix, folder, *arguments, identities=known[namespace])
            after.callback(made.stop)
            return made.start() if start else made

        yield make


@pytest.fixture
def aggregate(
    installed: Session, request: pytest.FixtureRequest, gateway: object
) -> Iterator[Callable[[Gateway, str], None]]:
    """`aggregate(gateway, namespace)`: the API server forwards values.slotwarden.io to it until the test ends.

    There is one such API in a cluster, so tests that use it take turns. It goes before the gateways do: one that is
    away stops every deletion of a namespace.
    """
    del gateway
    with contextlib.ExitStack() as after:

        def install(made: Gateway, namespace: str) -> None:
            after.enter_context(Cache(request.config.stash[RUN].folder).lock("aggregation"))
            after.enter_context(install_aggregation(installed, made, namespace))

        yield install


def _arguments(session: Session, namespace: str, prefix: str, more: Sequence[str]) -> list[str]:
    """The flags every operator of a test gets; those of the test come last and win."""
    return [
        *("--namespace", namespace, *vault_place(session), "--vault-prefix", prefix),
        *("--log-level", "debug", "--log-format", "json"),
        *more,
    ]


def _slug(name: str) -> str:
    """A test's name as the beginning of an object's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().removeprefix("test_"))[:36].strip("-") or "test"
