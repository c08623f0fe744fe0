"""What is written into a target's Secret: what is in hand, what the Secret holds already, and the rest from Vault.

A login Secret is one document that is written whole; of an environment's Secret only the keys that differ are.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from slotwarden.cluster.errors import Conflict
from slotwarden.domain import projection
from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.parts import entries_of_secret, env_key
from slotwarden.domain.targets import Form
from slotwarden.reconcile.cache import owning_slots
from slotwarden.reconcile.observe import decode, slot_view
from slotwarden.reconcile.share import leaving
from slotwarden.reconcile.state import Problem
from slotwarden.resources.conditions import Reason
from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted
from slotwarden.values.sealing import EncryptionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slotwarden.domain.declared import Value
    from slotwarden.domain.targets import Resolution
    from slotwarden.reconcile.context import Context
    from slotwarden.reconcile.keys import SlotKey, TargetKey
    from slotwarden.reconcile.observe import SecretView
    from slotwarden.reconcile.share import Share
    from slotwarden.sensitive import Sensitive
    from slotwarden.values.mac import MacKey

MAX_SECRET: Final = 1024 * 1024
"""Bytes that the values of one Secret may have together: the API server's own limit."""
_READS: Final = 16


class Withdrawn(Exception):
    """The value of a slot is no longer to be projected; the slot's own run finds out why, and says so."""

    def __init__(self, key: SlotKey) -> None:
        super().__init__()
        self.key = key


class Contents:
    """Reads what goes into Secrets.

    Methods raise `Withdrawn`, `VaultError`s and `KubernetesError`s.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def of_new(self, form: Form, shares: Sequence[Share]) -> dict[str, Sensitive]:
        """The data of a Secret that is yet to be made."""
        values = await self._values([share for share in shares if share.ready])
        return projection.data(form, _fitting(values, MAX_SECRET, {}) if form is Form.ENVIRONMENT else _by_part(values))

    async def confirm(self, shares: Sequence[Share], view: SecretView) -> None:
        """Look whether those are there whom the Secret does not name as owners any more, before it names them again.

        The garbage collector takes an owner off that is deleted and is to leave its Secret. It may be ahead of our
        watch; and whoever is named after it went takes the Secret along.
        """
        owners = owning_slots(view)
        for share in shares:
            if share.view.metadata.uid not in owners and share.has_written(view) and not await self._exists(share):
                raise Withdrawn(share.key)

    async def changes(
        self, target: TargetKey, stands: Resolution, shares: Sequence[Share], view: SecretView, mac_key: MacKey
    ) -> dict[str, Sensitive | None]:
        """What to write into a Secret that is there; None takes a key away."""
        if stands.form is Form.ENVIRONMENT:
            return await self._keys(stands, shares, view, mac_key)
        # Right entries are taken from it instead of from Vault, and so are those that stay for slots in trouble.
        held: dict[str, Value] = {}
        if len(shares) > 1:
            raw = await self._context.secrets.get(target.namespace, target.name)
            if raw is None or raw["metadata"]["resourceVersion"] != str(view.version):
                raise Conflict("get", "secrets", 409, "the Secret changed while it was looked at")
            held.update(entries_of_secret(decode(raw.get("data") or {})))
        ready = [share for share in shares if share.ready]
        right = {
            share.part for share in ready if share.fresh is None and share.part in held and share.holds(view, mac_key)
        }
        values = _by_part(await self._values([share for share in ready if share.part not in right]))
        kept = {share.kept(view) for share in shares} - {share.part for share in ready}
        values |= {part: value for part, value in held.items() if part in right | kept}
        return {**projection.data(stands.form, values)}

    async def _keys(
        self, stands: Resolution, shares: Sequence[Share], view: SecretView, mac_key: MacKey
    ) -> dict[str, Sensitive | None]:
        """The keys of an environment that are wrong or no longer wanted; foreign ones stay."""
        gone = leaving(stands, view)
        values = await self._values([share for share in shares if share.ready and not share.holds(view, mac_key)])
        sizes = {key: size for key, size in view.sizes.items() if key not in gone}
        made = projection.data(stands.form, _fitting(values, MAX_SECRET - sum(sizes.values()), sizes))
        return {**dict.fromkeys(gone), **made}

    async def _values(self, shares: Sequence[Share]) -> list[tuple[Share, Value]]:
        """The value of each share; a Secret that was deleted can need hundreds from Vault."""
        places = asyncio.Semaphore(_READS)

        async def read(share: Share) -> Value:
            async with places:
                return await self._from_vault(share)

        missing = [share for share in shares if share.fresh is None]
        found = dict(zip(map(id, missing), await asyncio.gather(*map(read, missing)), strict=True))
        return [(share, found[id(share)] if share.fresh is None else share.fresh) for share in shares]

    async def _from_vault(self, share: Share) -> Value:
        """Read a value that is not in hand.

        Raises:
            Withdrawn: there is none any more that may be projected.
        """
        context, declared = self._context, share.view.declared
        if not await self._exists(share):
            raise Withdrawn(share.key)
        try:
            stored = await context.values.current(declared.entry, await context.owner(share.view))
        except (NoValue, NotOwner, VersionDeleted, InvalidValue, EncryptionFailed):
            raise Withdrawn(share.key) from None
        if declared.mismatch(stored.value) is not None:
            raise Withdrawn(share.key)
        share.version = share.state.version = stored.version
        return declared.effective(stored.value)

    async def _exists(self, share: Share) -> bool:
        """Whether a slot is there, and is to stay, whose Secret is made without its own run having just seen it.

        The watch of Secrets may be ahead of that of slots, and the namespace may be another tenant's by now.
        """
        context, key, uid = self._context, share.key, share.view.metadata.uid
        raw = await context.slots[key.kind].get(key.namespace, key.name)
        if raw is None or raw["metadata"]["uid"] != uid:
            concerned = context.cache.drop_slot(key, uid)
        elif raw["metadata"].get("deletionTimestamp"):
            concerned = context.cache.put_slot(slot_view(share.view.kind, raw))
        else:
            return True
        for each in concerned:
            context.queue.add(each)
        return False


def _by_part(values: Sequence[tuple[Share, Value]]) -> dict[str, Value]:
    return {share.part: value for share, value in values}


def _fitting(values: Sequence[tuple[Share, Value]], room: int, sizes: Mapping[str, int]) -> dict[str, Value]:
    """The values that the Secret has room for, the oldest first; the others keep what they have there, and say so."""
    fitting = {}
    growths = [(_growth(share.part, value, sizes), share, value) for share, value in values]
    # What shrinks makes room.
    for more, share, value in sorted(growths, key=lambda growth: growth[0] > 0):
        share.problem = _too_large(more - room) if more > room else None
        if share.problem is None:
            room -= more
            fitting[share.part] = value
    return fitting


def _too_large(excess: int) -> Problem:
    message = (
        f"with this value the Secret would hold {(excess + 1023) // 1024} KiB more than the "
        f"{MAX_SECRET // 1024} KiB that a Secret can hold"
    )
    return Problem(Reason.SECRET_TOO_LARGE, message, stalled=True)


def _growth(part: str, value: Value, sizes: Mapping[str, int]) -> int:
    """By how many bytes a Secret grows when a part becomes this value."""
    return len(projection.data(Form.ENVIRONMENT, {part: value})[env_key(part)]) - sizes.get(env_key(part), 0)
