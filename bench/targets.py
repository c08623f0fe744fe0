"""What is to be reached, and whether it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the median of a figure."""

    bound: float
    kind: Literal["at least", "at most", "exactly"]

    def met(self, median: float) -> bool:
        """Whether the median keeps to it."""
        match self.kind:
            case "at least":
                return median >= self.bound
            case "at most":
                return median <= self.bound
            case "exactly":
                return median == self.bound


MEANT_FOR: Final = 1000
"""How many slots at once the bounds are for."""
TARGETS: Final[dict[str, Target]] = {
    "share_of_bare_rate": Target(0.65, "at least"),
    "operator_cpu_ms_per_slot": Target(5, "at most"),
    "kubernetes_writes_per_slot": Target(3, "exactly"),
    "vault_writes_per_slot": Target(2, "exactly"),
    "vault_writes_per_rotation": Target(1, "exactly"),
    "refresh_kubernetes_calls": Target(0, "exactly"),
    "refresh_cpu_ms_per_slot": Target(1.5, "at most"),
    "restart_writes": Target(0, "exactly"),
    "restart_per_bare_list": Target(2.5, "at most"),
    "value_to_secret_ms_p50": Target(150, "at most"),
    "value_to_secret_ms_p99": Target(500, "at most"),
    "value_in_to_secret_ms_p50": Target(150, "at most"),
    "value_in_to_secret_ms_p99": Target(500, "at most"),
    "environment_vault_reads": Target(1, "exactly"),
    "environment_kubernetes_gets": Target(1, "at most"),
    "environment_secret_patches": Target(1, "exactly"),
    "peak_rss_mib": Target(140, "at most"),
    "rss_kib_per_further_slot": Target(15, "at most"),
    "peak_rss_kib_per_further_slot": Target(15, "at most"),
}
