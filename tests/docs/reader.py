"""A reader of the documentation: a checkout, an empty home, the programs on the path, and terminals to type in."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import requests

from testbed import processes
from testbed.install import ROOT
from testbed.ports import free_ports
from testbed.wait import eventually
from tests.docs.pages import missing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from testbed.processes import Identity
    from tests.docs.pages import Block

IN_CHECKOUT: Final = (".venv", "charts", "crds", "examples", "operator", "proto", "testbed")
SECONDS: Final = 120
STAYS: Final = re.compile(r"\S*slotwarden (operator|gateway)(?![^\n]*--help)")
"""A command that stays in its terminal; what follows is typed into another one."""
REFUSED: Final = re.compile(r'Error from server|The \S+ "\S+" is invalid')
"""What kubectl says when the API server refuses: where that is shown, it is what has to happen."""
_KEEPS_ITS_VARIABLES: Final = "export -p | grep -vE '^declare -[a-z]*r' > ./variables\n"
"""Those that the shell itself protects apart."""


USUAL: Final = {"operator": (8080, 9090), "gateway": (8081, 9091, 8443, 9443)}
"""The ports of the pages by program, health first."""
GATEWAY: Final = "slotwarden-gateway.slotwarden-system.svc"
"""Where the chart's gateway is, for who asks it without the API server."""


@dataclass(slots=True)
class Reader:
    """Types the commands of pages. Variables that are set stay set, as in one terminal.

    Attributes:
        folder: the checkout that is worked in.
        typed: what was asked for and typed unseen: passwords.
    """

    folder: Path
    env: Mapping[str, str] = field(repr=False)
    typed: list[str] = field(default_factory=list, repr=False)
    _ports: dict[int, int] = field(init=False)
    _stays: list[Identity] = field(default_factory=list)

    def __post_init__(self) -> None:
        usual = [port for ports in USUAL.values() for port in ports]
        # The usual ones may be taken by others on this machine.
        self._ports = dict(zip(usual, free_ports(len(usual)), strict=True))
        for name in IN_CHECKOUT:
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "home").mkdir()
        https = self._ports[8443]
        (self.folder / "home" / ".curlrc").write_text(f'connect-to = "{GATEWAY}:{https}:127.0.0.1:{https}"\n')
        self.forget()

    def forget(self) -> None:
        """A new terminal: nothing is set but the reader's own variables."""
        (self.folder / "variables").write_text("")

    def follow(self, block: Block) -> None:
        """Type the commands of a block; fail where one fails, or says nothing of the shape that is shown."""
        for command, shown in block.steps():
            if STAYS.search(command):
                self._start(command)
                continue
            said = self.type(command, str(block), refused=any(map(REFUSED.match, shown)))
            assert not missing(shown, said), f"{block}: not said by {command!r}: {missing(shown, said)}\n{said}"

    def type(self, command: str, where: str, *, refused: bool = False) -> str:
        """Run a command; what it says, errors included. It has to succeed, or to be `refused`."""
        self.typed.append(f"typed-{secrets.token_urlsafe(12)}")
        done = subprocess.run(
            self._shell(f"{command}\n{_KEEPS_ITS_VARIABLES}"),
            cwd=self.folder,
            env=self._environment(),
            input=f"{self.typed[-1]}\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert (done.returncode != 0) == refused, (
            f"{where}: {command!r} ended with {done.returncode}:\n{done.stdout}{self.log()}"
        )
        return done.stdout

    def leave(self) -> None:
        """End what stays in terminals."""
        while self._stays:
            self._stays.pop().stop()

    def log(self) -> str:
        """What was said in the terminals of what stays."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("terminal-*.log")))

    def _start(self, command: str) -> None:
        log = self.folder / f"terminal-{secrets.token_hex(3)}.log"
        # With `exec` it is the program that is ended later, and not the shell alone.
        shell = self._shell(STAYS.sub(lambda found: f"exec {found[0]}", command))
        health = next(self._ports[USUAL[found[1]][0]] for found in STAYS.finditer(command))
        started = processes.spawn(shell, log, env=self._environment(), cwd=self.folder)
        self._stays.append(started)

        def ready() -> bool:
            if not started.alive():
                raise RuntimeError(f"{command!r} ended: {processes.last_lines(log, 15)}")
            return requests.get(f"http://127.0.0.1:{health}/readyz", timeout=5).ok

        eventually(ready, 60, message=f"{command!r} is ready")

    def _shell(self, script: str) -> list[str]:
        for usual, free in self._ports.items():
            script = re.sub(rf"\b{usual}\b", str(free), script)
        return ["bash", "--noprofile", "--norc", "-eac", f"set -o pipefail; . ./variables\n{script}"]

    def _environment(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        own = {
            "HOME": str(self.folder / "home"),
            "SLOTWARDEN_HEALTH_PORT": str(self._ports[8080]),
            "SLOTWARDEN_METRICS_PORT": str(self._ports[9090]),
            "SLOTWARDEN_HTTPS_PORT": str(self._ports[8443]),
            "SLOTWARDEN_GRPC_PORT": str(self._ports[9443]),
            "SLOTWARDEN_TLS_NAME": GATEWAY,
        }
        return {**passed, **own, **self.env}
