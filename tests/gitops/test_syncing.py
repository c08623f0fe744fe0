"""A tool that keeps the examples' slots in a namespace finds nothing to do, whatever becomes of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.environments import Environment
from tests.e2e.support import WATCH, condition
from tests.e2e.world import World
from tests.faults.support import PATIENCE
from tests.gitops.repository import TOOLS, Repository, Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session
    from tests.e2e.support import Json

URL = "shop-production-database-url"
ENVIRONMENT = "shop-production-env"
PROJECTED = ("ghcr-pull", "github-token", ENVIRONMENT)


@pytest.fixture(params=TOOLS, ids=lambda tool: tool.name)
def repository(
    request: pytest.FixtureRequest,
    installed: Session,
    operator: Callable[..., Operator],
    namespace: str,
    vault_prefix: str,
) -> Repository:
    """A namespace for each tool, whose operator has yet to be started."""
    tool: Tool = request.param
    return Repository(World(installed, namespace, vault_prefix, operator(namespace, start=False)), tool)


def env_of(world: World) -> Environment:
    return Environment(world.session, world.namespace, world.prefix, world.operator)


def source(world: World, password: str) -> Json:
    """What SOPS or Sealed Secrets makes of what stands in Git for the example's source."""
    name = "ghcr-source"
    if world.find_secret(name):
        return world.set_secret(name, password=password)
    return world.make_secret(name, {"password": password}, labels={WATCH: "true"})


def give(world: World, version: int) -> None:
    """Set the values that have no source, as the gateway does."""
    world.announce("github-token", version)
    token = {"url": "https://github.com", "username": "acme-bot", "token": f"token-{version}"}
    world.vault.write(world.entry("github-token"), token, cas=version - 1)
    env_of(world).announce(URL, version)
    entry = f"{world.prefix}/{world.namespace}/env/shop/production/DATABASE_URL"
    world.vault.write(entry, {"value": f"postgres://{version}"}, cas=version - 1)


def holds(world: World, password: str, version: int) -> None:
    """Return once everything holds the values of that version."""

    def check() -> bool:
        assert password in world.bytes_of("ghcr-pull")[".dockerconfigjson"].decode()
        assert world.bytes_of("github-token")["password"] == f"token-{version}".encode()
        assert world.bytes_of(ENVIRONMENT) == {"DATABASE_URL": f"postgres://{version}".encode()}
        told = [world.ready("ghcr-pull"), world.ready("github-token"), env_of(world).ready(URL)]
        assert [slot["status"]["vault"]["version"] for slot in told] == [version] * 3
        return not any(slot["status"].get("pending") for slot in told)

    eventually(check, PATIENCE, message=f"all hold version {version}")


def projected(world: World, *names: str) -> list[Json]:
    return [world.secret(name) for name in names]


def test_nothing_differs_before_and_after_values_come(repository: Repository) -> None:
    world, git = repository.world, repository.objects()
    repository.sync(git)
    repository.settled(git)
    world.operator.start()
    world.told("ghcr-pull", "SourceMissing")
    for each, name in ((world, "github-token"), (env_of(world), URL)):
        each.told(name, "AwaitingValue")
    repository.settled(git)
    for version in (1, 2):
        source(world, f"password-{version}")
        give(world, version)
        holds(world, f"password-{version}", version)
        repository.settled(git)
    # By hand, and the operator's own: neither is in Git, and neither is in its way.
    world.refreshed("github-token")
    repository.settled(git)


def test_what_differs_is_put_back_and_what_left_git_is_removed_alone(repository: Repository) -> None:
    world, git = repository.world, repository.objects()
    world.operator.start()
    repository.sync(git)
    source(world, "password-1")
    give(world, 1)
    holds(world, "password-1", 1)
    env_of(world).edit(URL, {"description": "changed by hand"})
    assert "changed by hand" in repository.diff(git)
    repository.sync(git)
    holds(world, "password-1", 1)
    repository.settled(git)
    before = projected(world, *PROJECTED)
    # No tool takes them for its own: they are in no repository, and would be removed.
    assert not any(map(repository.tool.has, before))
    assert {owner["kind"] for each in before for owner in each["metadata"]["ownerReferences"]} == {
        "SecretSlot",
        "EnvSecret",
    }
    rest = [item for item in git if item["metadata"]["name"] != "ghcr-pull"]
    repository.sync(rest)
    eventually(lambda: world.find_secret("ghcr-pull") is None, PATIENCE, message="its Secret goes with the slot")
    repository.settled(rest)
    assert projected(world, *PROJECTED[1:]) == before[1:]
    assert condition(world.slot("github-token"))["status"] == "True"
