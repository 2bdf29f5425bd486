"""What the service tells about itself: metrics for Prometheus, traces for OpenTelemetry.

A part makes its own metrics with `counter`, `gauge` and `histogram` of the service's `Instruments`; names start with
'gemel_', units stand in the name.  Nothing clinical is ever a label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

__all__ = ["BUCKETS", "Instruments", "Span", "instruments"]

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the bins of a duration [s]."""

Span = Callable[[str, Mapping[str, Any]], AbstractContextManager[Any]]
"""Opens one step of a trace, with its attributes."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """The metrics of one running service, and how it traces; `open_span` is None while nobody collects traces."""

    registry: CollectorRegistry
    requests: Counter
    durations: Histogram
    facts: Counter
    rejected: Counter
    commits: Histogram
    forecasts: Histogram
    open_span: Span | None = None

    def counter(self, name: str, about: str, labels: Sequence[str] = ()) -> Counter:
        """A new count, which only rises."""
        return Counter(name, about, labels, registry=self.registry)

    def gauge(self, name: str, about: str, labels: Sequence[str] = ()) -> Gauge:
        """A new quantity, which goes up and down."""
        return Gauge(name, about, labels, registry=self.registry)

    def histogram(
        self, name: str, about: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = BUCKETS
    ) -> Histogram:
        """A new distribution."""
        return Histogram(name, about, labels, registry=self.registry, buckets=buckets)

    def span(self, name: str, **attributes: str | int | float | bool) -> AbstractContextManager[Any]:
        """What happens inside is one step of a trace."""
        return nullcontext() if self.open_span is None else self.open_span(name, attributes)


def instruments(open_span: Span | None = None) -> Instruments:
    """The metrics that every service has."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return Instruments(
        registry=registry,
        requests=Counter("gemel_requests", "Requests answered", ("method", "route", "status"), registry=registry),
        durations=Histogram(
            "gemel_request_seconds", "From request to answer", ("route",), registry=registry, buckets=BUCKETS
        ),
        facts=Counter("gemel_facts", "Facts that became durable", ("outcome",), registry=registry),
        rejected=Counter("gemel_rejected", "Rows that could not become facts", ("reason",), registry=registry),
        commits=Histogram("gemel_commit_seconds", "From handing in to durable", registry=registry, buckets=BUCKETS),
        forecasts=Histogram(
            "gemel_forecast_seconds", "Time a forecast on request takes", registry=registry, buckets=BUCKETS
        ),
        open_span=open_span,
    )
