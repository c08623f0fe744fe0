"""Replicas of one operator."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.leadership.support import LEASE, Replicas

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session


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
