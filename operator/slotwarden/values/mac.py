"""Keyed MACs that tell drift and change of a value without keeping it.

A plain hash of a weak value can be guessed; a MAC cannot without the key, which lives in Vault and in memory alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotwarden.sensitive import Sensitive
from slotwarden.values.paths import MAC_KEY, SYSTEM
from slotwarden.vault.errors import CasMismatch, Operation, VaultRejected

if TYPE_CHECKING:
    from slotwarden.values.store import ValueStore
    from slotwarden.vault.kv import Entry

KEY_BYTES: Final = 32


class MacKeyInvalid(VaultRejected):
    """The entry of the MAC key is not one that we wrote."""

    def __init__(self, why: str) -> None:
        super().__init__(Operation.READ, MAC_KEY, f"the entry {SYSTEM}/{MAC_KEY} in Vault {why}")


@dataclass(frozen=True, slots=True)
class MacKey:
    """A key and its public id, which says whether two MACs can be compared at all."""

    kid: str
    key: Sensitive


def mac(key: MacKey, *, namespace: str, name: str, uid: str, part: str, value: Sensitive) -> str:
    """`kid:hex`, an HMAC-SHA256 over the value and all that it belongs to; `part` is the data key or the source's name.

    Each part goes in with its length, so that no two combinations run together.
    """
    digest = hmac.new(key.key.reveal(), digestmod=hashlib.sha256)
    for text in (key.kid, namespace, name, uid, part):
        _feed(digest, text.encode())
    _feed(digest, value.reveal())
    return f"{key.kid}:{digest.hexdigest()}"


def same_mac(one: str, other: str) -> bool:
    """Whether two MACs are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


async def load(store: ValueStore) -> MacKey | None:
    """The key in Vault; None where there is none yet.

    Raises:
        VaultError: if Vault does not answer or refuses.
        MacKeyInvalid: if the entry holds something else.
    """
    entry = await store.read_mac_key()
    return _parse(entry) if entry is not None and entry.data is not None else None


async def load_or_create(store: ValueStore) -> MacKey:
    """The key in Vault; made where there is none, by whoever is first.

    A deleted key is made anew: MACs of another id never match, so every Secret is compared by its content once.

    Raises:
        VaultError: if Vault does not answer or refuses.
        MacKeyInvalid: if the entry holds something else.
    """
    entry = await store.read_mac_key()
    if entry is not None and entry.data is not None:
        return _parse(entry)
    made = MacKey(secrets.token_hex(4), Sensitive(secrets.token_bytes(KEY_BYTES)))
    data = {
        "kid": Sensitive.of_text(made.kid),
        "key": Sensitive(base64.b64encode(made.key.reveal())),
    }
    try:
        await store.create_mac_key(data, cas=entry.version if entry is not None else 0)
    except CasMismatch:
        theirs = await load(store)
        if theirs is None:
            raise MacKeyInvalid("keeps changing") from None
        return theirs
    return made


def _feed(digest: hmac.HMAC, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)


def _parse(entry: Entry) -> MacKey:
    data = entry.data or {}
    kid, key = data.get("kid"), data.get("key")
    if not isinstance(kid, Sensitive) or not isinstance(key, Sensitive):
        raise MacKeyInvalid("lacks `kid` or `key`")
    try:
        parsed = MacKey(kid.reveal_text(), Sensitive(base64.b64decode(key.reveal(), validate=True)))
    except (ValueError, binascii.Error):
        raise MacKeyInvalid("is not base64") from None
    if not parsed.kid.isalnum() or not parsed.kid.isascii() or len(parsed.key) < KEY_BYTES:
        raise MacKeyInvalid("holds no usable key")
    return parsed
