"""What a release is made of, built once for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.install import ROOT
from tests.distribution.building import Built, build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The distributions of this checkout."""
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Path:
    """A clean virtual environment with the built wheel and what it needs, all from the package index."""
    folder: Path = tmp_path_factory.mktemp("venv")
    built.install(folder)
    return folder
