"""A twin's forecasts as FHIR tells them: RiskAssessment, and the Provenance that says which twin and which model.

They are made of the ledger when they are asked for; the last `RECENT` issues of each twin are told.  Each horizon gives
one prediction that a reading lies in the central 90 % band, and one for each limit of the alert rules that is about
this observable: the least probability that the quantiles leave open.  A model that stands silent at this site is told
as 'preliminary', one that has earned its standing as 'final'; a forecast is never told as an Observation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ...core.errors import UnitError
from ...core.fact import Instant
from ...core.ledger import IssuedForecast
from ...core.ports import Caller
from ...core.units import convert
from ...core.writing import Document
from ...ingest.feed import content_id
from ...runtime.holdings import known
from ..alerts.judge import probability
from ..alerts.rules import Rule, read_rules
from ..context import Service
from .shelf import moment

__all__ = ["RECENT", "told_forecasts"]

RECENT = 10
"""Issues of a twin that are told, the newest first."""

_Issue = Sequence[IssuedForecast]


def told_forecasts(service: Service, caller: Caller, kind: str, subjects: Sequence[str]) -> list[Document]:
    """The resources of this type that forecasts of these subjects make; none for other types."""
    if kind not in ("RiskAssessment", "Provenance"):
        return []
    make = _assessment if kind == "RiskAssessment" else _provenance
    found = dict.fromkeys(known(service.store, caller, subject) for subject in subjects)
    return [make(service, issue) for subject in found if subject for issue in _issues(service, caller, subject)]


def _issues(service: Service, caller: Caller, subject: str) -> Iterator[_Issue]:
    for twin in service.store.twins(caller, subject):
        rows: dict[tuple[Instant, str], list[IssuedForecast]] = {}
        for row in service.store.ledger(twin, caller):
            rows.setdefault((row.issued, row.plan), []).append(row)
        yield from [rows[key] for key in sorted(rows, reverse=True)[:RECENT]]


def _assessment(service: Service, issue: _Issue) -> Document:
    first = issue[0]
    standing = service.site.status(first.model).standing
    rules = read_rules().of("forecast")
    notes = [f"The model's standing at this site is {standing}.", f"Plan: {first.plan}."]
    if first.stale:
        notes.append(f"The twin was stale: {first.stale}.")
    body = {
        "resourceType": "RiskAssessment",
        "id": _id(issue),
        "contained": [_twin(first)],
        "identifier": [{"system": "urn:gemel:forecast", "value": row.id} for row in issue],
        "status": "final" if standing == "advisory" else "preliminary",
        "method": {"coding": [{"system": "urn:gemel:model", "code": first.model, "version": first.model_version}]},
        "subject": {"reference": f"Patient/{first.subject}"},
        "occurrenceDateTime": moment(first.issued),
        "performer": {"reference": "#twin"},
        "basis": [
            {
                "identifier": {"system": "urn:gemel:facts-sha256", "value": first.facts_hash},
                "display": "the facts of this patient that the twin had used",
            }
        ],
        "prediction": [prediction for row in issue for prediction in _predictions(row, rules)],
        "note": [{"text": text} for text in notes],
    }
    return _document("RiskAssessment", body, first.issued)


def _provenance(service: Service, issue: _Issue) -> Document:
    first = issue[0]
    body = {
        "resourceType": "Provenance",
        "id": _id(issue),
        "contained": [_twin(first)],
        "target": [{"reference": f"RiskAssessment/{_id(issue)}"}],
        "occurredDateTime": moment(first.issued),
        "recorded": moment(first.issued),
        "agent": [
            {
                "type": {"coding": [{"system": _AGENT, "code": "assembler", "display": "Assembler"}]},
                "who": {"reference": "#twin"},
            }
        ],
        "entity": [
            {
                "role": "source",
                "what": {
                    "identifier": {"system": "urn:gemel:card", "value": f"{first.model}@{first.model_version}"},
                    "display": f"model card of {first.model} {first.model_version}",
                },
            }
        ],
    }
    return _document("Provenance", body, first.issued)


_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def _twin(row: IssuedForecast) -> dict[str, Any]:
    """The twin as the Device that speaks."""
    return {
        "resourceType": "Device",
        "id": "twin",
        "identifier": [{"system": "urn:gemel:twin", "value": row.twin}],
        "deviceName": [{"name": f"digital twin ({row.model})", "type": "user-friendly-name"}],
        "version": [{"value": row.model_version}],
    }


def _predictions(row: IssuedForecast, rules: Sequence[Rule]) -> Iterator[dict[str, Any]]:
    when = {"start": moment(row.target), "end": moment(row.target)}
    low, high = row.quantiles.get("0.05"), row.quantiles.get("0.95")
    if low is not None and high is not None:
        text = f"{row.observable} from {low:.4g} to {high:.4g} {row.unit}"
        yield {"outcome": {"text": text}, "probabilityDecimal": 0.9, "whenPeriod": when}
    pairs = sorted((float(level), value) for level, value in row.quantiles.items())
    levels, values = [p[0] for p in pairs], [p[1] for p in pairs]
    for rule in rules:
        if rule.observable != row.observable:
            continue
        try:
            limit = convert(rule.limit, rule.unit, row.unit, rule.analyte)
        except UnitError:
            continue
        chance = round(probability(rule.side, limit, levels, values), 4)
        text = f"{row.observable} {rule.side} {limit:g} {row.unit}"
        yield {"outcome": {"text": text}, "probabilityDecimal": chance, "whenPeriod": when, "rationale": rule.source}


def _id(issue: _Issue) -> str:
    return f"{issue[0].subject}.{content_id(*(row.id for row in issue))}"


def _document(kind: str, body: dict[str, Any], at: Instant) -> Document:
    return Document(kind=kind, id=body["id"], body=msgspec.json.encode(body), recorded=at)
