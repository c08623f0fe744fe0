"""Who did what to which object and its value, and what came of it: a line in the log and a count, never the value.

The lines are those of logger `slotwarden.audit`, at any log level. What is only looked at without its value has none.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from slotwarden.gateway.identity.permissions import Unseen
from slotwarden.gateway.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.identity.permissions import Permission
    from slotwarden.telemetry.metrics import GatewayMetrics

_log = logging.getLogger("slotwarden.audit")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done.

    Attributes:
        words: what the line begins with.
        permission: what the caller has to be allowed.
        counts: as what it counts: a value that is read, or written.
        code: of the answer when it is done.
    """

    words: str
    permission: Permission
    counts: Literal["", "read", "write"] = ""
    code: int = 200


@dataclass(slots=True)
class Asked:
    """One request, and what becomes known of it on the way.

    Attributes:
        name: of the object.
        version: the version that was set or read; 0 as long as there is none, and of a dry run.
    """

    caller: Caller
    act: Act
    resource: Resource
    namespace: str
    name: str
    uid: str = ""
    request_id: str = ""
    version: int = 0
    dry_run: bool = False


@contextmanager
def noted(asked: Asked, metrics: GatewayMetrics) -> Iterator[None]:
    """Note a request when it is over, however it ended."""
    try:
        yield
    except Unseen:
        _note(asked, metrics, "denied", 404, "NotFound")
        raise
    except BaseException as error:
        refused = refusal(error)
        _note(asked, metrics, _outcome(refused.code), refused.code, refused.reason)
        raise
    _note(asked, metrics, "succeeded", asked.act.code, "")


def _note(asked: Asked, metrics: GatewayMetrics, outcome: str, code: int, reason: str) -> None:
    if asked.act.counts:
        counter = metrics.value_writes if asked.act.counts == "write" else metrics.value_reads
        # A dry run sets nothing, but tells whether a value is the one that is there: many of them are worth seeing.
        counter.labels(asked.resource, "dry-run" if asked.dry_run else outcome).inc()
    fields: dict[str, Any] = {
        "user": asked.caller.username,
        "userUID": asked.caller.uid,
        "via": asked.caller.how,
        "verb": asked.act.permission.verb,
        "resource": asked.act.permission.of(asked.resource),
        "namespace": asked.namespace,
        "name": asked.name,
        "uid": asked.uid,
        "requestID": asked.request_id,
        "version": asked.version or None,
        "dryRun": asked.dry_run or None,
        "outcome": outcome,
        "code": code,
        "reason": reason,
    }
    told = {name: value for name, value in fields.items() if value not in ("", None)}
    _log.info(asked.act.words, extra={"fields": told})


def _outcome(code: int) -> str:
    if code == 403:
        return "denied"
    return "refused" if code < 500 else "failed"
