"""What measures the gateway: its pure parts, and a tiny measurement from end to end. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bench.counting import Requests
from bench.gateway.jobs import NUMBER, UID, Job, Server, Step
from bench.gateway.lag import SEEN
from bench.gateway.measuring import counted
from bench.gateway.replay import Sample, kubernetes_step
from bench.gateway.results import TARGETS, figures
from testbed.install import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ["-n", "50", "--runs", "1", "--seconds", "0.4", "--in-flight", "4", "--tries", "3"]
EVENT = {
    "verb": "create",
    "requestURI": "/apis/slotwarden.io/v1beta1/namespaces/acme/secretslots?fieldManager=slotwarden-gateway",
    "requestObject": {"metadata": {"name": "sample"}},
    "responseStatus": {"code": 201},
    "responseObject": {"metadata": {"uid": "0a1b2c3d-0000-4000-8000-000000000001"}},
}
LOAD = {
    "count": 4,
    "seconds": 2.0,
    "latencies": [0.001, 0.002, 0.003, 0.004],
    "cpu_seconds": {"gateway": 0.002, "client": 0.004},
    "requests": {"vault read data": 4},
}


def test_a_job_comes_through_a_pipe_as_it_was() -> None:
    server = Server("https://localhost:1", None, {"Authorization": "Bearer t"})
    job = Job({"gateway": server}, [[Step("gateway", "GET", "/a")], [Step("gateway", "PUT", "/b", "{}")]], cores=(0,))
    assert Job.loads(job.dumps()) == job


def test_neither_a_token_nor_a_body_is_in_the_text_of_a_job() -> None:
    job = Job(
        {"gateway": Server("u", None, {"Authorization": "Bearer t0ken"})}, [[Step("gateway", "PUT", "/", "b0dy")]]
    )
    assert "t0ken" not in repr(job)
    assert "b0dy" not in repr(job)


def test_each_work_has_names_of_its_own() -> None:
    step = Step("gateway", "POST", f"/{NUMBER}", f'"{NUMBER}"', code=201)
    assert step.numbered(7) == Step("gateway", "POST", "/000007", '"000007"', code=201)


def test_a_request_is_made_again_as_the_audit_log_has_it() -> None:
    step = kubernetes_step(EVENT)
    assert (step.method, step.path, step.code) == ("POST", EVENT["requestURI"], 201)
    assert json.loads(step.body or "") == EVENT["requestObject"]


def test_an_intent_is_stated_of_the_object_that_was_just_made() -> None:
    uid = "0a1b2c3d-0000-4000-8000-000000000001"
    stated = {
        **EVENT,
        "verb": "patch",
        "requestURI": "/x/sample/status?fieldManager=slotwarden-gateway&force=true",
        "requestObject": {"metadata": {"name": "sample", "resourceVersion": "7", "uid": uid}},
    }
    step = kubernetes_step(stated)
    assert step.content == "application/apply-patch+yaml"
    assert json.loads(step.body or "") == {"metadata": {"name": "sample", "uid": UID}}


def test_a_sample_is_made_again_under_other_names() -> None:
    reads = {"operation": "read", "path": "secret/metadata/slotwarden/acme/slots/sample"}
    claims, writes = {**reads, "operation": "create"}, {**reads, "operation": "update"}
    writes["path"] = "secret/data/slotwarden/acme/slots/sample"
    steps = Sample([EVENT], [reads, claims, writes]).steps({"sample": "other"}, "cluster", {"token": "v"})
    assert [(step.server, step.method, step.code) for step in steps] == [
        ("kubernetes", "POST", 201),
        ("vault", "GET", 404),
        ("vault", "POST", 204),
        ("vault", "POST", 200),
    ]
    assert not any("sample" in step.path + (step.body or "") for step in steps)
    assert json.loads(steps[2].body or "")["custom_metadata"]["slotwarden.io/object-uid"] == UID
    assert json.loads(steps[3].body or "")["data"] == {"token": "v"}


def test_what_belongs_to_no_request_is_not_counted_as_one() -> None:
    kubernetes = {"create subjectaccessreviews": 2, "get -": 1, "get envsecrets": 3, "watch envsecrets": 1}
    assert counted(Requests(kubernetes, {"read data": 4})) == {"get envsecrets": 3, "vault read data": 4}


@pytest.mark.parametrize(
    ("what", "told", "seen"),
    [
        ("declared", None, False),
        ("declared", {"hasValue": False}, True),
        ("value", None, False),
        ("value", {"hasValue": False}, False),
        ("value", {"hasValue": True}, True),
        ("deleted", {"hasValue": True}, False),
        ("deleted", None, True),
    ],
)
def test_a_reader_knows_when_it_sees_a_write(what: str, told: dict[str, Any] | None, seen: bool) -> None:
    assert SEEN[what](told) is seen


def test_figures_are_by_request() -> None:
    raw = dict.fromkeys(("load", "alone", "bare_load", "bare_alone"), LOAD)
    found = figures({"versions": {}, "read": raw, "lag": {"seconds": {"value": [0.01, 0.02]}}})
    assert found["read_cpu_ms"] == 0.5
    assert found["read_calls"] == 1
    assert found["read_per_second"] == 2
    assert (found["read_ms_p50"], found["read_alone_ms_p99"]) == (2, 4)
    assert (found["lag_value_ms_p50"], found["lag_value_ms_p99"]) == (10, 20)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What `python -m bench.gateway` printed and what it wrote."""
    output: Path = tmp_path_factory.mktemp("bench") / "results.json"
    command = [sys.executable, "-m", "bench.gateway", *SMALL, "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(output.read_text())


@pytest.mark.long
@pytest.mark.xdist_group("bench-gateway")
def test_a_measurement_has_all_its_figures(measured: tuple[str, dict[str, Any]]) -> None:
    printed, found = measured
    assert set(TARGETS) <= set(found["spread"])
    assert "get_cpu_ms" in printed
    assert found["versions"]["vault"]
    assert found["commit"]


@pytest.mark.long
@pytest.mark.xdist_group("bench-gateway")
def test_requests_cost_the_calls_that_are_necessary(measured: tuple[str, dict[str, Any]]) -> None:
    raw = measured[1]["runs"][0]["raw"]
    asked = {part: raw[part]["alone"]["requests"] for part in raw if part not in ("versions", "lag")}
    assert {part: asked[part] for part in ("get", "list", "read", "read_grpc")} == {
        "get": {},
        "list": {},
        "read": {"vault read data": 3},
        "read_grpc": {"vault read data": 3},
    }
    assert asked["create"] == {"create envsecrets": 3, "list envsecrets": 3}
    assert asked["create_slot"] == {
        # The object, and the namespace, whose uid the entry is to name.
        "create secretslots": 3,
        "get namespaces": 3,
        # The request that is stated of it.
        "patch secretslots/status": 3,
        # The entry, its owner, its first version.
        "vault read metadata": 3,
        "vault create metadata": 3,
        "vault update data": 3,
    }
    # The bare client does what the gateway does.
    assert raw["create"]["bare_alone"]["requests"] == asked["create"]
    assert raw["create_slot"]["bare_alone"]["requests"] == asked["create_slot"]
