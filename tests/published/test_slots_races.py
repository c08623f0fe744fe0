"""What is told to who writes a slot at the same moment as others, by both forms of the API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from testbed.proxy import Hold, Proxy
from tests.gateway.support import TIMEOUT
from tests.published.slots import RESOURCE, Grpc, Rest, Slot, registry
from tests.published.support import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.gateway import Gateway
    from tests.published.support import Api, User


@pytest.fixture
def to_kube(api: Api) -> Iterator[Proxy]:
    """What stands between a gateway and the API server."""
    made = Proxy(api.session.testbed.apiserver.url, api.session.testbed.pki).start()
    yield made
    made.stop()


@pytest.mark.parametrize("form", [Rest, Grpc], ids=["rest", "grpc"])
def test_a_slot_that_is_replaced_meanwhile_is_aborted_and_set_at_the_next_try(
    api: Api, make_replica: Callable[..., Gateway], to_kube: Proxy, owner: User, form: type
) -> None:
    gateway = make_replica(start=False)
    gateway.through(kubernetes=to_kube.url, vault=api.session.testbed.vault.url).start()
    slot, wire = Slot.new(api), form(owner, gateway)
    slot.create(wire, registry(canary())).ok()
    hold = Hold(f"PATCH .*/{RESOURCE}/{slot.name}/status")
    to_kube.add(hold)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(slot.create, wire, registry(canary()))
        hold.wait()
        api.kube.delete(api.objects(RESOURCE, slot.name))
        slot.by_hand({"registry": {"serverAddress": "ghcr.io"}})
        hold.release()
        outcome = running.result(TIMEOUT)
    assert outcome.said == ("ABORTED", "the object was deleted and made again meanwhile: try again")
    value = registry(canary())
    slot.create(wire, value).ok()
    assert slot.get(wire).ok()["value"] == value
    gateway.stop()
