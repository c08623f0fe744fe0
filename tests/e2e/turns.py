"""An operator of several namespaces, one for each of the tests that take turns with it.

To start an operator costs more than most tests do. Each test still has a namespace that nobody used before, and tests
of one process never run at once; so what a test left in its namespace is all that the next one's operator has besides.
A test that counts everything the operator does, or takes its rights away, asks for an operator of its own.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from testbed.operator import Operator, make_identities, operator_env, remove_identities, vault_place

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.session import Session

# So many that starting is a small part of it, and so few that a restart, which looks at all of them, stays short.
NAMESPACES = 12


@dataclass(frozen=True)
class Turn:
    """A namespace that nobody used yet, the folder in Vault that it is in, and the operator of both, which runs."""

    namespace: str
    prefix: str
    operator: Operator


@dataclass
class Turns:
    """Gives turns, with a new operator where the namespaces of one are used up; `folder` is for their logs."""

    session: Session
    folder: Path
    _left: list[Turn] = field(default_factory=list)
    _after: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def take(self) -> Turn:
        """The next turn. Whatever the test before did to the operator, it runs again."""
        if not self._left:
            self.end()
            self._begin()
        turn = self._left.pop()
        if not turn.operator.running:
            turn.operator.start()
        return turn

    def end(self) -> None:
        """End the operator, and remove what the tests left."""
        self._left.clear()
        self._after.close()

    def _begin(self) -> None:
        session, prefix = self.session, f"turns-{secrets.token_hex(3)}"
        names = [f"{prefix}-{number}" for number in range(NAMESPACES)]
        self._after.callback(session.vault.purge_folder, prefix)
        for name in names:
            session.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
            self._after.callback(session.kube.delete, f"/api/v1/namespaces/{name}")
        identities = make_identities(session, names[0], prefix, {"namespaces": names})
        self._after.callback(remove_identities, session, identities)
        folder = self.folder / prefix
        flags = [word for name in names for word in ("--namespace", name)]
        flags += [*vault_place(session), "--vault-prefix", prefix, "--log-level", "debug", "--log-format", "json"]
        env = operator_env(session, identities, folder)
        operator = Operator(flags, env, folder, identities.account.user, identities.vault_user)
        self._after.callback(operator.stop)
        operator.start()
        self._left = [Turn(name, prefix, operator) for name in reversed(names)]
