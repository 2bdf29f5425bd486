"""A FHIR R4 bundle as one person's record for the health map: observations by the reader, the rest by the chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..core.fact import Observation, Rejected
from ..domains.health.healthmap import Diagnosis, Medicine, Record
from ..ingest import fhir
from ..ingest.fhir.chart import Chart, Relative, read_chart

__all__ = ["Source", "read_record"]

_OMB: Mapping[str, str] = MappingProxyType({"2106-3": "white", "2054-5": "black"})
"""CDC race codes of US Core that a score here knows."""
_CLOSE = frozenset({"MTH", "FTH", "PRN", "BRO", "SIS", "SIB", "CHILD", "SON", "DAU", "NMTH", "NFTH", "NBRO", "NSIS"})
"""HL7 v3 RoleCode: parents, siblings and children."""
_HEART_ATTACK = ("snomed:22298006", ":I21", ":I22")


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
    facts = tuple(i for i in items if isinstance(i, Observation))
    diagnoses = [Diagnosis(d.id, code, d.title, d.at, d.active, d.refuted) for d in chart.diagnoses for code in d.codes]
    medicines = [Medicine(m.id, m.title, m.at, m.active) for m in chart.medicines]
    record = Record(
        subject, facts, tuple(sorted(diagnoses, key=lambda d: (d.at or 0, d.id, d.code))),
        tuple(sorted(medicines, key=lambda m: (m.at or 0, m.id))), MappingProxyType(_traits(chart)),
        MappingProxyType({**_family(chart.relatives), **(answers or {})}), chart.country,
    )  # fmt: skip
    rejected = tuple(i for i in items if isinstance(i, Rejected))
    return Source(record, rejected, MappingProxyType(dict(Counter(feed.skipped) + Counter(chart.skipped))))


def _traits(chart: Chart) -> dict[str, str]:
    """Race, where US Core states one that a score knows."""
    known = [_OMB[code] for code in chart.races if code in _OMB]
    return {"race": known[0]} if len(known) == 1 else {}


def _family(relatives: Sequence[Relative]) -> dict[str, float]:
    """Whether a parent, sibling or child had a heart attack, where the record says anything of relatives."""
    codes = [code for relative in relatives if relative.role in _CLOSE for code in relative.codes]
    struck = any(code == mark or (mark[0] == ":" and mark in code) for code in codes for mark in _HEART_ATTACK)
    return {"family_heart_attack": float(struck)} if relatives else {}
