"""The risks as FHIR R4: a collection Bundle of RiskAssessments and the Provenance of all of them.

R4 gives probabilities in per cent (RiskAssessment.prediction.probability[x]: decimals at most 100, ranges in UCUM %).
Each assessment has two predictions of one outcome: the median, and the 95 % interval.  Status is `preliminary`: a
forecast is for somebody to look at, never a final finding.  Ids are made of subject, score and time, so the same map
gives the same resources.  Only what the map shows leaves: nothing outside a score's domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ....core.clock import text
from .risks import Risk
from .whole import HealthMap
from .words import CAUTION

__all__ = ["risk_assessments"]

_UCUM = "http://unitsofmeasure.org"
_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def risk_assessments(found: HealthMap, software: str) -> dict[str, Any]:
    """The bundle; `software` names the program and its version in the Provenance."""
    made = [_assessment(found, risk) for risk in found.scored.risks]
    resources = [*made, *([_provenance(found, made, software)] if made else [])]
    entries = [{"fullUrl": f"urn:uuid:{r['id']}", "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": _now(found), "entry": entries}


def _now(found: HealthMap) -> str:
    return text(found.chart.at, found.chart.subject.zone)


def _id(found: HealthMap, what: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"gemel:{found.chart.subject.id}:{what}:{found.chart.at}"))


def _assessment(found: HealthMap, risk: Risk) -> dict[str, Any]:
    score = risk.score
    basis = sorted({
        reading.id.partition("#")[0]
        for entry in score.inputs if entry.covariate
        for reading in (found.chart.newest(entry.covariate),) if reading is not None
    })  # fmt: skip
    note = [CAUTION] + [
        f"{words}: {', '.join(items)}"
        for words, items in (
            ("filled in from a population", risk.imputed), ("taken as no", risk.silent), ("over a year old", risk.old),
        ) if items
    ]  # fmt: skip
    made: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "id": _id(found, f"{score.id}.{risk.answer.name}"),
        "status": "preliminary",
        "method": {"text": f"{score.title} {score.version}, doi:{score.doi}".strip()},
        "subject": {"reference": f"Patient/{found.chart.subject.id}"},
        "occurrenceDateTime": _now(found),
        "prediction": _predictions(risk),
        "note": [{"text": line} for line in note],
    }
    if basis:
        made["basis"] = [{"reference": reference} for reference in basis]
    helps = [f"{w.words}: {w.kind}, {w.source}" for w in found.what_ifs if w.risk.score.id == score.id]
    if helps:
        made["mitigation"] = "; ".join(helps)
    return made


def _predictions(risk: Risk) -> list[dict[str, Any]]:
    when = {"high": _quantity(risk.years, "a")}
    outcome = {"text": risk.answer.outcome}
    low, middle, high = (100.0 * risk.quantiles[k] for k in (0, 2, 4))  # structure: per cent
    return [
        {"outcome": outcome, "probabilityDecimal": round(middle, 4), "whenRange": when, "rationale": "median"},
        {"outcome": outcome, "probabilityRange": {"low": _quantity(low, "%"), "high": _quantity(high, "%")},
         "whenRange": when, "rationale": "95 % interval from missing, old and varying inputs"},
    ]  # fmt: skip


def _quantity(value: float, unit: str) -> Mapping[str, Any]:
    return {"value": round(value, 4), "unit": unit, "system": _UCUM, "code": unit}


def _provenance(found: HealthMap, made: list[dict[str, Any]], software: str) -> dict[str, Any]:
    sources = sorted({f"doi:{r.score.doi}" for r in found.scored.risks if r.score.doi})
    return {
        "resourceType": "Provenance",
        "id": _id(found, "provenance"),
        "target": [{"reference": f"urn:uuid:{r['id']}"} for r in made],
        "recorded": _now(found),
        "agent": [{"type": {"coding": [{"system": _AGENT, "code": "assembler"}]}, "who": {"display": software}}],
        "entity": [{"role": "source", "what": {"display": source}} for source in sources],
    }
