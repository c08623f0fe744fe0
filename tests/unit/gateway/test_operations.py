"""How a request stands, by what a status tells."""

from __future__ import annotations

from typing import Any

import pytest

from slotwarden.gateway.published.operations import Standing, standing
from slotwarden.resources.slotstatus import Status

ASKED, BEGUN, DONE, LATER = (f"2026-05-01T12:00:0{second}Z" for second in (0, 1, 2, 3))


def told(state: str, request: str = "r-1", **more: Any) -> dict[str, Any]:
    return {"requestID": request, "state": state, "reason": "Ready", "requestedTime": ASKED, **more}


def stated(request: str = "r-1", *superseded: str) -> dict[str, Any]:
    earlier = [{"requestID": each, "expectedVersion": 1, "requestedTime": ASKED} for each in superseded]
    pending = {"requestID": request, "expectedVersion": 1, "requestedTime": LATER if earlier else ASKED}
    return {**pending, **({"superseded": earlier} if earlier else {})}


@pytest.mark.parametrize(
    ("pending", "operations", "expected"),
    [
        (None, [], None),
        (None, [told("Succeeded", "r-2")], None),
        (stated("r-2"), [], None),
        (stated(), [], Standing("r-1", "scheduled", ASKED, ASKED)),
        (stated(), [told("Failed", finishedTime=DONE)], Standing("r-1", "scheduled", ASKED, ASKED)),
        (stated(), [told("InProgress", startedTime=BEGUN)], Standing("r-1", "in_progress", ASKED, BEGUN)),
        (stated("r-2", "r-1"), [], Standing("r-1", "cancel", ASKED, LATER)),
        (stated("r-2", "r-1"), [told("InProgress", startedTime=BEGUN)], Standing("r-1", "cancel", ASKED, LATER)),
        (stated("r-2"), [told("InProgress", startedTime=BEGUN)], Standing("r-1", "cancel", ASKED, BEGUN)),
        (None, [told("Canceled", finishedTime=DONE)], Standing("r-1", "cancel", ASKED, DONE)),
        (stated("r-2"), [told("Succeeded", finishedTime=DONE)], Standing("r-1", "success", ASKED, DONE)),
        (
            None,
            [told("Failed", finishedTime=DONE, message="why") | {"reason": "ForeignSecret"}],
            Standing("r-1", "failed", ASKED, DONE, "ForeignSecret", "why"),
        ),
    ],
)
def test_standing(pending: dict[str, Any] | None, operations: list[dict[str, Any]], expected: Standing | None) -> None:
    status = Status.model_validate({"pending": pending, "operations": operations})
    assert standing(status.pending, status.operations, "r-1") == expected
