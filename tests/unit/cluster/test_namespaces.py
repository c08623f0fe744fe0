"""What is known of a namespace does not outlast it, however late an answer of its time arrives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slotwarden.cluster.namespaces import Namespaces

OLD, YOUNG, LATER = ("2026-01-01T00:00:01Z", "b"), ("2026-01-01T00:00:02Z", "b"), ("2026-01-01T00:00:03Z", "a")


class Server:
    """An API server whose namespace is made again as often as the test says; its next answer waits while `held`."""

    def __init__(self) -> None:
        self.uid = "uid-1"
        self.asked = 0
        self.reached = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()

    async def request(self, *_: object) -> dict[str, Any]:
        self.asked += 1
        answer = {"metadata": {"uid": self.uid}}
        self.reached.set()
        await self.held.wait()
        return answer


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
def namespaces(server: Server) -> Namespaces:
    client: Any = server
    return Namespaces(client, None)


async def test_a_uid_is_asked_for_once_until_it_is_forgotten(server: Server, namespaces: Namespaces) -> None:
    assert [await namespaces.uid("acme") for _ in range(3)] == ["uid-1"] * 3
    server.uid = "uid-2"
    namespaces.forget("acme")
    assert [await namespaces.uid("acme") for _ in range(3)] == ["uid-2"] * 3
    assert server.asked == 2


async def test_an_answer_from_before_it_was_forgotten_is_not_kept(server: Server, namespaces: Namespaces) -> None:
    server.held.clear()
    asked = asyncio.create_task(namespaces.uid("acme"))
    await server.reached.wait()
    namespaces.forget("acme")
    server.uid = "uid-2"
    server.held.set()
    assert await asked == "uid-1"
    assert await namespaces.uid("acme") == "uid-2"


def test_what_is_as_old_as_what_was_refused_waits_for_the_end(namespaces: Namespaces) -> None:
    assert not namespaces.is_ending("acme", OLD)
    namespaces.ends("acme", YOUNG)
    assert namespaces.is_ending("acme", OLD)
    assert namespaces.is_ending("acme", YOUNG)
    assert not namespaces.is_ending("other", OLD)
    namespaces.forget("acme")
    assert not namespaces.is_ending("acme", OLD)


def test_a_refusal_that_is_noted_late_does_not_hold_for_the_next_namespace(namespaces: Namespaces) -> None:
    namespaces.forget("acme")
    namespaces.ends("acme", YOUNG)
    assert not namespaces.is_ending("acme", LATER)
    namespaces.ends("acme", OLD)
    assert namespaces.is_ending("acme", YOUNG)


def test_two_of_one_second_may_be_in_two_namespaces(namespaces: Namespaces) -> None:
    namespaces.ends("acme", YOUNG)
    assert not namespaces.is_ending("acme", (YOUNG[0], "a"))
    assert not namespaces.is_ending("acme", (YOUNG[0], "c"))
