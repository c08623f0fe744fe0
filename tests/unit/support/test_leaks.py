from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.leaks import RUN, Leak, find, forms

AWKWARD = 'a"b\\c &<>ü/+\n☃ z'
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=30)
NOISE = st.binary(max_size=20)


def _found(value: str, content: str | bytes) -> bool:
    return bool(find(value, {"here": content}))


@pytest.mark.parametrize("value", [AWKWARD, "plain-value-with-0123456789abc"])
@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda value: json.dumps({"k": value}),
        lambda value: json.dumps({"k": value}, ensure_ascii=False),
        lambda value: json.dumps({"k": json.dumps({"k": value})}),
        lambda value: (
            json.dumps({"k": value}, ensure_ascii=False)
            .replace("&", "\\u0026")
            .replace("<", "\\u003c")
            .replace(">", "\\u003e")
        ),
        lambda value: quote(value),
        lambda value: quote(value, safe=""),
        lambda value: quote(value, safe="").lower(),
        lambda value: quote_plus(value),
        lambda value: base64.b64encode(value.encode()),
        lambda value: base64.urlsafe_b64encode(value.encode()),
    ],
    ids=["raw", "json", "json-utf8", "json-twice", "go", "url", "url-all", "url-lower", "form", "base64", "base64url"],
)
def test_each_encoding_is_found(value: str, encode: object) -> None:
    content = encode(value)  # type: ignore[operator]
    assert _found(value, content)
    assert not _found("another value, not this one", content)


@given(VALUES, NOISE, NOISE)
def test_base64_is_found_at_any_alignment(value: str, before: bytes, after: bytes) -> None:
    assert _found(value, base64.b64encode(before + value.encode() + after))


@given(VALUES, VALUES)
def test_json_is_found_in_any_document(value: str, other: str) -> None:
    assert _found(value, json.dumps({other: [other, value]}))
    assert _found(value, json.dumps([other, json.dumps({"k": value})]))


@given(VALUES)
def test_url_encoding_is_found(value: str) -> None:
    assert _found(value, f"https://user:{quote(value, safe='')}@host/?q=1")


def test_a_plain_run_is_found_where_the_rest_is_changed() -> None:
    value = 'canary0123456789"&ü'
    assert _found(value, "cut: canary0123456789...")
    assert _found(value, base64.b64encode(b"x canary0123456789"))
    assert RUN.findall(value) == ["canary0123456789"]


def test_places_and_forms_are_named_and_the_value_is_not() -> None:
    leaks = find(AWKWARD, {"log": "nothing", "event": f"so: {AWKWARD}", "object": base64.b64encode(AWKWARD.encode())})
    assert leaks == [Leak("event", "raw"), Leak("object", "base64 at 0")]
    assert AWKWARD not in repr(leaks)


def test_nothing_is_found_where_nothing_is() -> None:
    assert find(AWKWARD, {"empty": "", "bytes": bytes(range(256)), "text": "<sensitive>"}) == []


def test_no_form_is_too_short_to_mean_anything() -> None:
    assert min(len(text) for text in forms("0123456789abc").values()) >= 12
