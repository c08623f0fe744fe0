"""Metrics in Prometheus' text format, as numbers by name and labels."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


class Metrics:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name whose labels include these; 0.0 where there is none."""
        return sum(
            sample.value for sample in self._samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def samples(self) -> list[tuple[str, dict[str, str], float]]:
        """All samples: name, labels, value."""
        return [(sample.name, sample.labels, sample.value) for sample in self._samples]

    def names(self) -> set[str]:
        """The names of all samples."""
        return {sample.name for sample in self._samples}
