"""A testbed: one control plane and one Vault in a folder, started and ended as a whole or server by server."""

from __future__ import annotations

import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from testbed.binaries import Resolver
from testbed.binaries.cache import Cache
from testbed.pki import Pki, write_private
from testbed.ports import free_ports
from testbed.progress import Reporter
from testbed.servers.apiserver import ApiServer
from testbed.servers.base import Context, Server, ServerError
from testbed.servers.controller_manager import ControllerManager
from testbed.servers.etcd import Etcd
from testbed.servers.vault import Vault
from testbed.state import FILE, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

USES = ("etcd", "etcd-peer", "kube-apiserver", "kube-controller-manager", "vault", "vault-cluster")
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "vault")
KEPT = ".log"
ATTEMPTS = 3


class Testbed:
    """The testbed in `folder`. Every process may make an object of its own for the same folder.

    `start` resolves the programs and starts what does not run; `stop` ends exactly what was started and removes all
    but the logs. `etcd`, `apiserver`, `controller_manager` and `vault` can be controlled one by one.
    """

    __test__ = False

    def __init__(self, folder: Path, reporter: Reporter | None = None) -> None:
        self.folder = folder.resolve()
        self._reporter = reporter or Reporter(quiet=True)
        self._use(State.load(self.folder) or State({}, {}))

    def _use(self, state: State) -> None:
        self._state = state
        context = Context(self.folder, state, self.pki)
        self.etcd = Etcd(context)
        self.apiserver = ApiServer(context)
        self.controller_manager = ControllerManager(context)
        self.vault = Vault(context)

    @property
    def pki(self) -> Pki:
        """Its keys and certificates, which are there while it runs."""
        return Pki(self.folder / "pki")

    @property
    def servers(self) -> tuple[Server, ...]:
        """In the order in which they are started."""
        return (self.etcd, self.apiserver, self.controller_manager, self.vault)

    @property
    def env(self) -> Mapping[str, str]:
        """What `.testbed/env` exports."""
        return {
            "KUBECONFIG": str(self.apiserver.kubeconfig),
            "VAULT_ADDR": self.vault.url,
            "VAULT_TOKEN": self.vault.root_token,
            "VAULT_CACERT": str(self.vault.ca),
        }

    def running(self) -> bool:
        """Whether all of it was started and lives."""
        return self._state.ready and all(server.running for server in self.servers)

    def start(self) -> bool:
        """Start it; False where it runs already. What a crash left behind is ended and removed first.

        Raises BinaryUnavailableError or ServerError.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with Cache(self.folder).lock("up"):
            self._use(State.load(self.folder) or State({}, {}))
            if self.running():
                return False
            binaries = {name: str(path) for name, path in Resolver(self._reporter).resolve_all(PROGRAMS).items()}
            for attempt in range(1, ATTEMPTS + 1):
                self._clear()
                try:
                    self._start_all(binaries)
                except ServerError as error:
                    # Another program may have taken a port between the choice and the start.
                    if attempt == ATTEMPTS or "address already in use" not in str(error):
                        self._end()
                        raise
                except BaseException:
                    self._end()
                    raise
                else:
                    return True
        raise AssertionError("unreachable")

    def stop(self) -> bool:
        """End it and remove all but the logs; False where nothing ran."""
        if not self.folder.is_dir():
            return False
        with Cache(self.folder).lock("up"):
            self._use(State.load(self.folder) or State({}, {}))
            return self._end()

    def _end(self) -> bool:
        found = any(server.running for server in self.servers)
        for server in reversed(self.servers):
            server.stop()
        self._remove_files()
        return found

    def _clear(self) -> None:
        """End and remove what an earlier testbed in this folder left, logs included."""
        if any(server.running for server in self.servers):
            self._reporter.say("ending what an earlier testbed left running")
        self._end()
        for log in self.folder.glob(f"*{KEPT}"):
            log.unlink()

    def _remove_files(self) -> None:
        for path in (self.folder / "env", self.folder / "kubeconfig", self.folder / FILE):
            path.unlink(missing_ok=True)
        for name in (*PROGRAMS, "pki"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _start_all(self, binaries: dict[str, str]) -> None:
        """Vault beside the control plane: neither waits for the other."""
        self._use(State(binaries, dict(zip(USES, free_ports(len(USES)), strict=True))))
        Pki.create(self.pki.folder)
        with ThreadPoolExecutor(2) as pool:
            parts = [pool.submit(self._start_control_plane), pool.submit(self._start_vault)]
            for part in parts:
                part.result()
        self._state.ready = True
        self._state.save(self.folder)
        lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.env.items())
        write_private(self.folder / "env", lines)

    def _start_control_plane(self) -> None:
        with self._reporter.step("starting etcd, kube-apiserver, kube-controller-manager"):
            self.etcd.start(wait=False)
            self.apiserver.start()
            self.controller_manager.start()

    def _start_vault(self) -> None:
        with self._reporter.step("starting Vault"):
            self.vault.start()
