"""Replicas of one operator."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.leadership.support import LEASE, Replicas

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session


# Before xdist looks, also where this folder is named to pytest.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what takes long one after the other: each has three busy processes, and bounds of time."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("long"):
            item.add_marker(pytest.mark.xdist_group("leadership"))


@pytest.fixture
def make_replicas(
    installed: Session, operator: Callable[..., Operator], make_namespace: Callable[[], str], vault_prefix: str
) -> Callable[..., Replicas]:
    """`make_replicas(duration, *arguments, start=True)`: a namespace with one operator, to which others are added."""

    def make(duration: float, *arguments: str, start: bool = True) -> Replicas:
        namespace = make_namespace()
        marks = (installed.kube_audit.mark(), installed.vault_audit.mark())
        flags = ["--lease-namespace", namespace, "--lease-name", LEASE, "--lease-duration", str(duration)]
        more = partial(operator, namespace, *flags, "--sweep-grace", "2", *arguments)
        first = more(start=start)
        return Replicas(installed, namespace, vault_prefix, first, more, [first], marks)

    return make
