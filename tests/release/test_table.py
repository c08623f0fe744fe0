"""The table of rights and tests has a row for each right that is rendered, in each mode, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.release import rendered
from tests.release import table
from tests.release.modes import MODES, served, values
from tests.release.rights import Places

if TYPE_CHECKING:
    from collections.abc import Container

    from testbed.session import Session
    from tests.release.rights import Right

RELEASE = "system"
VAULT = {"address": "https://vault.example.com:8200"}


def given(session: Session, mode: str, components: Container[str] = ("operator", "gateway")) -> set[Right]:
    """What is rendered in a mode."""
    objects = rendered(session, RELEASE, values(mode, RELEASE, served(RELEASE), VAULT))
    return Places(RELEASE, served(RELEASE)).rights(objects, components)


@pytest.mark.parametrize("mode", table.WITH_ROWS)
def test_each_right_has_a_row_and_each_row_a_right(testbed: Session, mode: str) -> None:
    assert sorted(given(testbed, mode, table.components(mode))) == sorted(table.rows(mode))


def test_no_other_mode_has_rights_of_its_own(testbed: Session) -> None:
    known = {right for mode in table.WITH_ROWS for right in table.rows(mode)}
    for mode in MODES:
        assert given(testbed, mode) <= known, mode


def test_each_right_is_left_out_alone(testbed: Session) -> None:
    places = Places(RELEASE, served(RELEASE))
    for mode in table.WITH_ROWS:
        objects = rendered(testbed, RELEASE, values(mode, RELEASE, served(RELEASE), VAULT))
        before = places.rights(objects)
        for right in table.rows(mode):
            assert before - places.rights(places.without(objects, right)) == {right}
