from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from testbed.pytest_plugin import RUN
from tests.e2e.environments import Environment
from tests.e2e.support import Organization
from tests.e2e.turns import Turn, Turns, as_released, with_flags
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.operator import Operator
    from testbed.session import Session


@pytest.fixture(scope="package")
def turns(request: pytest.FixtureRequest, installed: Session) -> Iterator[Turns]:
    """The operators that tests take turns with."""
    begin = as_released if request.config.getoption("release") else with_flags
    made = Turns(installed, request.config.stash[RUN].folder / "tests", begin)
    yield made
    made.end()


@pytest.fixture
def turn(request: pytest.FixtureRequest) -> Turn:
    """A namespace whose operator runs and is ready: one of several, unless the test is marked `own_operator`."""
    if request.node.get_closest_marker("own_operator") is None:
        turns: Turns = request.getfixturevalue("turns")
        return turns.take()
    own: Callable[[], Operator] = request.getfixturevalue("own_operator")
    return Turn(request.getfixturevalue("namespace"), request.getfixturevalue("vault_prefix"), own())


@pytest.fixture
def own_operator(
    request: pytest.FixtureRequest, installed: Session, namespace: str, vault_prefix: str
) -> Iterator[Callable[[], Operator]]:
    """Starts the one operator of the test's namespace; with `--release` as the chart has it."""
    with contextlib.ExitStack() as after:
        if request.config.getoption("release"):
            folder = request.config.stash[RUN].folder / "tests" / vault_prefix
            made = as_released(installed, [namespace], vault_prefix, folder, after)
            after.callback(made.stop)
            yield made.start
        else:
            make: Callable[..., Operator] = request.getfixturevalue("operator")
            yield lambda: make(namespace)


@pytest.fixture
def org(installed: Session, turn: Turn) -> Organization:
    """A namespace whose operator runs and is ready."""
    return Organization(installed, turn.namespace, turn.prefix, turn.operator)


@pytest.fixture
def world(installed: Session, turn: Turn) -> World:
    """The same, with what the tests of doors, Secrets and counts need."""
    return World(installed, turn.namespace, turn.prefix, turn.operator)


@pytest.fixture
def shop(installed: Session, turn: Turn) -> Environment:
    """The same, for the EnvSecrets of shop's production."""
    return Environment(installed, turn.namespace, turn.prefix, turn.operator)
