"""One person's record for the health map: observations as facts, the rest as a FHIR chart says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from ...core.fact import Fact, Observation, Rejected
from ...core.subject import Subject
from ...domains.health.healthmap import Diagnosis, Medicine, Record
from ...ingest.fhir.chart import Chart, Relative

__all__ = ["record_of"]

_OMB: Mapping[str, str] = MappingProxyType({"2106-3": "white", "2054-5": "black"})
"""CDC race codes of US Core that a score here knows."""
_CLOSE = frozenset({"MTH", "FTH", "PRN", "BRO", "SIS", "SIB", "CHILD", "SON", "DAU", "NMTH", "NFTH", "NBRO", "NSIS"})
"""HL7 v3 RoleCode: parents, siblings and children."""
_HEART_ATTACK = ("snomed:22298006", ":I21", ":I22")


def record_of(
    subject: Subject, items: Iterable[Fact | Rejected], chart: Chart, answers: Mapping[str, float] | None = None
) -> Record:
    """The record of a subject; `answers` are added to, and win over, what the chart says."""
    diagnoses = [Diagnosis(d.id, code, d.title, d.at, d.active, d.refuted) for d in chart.diagnoses for code in d.codes]
    medicines = [Medicine(m.id, m.title, m.at, m.active) for m in chart.medicines]
    return Record(
        subject, tuple(i for i in items if isinstance(i, Observation)),
        tuple(sorted(diagnoses, key=lambda d: (d.at or 0, d.id, d.code))),
        tuple(sorted(medicines, key=lambda m: (m.at or 0, m.id))), MappingProxyType(_traits(chart)),
        MappingProxyType({**_family(chart.relatives), **(answers or {})}), chart.country,
    )  # fmt: skip


def _traits(chart: Chart) -> dict[str, str]:
    """Race, where US Core states one that a score knows."""
    known = [_OMB[code] for code in chart.races if code in _OMB]
    return {"race": known[0]} if len(known) == 1 else {}


def _family(relatives: Sequence[Relative]) -> dict[str, float]:
    """Whether a parent, sibling or child had a heart attack, where the record says anything of relatives."""
    codes = [code for relative in relatives if relative.role in _CLOSE for code in relative.codes]
    struck = any(code == mark or (mark[0] == ":" and mark in code) for code in codes for mark in _HEART_ATTACK)
    return {"family_heart_attack": float(struck)} if relatives else {}
