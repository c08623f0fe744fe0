"""Who did what to which value, and what came of it: a line in the log and a count, and never the value.

The lines are those of logger `slotwarden.audit`, at any log level.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from slotwarden.gateway.aggregated.group import REVEAL, ROLLBACK, VALUE, VERSIONS
from slotwarden.gateway.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotwarden.gateway.aggregated.group import Resource, Subresource
    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.telemetry.metrics import GatewayMetrics

_log = logging.getLogger("slotwarden.audit")
_DONE: Final = {
    VALUE: "set a value",
    REVEAL: "read a value",
    VERSIONS: "list the versions of a value",
    ROLLBACK: "roll a value back",
}


@dataclass(slots=True)
class Asked:
    """One request, and what becomes known of it on the way.

    Attributes:
        version: the version that was set or read; 0 as long as there is none, and of a dry run.
    """

    caller: Caller
    resource: Resource
    subresource: Subresource
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
    except BaseException as error:
        refused = refusal(error)
        _note(asked, metrics, _outcome(refused.code), refused.code, refused.reason)
        raise
    _note(asked, metrics, "succeeded", 201 if asked.subresource.verb == "create" else 200, "")


def _note(asked: Asked, metrics: GatewayMetrics, outcome: str, code: int, reason: str) -> None:
    if asked.subresource is not VERSIONS:
        counter = metrics.value_writes if asked.subresource.writes else metrics.value_reads
        # A dry run sets nothing, but tells whether a value is the one that is there: many of them are worth seeing.
        counter.labels(asked.resource, "dry-run" if asked.dry_run else outcome).inc()
    fields: dict[str, Any] = {
        "user": asked.caller.username,
        "userUID": asked.caller.uid,
        "via": asked.caller.how,
        "verb": asked.subresource.verb,
        "resource": f"{asked.resource}/{asked.subresource.name}",
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
    _log.info(_DONE[asked.subresource], extra={"fields": told})


def _outcome(code: int) -> str:
    if code == 403:
        return "denied"
    return "refused" if code < 500 else "failed"
