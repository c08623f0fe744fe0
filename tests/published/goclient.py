"""A client in Go whose code is generated from the proto, built once and kept with the testbed's other programs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from testbed.binaries.own import own_program, run
from tools.proto import PROTO, SOURCE

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = "slotwarden.io/testbed/slotclient"
_PLUGINS = ("google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc")


def built() -> Path:
    """The program. Raises SourceFailedError, saying what is missing."""
    return own_program("slotclient", SOURCE, prepare=_generate)


def _generate(go: str, folder: Path) -> None:
    plugins = folder / "bin"
    run(folder, [go, "build", "-mod=readonly", "-o", f"{plugins}/", *_PLUGINS])
    proto = SOURCE.relative_to(PROTO).as_posix()
    options = f"module={_PACKAGE},M{proto}={_PACKAGE}/pb"
    generate = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", proto]
    generate += [f"--go_out={folder}", f"--go_opt={options}", f"--go-grpc_out={folder}", f"--go-grpc_opt={options}"]
    run(folder, generate, PATH=f"{plugins}{os.pathsep}{os.environ['PATH']}")
