"""A FHIR R4 bundle as one person's record: observations by the FHIR reader, diagnoses, medicines and traits from here.

Read besides observations: Condition (code, status, onset), MedicationRequest and MedicationStatement (name and status;
a prescription counts as taken while it is active), FamilyMemberHistory (heart attacks of parents, siblings, children),
the US Core race of the Patient, and the country of the address.
Conditions and medicines of anybody else are left out, as the reader does with observations.  Nothing is ever refused as
a whole because of one malformed resource: it is counted in `unread`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec

from ..core.clock import instant
from ..core.errors import IngestError, TimelineError
from ..core.fact import Instant, Observation, Rejected
from ..domains.health.healthmap import Diagnosis, Medicine, Record
from ..ingest import fhir
from ..ingest.codes import coded
from ..ingest.fhir.types import Coding, Concept, Entry, Medication, Reference
from ..ingest.source import whole

__all__ = ["Source", "read_record"]

_RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
_OMB: Mapping[str, str] = MappingProxyType({"2106-3": "white", "2054-5": "black"})
"""CDC race codes of US Core that a score here knows."""
_SILENT = ("refuted", "entered-in-error")


@dataclass(frozen=True, slots=True)
class Source:
    """A record and what reading it left aside."""

    record: Record
    rejected: tuple[Rejected, ...]
    skipped: Mapping[str, int]


class _Period(msgspec.Struct):
    start: str | None = None


class _Condition(msgspec.Struct, tag_field="resourceType", tag="Condition"):
    id: str | None = None
    subject: Reference | None = None
    code: Concept | None = None
    clinicalStatus: Concept | None = None
    verificationStatus: Concept | None = None
    onsetDateTime: str | None = None
    onsetPeriod: _Period | None = None
    recordedDate: str | None = None


class _Drug(msgspec.Struct):
    id: str | None = None
    status: str | None = None
    subject: Reference | None = None
    medicationCodeableConcept: Concept | None = None
    medicationReference: Reference | None = None


class _Prescription(_Drug, tag_field="resourceType", tag="MedicationRequest"):
    authoredOn: str | None = None


class _Statement(_Drug, tag_field="resourceType", tag="MedicationStatement"):
    effectiveDateTime: str | None = None


class _Ill(msgspec.Struct):
    code: Concept | None = None


class _Relative(msgspec.Struct, tag_field="resourceType", tag="FamilyMemberHistory"):
    id: str | None = None
    status: str | None = None
    patient: Reference | None = None
    relationship: Concept | None = None
    condition: list[_Ill] | None = None


class _Extension(msgspec.Struct):
    url: str | None = None
    valueCoding: Coding | None = None
    extension: list[_Extension] | None = None


class _Address(msgspec.Struct):
    country: str | None = None


class _Patient(msgspec.Struct, tag_field="resourceType", tag="Patient"):
    id: str | None = None
    extension: list[_Extension] | None = None
    address: list[_Address] | None = None


class _Bundle(msgspec.Struct):
    resourceType: str
    entry: list[Entry] | None = None


class _Head(msgspec.Struct):
    resourceType: str | None = None


_Resource = _Condition | _Prescription | _Statement | Medication | _Patient | _Relative
_KINDS = ("Condition", "MedicationRequest", "MedicationStatement", "Medication", "Patient", "FamilyMemberHistory")
_CLOSE = frozenset({"MTH", "FTH", "PRN", "BRO", "SIS", "SIB", "CHILD", "SON", "DAU", "NMTH", "NFTH", "NBRO", "NSIS"})
"""HL7 v3 RoleCode: parents, siblings and children."""
_HEART_ATTACK = ("snomed:22298006", ":I21", ":I22")
_DECODER: msgspec.json.Decoder[_Resource] = msgspec.json.Decoder(_Resource)


def read_record(path: Path | str | bytes, *, zone: str = "UTC", answers: Mapping[str, float] | None = None) -> Source:
    """The record of the one patient in a bundle; `answers` are added to, and win over, what the bundle says.

    Raises IngestError for a source that is no bundle of one patient.
    """
    source = path if isinstance(path, bytes) else Path(path)
    subject = fhir.read_patient(source, zone=zone)
    feed = fhir.read(source, zone=zone, patient=subject.id)
    items = list(feed)
    skipped = Counter(feed.skipped)
    facts = tuple(i for i in items if isinstance(i, Observation))
    found = list(_resources(source, skipped))
    names = {key: r.code for r, url in found if isinstance(r, Medication) for key in _keys(r, url)}
    diagnoses: list[Diagnosis] = []
    medicines: list[Medicine] = []
    traits: dict[str, str] = {}
    country = ""
    relatives = [r for r, _ in found if isinstance(r, _Relative) and _own(r.patient, subject.id)]
    for resource, url in found:
        if isinstance(resource, _Patient):
            traits, country = _traits(resource), _country(resource)
        elif isinstance(resource, _Condition) and _own(resource.subject, subject.id):
            diagnoses += _diagnoses(resource, url, zone)
        elif isinstance(resource, (_Prescription, _Statement)) and _own(resource.subject, subject.id):
            medicines.append(_medicine(resource, url, zone, names))
    record = Record(
        subject, facts, tuple(sorted(diagnoses, key=lambda d: (d.at or 0, d.id, d.code))),
        tuple(sorted(medicines, key=lambda m: (m.at or 0, m.id))), MappingProxyType(traits),
        MappingProxyType({**_family(relatives), **(answers or {})}), country,
    )  # fmt: skip
    rejected = tuple(i for i in items if isinstance(i, Rejected))
    return Source(record, rejected, MappingProxyType(dict(skipped)))


def _resources(source: Path | bytes, skipped: Counter[str]) -> Iterator[tuple[_Resource, str]]:
    """The resources of these types, with their full URL."""
    try:
        bundle = msgspec.json.decode(whole(source).removeprefix(b"\xef\xbb\xbf"), type=_Bundle)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise IngestError(f"a health map needs a FHIR bundle as one JSON document: {error}") from error
    for entry in bundle.entry or ():
        try:
            kind = msgspec.json.decode(entry.resource, type=_Head).resourceType
            if kind in _KINDS:
                yield _DECODER.decode(entry.resource), entry.fullUrl or ""
        except msgspec.MsgspecError:
            skipped["malformed condition, medicine or patient"] += 1


def _keys(medication: Medication, url: str) -> tuple[str, ...]:
    return tuple(key for key in (url, f"Medication/{medication.id}" if medication.id else "") if key)


def _own(reference: Reference | None, patient: str) -> bool:
    named = (reference.reference or "") if reference is not None else ""
    return not named or named.partition("/_history/")[0].rpartition("/")[2].rpartition(":")[2] == patient


def _code(concept: Concept | None) -> str:
    return next((c.code for c in (concept.coding or ()) if c.code), "") if concept is not None else ""


def _text(concept: Concept | None) -> str:
    if concept is None:
        return ""
    return concept.text or next((c.display for c in concept.coding or () if c.display), "") or _code(concept)


def _at(text: str | None, zone: str) -> Instant | None:
    """When it began; a year or a month stands for its first day, what cannot be read for unknown."""
    if not text:
        return None
    full = text if len(text) >= 10 else f"{text}-01-01" if len(text) == 4 else f"{text}-01"
    try:
        return instant(full, tz=zone)
    except TimelineError:
        return None


def _diagnoses(resource: _Condition, url: str, zone: str) -> list[Diagnosis]:
    """One per coding, so that SNOMED CT and ICD-10 are both seen."""
    began = resource.onsetDateTime or (resource.onsetPeriod.start if resource.onsetPeriod is not None else None)
    name = resource.id or url or _text(resource.code)
    refuted = _code(resource.verificationStatus) in _SILENT
    active = _code(resource.clinicalStatus) in ("", "active", "recurrence", "relapse")
    codes = [coded(c.system, c.code) for c in (resource.code.coding or ()) if c.code] if resource.code else []
    at = _at(began or resource.recordedDate, zone)
    return [Diagnosis(name, code, _text(resource.code), at, active, refuted) for code in codes or [""]]


def _medicine(
    resource: _Prescription | _Statement, url: str, zone: str, names: Mapping[str, Concept | None]
) -> Medicine:
    pointed = resource.medicationReference.reference if resource.medicationReference is not None else None
    concept = resource.medicationCodeableConcept or names.get(pointed or "")
    began = resource.authoredOn if isinstance(resource, _Prescription) else resource.effectiveDateTime
    return Medicine(resource.id or url, _text(concept), _at(began, zone), resource.status == "active")


def _traits(patient: _Patient) -> dict[str, str]:
    """Race, where US Core states one that a score knows."""
    races = [
        inner.valueCoding.code
        for outer in patient.extension or () if outer.url == _RACE
        for inner in outer.extension or () if inner.valueCoding is not None
    ]  # fmt: skip
    known = [_OMB[code] for code in races if code is not None and code in _OMB]
    return {"race": known[0]} if len(known) == 1 else {}


def _family(relatives: Sequence[_Relative]) -> dict[str, float]:
    """Whether a parent, sibling or child had a heart attack, where the record says anything of relatives."""
    told = [r for r in relatives if r.status in ("completed", "partial")]
    codes = [
        coded(c.system, c.code)
        for r in told if _code(r.relationship) in _CLOSE
        for ill in r.condition or () if ill.code is not None
        for c in ill.code.coding or () if c.code
    ]  # fmt: skip
    struck = any(code == mark or (mark[0] == ":" and mark in code) for code in codes for mark in _HEART_ATTACK)
    return {"family_heart_attack": float(struck)} if told else {}


def _country(patient: _Patient) -> str:
    return next((a.country.strip().upper() for a in patient.address or () if a.country), "")
