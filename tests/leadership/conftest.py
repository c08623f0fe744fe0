"""Replicas of one operator."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.leadership.support import LEASE, Replicas
from tests.support.groups import keep_on_one_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what takes long one after the other: each has three busy processes, and bounds of time."""
    keep_on_one_worker(items, __file__, "leadership", marker="long")


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
