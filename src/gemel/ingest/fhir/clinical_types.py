"""The parts of clinical resources that become facts, as typed structs (FHIR R4); see `clinical`."""

from __future__ import annotations

import msgspec

from .types import Concept, Meta, Period, Reference

__all__ = ["Allergy", "Clinical", "Condition", "Encounter", "Immunization", "Procedure", "Report"]


class Clinical(msgspec.Struct):
    """What these resources share."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    subject: Reference | None = None
    code: Concept | None = None


class Encounter(Clinical, tag_field="resourceType", tag="Encounter"):
    """Encounter."""

    period: Period | None = None


class Condition(Clinical, tag_field="resourceType", tag="Condition"):
    """Condition."""

    clinicalStatus: Concept | None = None
    verificationStatus: Concept | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    recordedDate: str | None = None


class Procedure(Clinical, tag_field="resourceType", tag="Procedure"):
    """Procedure."""

    performedDateTime: str | None = None
    performedPeriod: Period | None = None


class Allergy(Clinical, tag_field="resourceType", tag="AllergyIntolerance"):
    """AllergyIntolerance."""

    patient: Reference | None = None
    clinicalStatus: Concept | None = None
    verificationStatus: Concept | None = None
    onsetDateTime: str | None = None
    recordedDate: str | None = None


class Immunization(Clinical, tag_field="resourceType", tag="Immunization"):
    """Immunization."""

    patient: Reference | None = None
    vaccineCode: Concept | None = None
    occurrenceDateTime: str | None = None
    recorded: str | None = None


class Report(Clinical, tag_field="resourceType", tag="DiagnosticReport"):
    """DiagnosticReport."""

    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    conclusionCode: list[Concept] | None = None
