"""Official releases, checked against the pinned checksum before anything is taken out of them."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING

import requests

from testbed.binaries.errors import ChecksumMismatchError, SourceFailedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testbed.binaries.catalog import Download

CHUNK = 1 << 20
# A machine without a way out fails at the connection: it should not hold up the build that follows.
TIMEOUT = (5, 60)


def fetch(download: Download, folder: Path, detail: Callable[[str], None]) -> Path:
    """Bring the archive into `folder`, check it, and return the program taken out of it.

    Raises ChecksumMismatchError when it is not what was pinned, UnreachableError when the host does not answer, and
    SourceFailedError for every other cause.
    """
    archive = folder / download.url.rsplit("/", 1)[1]
    digest = hashlib.new(download.algorithm)
    try:
        with requests.get(download.url, stream=True, timeout=TIMEOUT) as response, archive.open("wb") as out:
            response.raise_for_status()
            size = 0
            for chunk in response.iter_content(CHUNK):
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                detail(f"{size / 1e6:.0f} MB")
    except requests.ConnectionError as error:
        raise UnreachableError(f"{host(download.url)} cannot be reached") from error
    except requests.RequestException as error:
        raise SourceFailedError(f"download from {host(download.url)}: {type(error).__name__}") from error
    if digest.hexdigest() != download.digest:
        raise ChecksumMismatchError(f"{download.url} does not have the pinned {download.algorithm}; it was not used")
    return _take_out(archive, download.member, folder / "program")


def host(url: str) -> str:
    """The host of an address, for messages."""
    return url.split("/")[2]


def _take_out(archive: Path, member: str, target: Path) -> Path:
    """Copy one member of a tar or zip archive to `target`."""
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as zipped, zipped.open(member) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
        else:
            with tarfile.open(archive) as tarred, target.open("wb") as out:
                source_file = tarred.extractfile(member)
                if source_file is None:
                    raise SourceFailedError(f"{archive.name}: {member} is not a file")
                shutil.copyfileobj(source_file, out)
    except KeyError as error:
        raise SourceFailedError(f"{archive.name} holds no {member}") from error
    return target
