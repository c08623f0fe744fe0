"""From raw figures to the named ones, their medians over the runs, and the file that others read."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.statistics import percentile, spread
from testbed.install import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.settings import Settings

Json = dict[str, Any]

FILE: Final = ROOT / "bench" / "results.json"
_LIBRARIES: Final = ("kopf", "kubernetes", "hvac", "aiohttp")
# Figures that are one in the file, with a name for each of its parts.
_NESTED: Final = {
    f"{name}_{part}": (name, part)
    for name in (
        *("value_to_secret_ms", "bare_value_to_secret_ms"),
        *("value_in_to_secret_ms", "value_in_answer_ms", "environment_to_secret_ms"),
    )
    for part in ("p50", "p99")
}


def figures(run: Json) -> dict[str, float]:
    """The named figures of one run, as far as it has the parts that they are made from."""
    found: dict[str, float] = {}
    if bare := run.get("bare"):
        found["bare_create_seconds"] = bare["seconds"]
        found["bare_slots_per_second"] = bare["slots"] / bare["seconds"]
        found["bare_kubernetes_writes_per_slot"] = bare["kubernetes_writes"] / bare["slots"]
        found["bare_vault_writes_per_slot"] = bare["vault_writes"] / bare["slots"]
    if create := run.get("create"):
        found |= _created(create)
    if bare and create:
        found["share_of_bare_rate"] = found["slots_per_second"] / found["bare_slots_per_second"]
    for side in ("", "bare_"):
        if rotate := run.get(f"{side}rotate"):
            found |= {f"{side}{name}": value for name, value in _rotated(rotate).items()}
    if memory := run.get("memory"):
        for name in ("rss_kib", "peak_rss_kib"):
            found[f"{name}_per_further_slot"] = (memory["after"][name] - memory["before"][name]) / memory["slots"]
    for part, made in _FIGURES.items():
        if part in run:
            found |= made(run[part])
    return {name: round(value, 4) for name, value in found.items()}


def _created(create: Json) -> dict[str, float]:
    count = create["slots"]
    return {
        "create_seconds": create["seconds"],
        "slots_per_second": count / create["seconds"],
        "operator_cpu_ms_per_slot": 1000 * create["cpu_seconds"]["operator"] / count,
        "kubernetes_writes_per_slot": create["kubernetes_writes"] / count,
        "vault_writes_per_slot": create["vault_writes"] / count,
        "peak_rss_mib": create["peak_rss_kib"] / 1024,
    }


def _rotated(rotate: Json) -> dict[str, float]:
    return {
        "vault_writes_per_rotation": rotate["vault_writes"] / rotate["tries"],
        "kubernetes_writes_per_rotation": rotate["kubernetes_writes"] / rotate["tries"],
        **_percentiles("value_to_secret_ms", rotate["seconds"]),
    }


def _entered(door: Json) -> dict[str, float]:
    """What it costs to set a value through the gateway, by one set."""
    tries, gateway, operator = door["tries"], door["gateway"], door["operator"]
    found = {
        **_percentiles("value_in_to_secret_ms", door["seconds"]),
        **_percentiles("value_in_answer_ms", door["answer_seconds"]),
    }
    for name in ("kubernetes_writes", "vault_reads", "vault_writes"):
        found[f"gateway_{name}_per_set"] = gateway[name] / tries
        found[f"operator_{name}_per_set"] = operator[name] / tries
    found["gateway_cpu_ms_per_set"] = 1000 * door["cpu_seconds"]["gateway"] / tries
    found["operator_cpu_ms_per_set"] = 1000 * door["cpu_seconds"]["operator"] / tries
    found["gateway_peak_rss_mib"] = door["gateway_peak_rss_kib"] / 1024
    return found


def _of_environment(environment: Json) -> dict[str, float]:
    """What the operator does for one key of many, by one rotation, and from asking for a refresh to the Secret."""
    tries, operator = environment["tries"], environment["operator"]
    asked = operator["requests"]["kubernetes"]
    gets = sum(count for name, count in asked.items() if name.startswith("get "))
    return {
        **_percentiles("environment_to_secret_ms", environment["seconds"]),
        "environment_vault_reads": operator["vault_reads"] / tries,
        "environment_kubernetes_gets": gets / tries,
        "environment_secret_patches": asked.get("patch secrets", 0) / tries,
        "environment_cpu_ms": 1000 * environment["cpu_seconds"]["operator"] / tries,
        "environment_create_seconds": environment["create_seconds"],
    }


def _percentiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Median and p99 of times, in milliseconds."""
    return {f"{name}_p{share}": 1000 * percentile(seconds, share / 100) for share in (50, 99)}


def _restarted(restart: Json) -> dict[str, float]:
    listed = spread(restart["list_seconds"]).median
    return {
        "restart_seconds": restart["seconds"],
        "restart_ready_seconds": restart["ready_seconds"],
        "restart_import_seconds": restart["import_seconds"],
        "restart_list_seconds": listed,
        "restart_per_bare_list": restart["seconds"] / listed,
        "restart_writes": restart["writes"],
    }


def _refreshed(refresh: Json) -> dict[str, float]:
    return {
        "refresh_cpu_ms_per_slot": 1000 * refresh["cpu_seconds"]["operator"] / refresh["refreshes"],
        "refresh_kubernetes_calls": refresh["kubernetes_calls"],
        "refresh_vault_writes": refresh["vault_writes"],
    }


# Of the parts that have no counterpart of the bare client's.
_FIGURES: Final = {
    "refresh": _refreshed,
    "restart": _restarted,
    "door": _entered,
    "environment": _of_environment,
}


def medians(runs: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Median, least and most of each figure over the runs that have it."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: asdict(spread([run[name] for run in runs if name in run])) for name in names}


def document(settings: Settings, runs: Sequence[Json]) -> Json:
    """All of a measurement: the medians by their names, how far the runs were apart, and the runs' raw figures."""
    by_run = [figures(run) for run in runs]
    spreads = medians(by_run)
    top: Json = {}
    for name, found in spreads.items():
        if name in _NESTED:
            outer, inner = _NESTED[name]
            top.setdefault(outer, {})[inner] = found["median"]
        else:
            top[name] = found["median"]
    return {**top, **described({**asdict(settings), "warm_up": settings.warm_up}, by_run, runs)}


def described(settings: Json, by_run: Sequence[dict[str, float]], runs: Sequence[Json]) -> Json:
    """What belongs to every measurement: spreads, settings, versions, commit, machine, the runs' raw figures.

    Args:
        by_run: the named figures of each run.
    """
    return {
        "spread": medians(by_run),
        "settings": settings,
        "versions": {**library_versions(), **runs[0].get("versions", {})},
        "commit": commit(),
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "runs": [{"figures": each, "raw": raw} for each, raw in zip(by_run, runs, strict=True)],
    }


def write(found: Json, path: Path) -> None:
    """Put it down as JSON."""
    path.write_text(json.dumps(found, indent=2) + "\n")


def library_versions() -> dict[str, str]:
    """Python and the libraries that the operator lives on."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _LIBRARIES}}


def commit() -> str:
    """What was measured; `+changes` where the checkout has changes that are not committed."""
    here = ("git", "-C", str(ROOT))
    asked = subprocess.run([*here, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if asked.returncode:
        return "unknown"
    changed = subprocess.run(
        [*here, "status", "--porcelain", "--untracked-files=no", "operator"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() + ("+changes" if changed.stdout.strip() else "")


def machine() -> Json:
    """What it ran on, and how busy that was by others' doing."""
    memory = int(Path("/proc/meminfo").read_text().split()[1])
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": memory // 1024,
        "cpu": model[0].partition(":")[2].strip() if model else platform.machine(),
        "system": platform.platform(),
    }
