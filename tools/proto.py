"""`python -m tools.proto` makes the Python of the gRPC service from proto/; `--check` exits 1 where that differs.

The generated modules live inside the package rather than at the import path that their proto package spells,
so that no second top-level package is installed; the proto file keeps its own name in the descriptors.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PROTO: Final = ROOT / "proto"
SOURCE: Final = PROTO / "dodil/ignite/v1/secret_service.proto"
MADE: Final = ROOT / "operator/slotwarden/gateway/published/pb"
PACKAGE: Final = "slotwarden.gateway.published.pb"
PLUGINS: Final = ("python", "grpc_python", "mypy", "mypy_grpc")


def generate() -> dict[Path, str]:
    """Each generated file, as it should be. Raises SystemExit with what protoc says against the proto file."""
    package = ".".join(SOURCE.parent.relative_to(PROTO).parts)
    with tempfile.TemporaryDirectory() as folder:
        # Where protoc finds its plugins: beside the interpreter, with an environment that was activated or not.
        found = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        outputs = [f"--{plugin}_out={folder}" for plugin in PLUGINS]
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *outputs, str(SOURCE)]
        done = subprocess.run(command, check=False, env={**os.environ, "PATH": found}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        files = sorted(Path(folder, SOURCE.parent.relative_to(PROTO)).iterdir())
        return {MADE / made.name: made.read_text().replace(f"from {package} ", f"from {PACKAGE} ") for made in files}


def main() -> int:
    """Write or check."""
    check = "--check" in sys.argv[1:]
    stale = {path: text for path, text in generate().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        if check:
            print(f"{path.relative_to(ROOT)} differs from {SOURCE.relative_to(ROOT)}: run `make proto`")
        else:
            path.write_text(text)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
