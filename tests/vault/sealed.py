"""What the tests of encrypted values share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slotwarden.domain.envvalue import EnvValue
from slotwarden.sensitive import Sensitive
from slotwarden.values.paths import EntryPaths
from tests.vault.gateway import ME, REF, Gateway

if TYPE_CHECKING:
    from slotwarden.domain.entries import EnvRef
    from testbed.clients.vault import VaultAdmin

CANARY = "c4n4ry-of-sealed-values"


def sealed(content: str | bytes) -> EnvValue:
    return EnvValue(Sensitive(content.encode() if isinstance(content, str) else content), sealed=True)


def kept(value: Any) -> Any:
    return replace(value, sealed=True)


class Keys:
    """The Transit keys of the test's prefix, as the administrator sees them."""

    def __init__(self, vault: VaultAdmin, prefix: str) -> None:
        self.vault = vault
        self.paths = EntryPaths(prefix)

    def path(self, ref: EnvRef = REF) -> str:
        return f"{self.vault.transit}/keys/{self.paths.transit_key(ref)}"

    def rotate(self) -> None:
        self.vault.request("POST", f"{self.path()}/rotate")

    def configure(self, **settings: Any) -> None:
        self.vault.request("POST", f"{self.path()}/config", settings)

    def delete(self) -> None:
        self.configure(deletion_allowed=True)
        self.vault.request("DELETE", self.path())

    def raw(self, ref: EnvRef = REF, version: int | None = None) -> dict[str, Any]:
        found = self.vault.read(self.paths.of(ref), version)
        assert found is not None
        return found


async def put(gateway: Gateway, value: EnvValue, ref: EnvRef = REF, **options: Any) -> tuple[int, bool]:
    made = await gateway.doors.set(ref, ME, value, gateway.intent, **options)
    return made.version.number, made.changed
