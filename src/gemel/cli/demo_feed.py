"""What the demo sends to the service: the last hours of its virtual person, moved to the present, as hospitals and
devices would say them: a FHIR transaction, HL7 v2 messages, rows of a sensor and a pump.

Nobody is meant by them: the person is a model, and the numbers of records are from the example arc of HL7's OIDs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from ..core.clock import DAY, HOUR, MINUTE, SECOND, text
from ..core.fact import Instant
from .demo_life import WEIGHT, Life

__all__ = ["RECORD", "SENSOR", "Feed", "acts", "admission", "feed_of", "result", "row", "transaction"]

AUTHORITY: Final = "2.16.840.1.113883.19.5"
"""Who gives record numbers here: an OID that HL7 keeps for examples (https://hl7.org/fhir/R4/patient-example.html)."""
RECORD: Final = "G-1001"
SENSOR: Final = "loinc:99504-3"
INSULIN: Final = "86009"
"""Insulin lispro in RxNorm, as in ingest/codes.csv."""
BORN: Final = "1986-05-17"
LIVE: Final = 6
"""Sensor readings that are kept back, to be sent one by one while the twin lives."""
LEARN: Final = 12 * HOUR
Json = dict[str, Any]
Timed = tuple[tuple[Instant, float], ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """The last hours of a life, its last instant moved to the present: sensor [mg/dL], boluses [[IU]], meals [g], the
    pump's basal rate [[IU]/h]; `live` are the newest readings."""

    now: Instant
    basal: float
    glucose: Timed
    boluses: Timed
    meals: Timed
    live: Timed

    @property
    def start(self) -> Instant:
        """The first instant."""
        return self.now - LEARN


def feed_of(life: Life, now: Instant) -> Feed:
    """The life's last hours, to be told as if its present were now."""
    moved = now - SECOND - life.now

    def recent(timed: Timed) -> Timed:
        return tuple((at + moved, value) for at, value in timed if at > life.now - LEARN)

    glucose = recent(life.glucose)
    return Feed(
        now=now, basal=life.basal, glucose=glucose[:-LIVE], boluses=recent(life.boluses), meals=recent(life.meals),
        live=glucose[-LIVE:],
    )  # fmt: skip


def transaction(feed: Feed) -> Json:
    """A FHIR bundle: the patient, their weight, sensor readings, boluses."""
    who = f"urn:uuid:{uuid4()}"
    person = {
        "resourceType": "Patient", "identifier": [{"system": f"urn:oid:{AUTHORITY}", "value": RECORD}],
        "gender": "female", "birthDate": BORN,
    }  # fmt: skip
    weight = _observation(who, "29463-7", feed.start - DAY, WEIGHT, "kg")
    readings = [_observation(who, "99504-3", at, value, "mg/dL") for at, value in feed.glucose]
    given = [_administration(who, at, dose) for at, dose in feed.boluses]
    entries = [_posted(person, who), *(_posted(one) for one in (weight, *readings, *given))]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _posted(resource: Json, url: str | None = None) -> Json:
    entry = {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
    return entry if url is None else {"fullUrl": url, **entry}


def _observation(who: str, code: str, at: Instant, value: float, unit: str) -> Json:
    return {
        "resourceType": "Observation", "status": "final", "subject": {"reference": who},
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "effectiveDateTime": text(at, "UTC"),
        "valueQuantity": _quantity(value, unit),
    }  # fmt: skip


def _administration(who: str, at: Instant, dose: float) -> Json:
    drug = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": INSULIN}]}
    return {
        "resourceType": "MedicationAdministration", "status": "completed", "subject": {"reference": who},
        "medicationCodeableConcept": drug, "effectiveDateTime": text(at, "UTC"),
        "dosage": {"dose": _quantity(dose, "[IU]")},
    }  # fmt: skip


def _quantity(value: float, unit: str) -> Json:
    return {"value": round(value, 1), "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def admission(feed: Feed) -> bytes:
    """An ADT^A01: the same person, by their record number, comes in."""
    at = _stamp(feed.now - 30 * MINUTE)
    visit = ["PV1", "1", "I", "W1^R2^B3", *[""] * 15, "DEMO-V1", *[""] * 24, at]  # PV1-19 and PV1-44
    return _message(_head(feed, "ADT^A01^ADT_A01", "DEMO-1"), f"EVN|A01|{at}", _PERSON, "|".join(visit))


def result(feed: Feed, saturation: float = 88.0) -> bytes:
    """An ORU^R01: a bedside monitor reads an oxygen saturation [%] that a rule calls for."""
    at = _stamp(feed.now - MINUTE)
    return _message(
        _head(feed, "ORU^R01^ORU_R01", "DEMO-2"), _PERSON,
        f"OBR|1||DEMO-F2|59408-5^oxygen saturation^LN|||{at}",
        f"OBX|1|NM|59408-5^oxygen saturation^LN||{saturation:g}|%|||||F|||{at}",
    )  # fmt: skip


_PERSON: Final = f"PID|1||{RECORD}^^^DEMO&{AUTHORITY}&ISO^MR||DEMO||{BORN.replace('-', '')}|F"


def _head(feed: Feed, kind: str, control: str) -> str:
    return f"MSH|^~\\&|MONITOR|DEMO|GEMEL|DEMO|{_stamp(feed.now)}||{kind}|{control}|P|2.5.1"


def _message(*segments: str) -> bytes:
    return "\r".join((*segments, "")).encode()


def _stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y%m%d%H%M%S+0000")


def row(at: Instant, value: float) -> Json:
    """A sensor's reading as the REST and MQTT doors take it."""
    return {"code": SENSOR, "value": round(value, 1), "unit": "mg/dL", "at": at, "source": "demo-sensor"}


def acts(feed: Feed) -> Sequence[Json]:
    """What the pump and the meal diary say."""
    pump = {
        "code": "gemel:rapid-insulin",
        "rate": feed.basal,
        "unit": "[IU]/h",
        "at": feed.start,
        "source": "demo-pump",
    }
    meals = [
        {"code": "gemel:carbohydrate", "dose": grams, "unit": "g", "at": at, "source": "demo-diary"}
        for at, grams in feed.meals
    ]
    return [pump, *meals]
