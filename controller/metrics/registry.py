"""The registry of metrics. Each process makes its own; importing a module registers nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

# The names of labels whose values come later, or labels with their values.
Labels = Sequence[str] | Mapping[str, str]
_Family = TypeVar("_Family", Counter, Gauge, Histogram)


class Registry(CollectorRegistry):
    """Declares metrics and renders them.

    A method returns the whole metric if it gets the names of labels, and one series if it gets labels with values. That
    series exists from then on, so rates and alerts work before anything happens. A metric can be declared repeatedly:
    all queues, for example, report to the same metrics.

    Declare metrics in one thread, while the application is wired. Any thread may change what the methods return.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        super().__init__(auto_describe=True)
        # Otherwise every counter and histogram has a second series with its time of creation, which nothing uses.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._declared: dict[str, Counter | Gauge | Histogram] = {}

    def counter(self, name: str, meaning: str, labels: Labels = ()) -> Counter:
        """Declare the counter `name`, which ends with "_total"."""
        return self._declare(name, labels, lambda: Counter(name, meaning, tuple(labels), registry=self))

    def gauge(self, name: str, meaning: str, labels: Labels = ()) -> Gauge:
        """Declare the gauge `name`."""
        return self._declare(name, labels, lambda: Gauge(name, meaning, tuple(labels), registry=self))

    def histogram(self, name: str, meaning: str, buckets: tuple[float, ...], labels: Labels = ()) -> Histogram:
        """Declare the histogram `name`, which ends with its unit. `buckets` are upper bounds in that unit."""
        return self._declare(
            name, labels, lambda: Histogram(name, meaning, tuple(labels), buckets=buckets, registry=self)
        )

    def _declare(self, name: str, labels: Labels, make: Callable[[], _Family]) -> _Family:
        if name not in self._declared:
            self._declared[name] = make()
        metric = cast(_Family, self._declared[name])
        return metric.labels(**labels) if isinstance(labels, Mapping) else metric

    def render(self) -> bytes:
        """Return the body of `/metrics`, which has the type `content_type`."""
        return bytes(generate_latest(self))


def of_process() -> Registry:
    """Return a new registry that also shows the metrics of the process and of Python."""
    registry = Registry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
