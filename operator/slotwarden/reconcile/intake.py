"""Doors b and c: the value that a slot's spec brings, inline or from a source Secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slotwarden.cluster.errors import Forbidden
from slotwarden.reconcile.keys import TargetKey
from slotwarden.reconcile.observe import decode
from slotwarden.values.mac import mac

if TYPE_CHECKING:
    from slotwarden.domain.declared import Source
    from slotwarden.reconcile.context import Context
    from slotwarden.sensitive import Sensitive


class SourceMissing(Exception):
    """The source Secret, or the key in it, is not there."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """What a source Secret held when it was read."""

    value: Sensitive
    mac: str


def known_mark(context: Context, namespace: str, source: Source | None) -> str | None:
    """The MAC of the source's value, where the source is watched; None where it has to be read."""
    if source is None:
        return None
    secret = context.cache.secrets.get(TargetKey(namespace, source.secret))
    return secret.marks.get(source.key) if secret is not None and secret.marks is not None else None


async def read_source(context: Context, namespace: str, source: Source) -> Sourced:
    """Read the source's value, by one GET.

    Raises:
        SourceMissing: saying which of both is missing.
    """
    try:
        raw = await context.secrets.get(namespace, source.secret)
    except Forbidden as error:
        raise SourceMissing(f'the source Secret "{source.secret}" cannot be read: {error}') from None
    if raw is None:
        raise SourceMissing(f'the source Secret "{source.secret}" does not exist')
    value = decode(raw.get("data") or {}).get(source.key)
    if value is None:
        raise SourceMissing(f'the source Secret "{source.secret}" has no key "{source.key}"')
    uid = raw["metadata"]["uid"]
    mac_key = await context.keyring.get()
    marked = mac(mac_key, namespace=namespace, name=source.secret, uid=uid, part=source.key, value=value)
    return Sourced(value, marked)
