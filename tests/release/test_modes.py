"""The chart is installed in each mode: all objects are accepted, and both programs work as they are rendered."""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.gateway import API_SERVICE, API_SERVICES, is_available
from testbed.wait import eventually
from tests.release import test_gateway as gateway
from tests.release import test_operator as operator
from tests.release.modes import (
    CLUSTER_WIDE,
    MODES,
    NAMESPACED,
    NO_AGGREGATION,
    NO_GATEWAY,
    OWN_CERTIFICATE,
    VALUES_ALONE,
)

if TYPE_CHECKING:
    from tests.release.bed import Bed

SHORT = (CLUSTER_WIDE, NAMESPACED)
TOOLS = ("argocd-controller", "kustomize-controller")
pytestmark = [
    pytest.mark.xdist_group("release"),
    pytest.mark.parametrize(
        "bed", [pytest.param(mode, marks=() if mode in SHORT else pytest.mark.long) for mode in MODES], indirect=True
    ),
]


def test_a_value_comes_through_each_door_into_a_secret(bed: Bed) -> None:
    operator.test_a_slot_is_projected(bed)
    operator.test_an_environment_is_projected(bed)
    if bed.mode == NO_GATEWAY:
        with pytest.raises(LookupError):
            bed.release.deployment("gateway")
        return
    slot = bed.make("secretslots", gateway.REGISTRY)
    bed.asked("POST", f"{bed.values('secretslots', slot)}/value", {"username": "bot", "password": "direct"})
    assert "direct" in bed.secret(bed.projected("secretslots", slot))[".dockerconfigjson"]
    answer = bed.ask("GET", gateway.SLOTS)
    assert answer.code == (HTTPStatus.NOT_FOUND if bed.mode == VALUES_ALONE else HTTPStatus.OK)
    if bed.mode == NO_AGGREGATION:
        assert bed.kube.find(f"{API_SERVICES}/{API_SERVICE}") is None
        return
    eventually(lambda: is_available(bed.kube), 60, message="the aggregated API is available")
    forwarded = bed.make("secretslots", gateway.REGISTRY)
    value = {"username": "bot", "password": "forwarded"}
    words = ("create", "--raw", f"{bed.values('secretslots', forwarded)}/value", "-f", "-")
    bed.release.kubectl(*words, stdin=value, check=True)
    assert "forwarded" in bed.secret(bed.projected("secretslots", forwarded))[".dockerconfigjson"]


def test_nothing_is_refused_to_the_programs(bed: Bed) -> None:
    bed.operator()
    if bed.mode != NO_GATEWAY:
        bed.gateway()
    assert [(event["requestURI"], event["responseStatus"]["message"]) for event in bed.refusals()] == []


def test_nothing_differs_from_what_is_rendered(bed: Bed) -> None:
    """While the programs run: tools that keep a release in step with Git have nothing to put back."""
    bed.operator()
    if bed.mode != NO_GATEWAY:
        bed.gateway()
        if bed.mode not in (NO_AGGREGATION, OWN_CERTIFICATE):
            told = f"{API_SERVICES}/{API_SERVICE}"
            bed.eventually(lambda: bed.kube.get(told)["spec"].get("caBundle"), "the API server is told")
    # The Service leads to a process here, and the APIService to that one's port.
    objects = copy.deepcopy([item for item in bed.release.objects if item["kind"] != "Service"])
    for item in objects:
        if item["kind"] == "APIService":
            item["spec"]["service"]["port"] = bed.gateway().port
    for flags in ((), *(("--server-side", "--force-conflicts", f"--field-manager={tool}") for tool in TOOLS)):
        done = bed.release.kubectl("diff", *flags, "-f", "-", stdin=objects)
        assert (done.code, done.stdout) == (0, ""), flags
