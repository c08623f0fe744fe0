from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.resources.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1h0m5s", 3605), ("8760h", 31536000)]
)
def test_lengths(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "h", "5", "1.5h", "-1h", "1d", "30m1h", "8760h1s", "500ms", " 1h", "1h\n"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="write a duration from 1s to 8760h"):
        parse_duration(text)


@given(st.integers(0, 8759), st.integers(0, 59), st.integers(1, 59))
def test_what_is_written_is_read(hours: int, minutes: int, seconds: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds
