"""What no client would send to a decoder: near to what is right, with a mark in it that must not come out again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

_DEEP: Final = 20_000
# Long, but no number that Python would take for one: it reads no more than 4300 digits.
_LARGE: Final = b"9" * 5000


def odd(mark: str) -> st.SearchStrategy[bytes]:
    """What can stand in JSON where a value should, or cannot."""
    held = mark.encode()
    return st.sampled_from(
        [
            *(b"null", b"true", b"0", b"-1", b"1.5", b"1e400", b"NaN", b"Infinity", b"0x10", b"01", b"", b"[]", b"{}"),
            *(_LARGE, b"-" + _LARGE, b"1." + _LARGE, b"1e" + _LARGE),
            *(b"[" * _DEEP, b'{"a":' * _DEEP, b"[" * 100 + b"]" * 100),
            *(b'""', b'"%s"' % held, b'"%s' % held, b"'%s'" % held, held, b'["%s"]' % held, b'{"%s": 1}' % held),
            *(b'"%s\\ud800"' % held, b'"\\udfff%s"' % held, b'"%s\\u0000"' % held, b'"%s\0"' % held, b'"%s\n"' % held),
            *(b'"%s\xff"' % held, b'"\xed\xa0\x80%s"' % held, b'"\xf8%s"' % held, b'"\xc0\xaf%s"' % held),
            *(b'"%s\\x"' % held, b'"%s\\u12"' % held, b'"%s%s"' % (held, b"x" * 3000), b'"%s=="' % held),
        ]
    )


@st.composite
def mutated(draw: DrawFn, right: bytes) -> bytes:
    """Bytes that are no longer the right ones: some flipped, put in, left out, said twice, or the end cut off."""
    raw = bytearray(right)
    for _ in range(draw(st.integers(1, 3))):
        at, to = sorted((draw(st.integers(0, len(raw))), draw(st.integers(0, len(raw)))))
        match draw(st.sampled_from(["flip", "put in", "leave out", "repeat", "cut"])):
            case "flip" if raw:
                raw[min(at, len(raw) - 1)] ^= draw(st.integers(1, 255))
            case "put in":
                raw[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "leave out":
                del raw[at:to]
            case "repeat":
                raw[at:at] = raw[at:to]
            case _:
                del raw[at:]
    return bytes(raw)


@st.composite
def bodies(draw: DrawFn, right: Sequence[Any], mark: str) -> bytes:
    """Bytes near the JSON of one of these bodies, or far from all JSON."""
    raw = _written(draw, draw(st.sampled_from(right)), mark)
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2:
            return draw(mutated(raw))
        case 3:
            return b"\xef\xbb\xbf" + raw
        case 4:
            return raw.decode(errors="replace").encode(draw(st.sampled_from(["utf-16", "utf-32", "utf-7"])))
        case 5:
            return raw + draw(st.sampled_from([b"\0", b"\n", b"}", b" {}", mark.encode(), b"\x1a"]))
        case 6:
            return draw(st.binary(max_size=64)) + mark.encode()
        case _:
            return raw


def _written(draw: DrawFn, part: Any, mark: str) -> bytes:
    """The JSON of a part, in which other things may stand, members be left out, said twice, or not be known."""
    if draw(st.integers(0, 7)) == 0:
        return draw(odd(mark))
    if not isinstance(part, dict):
        return json.dumps(part).encode()
    members = [
        json.dumps(name).encode() + b":" + _written(draw, inner, mark)
        for name, inner in part.items()
        if draw(st.integers(0, 7))
    ]
    if draw(st.integers(0, 4)) == 0:
        members.append(draw(st.sampled_from([*members, b'"%s":1' % mark.encode(), b'"\\ud800":1', b'"":""'])))
    return b"{" + b", ".join(members) + b"}"
