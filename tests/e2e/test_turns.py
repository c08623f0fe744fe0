"""The operators that tests take turns with, in the two ways that they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.support import Organization
from tests.e2e.turns import Turns, as_released

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.session import Session


def test_the_charts_container_works_where_a_test_has_its_turn(installed: Session, tmp_path: Path) -> None:
    turns = Turns(installed, tmp_path, as_released)
    try:
        turn = turns.take()
        org = Organization(installed, turn.namespace, turn.prefix, turn.operator)
        org.create("pull", {"registry": {"serverAddress": "ghcr.io", "username": "robot", "password": "pa55w0rd-x"}})
        org.ready("pull")
        assert turn.operator.env["SLOTWARDEN_VAULT_PREFIX"] == turn.prefix
    finally:
        turns.end()
