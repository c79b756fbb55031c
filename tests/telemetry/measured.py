"""Metrics as an exporter would get them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, Metric


@dataclass
class Measured:
    """Reads what was counted since it was last read."""

    reader: InMemoryMetricReader

    def metrics(self) -> dict[str, Metric]:
        return {each.name: each for each in self._all()}

    def sums(self) -> dict[str, float]:
        """Return the sum of each metric that has one, over all attributes."""
        return {
            name: sum(_value(point) for point in metric.data.data_points)
            for name, metric in self.metrics().items()
        }

    def points(self, name: str) -> list[tuple[float, dict[str, Any]]]:
        """Return value and attributes of each time series of a metric."""
        points = self.metrics()[name].data.data_points
        return [(_value(point), dict(point.attributes or {})) for point in points]

    def _all(self) -> Iterator[Metric]:
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                if scope.scope.name == "telling":
                    yield from scope.metrics


def _value(point: Any) -> float:
    return float(point.max if isinstance(point, HistogramDataPoint) else point.value)
