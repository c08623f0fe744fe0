"""Every request leaves one line and one count, however it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slotwarden.gateway.aggregated.group import REVEAL, VALUE, VERSIONS, Subresource
from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.journal import Asked, noted
from slotwarden.gateway.refusals import Refusal, conflict
from slotwarden.telemetry import logs
from slotwarden.telemetry.metrics import GatewayMetrics
from slotwarden.vault.errors import Operation, VaultUnavailable

CALLER = Caller("dana", "u-1", ("devs",), {}, "token")


def asked(what: Subresource = VALUE) -> Asked:
    return Asked(CALLER, what.act, "secretslots", "acme", "pull")


def only_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return dict(line)


def test_a_line_tells_who_did_what_at_any_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "error")
    request, metrics = asked(), GatewayMetrics()
    with noted(request, metrics):
        request.uid, request.request_id, request.version = "u-2", "r-1", 3
    line = only_line(capsys)
    del line["timestamp"]
    assert line == {
        "event": "set a value",
        "level": "info",
        "logger": "slotwarden.audit",
        "user": "dana",
        "userUID": "u-1",
        "via": "token",
        "verb": "create",
        "resource": "secretslots/value",
        "namespace": "acme",
        "name": "pull",
        "uid": "u-2",
        "requestID": "r-1",
        "version": 3,
        "outcome": "succeeded",
        "code": 201,
    }
    assert b'slotwarden_value_writes_total{outcome="succeeded",resource="secretslots"} 1.0' in metrics.render()


@pytest.mark.parametrize(
    ("error", "outcome", "code", "reason"),
    [
        (Refusal(403, "no"), "denied", 403, "Forbidden"),
        (conflict("taken"), "refused", 409, "Conflict"),
        (VaultUnavailable(Operation.READ, "path", "away"), "failed", 503, "ServiceUnavailable"),
        (RuntimeError("c4naryOfAnError"), "failed", 500, "InternalError"),
    ],
)
def test_so_does_one_that_is_not_done(
    capsys: pytest.CaptureFixture[str], error: Exception, outcome: str, code: int, reason: str
) -> None:
    logs.configure("json", "error")
    metrics = GatewayMetrics()
    with pytest.raises(type(error)), noted(asked(REVEAL), metrics):
        raise error
    line = only_line(capsys)
    assert (line["event"], line["outcome"], line["code"], line["reason"]) == ("read a value", outcome, code, reason)
    assert "c4nary" not in json.dumps(line)
    assert (
        f'slotwarden_value_reads_total{{outcome="{outcome}",resource="secretslots"}} 1.0'.encode() in metrics.render()
    )


def test_a_list_of_versions_is_no_read_of_a_value() -> None:
    metrics = GatewayMetrics()
    with noted(asked(VERSIONS), metrics):
        pass
    assert b"slotwarden_value_reads_total{" not in metrics.render()


def test_a_dry_run_is_counted_apart(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "error")
    request, metrics = asked(), GatewayMetrics()
    with noted(request, metrics):
        request.dry_run = True
    assert only_line(capsys)["dryRun"] is True
    assert b'slotwarden_value_writes_total{outcome="dry-run",resource="secretslots"} 1.0' in metrics.render()
    assert b'outcome="succeeded"' not in metrics.render()
