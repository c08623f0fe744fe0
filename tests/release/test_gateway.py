"""What the gateway does by each right that the chart gives it: `table.py` names the test that fails without it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from testbed.gateway import API_SERVICE, API_SERVICES, TLS_SECRET
from tests.release.modes import CLUSTER_WIDE, NAMESPACED, VALUES_ALONE

if TYPE_CHECKING:
    from tests.release.bed import Bed, Json

pytestmark = pytest.mark.xdist_group("release")
published = pytest.mark.parametrize("bed", [CLUSTER_WIDE, NAMESPACED], indirect=True)
everywhere = pytest.mark.parametrize("bed", [CLUSTER_WIDE, NAMESPACED, VALUES_ALONE], indirect=True)
SLOTS = "/v1/ignite/secrets"
REGISTRY: Json = {"registry": {"serverAddress": "ghcr.io", "username": "bot"}}


def login(password: str, server: str = "ghcr.io") -> Json:
    """A value, as the API of slots has it."""
    return {"registrySecret": {"username": "bot", "password": password, "serverAddress": server}}


def environment(bed: Bed, name: str) -> str:
    """Where the API of environments has the secrets of one."""
    return f"/{bed.namespace}/shop/envs/{name}/secrets"


@everywhere
def test_the_value_of_a_slot_is_set_and_told(bed: Bed) -> None:
    path = bed.values("secretslots", bed.make("secretslots", REGISTRY))
    assert bed.asked("POST", f"{path}/value", {"username": "bot", "password": "set"})["version"] == 1
    assert bed.asked("POST", f"{path}/reveal", {})["password"] == "set"


@everywhere
def test_the_value_of_an_environment_is_set_and_told(bed: Bed) -> None:
    path = bed.values("envsecrets", bed.make("envsecrets", {}))
    assert bed.asked("POST", f"{path}/value", {"value": "set"})["version"] == 1
    assert bed.asked("POST", f"{path}/reveal", {})["value"] == "set"


@everywhere
def test_the_api_server_forwards_to_it(bed: Bed) -> None:
    """With the authority that the gateway tells it, and under the name that the API server tells."""
    name, before = bed.make("secretslots", REGISTRY), bed.gateway()
    path = f"{bed.values('secretslots', name)}/value"
    bed.eventually(lambda: bed.kube.get(f"{API_SERVICES}/{API_SERVICE}")["spec"].get("caBundle"), "it is told")
    answer = bed.eventually(
        lambda: bed.kube.create(path, {"username": "bot", "password": "forwarded"}), "a value is set"
    )
    assert answer["version"] == 1
    assert before.running


@everywhere
def test_a_spoilt_certificate_is_mended(bed: Bed) -> None:
    gateway, path = bed.gateway(), core(bed.release.namespace, "secrets", TLS_SECRET)
    good = bed.kube.get(path)["data"]["tls.crt"]
    bed.kube.patch(path, {"data": {"tls.crt": "", "ca.crt": ""}})
    bed.eventually(lambda: bed.kube.get(path)["data"]["tls.crt"] not in ("", good), "there is a new certificate")
    # It heard of the change, and did not come upon it in one of its looks.
    assert "the gateway's certificate cannot be looked after" not in gateway.log_text()


@published
def test_a_slot_is_listed(bed: Bed) -> None:
    bed.gateway()
    name = bed.make("secretslots", REGISTRY)

    def listed() -> bool:
        return name in {each["name"] for each in bed.asked("GET", SLOTS)["secrets"]}

    bed.eventually(listed, "the slot is listed")


@published
def test_an_environment_is_listed(bed: Bed) -> None:
    bed.gateway()
    path = environment(bed, bed.make("envsecrets", {}))
    bed.eventually(lambda: [each["name"] for each in bed.asked("GET", path)] == ["KEY"], "the secret is listed")


@published
def test_a_slot_is_made_and_removed(bed: Bed) -> None:
    name = bed.name()
    bed.asked("POST", SLOTS, {"name": name, "value": login("made")})
    assert bed.asked("GET", f"{SLOTS}/{name}")["value"] == login("made")
    assert bed.asked("DELETE", f"{SLOTS}/{name}")["deleted"] is True
    assert bed.kube.find(bed.path("secretslots", name)) is None


@published
def test_a_slot_gets_another_address(bed: Bed) -> None:
    name = bed.name()
    bed.asked("POST", SLOTS, {"name": name, "value": login("here")})
    bed.asked("POST", SLOTS, {"name": name, "value": login("there", "quay.io")})
    assert bed.get("secretslots", name)["spec"]["registry"]["serverAddress"] == "quay.io"


@published
def test_a_secret_of_an_environment_is_made_described_and_removed(bed: Bed) -> None:
    path = environment(bed, bed.name())
    bed.asked("POST", path, {"kind": "Secret", "name": "KEY"})
    bed.asked("PUT", f"{path}/KEY", {"kind": "Secret", "name": "KEY", "description": "what it is for"})
    assert [each.get("description") for each in bed.asked("GET", path)] == ["what it is for"]
    bed.asked("DELETE", f"{path}/KEY")
    assert bed.ask("GET", f"{path}/KEY").code == HTTPStatus.NOT_FOUND
