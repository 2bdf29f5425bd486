"""What a FHIR R4 bundle says of one person beside measurements, as whoever reads a record needs it.

Read: Condition (code, status, onset), MedicationRequest and MedicationStatement (name and status; a prescription counts
as taken while it is active), FamilyMemberHistory, the US Core race of the Patient, and the country of the address.
What is about anybody else is left out, as the reader does with observations.  Nothing is ever refused as a whole
because of one malformed resource: it is counted in `skipped`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from gemel.core.clock import instant
from gemel.core.errors import IngestError, TimelineError
from gemel.core.fact import Instant

from ..codes import coded
from ..source import Source, whole
from .clinical_types import Condition
from .kinds import bare
from .types import Coding, Concept, Entry, Medication, Reference

__all__ = ["Chart", "Diagnosed", "Medicated", "Relative", "read_chart"]

_RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
_SILENT = ("refuted", "entered-in-error")


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A diagnosis: its codes as 'system:code' (none: ""), since when, and whether it holds, or was refuted."""

    id: str
    codes: tuple[str, ...]
    title: str
    at: Instant | None
    active: bool
    refuted: bool


@dataclass(frozen=True, slots=True)
class Medicated:
    """A medicine by name, since when, and whether it is taken."""

    id: str
    title: str
    at: Instant | None
    active: bool


@dataclass(frozen=True, slots=True)
class Relative:
    """Somebody of the family, by HL7 v3 RoleCode, and the codes of what they had."""

    role: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One person's record; `races` are CDC race codes of US Core, `country` is '' where no address says it."""

    diagnoses: tuple[Diagnosed, ...]
    medicines: tuple[Medicated, ...]
    relatives: tuple[Relative, ...]
    races: tuple[str, ...]
    country: str
    skipped: Mapping[str, int]


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


_Resource = Condition | _Prescription | _Statement | Medication | _Patient | _Relative
_KINDS = ("Condition", "MedicationRequest", "MedicationStatement", "Medication", "Patient", "FamilyMemberHistory")
_DECODER: msgspec.json.Decoder[_Resource] = msgspec.json.Decoder(_Resource)


def read_chart(source: Source, patient: str, *, zone: str = "UTC") -> Chart:
    """What a bundle says of this patient.  Raises IngestError for a source that is no bundle."""
    skipped: Counter[str] = Counter()
    found = list(_resources(source, skipped))
    names = {key: r.code for r, url in found if isinstance(r, Medication) for key in _keys(r, url)}
    diagnoses: list[Diagnosed] = []
    medicines: list[Medicated] = []
    relatives: list[Relative] = []
    races: tuple[str, ...] = ()
    country = ""
    for resource, url in found:
        if isinstance(resource, _Patient):
            races, country = tuple(_races(resource)), _country(resource)
        elif isinstance(resource, Condition) and _own(resource.subject, patient):
            diagnoses.append(_diagnosed(resource, url, zone))
        elif isinstance(resource, (_Prescription, _Statement)) and _own(resource.subject, patient):
            medicines.append(_medicated(resource, url, zone, names))
        elif isinstance(resource, _Relative) and _own(resource.patient, patient):
            relatives += _told(resource)
    return Chart(
        tuple(diagnoses), tuple(medicines), tuple(relatives), races, country, MappingProxyType(dict(skipped))
    )  # fmt: skip


def _resources(source: Source, skipped: Counter[str]) -> Iterator[tuple[_Resource, str]]:
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
    return not named or bare(named) == patient


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


def _diagnosed(resource: Condition, url: str, zone: str) -> Diagnosed:
    """Every coding counts, so that SNOMED CT and ICD-10 are both seen."""
    began = resource.onsetDateTime or (resource.onsetPeriod.start if resource.onsetPeriod is not None else None)
    refuted = _code(resource.verificationStatus) in _SILENT
    active = _code(resource.clinicalStatus) in ("", "active", "recurrence", "relapse")
    codes = tuple(coded(c.system, c.code) for c in (resource.code.coding or ()) if c.code) if resource.code else ()
    at = _at(began or resource.recordedDate, zone)
    title = _text(resource.code)
    return Diagnosed(resource.id or url or title, codes or ("",), title, at, active, refuted)


def _medicated(
    resource: _Prescription | _Statement, url: str, zone: str, names: Mapping[str, Concept | None]
) -> Medicated:
    pointed = resource.medicationReference.reference if resource.medicationReference is not None else None
    concept = resource.medicationCodeableConcept or names.get(pointed or "")
    began = resource.authoredOn if isinstance(resource, _Prescription) else resource.effectiveDateTime
    return Medicated(resource.id or url, _text(concept), _at(began, zone), resource.status == "active")


def _told(resource: _Relative) -> list[Relative]:
    """The relative, where the record stands by what it says."""
    if resource.status not in ("completed", "partial"):
        return []
    codes = [
        coded(c.system, c.code)
        for ill in resource.condition or () if ill.code is not None
        for c in ill.code.coding or () if c.code
    ]  # fmt: skip
    return [Relative(_code(resource.relationship), tuple(codes))]


def _races(patient: _Patient) -> Iterator[str]:
    for outer in patient.extension or ():
        for inner in outer.extension or () if outer.url == _RACE else ():
            if inner.valueCoding is not None and inner.valueCoding.code is not None:
                yield inner.valueCoding.code


def _country(patient: _Patient) -> str:
    return next((a.country.strip().upper() for a in patient.address or () if a.country), "")
