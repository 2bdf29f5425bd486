"""A FHIR R4 bundle as one person's record for the health map: observations by the reader, the rest by the chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..core.fact import Rejected
from ..domains.health.healthmap import Record
from ..ingest import fhir
from ..ingest.fhir.chart import read_chart
from ..runtime.answers.health_record import record_of

__all__ = ["Source", "read_record"]


@dataclass(frozen=True, slots=True)
class Source:
    """A record and what reading it left aside."""

    record: Record
    rejected: tuple[Rejected, ...]
    skipped: Mapping[str, int]


def read_record(path: Path | str | bytes, *, zone: str = "UTC", answers: Mapping[str, float] | None = None) -> Source:
    """The record of the one patient in a bundle; `answers` are added to, and win over, what the bundle says.

    Raises IngestError for a source that is no bundle of one patient.
    """
    source = path if isinstance(path, bytes) else Path(path)
    subject = fhir.read_patient(source, zone=zone)
    feed = fhir.read(source, zone=zone, patient=subject.id)
    items = list(feed)
    chart = read_chart(source, subject.id, zone=zone)
    record = record_of(subject, items, chart, answers)
    rejected = tuple(i for i in items if isinstance(i, Rejected))
    return Source(record, rejected, MappingProxyType(dict(Counter(feed.skipped) + Counter(chart.skipped))))
