from __future__ import annotations

import json
import weakref
from dataclasses import dataclass

from slotwarden.gateway.answers import text_answer, texts


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Thing:
    name: str


def test_what_was_put_into_json_is_remembered_for_as_long_as_it_lives() -> None:
    asked: list[str] = []

    def told(thing: Thing) -> dict[str, str]:
        asked.append(thing.name)
        return {"name": thing.name}

    text, a, b = texts(told), Thing("a"), Thing("b")
    assert [json.loads(text(thing)) for thing in (a, b, a)] == [{"name": "a"}, {"name": "b"}, {"name": "a"}]
    assert asked == ["a", "b"]
    held = weakref.ref(a)
    del a
    assert held() is None


def test_a_text_is_answered_as_json_that_ends_its_line() -> None:
    answer = text_answer("[1, 2]", headers={"Cache-Control": "no-store"})
    assert (answer.status, answer.content_type, answer.text) == (200, "application/json", "[1, 2]\n")
    assert answer.headers["Cache-Control"] == "no-store"
