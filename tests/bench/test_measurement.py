"""A small measurement from end to end. Counts are exact at any size; times are only looked at for being there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from testbed.install import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# As many at once as make the runs of one slot and of its Secret meet.
SLOTS, TRIES, KEYS = 80, 4, 12
PARTS = [f"--only={name}" for name in ("create", "rotate", "door", "environment", "restart", "refresh", "bare")]
# One measurement for all that is asked of it.
pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.long]
SMALL = ["-n", str(SLOTS), "--runs", "1", "--tries", str(TRIES), "--keys", str(KEYS), "--refresh-interval", "2", *PARTS]
TIMES = [
    "slots_per_second",
    "bare_slots_per_second",
    "operator_cpu_ms_per_slot",
    "peak_rss_mib",
    "gateway_peak_rss_mib",
]
NESTED = [
    *("value_to_secret_ms", "bare_value_to_secret_ms"),
    *("value_in_to_secret_ms", "value_in_answer_ms", "environment_to_secret_ms"),
]
COUNTS = {
    "kubernetes_writes_per_slot": 3,
    "vault_writes_per_slot": 2,
    "kubernetes_writes_per_rotation": 3,
    "vault_writes_per_rotation": 1,
    "gateway_kubernetes_writes_per_set": 1,
    "gateway_vault_reads_per_set": 2,
    "gateway_vault_writes_per_set": 1,
    "operator_kubernetes_writes_per_set": 2,
    "operator_vault_writes_per_set": 0,
    "environment_vault_reads": 1,
    "environment_kubernetes_gets": 0,
    "environment_secret_patches": 1,
    "refresh_kubernetes_calls": 0,
    "refresh_vault_writes": 0,
    "restart_writes": 0,
    "bare_kubernetes_writes_per_slot": 3,
    "bare_vault_writes_per_slot": 2,
    "bare_kubernetes_writes_per_rotation": 3,
    "bare_vault_writes_per_rotation": 1,
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What `python -m bench` printed and what it wrote."""
    output: Path = tmp_path_factory.mktemp("bench") / "results.json"
    command = [sys.executable, "-m", "bench", *SMALL, "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(output.read_text())


def test_the_requests_are_exactly_those_that_are_necessary(measured: tuple[str, dict[str, Any]]) -> None:
    assert {name: measured[1][name] for name in COUNTS} == COUNTS


def test_a_new_slot_costs_what_it_should_by_verb(measured: tuple[str, dict[str, Any]]) -> None:
    created = measured[1]["runs"][0]["raw"]["create"]["requests_per_slot"]
    # Lists, watches and the Lease belong to the operator, and a namespace is looked up for all that is in it.
    apart = {"list", "watch", "namespaces", "leases"}
    of_slots = {name: count for name, count in created["kubernetes"].items() if not apart & set(name.split())}
    assert of_slots == {"create secrets": 1, "patch secretslots": 1, "patch secretslots/status": 1}
    assert created["vault"] == {"create metadata": 1, "read metadata": 1, "update data": 1}


def test_a_bare_rotation_makes_the_operators_writes(measured: tuple[str, dict[str, Any]]) -> None:
    writes = {"patch secretslots": 1, "patch secrets": 1, "patch secretslots/status": 1}
    bare = measured[1]["runs"][0]["raw"]["bare_rotate"]["requests_per_rotation"]
    # What the operator knows from its watch is asked for before the clock starts.
    assert bare == {"kubernetes": {**writes, "get secrets": 1}, "vault": {"update data": 1}}


def test_every_pinned_figure_is_there(measured: tuple[str, dict[str, Any]]) -> None:
    found = measured[1]
    assert all(found[name] > 0 for name in TIMES)
    assert found["refresh_cpu_ms_per_slot"] >= 0
    for name in NESTED:
        assert 0 < found[name]["p50"] <= found[name]["p99"]
    assert found["restart_per_bare_list"] > 1
    assert set(found["versions"]) == {
        *("python", "kopf", "kubernetes", "hvac", "aiohttp"),
        *("kube-apiserver", "etcd", "vault"),
    }
    assert found["spread"]["slots_per_second"]["least"] <= found["slots_per_second"]
    assert found["commit"]
    assert found["machine"]["cores"] >= 1


def test_the_raw_figures_are_kept_with_it(measured: tuple[str, dict[str, Any]]) -> None:
    (run,) = measured[1]["runs"]
    assert len(run["raw"]["rotate"]["seconds"]) == len(run["raw"]["bare_rotate"]["seconds"]) == TRIES
    assert run["raw"]["refresh"]["refreshes"] >= SLOTS
    assert run["figures"]["slots_per_second"] == pytest.approx(SLOTS / run["raw"]["create"]["seconds"], rel=1e-3)
    servers = {"kube-apiserver", "etcd", "vault", "kube-controller-manager"}
    assert set(run["raw"]["create"]["cpu_seconds"]) == {"operator", "bench", *servers}


def test_the_table_names_the_targets(measured: tuple[str, dict[str, Any]]) -> None:
    lines = measured[0].splitlines()
    (writes,) = [line for line in lines if "kubernetes_writes_per_slot" in line and "bare" not in line]
    assert "exactly 3" in writes
    assert "✓" in writes
