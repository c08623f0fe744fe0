"""The operator of a test is a real process that can be ended, crashed and started again."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session


def test_an_operator_is_started_asked_and_ended(
    operator: Callable[..., Operator], testbed: Session, namespace: str
) -> None:
    mark = testbed.kube_audit.mark()
    running = operator(namespace)
    assert running.readyz()[0] == HTTPStatus.OK
    assert running.healthz()[0] == HTTPStatus.OK
    assert "slotwarden_leader" in running.metrics().names()
    assert running.log_text()
    eventually(lambda: testbed.kube_audit.events(since=mark, user=running.user, resource="secretslots"))
    before = running.ports()
    running.restart()
    assert running.ports() != before
    running.kill()
    assert not running.running
    running.start()
    running.stop()
    assert not running.running
