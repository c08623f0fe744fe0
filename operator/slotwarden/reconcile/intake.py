"""Doors b and c: the value that a slot's spec brings, inline or from a source Secret."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotwarden.cluster.errors import Forbidden
from slotwarden.domain.address import canonical_git_url, canonical_server
from slotwarden.domain.credentials import GitCredential, RegistryCredential
from slotwarden.domain.envvalue import EnvValue
from slotwarden.reconcile.keys import TargetKey
from slotwarden.reconcile.observe import decode
from slotwarden.reconcile.state import Problem
from slotwarden.resources.conditions import Reason
from slotwarden.values.mac import mac

if TYPE_CHECKING:
    from slotwarden.domain.credentials import Credential
    from slotwarden.domain.declared import Value
    from slotwarden.reconcile.context import Context
    from slotwarden.reconcile.keys import SlotKey
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.sensitive import Sensitive


class SourceMissing(Exception):
    """The source Secret, or the key in it, is not there."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """What a source Secret held when it was read."""

    value: Sensitive
    mac: str


def known_mark(context: Context, key: SlotKey, view: SlotView) -> str | None:
    """The MAC of the source's value, where the source is watched; None where it has to be read."""
    if view.source is None:
        return None
    secret = context.cache.secrets.get(TargetKey(key.namespace, view.source[0]))
    return secret.marks.get(view.source[1]) if secret is not None and secret.marks is not None else None


async def read_source(context: Context, key: SlotKey, name: str, data_key: str) -> Sourced:
    """Read the source's value, by one GET.

    Raises:
        SourceMissing: saying which of both is missing.
    """
    try:
        raw = await context.secrets.get(key.namespace, name)
    except Forbidden as error:
        raise SourceMissing(f'the source Secret "{name}" cannot be read: {error}') from None
    if raw is None:
        raise SourceMissing(f'the source Secret "{name}" does not exist')
    value = decode(raw.get("data") or {}).get(data_key)
    if value is None:
        raise SourceMissing(f'the source Secret "{name}" has no key "{data_key}"')
    uid = raw["metadata"]["uid"]
    marked = mac(await context.keyring.get(), namespace=key.namespace, name=name, uid=uid, part=data_key, value=value)
    return Sourced(value, marked)


def credential(view: SlotView, value: Sensitive) -> Credential:
    """The credential that a value from a door makes with the spec around it.

    Raises:
        InvalidValue: naming the field.
    """
    spec = view.slot.spec
    if spec.registry:
        return RegistryCredential(view.username or "", value, canonical_server(spec.registry.server_address))
    return GitCredential(view.username or "", value, _git_url(view))


def effective(view: SlotView, stored: Value) -> Credential | None:
    """The credential that is projected: the stored one, under the user name that the spec declares."""
    if isinstance(stored, EnvValue):
        return None
    return replace(stored, username=view.username) if view.username else stored


def mismatch(view: SlotView, stored: Value) -> Problem | None:
    """What forbids to send a stored value to where the spec points.

    Changing an address would otherwise send a password to another host.
    """
    asked = canonical_server(view.slot.spec.registry.server_address) if view.slot.spec.registry else _git_url(view)
    if isinstance(stored, RegistryCredential):
        meant, fits = f"the registry {stored.server_address}", view.slot.spec.registry is not None
        same = stored.server_address == asked
    elif isinstance(stored, EnvValue):
        meant, fits, same = "an environment", False, False
    else:
        meant, fits, same = f"git at {stored.url}", view.slot.spec.git is not None, stored.url == asked
    if fits and same:
        return None
    wanted = f"the registry {asked}" if view.slot.spec.registry else f"git at {asked}"
    return Problem(
        Reason.ADDRESS_MISMATCH,
        f"the stored value was set for {meant}, the object names {wanted}: set the value again, or change it back",
        stalled=True,
    )


def _git_url(view: SlotView) -> str:
    return canonical_git_url(view.slot.spec.git.url) if view.slot.spec.git else ""
