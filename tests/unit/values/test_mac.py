"""MACs: what they cover, and how the key comes to be."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.sensitive import Sensitive
from slotwarden.values.mac import MacKey, MacKeyInvalid, load_or_create, mac, same_mac
from slotwarden.vault.errors import CasMismatch, Operation, VaultUnavailable
from slotwarden.vault.kv import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = MacKey("k1", Sensitive(b"k" * 32))
PARTS = st.tuples(*[st.text(alphabet="ab", max_size=3)] * 4, st.binary(max_size=3))


def of(parts: tuple[str, str, str, str, bytes], key: MacKey = KEY) -> str:
    namespace, name, uid, part, value = parts
    return mac(key, namespace=namespace, name=name, uid=uid, part=part, value=Sensitive(value))


@given(PARTS, PARTS)
def test_a_mac_tells_everything_apart(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert same_mac(of(one), of(other)) == (one == other)


def test_the_encoding_is_the_documented_one() -> None:
    fed = b"".join(len(part).to_bytes(8, "big") + part for part in [b"k1", b"ns", b"n", b"u", b"p", b"v"])
    expected = hmac.new(b"k" * 32, fed, hashlib.sha256).hexdigest()
    assert of(("ns", "n", "u", "p", b"v")) == f"k1:{expected}"


def test_another_key_gives_another_mac() -> None:
    parts = ("ns", "n", "u", "p", b"v")
    assert of(parts) != of(parts, MacKey("k1", Sensitive(b"l" * 32)))
    assert of(parts) != of(parts, MacKey("k2", KEY.key))


class Store:
    """The part of a `ValueStore` that holds the key."""

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.faster: Mapping[str, Sensitive] | None = None

    async def read_mac_key(self) -> Entry | None:
        return self.entry

    async def create_mac_key(self, data: Mapping[str, Sensitive], *, cas: int) -> None:
        if self.faster is not None:
            self.put(self.faster)
        if cas != (self.entry.version if self.entry else 0):
            raise CasMismatch(Operation.WRITE, "mac-key", "the entry has changed since it was read")
        self.put(data)

    def put(self, data: Mapping[str, Any] | None) -> None:
        version = self.entry.version + 1 if self.entry else 1
        self.entry = Entry(data, version, "2026-01-01T00:00:00Z", None, destroyed=False, custom_metadata={})


def stored(kid: str = "abc", key: bytes = b"x" * 32) -> dict[str, Sensitive]:
    return {"kid": Sensitive.of_text(kid), "key": Sensitive(base64.b64encode(key))}


async def test_the_key_is_made_once() -> None:
    store = Store()
    made = await load_or_create(store)  # type: ignore[arg-type]
    assert len(made.key) == 32
    assert await load_or_create(store) == made  # type: ignore[arg-type]
    assert store.entry is not None
    assert store.entry.version == 1


async def test_a_lost_race_takes_the_winners_key() -> None:
    store = Store()
    store.faster = stored()
    assert await load_or_create(store) == MacKey("abc", Sensitive(b"x" * 32))  # type: ignore[arg-type]


async def test_a_deleted_key_is_made_anew() -> None:
    store = Store()
    store.put(stored())
    store.put(None)
    made = await load_or_create(store)  # type: ignore[arg-type]
    assert made.kid != "abc"
    assert store.entry is not None
    assert store.entry.version == 3


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kid": Sensitive(b"a")},
        {"kid": Sensitive(b"a"), "key": 7},
        {"kid": Sensitive(b"a"), "key": Sensitive(b"c4n4ry!")},
        {"kid": Sensitive(b"a:b"), "key": stored()["key"]},
        {"kid": Sensitive(b"\xff"), "key": stored()["key"]},
        stored(key=b"short"),
        stored(kid=""),
    ],
)
async def test_a_foreign_entry_is_refused(data: dict[str, Any]) -> None:
    store = Store()
    store.put(data)
    with pytest.raises(MacKeyInvalid, match="mac-key") as caught:
        await load_or_create(store)  # type: ignore[arg-type]
    assert "c4n4ry" not in str(caught.value)


async def test_an_outage_is_passed_on() -> None:
    class Away(Store):
        async def read_mac_key(self) -> Entry | None:
            raise VaultUnavailable(Operation.READ, "mac-key", "away")

    with pytest.raises(VaultUnavailable):
        await load_or_create(Away())  # type: ignore[arg-type]
