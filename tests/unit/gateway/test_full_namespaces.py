"""Objects that another replica made a moment ago, in a namespace whose quota is used up since."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster.errors import Forbidden, NotFound
from slotwarden.gateway.declarations import Declarations, Exists, Full

if TYPE_CHECKING:
    from slotwarden.cluster.client import Json


class Objects:
    """Says no to what is new, as the API server does: before it looks whether the name is taken."""

    def __init__(self, there: Json | None) -> None:
        self._there = there

    async def create(self, resource: str, *_: Any) -> Json:
        raise Forbidden("create", resource, 403, "exceeded quota: none")

    async def get(self, resource: str, *_: Any) -> Json:
        if self._there is None:
            raise NotFound("get", resource, 404, "not found")
        return self._there


class Known:
    def __init__(self) -> None:
        self.of: list[Json] = []

    def took(self, raw: Json) -> None:
        self.of.append(raw)

    def dropped(self, *_: str) -> None:
        raise AssertionError


async def made(there: Json | None, known: Known) -> None:
    objects: Any = Objects(there)
    await Declarations(objects, known, lambda: datetime.now(UTC)).make("secretslots", "acme", "ci", {})


async def test_what_is_there_needs_no_quota() -> None:
    there, known = {"metadata": {"name": "ci"}}, Known()
    with pytest.raises(Exists) as refused:
        await made(there, known)
    assert refused.value.raw == there
    assert known.of == [there]


async def test_what_is_not_there_meets_the_quota_403() -> None:
    with pytest.raises(Full) as refused:
        await made(None, Known())
    assert refused.value.code == 403
