"""What a testbed's folder remembers, so that any process can find, use and end it."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from testbed.processes import Identity

if TYPE_CHECKING:
    from pathlib import Path

FILE = "state.json"
# The control plane and Vault are started by two threads, each of which saves what it has started.
_SAVING = threading.Lock()


@dataclass(slots=True)
class State:
    """The programs and ports in use, and the processes by server name."""

    binaries: dict[str, str]
    ports: dict[str, int]
    processes: dict[str, Identity] = field(default_factory=dict)
    ready: bool = False

    def save(self, folder: Path) -> None:
        """Replace the file in one step, readable by its owner alone."""
        temporary = folder / f".{FILE}.{os.getpid()}"
        with _SAVING:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n")
            temporary.chmod(0o600)
            temporary.replace(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> State | None:
        """What was saved; None when nothing was, or when it cannot be read as such."""
        try:
            raw = json.loads((folder / FILE).read_text())
            processes = {name: Identity(**each) for name, each in raw.pop("processes").items()}
            return cls(**raw, processes=processes)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
