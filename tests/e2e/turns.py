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
from testbed.release import released

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
    """Gives turns, with a new operator where the namespaces of one are used up.

    Attributes:
        folder: for their logs.
        begin: makes an operator of namespaces, whose entries in Vault have this prefix.
    """

    session: Session
    folder: Path
    begin: Callable[[Session, Sequence[str], str, Path, contextlib.ExitStack], Operator]
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
        operator = self.begin(session, names, prefix, self.folder / prefix, self._after)
        self._after.callback(operator.stop)
        operator.start()
        self._left = [Turn(name, prefix, operator) for name in reversed(names)]


def with_flags(
    session: Session, names: Sequence[str], prefix: str, folder: Path, after: contextlib.ExitStack
) -> Operator:
    """One with the chart's rights and flags of its own."""
    identities = make_identities(session, names[0], prefix, {"namespaces": names})
    after.callback(remove_identities, session, identities)
    flags = [word for name in names for word in ("--namespace", name)]
    flags += [*vault_place(session), "--vault-prefix", prefix, "--log-level", "debug", "--log-format", "json"]
    env = operator_env(session, identities, folder)
    return Operator(flags, env, folder, identities.account.user, identities.vault_user)


def as_released(
    session: Session, names: Sequence[str], prefix: str, folder: Path, after: contextlib.ExitStack
) -> Operator:
    """The container of a release in the first of the namespaces, as the chart has it."""
    return released(session, Operator, names, prefix, folder, after)
