"""Each right that the chart gives is needed: without it, the test that the table names fails, as it was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.errors import RefusedError
from tests.release import table
from tests.release.conftest import Without

if TYPE_CHECKING:
    from tests.release.bed import Bed

MUTANTS = [Without(mode, right) for mode in table.WITH_ROWS for right in table.rows(mode)]


@pytest.mark.long
@pytest.mark.parametrize("bed", MUTANTS, indirect=True, ids=str)
def test_its_test_fails_without_it(bed: Bed) -> None:
    right = bed.without
    assert right is not None
    with pytest.raises((AssertionError, RefusedError, OSError, LookupError)):
        table.rows(bed.mode)[right](bed)
    # It has failed for want of the right, and not because anything else went wrong.
    assert bed.is_missed(), bed.refusals()
