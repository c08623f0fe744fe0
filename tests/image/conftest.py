"""The image's contents, made once for all that look at them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.image.steps import build

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where the first stage of the Dockerfile was done."""
    # Another user is to read it, and pytest's own folders are their owner's.
    with tempfile.TemporaryDirectory(prefix="slotwarden-image-") as name:
        made = Path(name)
        made.chmod(0o755)
        build(made)
        yield made


@pytest.fixture(scope="session")
def image(folder: Path) -> Path:
    """What the image has of it."""
    return folder / "opt" / "slotwarden"
