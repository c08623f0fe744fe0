"""A client in Go whose code is generated from the proto, built once and kept with the testbed's other programs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from testbed.binaries.cache import Cache
from testbed.binaries.errors import SourceFailedError
from testbed.binaries.gobuild import MODULES, go_program
from tools.proto import PROTO, SOURCE

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "slotclient"
_PACKAGE = "slotwarden.io/testbed/slotclient"
_PLUGINS = ("google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc")
_ENV = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def built() -> Path:
    """The program. Raises SourceFailedError, saying what is missing."""
    cache, folder = Cache(), MODULES / _NAME
    files = [SOURCE, *sorted(path for path in folder.iterdir() if path.is_file())]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    if found := cache.get(_NAME, version, "build"):
        return found
    with cache.lock("work"):
        kept = cache.get(_NAME, version, "build")
        return kept or cache.publish(_NAME, version, "build", lambda scratch: _build(cache, folder, scratch))


def _build(cache: Cache, source: Path, folder: Path) -> Path:
    go = str(go_program(cache, lambda _: None))
    shutil.copytree(source, folder, dirs_exist_ok=True)
    plugins = folder / "bin"
    _run(folder, [go, "build", "-mod=readonly", "-o", f"{plugins}/", *_PLUGINS])
    proto = SOURCE.relative_to(PROTO).as_posix()
    options = f"module={_PACKAGE},M{proto}={_PACKAGE}/pb"
    generate = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", proto]
    generate += [f"--go_out={folder}", f"--go_opt={options}", f"--go-grpc_out={folder}", f"--go-grpc_opt={options}"]
    _run(folder, generate, PATH=f"{plugins}{os.pathsep}{os.environ['PATH']}")
    _run(folder, [go, "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", "program", "."])
    return folder / "program"


def _run(folder: Path, command: list[str], **env: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **_ENV, **env}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SourceFailedError(f"{' '.join(command[:2])}: {' | '.join(done.stderr.splitlines()[-5:])}")
