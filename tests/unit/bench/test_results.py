from __future__ import annotations

import pytest

from bench.results import document, figures
from bench.settings import Settings
from bench.targets import TARGETS, Target

CREATED = {
    "slots": 100,
    "seconds": 2.0,
    "cpu_seconds": {"operator": 0.5},
    "kubernetes_writes": 300,
    "vault_writes": 200,
    "peak_rss_kib": 102400,
}
BARE = {"slots": 100, "seconds": 1.0, "kubernetes_writes": 300, "vault_writes": 200}


def rotated(*seconds: float) -> dict[str, object]:
    return {"tries": len(seconds), "vault_writes": len(seconds), "kubernetes_writes": 0, "seconds": list(seconds)}


def test_a_creation_by_both_sides() -> None:
    found = figures({"create": CREATED, "bare": BARE})
    assert (found["create_seconds"], found["bare_create_seconds"]) == (2, 1)
    assert (found["slots_per_second"], found["bare_slots_per_second"], found["share_of_bare_rate"]) == (50, 100, 0.5)
    assert (found["kubernetes_writes_per_slot"], found["vault_writes_per_slot"]) == (3, 2)
    assert (found["operator_cpu_ms_per_slot"], found["peak_rss_mib"]) == (5, 100)


def test_what_was_not_measured_has_no_figure() -> None:
    assert set(figures({"bare": BARE})) == {
        "bare_create_seconds",
        "bare_slots_per_second",
        "bare_kubernetes_writes_per_slot",
        "bare_vault_writes_per_slot",
    }


def test_a_restart_is_told_in_lists() -> None:
    restart = {
        "seconds": 3.0,
        "ready_seconds": 2.0,
        "import_seconds": 1.0,
        "list_seconds": [0.1, 9.0, 0.5],
        "writes": 0,
    }
    assert figures({"restart": restart})["restart_per_bare_list"] == 6


def test_the_medians_over_the_runs_can_be_made_again_from_what_is_kept() -> None:
    runs = [{"rotate": rotated(0.1, 0.3)}, {"rotate": rotated(0.2, 0.2)}, {"rotate": rotated(0.3, 0.9)}]
    for run in runs:
        run["bare_rotate"] = rotated(0.1, 0.2)
    found = document(Settings(), runs)
    assert found["bare_value_to_secret_ms"] == {"p50": 100, "p99": 200}
    assert found["value_to_secret_ms"] == {"p50": 200, "p99": 300}
    assert found["spread"]["value_to_secret_ms_p99"] == {"median": 300, "least": 200, "most": 900}
    assert [figures(run["raw"]) for run in found["runs"]] == [run["figures"] for run in found["runs"]]


@pytest.mark.parametrize(
    ("target", "meets", "misses"),
    [(Target(2, "at least"), 2, 1.99), (Target(2, "at most"), 2, 2.01), (Target(2, "exactly"), 2, 2.01)],
)
def test_a_target_is_met_up_to_its_bound(target: Target, meets: float, misses: float) -> None:
    assert target.met(meets)
    assert not target.met(misses)


ASKED = {"kubernetes_writes": 1, "vault_reads": 1, "vault_writes": 1}


def test_every_target_is_of_a_figure_that_is_made() -> None:
    memory = {"rss_kib": 1024, "peak_rss_kib": 1024}
    run = {
        "create": CREATED,
        "bare": BARE,
        "rotate": rotated(0.1),
        "memory": {"slots": 1, "before": memory, "after": memory},
        "refresh": {"refreshes": 1, "cpu_seconds": {"operator": 1}, "kubernetes_calls": 0, "vault_writes": 0},
        "restart": {"seconds": 1, "ready_seconds": 1, "import_seconds": 1, "list_seconds": [1], "writes": 0},
        "door": {
            "tries": 1,
            "seconds": [1],
            "answer_seconds": [1],
            "cpu_seconds": {"operator": 1, "gateway": 1},
            "gateway_peak_rss_kib": 1024,
            **dict.fromkeys(("operator", "gateway"), ASKED),
        },
        "environment": {
            "tries": 1,
            "seconds": [1],
            "create_seconds": 1,
            "cpu_seconds": {"operator": 1},
            "operator": {**ASKED, "requests": {"kubernetes": {"patch secrets": 1}}},
        },
    }
    assert TARGETS.keys() <= figures(run).keys()
