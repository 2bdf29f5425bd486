"""Patients of a FHIR source as subjects: id, date of birth and gender; never names or record numbers."""

from __future__ import annotations

from datetime import date

from gemel.core.errors import IngestError
from gemel.core.subject import Subject

from ..codes import table
from ..feed import Feed
from ..source import Source, name_of
from .reader import Reading, producer
from .types import Patient

__all__ = ["read_patient", "read_patients"]


def read_patients(source: Source, *, zone: str = "UTC") -> list[Subject]:
    """Every Patient of a file or bytes as a subject; a birth date known only to the month or year is left out."""
    feed = Feed("patients", lambda _: iter(()))
    reading = Reading(feed, zone, table(), None)
    for _ in producer(source)(reading):
        pass
    return [_subject(patient, zone) for patient in reading.patients if patient.id]


def read_patient(source: Source, *, zone: str = "UTC") -> Subject:
    """The one Patient of a file or bytes.  Raises IngestError when there is none or more than one."""
    found = read_patients(source, zone=zone)
    if len(found) != 1:
        raise IngestError(f"'{name_of(source)}' holds {len(found)} patients where one is expected: use read_patients")
    return found[0]


def _subject(patient: Patient, zone: str) -> Subject:
    try:
        born = date.fromisoformat(patient.birthDate or "")
    except ValueError:
        born = None  # FHIR allows a year or a month
    return Subject(id=patient.id or "", zone=zone, born=born, sex=patient.gender)
