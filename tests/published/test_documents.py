"""The contracts as the gateway serves them: to everybody, and nothing else to those without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotwarden.gateway.published.described import documents

if TYPE_CHECKING:
    from tests.published.support import Answer, User

NAMES = [each.name for each in documents.CONTRACTS]
PAGES = ["/docs", *(f"/docs/{name}" for name in NAMES)]
DOCUMENTS = [f"/openapi/published/{name}.json" for name in NAMES]


def asked(owner: User, method: str, path: str) -> Answer:
    """As somebody without a token that is good."""
    return owner.ask(method, path, headers={"Authorization": "Bearer nobody"})


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_for_everybody(owner: User, name: str) -> None:
    answer = asked(owner, "GET", f"/openapi/published/{name}.json")
    assert (answer.code, answer.raw.decode()) == (200, documents.documents()[name])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_everybody_and_may_load_nothing(owner: User, path: str) -> None:
    answer = asked(owner, "GET", path)
    assert (answer.code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [*PAGES, *DOCUMENTS])
def test_its_head_is_as_its_whole(owner: User, path: str) -> None:
    whole, head = asked(owner, "GET", path), asked(owner, "HEAD", path)
    assert (head.code, head.raw, head.headers["content-length"]) == (200, b"", str(len(whole.raw)))


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/docs/other"), ("GET", "/docs/"), ("POST", "/docs"), ("GET", "/openapi/published")]
)
def test_nothing_beside_them_is(owner: User, method: str, path: str) -> None:
    assert asked(owner, method, path).code == 401
