"""What the dashboard shows: rows are questions of somebody who is on call, panels what answers them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# One installation, which has a namespace to itself.
_HERE: Final = 'namespace="$namespace"'
_RATE: Final = "[$__rate_interval]"
# Answers of HTTP and of gRPC that tell of a fault of ours, or of a server behind us.
_FAILED: Final = 'code=~"5..|INTERNAL|UNAVAILABLE"'


@dataclass(frozen=True, slots=True)
class Number:
    """What a query says now.

    Attributes:
        turns: the value from which on it is as it should be; where `low`, it is so below that.
        words: what is shown for a value; `none`, where there is none.
        unit: an id of Grafana's.
    """

    title: str
    about: str
    query: str
    turns: float
    low: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    none: str = "none"
    unit: str = "none"


@dataclass(frozen=True, slots=True)
class Lines:
    """What queries say over time.

    Attributes:
        queries: by the names of their lines, in which `{{label}}` stands for a label.
        stacked: whether the lines add up to something.
    """

    title: str
    about: str
    queries: Mapping[str, str]
    unit: str = "none"
    stacked: bool = False


Panel = Number | Lines


def _rate(metric: str, by: str, *more: str) -> str:
    return f"sum by ({by}) (rate({metric}{{{', '.join((_HERE, *more))}}}{_RATE}))"


def _within(metric: str, by: str = "") -> dict[str, str]:
    """How long half, and all but a hundredth, took at most."""
    labels, name = (f"le, {by}", f"{{{{{by}}}}} ") if by else ("le", "")
    rates = _rate(f"{metric}_bucket", labels)
    return {f"{name}{share:.0%}": f"histogram_quantile({share}, {rates})" for share in (0.5, 0.99)}


_ANSWERS: Final = {"0": "away", "1": "answers"}
_REQUESTS: Final = "slotwarden_gateway_requests_total"
_START, _END = (f"slotwarden_gateway_certificate_{word}_timestamp_seconds{{{_HERE}}}" for word in ("start", "end"))

ROWS: Final[Mapping[str, tuple[Panel, ...]]] = {
    "Is it well?": (
        Number(
            "Leaders",
            "Operators that work. There should be one; the others stand by.",
            f"sum(slotwarden_leader{{{_HERE}}})",
            turns=1,
        ),
        Number(
            "Vault",
            "Whether it answers every pod. While it does not, Secrets stay as they are and new values wait.",
            f"min(slotwarden_vault_up{{{_HERE}}})",
            turns=1,
            words=_ANSWERS,
        ),
        Number(
            "API server",
            "Whether it answers every pod.",
            f"min(slotwarden_kubernetes_up{{{_HERE}}})",
            turns=1,
            words=_ANSWERS,
        ),
        Number(
            "Gateways that are ready",
            "Values are set and read through them.",
            f"sum(slotwarden_gateway_ready{{{_HERE}}})",
            turns=1,
        ),
        Number(
            "Slots in trouble",
            "Objects of both kinds that are neither Ready nor just without a value yet.",
            f'sum(slotwarden_slots{{{_HERE}, reason!~"Ready|AwaitingValue"}}) or vector(0)',
            turns=1,
            low=True,
        ),
        Number(
            "The first in the queue waits",
            "How long the key that is next has waited, where somebody waits for it.",
            f'max(slotwarden_queue_age_seconds{{{_HERE}, priority="user"}})',
            turns=10,
            low=True,
            unit="s",
        ),
    ),
    "Do slots become Secrets?": (
        Lines(
            "Slots",
            "By the reason of their Ready condition.",
            {"{{kind}} {{reason}}": f"sum by (kind, reason) (slotwarden_slots{{{_HERE}}}) > 0"},
            stacked=True,
        ),
        Lines(
            "Runs that came to no end",
            "`waiting` is for Vault, `stalled` for somebody's change; `failed` and `error` are tried again; `fenced` "
            "tells of a leader's end.",
            {"{{kind}} {{outcome}}": _rate("slotwarden_reconcile_total", "kind, outcome", 'outcome!="done"')},
            unit="ops",
        ),
        Lines(
            "From a change to its Secret",
            "How long half of them, and all but a hundredth, took at most.",
            _within("slotwarden_projection_seconds"),
            unit="s",
        ),
        Lines(
            "Runs",
            "Of keys: slots and EnvSecrets, and the Secrets that are made from them.",
            {"{{kind}}": _rate("slotwarden_reconcile_total", "kind")},
            unit="ops",
        ),
        Lines(
            "Queue",
            "Keys that are ready to run. Where somebody waits, they are `user`; when they are due, `refresh`.",
            {"{{priority}}": f"sum by (priority) (slotwarden_queue_depth{{{_HERE}}})"},
        ),
        Lines(
            "Wait in the queue",
            "How long the first key has waited.",
            {"{{priority}}": f"max by (priority) (slotwarden_queue_age_seconds{{{_HERE}}})"},
            unit="s",
        ),
    ),
    "Are callers served?": (
        Lines("Requests", "By what was asked.", {"{{route}}": _rate(_REQUESTS, "route")}, unit="reqps", stacked=True),
        Lines(
            "Requests that failed",
            "The share of those that were asked, by what was asked.",
            {"{{route}}": f"{_rate(_REQUESTS, 'route', _FAILED)} / {_rate(_REQUESTS, 'route')}"},
            unit="percentunit",
        ),
        Lines(
            "Time to answer",
            "How long half of all requests, and all but a hundredth, took at most.",
            _within("slotwarden_gateway_request_seconds"),
            unit="s",
        ),
        Lines(
            "Values",
            "Set or rolled back, and read. `denied`: the caller may not; `refused`: the request was wrong.",
            {
                "set {{outcome}}": _rate("slotwarden_value_writes_total", "outcome"),
                "read {{outcome}}": _rate("slotwarden_value_reads_total", "outcome"),
            },
            unit="ops",
        ),
        Lines(
            "Behind the objects",
            "For how long a gateway may have missed changes.",
            {"{{pod}}": f"slotwarden_gateway_catalog_behind_seconds{{{_HERE}}}"},
            unit="s",
        ),
        Lines(
            "Life left of the certificate",
            "Its own is renewed at a third; others should do the same.",
            {
                "{{pod}}": f"({_END} - time()) / ({_END} - {_START})",
            },
            unit="percentunit",
        ),
    ),
    "What do the servers say?": (
        Lines(
            "Requests to Vault",
            "By the code of the answer; 404 is ordinary where a value was never set.",
            {"{{code}}": _rate("slotwarden_vault_requests_total", "code")},
            unit="reqps",
            stacked=True,
        ),
        Lines(
            "Time until Vault answers",
            "All but a hundredth took at most that long.",
            {"{{operation}}": list(_within("slotwarden_vault_request_seconds", "operation").values())[1]},
            unit="s",
        ),
        Lines(
            "Requests to the API server",
            "By what was done and the code of the answer; watches apart.",
            {"{{verb}} {{code}}": _rate("slotwarden_kubernetes_requests_total", "verb, code")},
            unit="reqps",
            stacked=True,
        ),
    ),
}
