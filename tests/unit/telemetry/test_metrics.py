"""What is told of slots and of the certificate."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from slotwarden.telemetry.metrics import GatewayMetrics, OperatorMetrics
from testbed.clients.metrics import Metrics


def test_a_reason_that_no_slot_has_any_more_is_gone() -> None:
    counts = {("slot", "Ready"): 2, ("env", "Stale"): 1}
    made = OperatorMetrics()
    made.follow_slots(lambda: counts)
    found = Metrics(made.render().decode())
    assert found.value("slotwarden_slots", kind="slot", reason="Ready") == 2
    assert found.value("slotwarden_slots") == 3
    counts.clear()
    assert "slotwarden_slots" not in Metrics(made.render().decode()).names()


def test_a_certificate_has_no_life_before_there_is_one() -> None:
    made = GatewayMetrics()
    assert math.isnan(_end(made))
    made.certificate_shown(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert _end(made) == datetime(2026, 4, 1, tzinfo=UTC).timestamp()


def _end(made: GatewayMetrics) -> float:
    return Metrics(made.render().decode()).value("slotwarden_gateway_certificate_end_timestamp_seconds")
