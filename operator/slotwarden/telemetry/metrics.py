"""Metrics in the format of Prometheus. No label holds a name of an object, so no series is left behind by one."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one process: those of the servers that every process of ours asks."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=True)
        self._vault = Counter(
            "slotwarden_vault_requests_total", "Requests to Vault.", ["operation", "code"], registry=registry
        )
        self._vault_seconds = Histogram(
            "slotwarden_vault_request_seconds",
            "Duration of requests to Vault.",
            ["operation"],
            buckets=_LATENCY,
            registry=registry,
        )
        self._kubernetes = Counter(
            "slotwarden_kubernetes_requests_total",
            "Requests to the API server, watches apart.",
            ["verb", "resource", "code"],
            registry=registry,
        )
        self.kubernetes_up = Gauge(
            "slotwarden_kubernetes_up", "1 while the API server answers, 0 while it does not.", registry=registry
        )
        self.vault_up = Gauge("slotwarden_vault_up", "1 while Vault answers, 0 while it does not.", registry=registry)

    def vault_request(self, operation: str, code: str, seconds: float) -> None:
        """Count a request to Vault."""
        self._vault.labels(operation, code).inc()
        self._vault_seconds.labels(operation).observe(seconds)

    def kubernetes_request(self, verb: str, resource: str, code: str, _seconds: float) -> None:
        """Count a request to the API server."""
        self._kubernetes.labels(verb, resource, code).inc()

    def render(self) -> bytes:
        """All metrics as text."""
        return generate_latest(self.registry)


class OperatorMetrics(Metrics):
    """The metrics of an operator."""

    def __init__(self) -> None:
        super().__init__()
        registry = self.registry
        self.reconciled = Counter(
            "slotwarden_reconcile_total", "Runs of keys by kind and outcome.", ["kind", "outcome"], registry=registry
        )
        self._depth = Gauge("slotwarden_queue_depth", "Keys that are ready to run.", ["priority"], registry=registry)
        self._age = Gauge(
            "slotwarden_queue_age_seconds", "How long the first ready key has waited.", ["priority"], registry=registry
        )
        self.projection = Histogram(
            "slotwarden_projection_seconds",
            "From a change being seen to its Secret being written.",
            buckets=_LATENCY,
            registry=registry,
        )
        self.leader = Gauge("slotwarden_leader", "1 while this process works, 0 while it stands by.", registry=registry)

    def follow_queue(self, priority: str, depth: Callable[[], float], age: Callable[[], float]) -> None:
        """Read the queue's depth and age whenever metrics are asked for."""
        self._depth.labels(priority).set_function(depth)
        self._age.labels(priority).set_function(age)

    def follow_slots(self, count: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        """Count slots by kind and reason whenever metrics are asked for."""
        self.registry.register(_Slots(count))


class GatewayMetrics(Metrics):
    """The metrics of a gateway."""

    def __init__(self) -> None:
        super().__init__()
        registry = self.registry
        self.value_reads = Counter(
            "slotwarden_value_reads_total",
            "Values that were read through the gateway, and those that were not.",
            ["resource", "outcome"],
            registry=registry,
        )
        self.value_writes = Counter(
            "slotwarden_value_writes_total",
            "Values that were set or rolled back through the gateway, and those that were not.",
            ["resource", "outcome"],
            registry=registry,
        )
        self.requests = Counter(
            "slotwarden_gateway_requests_total",
            "Requests to the gateway that are over, by what was asked and the code of the answer.",
            ["route", "code"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "slotwarden_gateway_request_seconds",
            "How long requests to the gateway took.",
            ["route"],
            registry=registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self._behind = Gauge(
            "slotwarden_gateway_catalog_behind_seconds",
            "For how long changes of objects may have been missed: since a watch was lost; 0 while all stand.",
            registry=registry,
        )
        self._tasks = Gauge(
            "slotwarden_gateway_tasks",
            "Tasks of the event loop: requests, connections, watches; more of them at rest are a leak.",
            registry=registry,
        )
        self._tasks.set_function(_tasks)
        self._ready = Gauge(
            "slotwarden_gateway_ready", "1 while requests can be served, 0 while they cannot.", registry=registry
        )
        self._start = _certificate("start", "From when", registry)
        self._end = _certificate("end", "Until when", registry)

    def certificate_shown(self, start: datetime, end: datetime) -> None:
        """Take note of the life of the certificate that is shown from now on."""
        self._start.set(start.timestamp())
        self._end.set(end.timestamp())

    def follow_ready(self, ready: Callable[[], bool]) -> None:
        """Ask whether requests can be served whenever metrics are asked for."""
        self._ready.set_function(ready)

    def follow_catalog(self, behind: Callable[[], float]) -> None:
        """Read how far the catalog is behind whenever metrics are asked for."""
        self._behind.set_function(behind)


class _Slots(Collector):
    """Counted anew each time: a reason that no slot has any more leaves no series behind."""

    def __init__(self, count: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self._count = count

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The one metric."""
        slots = GaugeMetricFamily(
            "slotwarden_slots",
            "Slots of the leader, by the reason of their Ready condition; New while they have none.",
            labels=["kind", "reason"],
        )
        for labels, number in self._count().items():
            slots.add_metric(labels, number)
        yield slots


def _certificate(word: str, when: str, registry: CollectorRegistry) -> Gauge:
    made = Gauge(
        f"slotwarden_gateway_certificate_{word}_timestamp_seconds",
        f"{when} the certificate that is shown is good, in seconds since 1970; NaN while there is none.",
        registry=registry,
    )
    made.set(math.nan)
    return made


def _tasks() -> float:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        # Asked for outside of a loop, where none runs.
        return 0
