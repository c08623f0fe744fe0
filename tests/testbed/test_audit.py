"""Marks in a log that is being written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from testbed.clients import audit
from testbed.clients.audit import KubernetesAudit

if TYPE_CHECKING:
    from pathlib import Path

EARLIER, LATER = "2000-01-01T00:00:00.000000Z", "9999-01-01T00:00:00.000000Z"


def line(verb: str, received: str = LATER, more: int = 0, stage: str = "ResponseComplete") -> bytes:
    event = {"auditID": verb, "stage": stage, "verb": verb, "user": {}, "requestReceivedTimestamp": received}
    return json.dumps({**event, "more": "x" * more}).encode() + b"\n"


def verbs(log: KubernetesAudit, *content: bytes) -> list[str]:
    """Of what comes after a mark that is made when all but the last of it is there."""
    log.path.write_bytes(b"".join(content[:-1]))
    mark = log.mark()
    assert log.events(since=mark) == []
    log.path.write_bytes(b"".join(content))
    return [event["verb"] for event in log.events(since=mark)]


@pytest.fixture
def log(tmp_path: Path) -> KubernetesAudit:
    return KubernetesAudit(tmp_path / "audit.log")


@pytest.mark.parametrize("more", [0, 200_000])
def test_a_line_that_is_half_written_comes_after_a_mark(log: KubernetesAudit, more: int) -> None:
    second = line("create", more=more)
    for at in (0, 1, len(second) // 2, len(second) - 1):
        assert verbs(log, line("get"), second[:at], second[at:] + line("delete")) == ["create", "delete"]
        assert verbs(log, second[:at], second[at:]) == ["create"]
    assert verbs(log, line("get"), second, line("delete")) == ["delete"]


def test_a_request_from_before_a_mark_is_not_counted_where_its_line_comes_late(log: KubernetesAudit) -> None:
    assert verbs(log, line("get"), line("create", EARLIER) + line("delete")) == ["delete"]


def test_what_has_begun_is_waited_for_once(log: KubernetesAudit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is answered, however much begins meanwhile; or for some time, where its server has ended."""
    got, later = line("get", stage="RequestReceived"), line("delete", stage="RequestReceived")
    rests = [line("create"), line("get") + later]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if rests:
            with log.path.open("ab") as handle:
                handle.write(rests.pop(0))

    monkeypatch.setattr(audit.time, "sleep", sleep)
    log.path.write_bytes(line("watch", stage="RequestReceived") + got)
    assert [event["verb"] for event in log.events()] == ["create", "get"]
    assert len(slept) == 2
    monkeypatch.setattr(audit, "_PATIENCE", 0.0)
    for _ in range(2):
        assert [event["verb"] for event in log.events()] == ["create", "get"]
    monkeypatch.undo()
    assert [event["verb"] for event in log.events()] == ["create", "get"]
    assert len(slept) == 2
