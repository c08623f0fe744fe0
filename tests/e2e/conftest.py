from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.environments import Environment
from tests.e2e.support import Organization
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session


@pytest.fixture
def org(installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str) -> Organization:
    """A namespace whose operator runs and is ready."""
    return Organization(installed, namespace, vault_prefix, operator(namespace))


@pytest.fixture
def world(installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str) -> World:
    """The same, with what the tests of doors, Secrets and counts need."""
    return World(installed, namespace, vault_prefix, operator(namespace))


@pytest.fixture
def shop(installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str) -> Environment:
    """The same, for the EnvSecrets of shop's production."""
    return Environment(installed, namespace, vault_prefix, operator(namespace))
