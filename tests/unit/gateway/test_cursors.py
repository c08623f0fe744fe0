"""A cursor is the position that it was made of, and no other text is one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.gateway.published.cursors import cursor, position

if TYPE_CHECKING:
    from uuid import UUID

MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.uuids())
def test_a_cursor_is_read_as_the_position_that_it_was_made_of(moment: datetime, uid: UUID) -> None:
    text = cursor((moment, str(uid)))
    assert position(text) == (moment, str(uid))
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.text())
def test_no_other_text_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor that a list gave"):
        position(text)


@pytest.mark.parametrize(
    "inner",
    [
        b"1",
        b"1.",
        b".0f8fad5b-d9cb-469f-a165-70867728950e",
        b"-1.0f8fad5b-d9cb-469f-a165-70867728950e",
        b"99999999999999999999.0f8fad5b-d9cb-469f-a165-70867728950e",
        b"1.0F8FAD5B-D9CB-469F-A165-70867728950E",
        b"\xff",
        "\u0661.0f8fad5b-d9cb-469f-a165-70867728950e".encode(),
    ],
)
def test_what_is_encoded_well_and_no_position(inner: bytes) -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        position(base64.urlsafe_b64encode(inner).decode().rstrip("="))
