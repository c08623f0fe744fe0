from __future__ import annotations

from pathlib import Path

from slotwarden.resources.conditions import (
    Condition,
    ConditionType,
    Reason,
    find_condition,
    set_condition,
    without_condition,
)

DOCUMENTED = Path(__file__).parents[3] / "docs" / "conditions.md"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def condition(kind: str, status: str, when: str, reason: str = "Ready") -> Condition:
    return Condition.model_validate({"type": kind, "status": status, "reason": reason, "lastTransitionTime": when})


def test_a_status_that_stays_keeps_its_time() -> None:
    before = (condition("Ready", "False", OLD, "AwaitingValue"), condition("Projected", "False", OLD))
    after = set_condition(before, condition("Ready", "False", NEW, "VaultSealed"))
    assert [(c.type, c.reason, c.last_transition_time) for c in after] == [
        ("Ready", "VaultSealed", OLD),
        ("Projected", "Ready", OLD),
    ]


def test_a_status_that_changes_takes_the_new_time() -> None:
    after = set_condition((condition("Ready", "False", OLD),), condition("Ready", "True", NEW))
    assert after == (condition("Ready", "True", NEW),)


def test_a_new_condition_comes_last_and_can_be_removed() -> None:
    before = (condition("Ready", "True", OLD),)
    after = set_condition(before, condition("Stalled", "True", NEW))
    assert [c.type for c in after] == ["Ready", "Stalled"]
    assert without_condition(after, "Stalled") == before
    assert find_condition(before, "Stalled") is None


def test_every_reason_tells_its_cause_and_a_way_out() -> None:
    for reason in Reason:
        assert f"{reason}" == reason.value
        assert reason.cause.endswith(".")
        assert reason.way_out.endswith(".")


def test_the_documentation_lists_every_condition_and_reason_and_no_other() -> None:
    rows = [line for line in DOCUMENTED.read_text().splitlines() if line.startswith("| `")]
    told = [f"| `{r}` | {r.cause} | {r.way_out} |" for r in Reason]
    assert [row.replace("\\|", "|") for row in rows[len(ConditionType) :]] == told
    assert sorted(row.split("`")[1] for row in rows[: len(ConditionType)]) == sorted(ConditionType)
