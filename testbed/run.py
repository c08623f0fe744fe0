"""The servers of one run of the tests, shared by all its workers: the first that needs them starts them.

The run's folder is `.testbed/runs/<pid>-…` of the process that began the run. Its end stops the servers; what a killed
run left is ended by the next. The logs of the last run stay.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING

from testbed.binaries.cache import Cache
from testbed.cluster import Testbed
from testbed.install import ROOT, install_shared
from testbed.processes import Identity
from testbed.session import Endpoints, Session
from testbed.state import FILE as STATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.progress import Reporter

RUNS = ROOT / ".testbed" / "runs"
OWNER = "owner.json"
SERVERS = "servers"


class Run:
    """One run; made by the process that begins it, joined by its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def begin(cls, runs: Path) -> Run:
        """A new run of this process, after ending what killed runs left."""
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = runs / f"{os.getpid()}-{secrets.token_hex(3)}"
        # Runs that begin at once must not take each other's new folder for a killed run's.
        with Cache(runs).lock("begin"):
            for old in runs.iterdir():
                if old.is_dir() and not _owned(old):
                    cls(old).end()
                    shutil.rmtree(old, ignore_errors=True)
            folder.mkdir(mode=0o700)
            me = Identity.of(os.getpid())
            (folder / OWNER).write_text(json.dumps(asdict(me)) if me else "{}")
        return cls(folder)

    def session(self, reporter: Reporter, endpoints: Endpoints | None = None) -> Session:
        """The servers, started if this is the first to ask; with `endpoints`, the user's own instead."""
        if endpoints:
            return Session(endpoints, self.folder, reporter, None)
        testbed = Testbed(self.folder / SERVERS, reporter)
        testbed.start()
        return Session(Endpoints.of(testbed), self.folder, reporter, testbed)

    def install(self, session: Session) -> None:
        """Install what all tests share, once per run."""
        with Cache(self.folder).lock("install"):
            marker = self.folder / "installed"
            if not marker.exists():
                install_shared(session)
                if not session.foreign:
                    # The garbage collector looks for new kinds every 30 s, but at once when it starts.
                    session.testbed.controller_manager.kill()
                    session.testbed.controller_manager.start()
                marker.touch()

    def end(self) -> None:
        """Stop operators that a killed worker left, and the servers; keep the logs."""
        for operator in self._operators():
            operator.stop()
        for state in self.folder.glob(f"*/{STATE}"):
            Testbed(state.parent).stop()

    def _operators(self) -> Iterator[Identity]:
        for path in self.folder.glob("**/process.json"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                yield Identity(**json.loads(path.read_text()))


def _owned(folder: Path) -> bool:
    """Whether the process that began the run still lives."""
    try:
        return Identity(**json.loads((folder / OWNER).read_text())).alive()
    except (OSError, ValueError, TypeError):
        return False
