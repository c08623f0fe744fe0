"""Requests by what they are, counted in the servers' audit logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from testbed.clients import audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from testbed.session import Session

WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
APART: Final = frozenset({"events", "leases", "subjectaccessreviews", "tokenreviews"})
"""What is written about the work and about who does it; and questions, which are asked by writing."""
VAULT_READS: Final = frozenset({"read", "list"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in both audit logs."""

    kubernetes: audit.Mark
    vault: audit.Mark

    @classmethod
    def now(cls, session: Session) -> Mark:
        """This one."""
        return cls(session.kube_audit.mark(), session.vault_audit.mark())


@dataclass(frozen=True, slots=True)
class Requests:
    """What one identity asked of the API server (`patch secretslots/status`), and of Vault (`create data`)."""

    kubernetes: Mapping[str, int]
    vault: Mapping[str, int]

    @classmethod
    def since(cls, session: Session, mark: Mark, user: str, prefix: str, vault_user: str | None = None) -> Requests:
        """Those of a user of the API server, and those below a prefix in Vault, of all or of one user there."""
        events = session.kube_audit.events(since=mark.kubernetes, user=user)
        asked = session.vault_audit.requests(prefix, since=mark.vault, user=vault_user)
        return cls(
            _count(f"{event['verb']} {audit.resource_of(event) or '-'}" for event in events),
            _count(f"{request['operation']} {request['path'].split('/', 2)[1]}" for request in asked),
        )

    @property
    def kubernetes_writes(self) -> int:
        """Writes to the API server but events and Leases."""
        return sum(
            count
            for name, count in self.kubernetes.items()
            if _verb(name) in WRITES and name.split()[1].split("/")[0] not in APART
        )

    @property
    def kubernetes_calls(self) -> int:
        """All that was asked of the API server but watches and the Lease."""
        return sum(
            count for name, count in self.kubernetes.items() if _verb(name) != "watch" and not name.endswith(" leases")
        )

    @property
    def vault_reads(self) -> int:
        """Reads from Vault."""
        return sum(self.vault.values()) - self.vault_writes

    @property
    def vault_writes(self) -> int:
        """Writes to Vault."""
        return sum(count for name, count in self.vault.items() if _verb(name) not in VAULT_READS)

    def per(self, count: int) -> dict[str, dict[str, float]]:
        """Both, by one slot."""
        return {
            "kubernetes": {name: round(value / count, 4) for name, value in self.kubernetes.items()},
            "vault": {name: round(value / count, 4) for name, value in self.vault.items()},
        }


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _verb(name: str) -> str:
    return name.split()[0]
