"""Paging back in time while secrets come and go: none that was there all along is skipped, none comes twice."""

from __future__ import annotations

import random
import secrets
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.kube import Kube
from testbed.wait import eventually
from tests.gateway.support import TIMEOUT, authority, context
from tests.published.coreinstances import PROJECT, RESOURCE, Instance, encoded
from tests.published.support import READ, REVEAL, SET, WRITE, Api, User, canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.gateway import Gateway
    from testbed.operator import Operator
    from testbed.session import Session
    from tests.published.support import Answer, Json

SEED = secrets.randbits(32)
LARGE = pytest.param(10_000, id="10000", marks=pytest.mark.long)


@pytest.fixture
def alone(
    installed: Session, gateway: Callable[..., Gateway], namespace: str, process: Operator
) -> Callable[..., Gateway]:
    """`alone()`: a gateway of a namespace that no operator works in, so that thousands of objects cost nothing more."""
    del process
    return lambda: gateway(namespace, "--no-aggregation")


@pytest.fixture
def instance(installed: Session, namespace: str, alone: Callable[..., Gateway], process: Operator) -> Instance:
    return Instance.new(Api(installed, namespace, process, alone()))


@pytest.fixture
def reader(instance: Instance) -> User:
    """One who may list and create, and read no value."""
    return User.made(instance.api, f"u-{secrets.token_hex(3)}", (READ, WRITE, SET), instance.api.namespace)


class Objects:
    """Objects of an instance, made and removed at the API server itself, several at a time."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._local = threading.local()

    def make(self, count: int) -> dict[str, str]:
        """New objects: their names by uid."""
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: self._make(), range(count)))
        return {each["metadata"]["uid"]: each["metadata"]["name"] for each in made}

    def remove(self, names: list[str]) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: self._kube.delete(self.instance.api.objects(RESOURCE, name)), names))

    def _make(self) -> Json:
        name = f"o-{secrets.token_hex(8)}"
        identity = {"project": PROJECT, "environment": self.instance.id, "key": name.replace("-", "_")}
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": {"name": name}}
        return self._kube.create(self.instance.api.objects(RESOURCE), {**head, "spec": identity})

    @property
    def _kube(self) -> Kube:
        """A client for each thread."""
        if not hasattr(self._local, "kube"):
            self._local.kube = Kube(self.instance.api.session.endpoints.kubeconfig)
        found: Kube = self._local.kube
        return found


def pages(ask: Callable[..., Answer], last: int) -> Iterator[Json]:
    """All pages, from the newest to the oldest."""
    cursor: dict[str, str] = {}
    while True:
        answer = ask(last=last, **cursor)
        assert answer.code == 200, answer
        assert len(answer.body["items"]) <= last
        yield answer.body
        if answer.body["endCursor"] is None:
            return
        assert answer.body["items"]
        cursor = {"before": answer.body["endCursor"]}


@contextmanager
def meanwhile(act: Callable[[], Any]) -> Iterator[None]:
    """Do something again and again as long as the context lasts; at least once."""
    over = threading.Event()

    def work() -> None:
        act()
        while not over.is_set():
            act()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        yield
        over.set()
        done.result()


@pytest.mark.parametrize("count", [1_000, LARGE])
def test_pages_while_secrets_are_made_and_removed(instance: Instance, reader: User, count: int) -> None:
    print(f"seed {SEED}")  # noqa: T201  # the order of what is removed
    dice = random.Random(SEED)  # noqa: S311
    objects = Objects(instance)
    made = objects.make(count)
    eventually(lambda: instance.list(reader, last=1).body["count"] == count, 120, message="all are known")
    doomed = dice.sample(sorted(made), count // 4)
    staying = made.keys() - set(doomed)
    removed: list[str] = []
    added: dict[str, str] = {}

    def change() -> None:
        some = [doomed.pop() for _ in range(min(4, len(doomed)))]
        objects.remove([made[uid] for uid in some])
        removed.extend(some)
        added.update(objects.make(4))

    seen: list[Json] = []
    with meanwhile(change):
        for page in pages(lambda **query: instance.list(reader, **query), 100):
            seen += page["items"]
    assert removed
    assert added
    ids = [item["id"] for item in seen]
    assert len(ids) == len(set(ids))
    assert staying <= set(ids)
    assert set(ids) <= made.keys() | added.keys()
    created = [item["createdAt"] for item in seen]
    assert created == sorted(created, reverse=True)
    there = count - len(removed) + len(added)
    eventually(lambda: instance.list(reader, last=1).body["count"] == there, message="what is there is counted")


def test_the_pages_of_what_stands_still(instance: Instance, reader: User) -> None:
    made = Objects(instance).make(25)
    eventually(lambda: instance.list(reader, last=1).body["count"] == 25)
    whole = instance.items(reader)
    assert {item["id"] for item in whole} == made.keys()
    for last in (1, 7, 24, 25, 26, 1000):
        found = list(pages(lambda **query: instance.list(reader, **query), last))
        assert [item for page in found for item in page["items"]] == whole
        assert {page["count"] for page in found} == {25}
        assert len(found) == -(-25 // last)


def test_the_newest_come_first_within_a_second_too(instance: Instance, reader: User) -> None:
    made = [instance.created(reader, f"K{at}")["id"] for at in range(20)]
    assert [item["id"] for item in instance.items(reader)] == made[::-1]
    assert [item["key"] for item in instance.items(reader, last=3)] == ["K19", "K18", "K17"]


def test_cursors_hold_on_another_replica_after_a_restart_and_without_their_secret(
    instance: Instance, reader: User, alone: Callable[..., Gateway]
) -> None:
    made = [instance.created(reader, f"K{at}")["id"] for at in range(9)]
    cursors = [instance.list(reader, last=last).body["endCursor"] for last in range(1, 9)]
    other = alone()
    eventually(lambda: instance.list(reader, gateway=other).body["count"] == 9)
    # The secrets that all the cursors but one were taken from are gone.
    gone = set(made[2:])
    Objects(instance).remove([instance.object_name(f"K{at}") for at in range(2, 9)])
    left = [uid for uid in made if uid not in gone][::-1]

    def told(gateway: Gateway) -> None:
        eventually(lambda: instance.list(reader, gateway=gateway).body["count"] == len(left))
        for at, cursor in enumerate(cursors, 1):
            ids = [item["id"] for item in instance.items(reader, before=cursor, gateway=gateway)]
            assert ids == [uid for uid in left if uid in made[: 9 - at]]

    told(instance.api.gateway)
    told(other)
    instance.api.gateway.stop()
    instance.api.gateway.start()
    told(instance.api.gateway)


def test_a_page_ends_early_where_its_values_are_too_long_together(api: Api, owner: User) -> None:
    instance = Instance.new(api)
    longest = {f"K{at}": uuid.uuid4().bytes * 32_768 for at in range(36)}
    for key, value in longest.items():
        instance.created(owner, key, value)
    found = list(pages(lambda **query: instance.list(owner, **query), 1000))
    assert [len(page["items"]) for page in found] == [16, 16, 4]
    values = {item["key"]: item["value"] for page in found for item in page["items"]}
    assert values == {key: encoded(value) for key, value in longest.items()}


def test_pages_that_are_not_read_take_the_room_of_their_reader_alone(
    api: Api, owner: User, users: Callable[..., User]
) -> None:
    """Else a few of one caller take all the memory that there is."""
    instance, other = Instance.new(api), users(READ, REVEAL)
    for at in range(20):
        instance.created(owner, f"K{at}", uuid.uuid4().bytes * 32_768)
    with unread(owner, instance.path()):
        assert [len(instance.items(user)) for user in (owner, other)] == [1, 16]
    eventually(lambda: len(instance.items(owner)) == 16, message="there is room again")


@contextmanager
def unread(user: User, path: str) -> Iterator[None]:
    """An answer that came and is not read."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(TIMEOUT)
        raw.connect(("127.0.0.1", user.api.gateway.port))
        trusted = context(authority(user.api.kube, user.api.namespace))
        with trusted.wrap_socket(raw, server_hostname="localhost") as connection:
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {user.token}\r\n\r\n"
            connection.sendall(head.encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
            yield


def test_a_cursor_of_another_instance_is_a_position_like_any_other(api: Api, owner: User) -> None:
    instances = [Instance.new(api) for _ in range(2)]
    for at in range(4):
        instances[at % 2].created(owner, f"K{at}", canary())
    cursor = instances[1].list(owner, last=1).body["endCursor"]
    assert [item["key"] for item in instances[0].items(owner, before=cursor)] == ["K2", "K0"]
