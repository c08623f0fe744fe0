"""The proxy passes everything on, a watch piece by piece, but for what it was told to spoil."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from testbed.clients.errors import RefusedError
from testbed.clients.kube import Kube, core
from testbed.proxy import WRITES, Answers, Delay, Hold, Proxy
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.session import Session

SILENT = 1.0


@pytest.fixture
def proxy(testbed: Session) -> Iterator[Proxy]:
    made = Proxy(testbed.testbed.apiserver.url, testbed.testbed.pki).start()
    yield made
    made.stop()


@pytest.fixture
def kube(testbed: Session, proxy: Proxy, tmp_path: Path) -> Kube:
    """The administrator's client, through the proxy."""
    config = json.loads(testbed.endpoints.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = proxy.url
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    return Kube(kubeconfig)


@pytest.fixture
def make(kube: Kube, namespace: str) -> Callable[[str], None]:
    return lambda name: void(kube.create(core(namespace, "configmaps"), {"metadata": {"name": name}}))


@pytest.fixture
def watch(kube: Kube, namespace: str) -> Callable[..., Iterator[str]]:
    """Begin to watch: the names that are told of, each as it comes."""

    def names(timeout: float = 30) -> Iterator[str]:
        url = f"{kube.server}{core(namespace, 'configmaps')}?watch=true&resourceVersion=0"
        with kube._session.get(url, stream=True, timeout=timeout) as answer:
            for line in answer.iter_lines():
                event = json.loads(line)
                assert event["type"] != "ERROR", event["object"]["message"]
                yield event["object"]["metadata"]["name"]

    return names


def void(_: object) -> None:
    return None


def until(names: Iterator[str], name: str) -> bool:
    return name in names


def test_all_passes(kube: Kube, namespace: str, make: Callable[[str], None]) -> None:
    make("one")
    assert kube.get(core(namespace, "configmaps", "one"))["metadata"]["name"] == "one"
    with pytest.raises(RefusedError, match="already exists"):
        make("one")
    kube.delete(core(namespace, "configmaps", "one"))
    assert kube.find(core(namespace, "configmaps", "one")) is None


def test_a_watch_passes_piece_by_piece_until_it_is_cut(
    proxy: Proxy, make: Callable[[str], None], watch: Callable[..., Iterator[str]]
) -> None:
    names = watch()
    for name in ("one", "two"):
        make(name)
        assert until(names, name)
    assert len(proxy.underway("watch=true")) == 1
    proxy.cut()
    with pytest.raises(requests.RequestException):
        next(names)
    assert until(watch(), "two")


def test_stopped_it_refuses_and_started_it_is_where_it_was(
    proxy: Proxy, kube: Kube, namespace: str, make: Callable[[str], None]
) -> None:
    make("one")
    proxy.stop()
    with pytest.raises(requests.ConnectionError):
        kube.list(core(namespace, "configmaps"))
    proxy.start()
    make("two")


def test_what_is_silenced_stays_silent(
    proxy: Proxy, make: Callable[[str], None], watch: Callable[..., Iterator[str]]
) -> None:
    make("one")
    names = watch(SILENT)
    assert until(names, "one")
    proxy.silence("watch=true")
    make("two")
    with pytest.raises(requests.RequestException, match="timed out"):
        next(watch(SILENT))
    proxy.clear()
    assert until(watch(), "two")
    with pytest.raises(requests.RequestException, match="timed out"):
        until(names, "two")


def test_answers_of_its_own_some_times(proxy: Proxy, kube: Kube, namespace: str, make: Callable[[str], None]) -> None:
    spoiled = Answers(f"{WRITES}.*/configmaps/one", 429, {"message": "later"}, {"Retry-After": "1"}, times=2)
    proxy.add(spoiled)
    make("two")
    for _ in range(2):
        with pytest.raises(RefusedError, match=r"429.*later"):
            make("one")
    assert kube.find(core(namespace, "configmaps", "one")) is None
    make("one")
    assert len(spoiled.seen) == 2


def test_a_delay(proxy: Proxy, make: Callable[[str], None]) -> None:
    late = Delay("configmaps/late", 0.2)
    proxy.add(late)
    make("late")
    assert len(late.seen) == 1


@pytest.mark.parametrize("delivered", [False, True])
def test_a_hold_stops_the_nth_and_all_that_follow(
    proxy: Proxy, testbed: Session, namespace: str, make: Callable[[str], None], *, delivered: bool
) -> None:
    hold = Hold(f"{WRITES}.*/configmaps", 2, delivered=delivered)
    proxy.add(hold)

    def there() -> set[str]:
        return {item["metadata"]["name"] for item in testbed.kube.list(core(namespace, "configmaps"))} & {"a", "b", "c"}

    make("a")
    with ThreadPoolExecutor() as threads:
        second = threads.submit(make, "b")
        assert "configmaps/b" in hold.wait()
        third = threads.submit(make, "c")
        eventually(lambda: len(hold.seen) == 3)
        assert there() == ({"a", "b"} if delivered else {"a"})
        assert not second.done()
        hold.release()
        second.result()
        third.result()
    assert there() == {"a", "b", "c"}


def test_a_held_request_of_a_client_that_is_gone_is_never_forwarded(
    proxy: Proxy, testbed: Session, namespace: str, make: Callable[[str], None]
) -> None:
    hold = Hold(f"{WRITES}.*/configmaps")
    proxy.add(hold)
    with ThreadPoolExecutor() as threads:
        held = threads.submit(make, "lost")
        hold.wait()
        proxy.cut()
        with pytest.raises(requests.ConnectionError):
            held.result()
    eventually(lambda: not proxy.underway("POST"))
    hold.release()
    make("next")
    assert testbed.kube.find(core(namespace, "configmaps", "lost")) is None
