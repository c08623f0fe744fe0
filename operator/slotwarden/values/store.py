"""The one door to stored values: every access names its organization, so that none can reach another's by a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slotwarden.values import paths
from slotwarden.values.sealing import Sealing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slotwarden.domain.entries import EntryRef, EnvRef, SlotRef
    from slotwarden.sensitive import Sensitive
    from slotwarden.values.paths import EntryPaths
    from slotwarden.vault.kv import Entry, EntryMetadata, Health, VaultKV, Written
    from slotwarden.vault.transit import VaultTransit


class ValueStore(Protocol):
    """Versioned values with check-and-set. Methods raise `VaultError`s, and `UnsafePath` before any request."""

    def location(self, ref: EntryRef) -> str:
        """The path to show to people: `<mount>/<prefix>/<organization>/slots/<slot>`, or of an environment's key."""
        ...

    @property
    def seals(self) -> bool:
        """Whether values can be encrypted."""
        ...

    async def read(self, ref: EntryRef, version: int | None = None) -> Entry | None:
        """The current version or that one, deleted or not, decrypted; None where there is none."""
        ...

    async def fetch(self, ref: EntryRef, version: int | None = None) -> Entry | None:
        """As `read`, and not decrypted: `open` does that to many at once."""
        ...

    async def open(self, found: Sequence[tuple[EntryRef, Entry]]) -> list[Entry]:
        """What was fetched, decrypted where it was encrypted, in the same order."""
        ...

    async def seal(self, ref: EnvRef, encoded: Sensitive) -> Mapping[str, Sensitive]:
        """The data to write for a value, given as base64, that is to be encrypted; raises `EncryptionFailed`."""
        ...

    async def read_metadata(self, ref: EntryRef) -> EntryMetadata | None:
        """The versions and custom metadata; None without an entry."""
        ...

    async def write(self, ref: EntryRef, data: Mapping[str, Sensitive], *, cas: int) -> Written:
        """Make a new version of a claimed entry; raises `CasMismatch` unless `cas` is the current one (0: none)."""
        ...

    async def write_custom_metadata(
        self, ref: EntryRef, custom_metadata: Mapping[str, str], *, creates: bool = False
    ) -> None:
        """Replace the custom metadata; makes the entry where there is none, which `creates` expects."""
        ...

    async def patch_custom_metadata(self, ref: EntryRef, change: Mapping[str, str]) -> None:
        """Set these keys of the custom metadata alone; does nothing where there is no entry."""
        ...

    async def soft_delete(self, ref: EntryRef, versions: Sequence[int]) -> None:
        """Mark versions as deleted."""
        ...

    async def undelete(self, ref: EntryRef, versions: Sequence[int]) -> None:
        """Take back `soft_delete`."""
        ...

    async def destroy(self, ref: EntryRef, versions: Sequence[int]) -> None:
        """Remove the data of versions for good."""
        ...

    async def purge(self, ref: EntryRef) -> None:
        """Remove the entry for good, metadata and all."""
        ...

    async def list_organizations(self) -> list[str]:
        """The organizations that have entries. Denied where the policy names single namespaces."""
        ...

    async def list_slots(self, organization: str) -> list[SlotRef]:
        """An organization's slots, deleted ones too."""
        ...

    async def list_env(self, organization: str) -> list[EnvRef]:
        """The keys of an organization's environments, deleted ones too; a request for each folder on the way."""
        ...

    async def read_mac_key(self) -> Entry | None:
        """The MAC key's entry."""
        ...

    async def create_mac_key(self, data: Mapping[str, Sensitive], *, cas: int) -> None:
        """Store the MAC key; raises `CasMismatch` where another was faster."""
        ...

    async def health(self) -> Health:
        """The state of the store itself; does not raise where it is away."""
        ...


class VaultStore:
    """`ValueStore` on a KV version 2 mount.

    Args:
        transit: encrypts; None where nothing is to be encrypted.
    """

    def __init__(self, kv: VaultKV, paths: EntryPaths, transit: VaultTransit | None = None) -> None:
        self._kv = kv
        self._paths = paths
        self._sealing = Sealing(transit, paths)

    def _path(self, ref: EntryRef) -> str:
        return self._paths.of(ref)

    def location(self, ref: EntryRef) -> str:
        """See `ValueStore`; so for all methods."""
        return f"{self._kv.mount}/{self._path(ref)}"

    @property
    def seals(self) -> bool:
        """See `ValueStore`."""
        return self._sealing.configured

    async def read(self, ref: EntryRef, version: int | None = None) -> Entry | None:
        """See `ValueStore`."""
        found = await self.fetch(ref, version)
        return (await self.open([(ref, found)]))[0] if found is not None else None

    async def fetch(self, ref: EntryRef, version: int | None = None) -> Entry | None:
        """See `ValueStore`."""
        return await self._kv.read(self._path(ref), version)

    async def open(self, found: Sequence[tuple[EntryRef, Entry]]) -> list[Entry]:
        """See `ValueStore`."""
        return await self._sealing.open(found)

    async def seal(self, ref: EnvRef, encoded: Sensitive) -> Mapping[str, Sensitive]:
        """See `ValueStore`."""
        return await self._sealing.seal(ref, encoded)

    async def read_metadata(self, ref: EntryRef) -> EntryMetadata | None:
        """See `ValueStore`."""
        return await self._kv.read_metadata(self._path(ref))

    async def write(self, ref: EntryRef, data: Mapping[str, Sensitive], *, cas: int) -> Written:
        """See `ValueStore`."""
        return await self._kv.write(self._path(ref), data, cas=cas, claimed=True)

    async def write_custom_metadata(
        self, ref: EntryRef, custom_metadata: Mapping[str, str], *, creates: bool = False
    ) -> None:
        """See `ValueStore`."""
        await self._kv.write_custom_metadata(self._path(ref), custom_metadata, creates=creates)

    async def patch_custom_metadata(self, ref: EntryRef, change: Mapping[str, str]) -> None:
        """See `ValueStore`."""
        await self._kv.patch_custom_metadata(self._path(ref), change)

    async def soft_delete(self, ref: EntryRef, versions: Sequence[int]) -> None:
        """See `ValueStore`."""
        await self._kv.soft_delete(self._path(ref), versions)

    async def undelete(self, ref: EntryRef, versions: Sequence[int]) -> None:
        """See `ValueStore`."""
        await self._kv.undelete(self._path(ref), versions)

    async def destroy(self, ref: EntryRef, versions: Sequence[int]) -> None:
        """See `ValueStore`."""
        await self._kv.destroy(self._path(ref), versions)

    async def purge(self, ref: EntryRef) -> None:
        """See `ValueStore`."""
        await self._kv.purge(self._path(ref))

    async def list_organizations(self) -> list[str]:
        """See `ValueStore`."""
        listed = await self._kv.list(self._paths.organizations())
        return [name for name in map(paths.parse_organization, listed) if name is not None]

    async def list_slots(self, organization: str) -> list[SlotRef]:
        """See `ValueStore`."""
        listed = await self._kv.list(self._paths.slots(organization))
        refs = (paths.parse_slot(organization, name) for name in listed)
        return [ref for ref in refs if ref is not None]

    async def list_env(self, organization: str) -> list[EnvRef]:
        """See `ValueStore`."""
        found = []
        for project in await self._env_folders(organization):
            for environment in await self._env_folders(organization, project):
                listed = await self._kv.list(self._paths.env(organization, project, environment))
                found += [paths.parse_env_key(organization, project, environment, name) for name in listed]
        return [ref for ref in found if ref is not None]

    async def _env_folders(self, organization: str, *above: str) -> list[str]:
        listed = await self._kv.list(self._paths.env(organization, *above))
        return [name for name in map(paths.parse_env_folder, listed) if name is not None]

    async def read_mac_key(self) -> Entry | None:
        """See `ValueStore`."""
        return await self._kv.read(self._paths.mac_key())

    async def create_mac_key(self, data: Mapping[str, Sensitive], *, cas: int) -> None:
        """See `ValueStore`."""
        await self._kv.write(self._paths.mac_key(), data, cas=cas)

    async def health(self) -> Health:
        """See `ValueStore`."""
        return await self._kv.health()
