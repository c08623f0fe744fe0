"""What no API server can be made to do at will: a history that is set back, events that break the copy."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from slotwarden.cluster import reflector
from slotwarden.cluster.errors import Expired, Forbidden, KubernetesError, Unavailable
from slotwarden.cluster.reflector import Reflector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container

    from slotwarden.cluster.client import KubeClient

Json = dict[str, Any]


def thing(name: str, version: int) -> Json:
    return {"metadata": {"uid": name, "name": name, "resourceVersion": str(version)}}


def event(kind: str, name: str, version: int) -> Json:
    return {"type": kind, "object": thing(name, version)}


class Server:
    """Answers lists and watches one after the other as told, and then waits for ever."""

    def __init__(self, *answers: list[Json] | KubernetesError | tuple[int, list[Json]]) -> None:
        self._answers = list(answers)
        self.watched_from: list[int] = []
        self.lists = 0
        self.done = asyncio.Event()

    async def list(self, _resource: str, _path: str) -> AsyncIterator[Json]:
        self.lists += 1
        version, items = await self._next()
        for item in items:
            yield item
        yield {"resourceVersion": str(version)}

    @asynccontextmanager
    async def watch(self, _resource: str, _path: str, query: dict[str, str]) -> AsyncIterator[AsyncIterator[Json]]:
        self.watched_from.append(int(query["resourceVersion"]))
        found = await self._next()

        async def events() -> AsyncIterator[Json]:
            for each in found:
                yield each

        yield events()

    async def _next(self) -> Any:
        if not self._answers:
            self.done.set()
            await asyncio.Event().wait()
        answer = self._answers.pop(0)
        if isinstance(answer, KubernetesError):
            raise answer
        return answer


class Kept:
    """A copy that breaks at a name."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.cleared = 0

    def put(self, raw: Json) -> None:
        if raw["metadata"]["name"] == "breaks":
            raise RuntimeError("the copy broke")
        self.names.add(raw["metadata"]["name"])

    def drop(self, raw: Json) -> None:
        self.names.discard(raw["metadata"]["name"])

    def listed(self, uids: Container[str], _version: int) -> None:
        self.names = {name for name in self.names if name in uids}

    def clear(self) -> None:
        self.cleared += 1
        self.names.clear()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "_FIRST_PAUSE", 0.0)


async def followed(server: Server) -> tuple[Kept, Reflector]:
    """What is kept once the server has given all its answers."""
    kept = Kept()
    made = Reflector(cast("KubeClient", server), "things", "/things", kept)
    task = asyncio.create_task(made.run())
    await asyncio.wait_for(server.done.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return kept, made


async def test_a_watch_goes_on_from_the_last_event_or_bookmark() -> None:
    changes = [event("ADDED", "b", 7), event("MODIFIED", "a", 8), event("DELETED", "a", 9), event("BOOKMARK", "", 12)]
    server = Server((5, [thing("a", 3)]), changes, [])
    kept, made = await followed(server)
    assert kept.names == {"b"}
    assert server.watched_from == [5, 12, 12]
    assert server.lists == 1
    assert made.synced


async def test_a_history_that_ends_is_listed_anew() -> None:
    expired = Expired("watch", "things", 410, "too old")
    server = Server((5, [thing("a", 3), thing("b", 4)]), expired, (9, [thing("b", 4)]))
    kept, made = await followed(server)
    assert (kept.names, server.watched_from, kept.cleared) == ({"b"}, [5, 9], 0)
    assert not made.cause


async def test_a_bookmark_of_an_earlier_history_begins_all_anew() -> None:
    """A server that was restored from a backup is silent until it has caught up, but for its bookmarks."""
    lists = (4, [thing("old", 2)]), (4, [thing("old", 2)])
    server = Server((50, [thing("new", 40)]), [event("BOOKMARK", "", 3)], *lists)
    kept, _ = await followed(server)
    assert (kept.names, kept.cleared, server.watched_from) == ({"old"}, 1, [50, 4])


async def test_what_breaks_the_copy_does_not_end_it() -> None:
    server = Server((5, []), [event("ADDED", "breaks", 6)], (7, [thing("a", 6)]))
    kept, made = await followed(server)
    assert (kept.names, server.watched_from) == ({"a"}, [5, 7])
    assert made.cause == "following things failed: RuntimeError"


async def test_it_tells_why_it_hears_nothing() -> None:
    made: list[tuple[str, bool]] = []
    for error in (Unavailable("list", "things", 503, "x"), Forbidden("list", "things", 403, "may not")):
        server = Server(error)
        _, found = await followed(server)
        made.append((found.cause, found.refused))
        assert not found.synced
        assert found.behind > 0
    assert made == [
        ("the API server answered 503 to list things: x", False),
        ("the API server answered 403 to list things: may not", True),
    ]


async def test_who_may_not_look_any_more_has_lost_the_copy_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that starts refuses everybody for a moment; one that is away does not refuse."""
    refusal, absence = Forbidden("watch", "things", 403, "may not"), Unavailable("watch", "things", 503, "x")
    for error, patience, lost in ((refusal, 30.0, False), (refusal, 0.0, True), (absence, 0.0, False)):
        monkeypatch.setattr(reflector, "_PATIENCE", patience)
        _, made = await followed(Server((5, [thing("a", 3)]), [], error))
        assert (made.synced, made.lost) == (True, lost)
    _, made = await followed(Server((5, [thing("a", 3)]), [], refusal, absence))
    assert made.refused, "it is not known that it may look again"
    _, made = await followed(Server((5, [thing("a", 3)]), refusal, [], []))
    assert not made.refused
    _, never = await followed(Server(refusal))
    assert (never.synced, never.lost) == (False, True)


async def test_a_list_that_is_granted_ends_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "_PATIENCE", 0.0)
    refusal, absence = Forbidden("list", "things", 403, "may not"), Unavailable("watch", "things", 503, "x")
    _, made = await followed(Server(refusal, absence, (5, []), absence))
    assert (made.synced, made.refused, made.lost) == (True, False, False)


def test_pauses_grow_up_to_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "_FIRST_PAUSE", 0.1)
    assert reflector._pause(0) == 0.0
    assert all(reflector._pause(1) <= 0.2 for _ in range(100))
    assert all(4.0 <= reflector._pause(failures) <= 8.0 for failures in (7, 100, 10_000))
