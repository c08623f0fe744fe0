from __future__ import annotations

import json

from slotwarden.gateway.answers import text_answer, texts


def test_what_was_put_into_json_is_remembered() -> None:
    asked: list[str] = []

    def told(name: str) -> dict[str, str]:
        asked.append(name)
        return {"name": name}

    text = texts(told)
    assert [json.loads(text(name)) for name in ("a", "b", "a")] == [{"name": "a"}, {"name": "b"}, {"name": "a"}]
    assert asked == ["a", "b"]


def test_a_text_is_answered_as_json_that_ends_its_line() -> None:
    answer = text_answer("[1, 2]", headers={"Cache-Control": "no-store"})
    assert (answer.status, answer.content_type, answer.text) == (200, "application/json", "[1, 2]\n")
    assert answer.headers["Cache-Control"] == "no-store"
