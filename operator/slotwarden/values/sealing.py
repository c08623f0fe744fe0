"""Values that Vault holds encrypted: by a Transit key for each environment, bound to the place of the entry.

So whoever reads the entry alone, or a backup of the KV engine, reads no value; and one environment's key opens nothing
of another's.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.envvalue import BYTES, CIPHERTEXT
from slotwarden.sensitive import Sensitive
from slotwarden.vault.errors import KeyMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slotwarden.domain.entries import EntryRef
    from slotwarden.values.paths import EntryPaths
    from slotwarden.vault.kv import Entry
    from slotwarden.vault.transit import VaultTransit

    Sealed = tuple[int, EnvRef, Sensitive]

BATCH_BYTES: Final = 8 * 1024 * 1024
"""Ciphertext in one request; Vault takes 32 MiB."""
_BATCH: Final = 256
NOT_CONFIGURED: Final = "no Transit mount is configured here: give --transit-mount"
UNSEALABLE: Final = f"spec.encrypted is set, and {NOT_CONFIGURED}"
_FOREIGN: Final = "it was not encrypted for this place by the key that Vault has for the environment"


class EncryptionFailed(Exception):
    """A value could not be encrypted or decrypted, until somebody changes something; the text says what."""


class Sealing:
    """Encrypts and decrypts what entries hold. Methods raise `VaultError`s.

    Args:
        transit: None where no mount is configured.
        paths: where entries are, and what their keys are called.
    """

    def __init__(self, transit: VaultTransit | None, paths: EntryPaths) -> None:
        self._transit = transit
        self._paths = paths

    @property
    def configured(self) -> bool:
        """Whether values can be encrypted."""
        return self._transit is not None

    async def seal(self, ref: EnvRef, encoded: Sensitive) -> dict[str, Sensitive]:
        """The entry's data for a value, which is given as base64.

        Raises:
            EncryptionFailed: no mount is configured.
        """
        if self._transit is None:
            raise EncryptionFailed(UNSEALABLE)
        about = self._paths.of(ref)
        return {CIPHERTEXT: await self._transit.encrypt(self._paths.transit_key(ref), encoded, about)}

    async def open(self, found: Sequence[tuple[EntryRef, Entry]]) -> list[Entry]:
        """The entries with the encrypted ones decrypted, in their order; one that cannot be says why."""
        entries = [entry for _, entry in found]
        sealed: dict[str, list[Sealed]] = {}
        for at, (ref, entry) in enumerate(found):
            if not isinstance(ref, EnvRef) or not entry.data or CIPHERTEXT not in entry.data:
                continue
            text = entry.data[CIPHERTEXT]
            if self._transit is None:
                entries[at] = _closed(entry, NOT_CONFIGURED)
            elif not isinstance(text, Sensitive) or len(entry.data) > 1:
                entries[at] = _closed(entry, f"{CIPHERTEXT} is not a string, or stands beside other fields")
            else:
                sealed.setdefault(self._paths.transit_key(ref), []).append((at, ref, text))
        if self._transit is not None and sealed:
            tasks = [
                self._open(self._transit, key, batch, entries)
                for key, all_of_key in sealed.items()
                for batch in _batches(all_of_key)
            ]
            await asyncio.gather(*tasks)
        return entries

    async def _open(self, transit: VaultTransit, key: str, batch: Sequence[Sealed], entries: list[Entry]) -> None:
        try:
            plain = await transit.decrypt(key, [(text, self._paths.of(ref)) for _, ref, text in batch])
        except KeyMissing as error:
            for at, _, _ in batch:
                entries[at] = _closed(entries[at], str(error))
            return
        for (at, _, _), encoded in zip(batch, plain, strict=True):
            opened = replace(entries[at], data={BYTES: encoded}, sealed=True) if encoded is not None else None
            entries[at] = opened or _closed(entries[at], _FOREIGN)


def _closed(entry: Entry, why: str) -> Entry:
    return replace(entry, data={}, sealed=True, closed=why)


def _batches(sealed: Sequence[Sealed]) -> Iterator[list[Sealed]]:
    batch: list[Sealed] = []
    size = 0
    for one in sealed:
        if batch and (len(batch) == _BATCH or size + len(one[2]) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one[2])
    yield batch
