"""What makes each alert fire, and what does not: series of two hours, a value a minute, as promtool writes them.

`0x120` is zero all along, `0+2x120` grows by two a minute, `1x110 0x9` falls in the last ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Series = dict[str, str]
NAMESPACE: Final = "system"


@dataclass(frozen=True, slots=True)
class Firing:
    """Series that an alert fires for, the labels that it has beside severity and namespace, and what it says."""

    series: Series
    summary: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """Of one alert."""

    fires: tuple[Firing, ...]
    quiet: tuple[Series, ...]


def s(name: str, **labels: str) -> str:
    """A series of the release's namespace, in which it has a name of its own."""
    inner = ", ".join(f'{key}="{value}"' for key, value in {"namespace": NAMESPACE, **labels}.items())
    return f"slotwarden_{name}{{{inner}}}"


def moved(series: Series) -> Series:
    """The same in the namespace of another release."""
    return {name.replace(f'"{NAMESPACE}"', '"other"'): values for name, values in series.items()}


def histogram(name: str, quick: str, every: str, low: str, high: str) -> Series:
    """A histogram: so many are at most as slow as `low`, and every one as `high`."""
    bucket = f"{name}_bucket"
    return {s(bucket, le=low): quick, s(bucket, le=high): every, s(bucket, le="+Inf"): every}


def life(start: int, end: int) -> Series:
    """A certificate that is good from one second of these hours until another; they have 7200."""
    words = {"start": start, "end": end}
    return {s(f"gateway_certificate_{word}_timestamp_seconds", **A): f"{at}x120" for word, at in words.items()}


A, B = {"pod": "a"}, {"pod": "b"}
ALL, NONE = "1x120", "0x120"
JUST_NOW: Final = "1x118 0x1"
_LEADERLESS: Final = "No operator of Slotwarden works in system."
_NO_GATEWAY: Final = "No gateway of Slotwarden is ready in system."

CASES: Final[Mapping[str, Case]] = {
    "SlotwardenNoLeader": Case(
        fires=(
            Firing({}, _LEADERLESS),
            Firing(moved({s("leader", **A): ALL}), _LEADERLESS),
            Firing({s("leader", **A): NONE, s("leader", **B): NONE}, _LEADERLESS),
        ),
        quiet=(
            {s("leader", **A): ALL, s("leader", **B): NONE},
            {s("leader", **A): "1x60 0x59", s("leader", **B): "0x62 1x57"},
            {s("leader", **A): JUST_NOW},
        ),
    ),
    "SlotwardenSlotsInTrouble": Case(
        fires=(
            Firing(
                {
                    s("slots", kind="slot", reason="SourceMissing"): "3x120",
                    s("slots", kind="slot", reason="Ready"): "9x120",
                },
                "3 of kind slot have been SourceMissing for half an hour.",
                {"kind": "slot", "reason": "SourceMissing"},
            ),
        ),
        quiet=(
            {s("slots", kind="slot", reason="Ready"): "9x120", s("slots", kind="env", reason="AwaitingValue"): "9x120"},
            {s("slots", kind="slot", reason="SourceMissing"): "_x100 3x19"},
            # Told by another alert, once and not for all slots.
            {
                s("slots", kind="slot", reason="VaultUnavailable"): "9x120",
                s("slots", kind="env", reason="VaultSealed"): ALL,
            },
        ),
    ),
    "SlotwardenRunsFail": Case(
        fires=(
            Firing(
                {s("reconcile_total", kind="target", outcome="failed"): "0+1x120"},
                "Runs for a target end as failed, again and again.",
                {"kind": "target", "outcome": "failed"},
            ),
            Firing(
                {s("reconcile_total", kind="slot", outcome="error"): "0+1x120"},
                "Runs for a slot end as error, again and again.",
                {"kind": "slot", "outcome": "error"},
            ),
        ),
        quiet=(
            {s("reconcile_total", kind="slot", outcome="done"): "0+9x120"},
            {s("reconcile_total", kind="slot", outcome="failed"): "5x100 15x19"},
            {s("reconcile_total", kind="slot", outcome="waiting"): "0+9x120"},
            # One in four minutes.
            {s("reconcile_total", kind="slot", outcome="failed"): " ".join(str(minute // 4) for minute in range(121))},
        ),
    ),
    "SlotwardenQueueWaits": Case(
        fires=(
            Firing(
                {
                    s("queue_age_seconds", priority="user", **A): "90x120",
                    s("queue_age_seconds", priority="user", **B): NONE,
                },
                "Changes wait 1m 30s until the operator looks at them.",
            ),
        ),
        quiet=(
            {s("queue_age_seconds", priority="user", **A): "50x120"},
            {s("queue_age_seconds", priority="user", **A): "0x115 90x4"},
            {s("queue_age_seconds", priority="refresh", **A): "90x120"},
        ),
    ),
    "SlotwardenProjectionSlow": Case(
        fires=(
            Firing(
                histogram("projection_seconds", NONE, "0+10x120", "30", "60"),
                "One of ten changes takes more than 57s to come into its Secret.",
            ),
        ),
        quiet=(
            histogram("projection_seconds", "0+10x120", "0+10x120", "30", "60"),
            # Some that were slow once.
            histogram("projection_seconds", NONE, "0x60 10x59", "30", "60"),
        ),
    ),
    "SlotwardenVaultAway": Case(
        fires=(Firing({s("vault_up", **A): NONE, s("vault_up", **B): ALL}, "Vault does not answer a.", A),),
        quiet=({s("vault_up", **A): ALL}, {s("vault_up", **A): JUST_NOW}),
    ),
    "SlotwardenVaultDenies": Case(
        fires=(
            Firing(
                {s("vault_requests_total", operation="write", code="403", **A): "0+1x120"},
                "Vault denies a to write.",
                {"operation": "write", **A},
            ),
        ),
        quiet=(
            {s("vault_requests_total", operation="read", code="404", **A): "0+1x120"},
            # A token that ran out is followed by a new one.
            {s("vault_requests_total", operation="read", code="403", **A): "0x60 1x59"},
        ),
    ),
    "SlotwardenApiServerAway": Case(
        fires=(Firing({s("kubernetes_up", **A): NONE}, "The API server does not answer a.", A),),
        quiet=({s("kubernetes_up", **A): ALL}, {s("kubernetes_up", **A): JUST_NOW}),
    ),
    "SlotwardenApiServerDenies": Case(
        fires=(
            Firing(
                {s("kubernetes_requests_total", verb="patch", resource="secrets", code="403", **A): "0+1x120"},
                "The API server denies a to patch secrets.",
                {"verb": "patch", "resource": "secrets", **A},
            ),
        ),
        quiet=(
            {s("kubernetes_requests_total", verb="patch", resource="secrets", code="409", **A): "0+1x120"},
            {s("kubernetes_requests_total", verb="list", resource="secrets", code="403", **A): "0x60 1x59"},
        ),
    ),
    "SlotwardenNoGateway": Case(
        fires=(
            Firing({}, _NO_GATEWAY),
            Firing(moved({s("gateway_ready", **A): ALL}), _NO_GATEWAY),
            Firing({s("gateway_ready", **A): NONE, s("gateway_ready", **B): NONE}, _NO_GATEWAY),
        ),
        quiet=({s("gateway_ready", **A): ALL, s("gateway_ready", **B): NONE}, {s("gateway_ready", **A): JUST_NOW}),
    ),
    "SlotwardenGatewayNotReady": Case(
        fires=(Firing({s("gateway_ready", **A): ALL, s("gateway_ready", **B): NONE}, "b is not ready.", B),),
        quiet=({s("gateway_ready", **A): ALL}, {s("gateway_ready", **A): "1x110 0x9"}),
    ),
    "SlotwardenGatewayFails": Case(
        fires=(
            Firing(
                {
                    s("gateway_requests_total", route="value", code="503", **A): "0+1x120",
                    s("gateway_requests_total", route="GetSecret", code="UNAVAILABLE", **B): "0+1x120",
                    s("gateway_requests_total", route="GetSecret", code="INTERNAL", **B): "0+1x120",
                    s("gateway_requests_total", route="value", code="200", **A): "0+27x120",
                },
                "10% of the requests to the gateway fail.",
            ),
        ),
        quiet=(
            {
                s("gateway_requests_total", route="value", code="503", **A): "0+1x120",
                s("gateway_requests_total", route="value", code="200", **A): "0+24x120",
            },
            {
                s("gateway_requests_total", route="value", code="409", **A): "0+6x120",
                s("gateway_requests_total", route="GetSecret", code="NOT_FOUND", **A): "0+6x120",
            },
            {s("gateway_requests_total", route="value", code="503", **A): "0x116 1+1x3"},
        ),
    ),
    "SlotwardenGatewaySlow": Case(
        fires=(
            Firing(
                histogram("gateway_request_seconds", NONE, "0+10x120", "2", "4"),
                "One of a hundred requests to the gateway takes more than 3.98s.",
            ),
        ),
        quiet=(
            histogram("gateway_request_seconds", "0+10x120", "0+10x120", "0.5", "4"),
            histogram("gateway_request_seconds", NONE, "0x60 10x59", "2", "4"),
        ),
    ),
    "SlotwardenGatewayBehind": Case(
        fires=(
            Firing({s("gateway_catalog_behind_seconds", **A): "400x120"}, "a may have missed changes for 6m 40s.", A),
        ),
        quiet=(
            {s("gateway_catalog_behind_seconds", **A): NONE},
            # Watches that are lost now and then, and had again.
            {s("gateway_catalog_behind_seconds", **A): "60x120"},
            {s("gateway_catalog_behind_seconds", **A): "0x110 310+60x3 0x5"},
        ),
    ),
    "SlotwardenCertificateEnds": Case(
        fires=(
            Firing(life(-1_000_000, 107_200), "9.032% of the life of the certificate of a is left.", A),
            Firing(life(-1_000_000, 7_200), "0% of the life of the certificate of a is left.", A),
        ),
        quiet=(
            life(-1_000_000, 1_000_000),
            # 15 % have been left for fifty minutes, and 12 % are.
            life(-80_800, 19_200),
            # None is shown yet.
            dict.fromkeys(life(0, 0), " ".join(["NaN"] * 121)),
        ),
    ),
    "SlotwardenReadsDenied": Case(
        fires=(
            Firing(
                {s("value_reads_total", resource="secretslots", outcome="denied", **A): "0+2x120"},
                "30 reads of values of secretslots were denied within a quarter of an hour.",
                {"resource": "secretslots"},
            ),
        ),
        quiet=(
            {s("value_reads_total", resource="secretslots", outcome="denied", **A): "0+1x120"},
            {s("value_reads_total", resource="secretslots", outcome="succeeded", **A): "0+9x120"},
        ),
    ),
}
