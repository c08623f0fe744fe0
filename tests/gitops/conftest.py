"""The program that judges objects, and operators whose way to the servers can be spoiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.binaries.errors import SourceFailedError
from testbed.binaries.own import own_program
from tests.faults.conftest import make_exposed

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_exposed"]


@pytest.fixture(scope="session")
def health() -> Path:
    """What says how GitOps tools judge an object."""
    try:
        return own_program("gitopshealth")
    except (SourceFailedError, OSError) as error:
        pytest.skip(f"no program in Go: {error}")
