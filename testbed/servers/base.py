"""What every server of the testbed has in common: start, stop, crash, freeze, and waiting until it is ready."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from testbed import processes
from testbed.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.pki import Pki
    from testbed.state import State

READY_TIMEOUT = 60.0


class ServerError(Exception):
    """A server did not start; carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the servers of one testbed share."""

    folder: Path
    state: State
    pki: Pki

    def save(self) -> None:
        """Write down what changed in the state."""
        self.state.save(self.folder)


class Server(ABC):
    """One server process; every operation may be called again and does nothing where there is nothing to do."""

    name: str
    stop_grace = 10.0

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def folder(self) -> Path:
        """Its own files."""
        return self._context.folder / self.name

    @property
    def log(self) -> Path:
        """What it writes, over all its starts."""
        return self._context.folder / f"{self.name}.log"

    def port(self, use: str = "") -> int:
        """Its port, or the one for a second use (`etcd-peer`)."""
        return self._context.state.ports[f"{self.name}-{use}" if use else self.name]

    @abstractmethod
    def command(self) -> list[str]:
        """The arguments after the program."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it serves; may raise OSError while it does not."""

    def prepare(self) -> None:
        """Make the files it needs, before its first start."""
        self.folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def running(self) -> bool:
        """Whether its process lives (frozen or not)."""
        identity = self._context.state.processes.get(self.name)
        return identity is not None and identity.alive()

    def start(self, *, wait: bool = True) -> None:
        """Start it, with the data it had; with `wait`, return once it is ready. Raises ServerError."""
        if not self.running:
            self.prepare()
            program = self._context.state.binaries[self.name]
            self._context.state.processes[self.name] = processes.spawn([program, *self.command()], self.log)
            self._context.save()
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout: float = READY_TIMEOUT) -> None:
        """Return once it is ready. Raises ServerError, at once where its process has ended."""

        def check() -> bool:
            if not self.running:
                raise ServerError(f"{self.name} ended; see {self.log}: {processes.last_lines(self.log)}")
            return self.ready()

        try:
            eventually(check, timeout, interval=0.05, message=f"{self.name} is ready")
        except AssertionError as error:
            raise ServerError(f"{error}; see {self.log}: {processes.last_lines(self.log)}") from error

    def stop(self) -> None:
        """End it in order, keeping its data."""
        if identity := self._context.state.processes.pop(self.name, None):
            identity.stop(self.stop_grace)
            self._context.save()

    def kill(self) -> None:
        """Crash it: SIGKILL, keeping its data."""
        if identity := self._context.state.processes.pop(self.name, None):
            identity.kill()
            self._context.save()

    def pause(self) -> None:
        """Freeze it: connections are accepted by the system and never answered."""
        self._context.state.processes[self.name].signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        self._context.state.processes[self.name].signal(signal.SIGCONT)
