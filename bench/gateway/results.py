"""From the raw figures of the gateway's parts to the named ones, and the bounds that they are to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bench.statistics import percentile
from bench.targets import Target
from testbed.install import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]

FILE: Final = ROOT / "bench" / "results-gateway.json"
MEANT_FOR: Final = 1000
"""The secrets of the environment that is listed for which the bounds are."""
TARGETS: Final[dict[str, Target]] = {
    "get_cpu_ms": Target(0.7, "at most"),
    "get_calls": Target(0, "exactly"),
    "list_calls": Target(0, "exactly"),
    "read_cpu_ms": Target(3.3, "at most"),
    "read_grpc_cpu_ms": Target(3.3, "at most"),
    "create_alone_ms_p50": Target(25, "at most"),
    "create_slot_alone_ms_p50": Target(25, "at most"),
    "lag_declared_ms_p99": Target(250, "at most"),
    "lag_value_ms_p99": Target(250, "at most"),
    "lag_deleted_ms_p99": Target(250, "at most"),
}
_SHARES: Final = (50, 90, 99)


def figures(run: Json) -> dict[str, float]:
    """The named figures of one run, as far as it has the parts that they are made from."""
    found: dict[str, float] = {}
    for part, raw in run.items():
        if part == "versions":
            continue
        if part == "lag":
            for what, seconds in raw["seconds"].items():
                found |= _percentiles(f"lag_{what}", seconds)
            continue
        found[f"{part}_cpu_ms"] = _per(raw["load"], "gateway")
        found[f"{part}_calls"] = sum(raw["load"]["requests"].values()) / raw["load"]["count"]
        found |= _loaded(part, raw["load"]) | _loaded(f"{part}_bare", raw["bare_load"])
        found |= _percentiles(f"{part}_alone", raw["alone"]["latencies"])
        found |= _percentiles(f"{part}_bare_alone", raw["bare_alone"]["latencies"])
        found[f"{part}_bare_cpu_ms"] = _per(raw["bare_load"], "client")
    return {name: round(value, 4) for name, value in found.items()}


def _loaded(name: str, load: Json) -> dict[str, float]:
    return {f"{name}_per_second": load["count"] / load["seconds"], **_percentiles(name, load["latencies"])}


def _per(load: Json, process: str) -> float:
    """A process's CPU by request, in milliseconds."""
    return float(1000 * load["cpu_seconds"][process] / load["count"])


def _percentiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    return {f"{name}_ms_p{share}": 1000 * percentile(seconds, share / 100) for share in _SHARES}
