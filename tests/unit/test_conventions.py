"""The checks of our own find what they are there for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import conventions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "operator" / "slotwarden"
    (package / "domain").mkdir(parents=True)
    monkeypatch.setattr(conventions, "ROOT", tmp_path)
    monkeypatch.setattr(conventions, "PACKAGE", package)
    return package


def found(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return list(conventions.findings(path))


@pytest.mark.parametrize("text", ["x.reveal()\n", "f = x.y.reveal_text\n", "map(Sensitive.reveal, [])\n"])
def test_a_value_is_revealed_in_named_modules_alone(package: Path, text: str) -> None:
    assert found(package / "app.py", text) == [
        "operator/slotwarden/app.py:1: reveals a value; only the modules in tools/conventions.py may"
    ]
    assert found(package / "domain" / "basicauth.py", text) == []


def test_reaching_past_the_methods_is_found_too(package: Path) -> None:
    assert found(package / "app.py", "x = value._value\n")
    assert found(package / "app.py", 'x = getattr(value, "reveal")()\n')


def test_long_files_and_functions_are_found(package: Path) -> None:
    assert found(package / "app.py", "x = 1\n" * 300) == []
    assert "301 lines" in found(package / "app.py", "x = 1\n" * 301)[0]
    assert found(package / "app.py", "def f():\n" + "    x = 1\n" * 49) == []
    assert "f has 51 lines" in found(package / "app.py", "async def f():\n" + "    x = 1\n" * 50)[0]


def test_the_named_modules_exist() -> None:
    assert all((conventions.PACKAGE / name).is_file() for name in conventions.MAY_REVEAL)
