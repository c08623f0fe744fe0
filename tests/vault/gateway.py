"""The doors as the gateway has them: on a real Vault, with the gateway's rights alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.sensitive import Sensitive
from slotwarden.values.doors import ValueDoors
from slotwarden.values.ownership import Owner

if TYPE_CHECKING:
    from slotwarden.domain.entries import EntryRef
    from slotwarden.values.doors import SetResult
    from slotwarden.values.store import ValueStore
    from slotwarden.vault.kv import EntryMetadata

REF = EnvRef("acme", "shop", "live", "KEY")
ME = Owner("cluster", "namespace-uid", "object-uid")
OTHER = replace(ME, object_uid="another")
ELSEWHERE = replace(ME, cluster="another")


def text(content: str) -> EnvValue:
    return EnvValue(Sensitive.of_text(content))


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Gateway:
    """One replica, and what it does: the number of each intent, the name of each request to Vault."""

    store: ValueStore
    happened: list[int | str] = field(default_factory=list)

    @property
    def doors(self) -> ValueDoors:
        return ValueDoors(self.store, now)

    async def intent(self, version: int) -> None:
        self.happened.append(version)

    @property
    def intents(self) -> list[int]:
        return [one for one in self.happened if isinstance(one, int)]

    async def set(
        self, content: str, ref: EntryRef = REF, owner: Owner = ME, *, adopt: bool = False, expected: int | None = None
    ) -> SetResult:
        return await self.doors.set(ref, owner, text(content), self.intent, adopt=adopt, expected=expected)

    async def rollback(self, version: int, owner: Owner = ME) -> SetResult:
        return await self.doors.rollback(REF, owner, version, self.intent, fits=lambda value: None)

    async def metadata(self) -> EntryMetadata:
        found = await self.store.read_metadata(REF)
        assert found is not None
        return found
