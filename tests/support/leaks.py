"""Looks for a known value in whatever a program leaves behind, in every form that it could have taken on the way.

A value with characters that encodings change is found whole; each long plain run in it is looked for as well, so that
an encoding which is not known here, or a cut-off value, is found too.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RUN = re.compile(r"[A-Za-z0-9]{12,}")
_GO_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True, slots=True)
class Leak:
    """Where a value was found, and as what; the value itself is not told again."""

    where: str
    form: str


def forms(value: str) -> dict[str, bytes]:
    """All that the value could look like, by a name for the form."""
    raw = value.encode()
    found = {"raw": raw}
    for name, text in _escaped(value).items():
        found[name] = text.encode()
        found[f"{name}, twice"] = json.dumps(text)[1:-1].encode()
    for name, text in (("URL", quote(value, safe="")), ("URL with slashes", quote(value)), ("form", quote_plus(value))):
        found[name] = text.encode()
        found[f"{name}, lower"] = re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text).encode()
    for offset in range(3):
        text = _base64(raw, offset)
        found[f"base64 at {offset}"] = text
        found[f"base64url at {offset}"] = text.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def find(value: str, places: Mapping[str, str | bytes]) -> list[Leak]:
    """Every place that holds the value, or a plain run of 12 letters and digits or more of it, in any form."""
    return [leak for where, content in places.items() for leak in _find(value, where, content)]


def _find(value: str, where: str, content: str | bytes) -> Iterator[Leak]:
    content = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    wanted = forms(value)
    for run in RUN.findall(value):
        if run != value:
            wanted |= {f"a run of it, {form}": text for form, text in forms(run).items()}
    for form, text in wanted.items():
        if text in content:
            yield Leak(where, form)
            return


def _escaped(value: str) -> dict[str, str]:
    plain = json.dumps(value, ensure_ascii=False)[1:-1]
    return {
        "JSON": plain,
        "JSON in ASCII": json.dumps(value)[1:-1],
        "JSON of Go": "".join(_GO_ESCAPES.get(character, character) for character in plain),
    }


def _base64(raw: bytes, offset: int) -> bytes:
    """The digits that hold nothing but the value, where it begins `offset` bytes after a multiple of three."""
    first, last = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
    return base64.b64encode(b"\0" * offset + raw)[first:last]
