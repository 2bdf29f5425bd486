"""The parts of clinical resources that become facts, as typed structs (FHIR R4); see `clinical`."""

from __future__ import annotations

import msgspec

from .types import Concept, Meta, Period, Reference

__all__ = [
    "Allergy", "Clinical", "Condition", "Encounter", "Immunization", "Procedure", "Report", "Stay", "Where",
]  # fmt: skip


class Clinical(msgspec.Struct):
    """What these resources share."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    subject: Reference | None = None
    code: Concept | None = None


class Where(msgspec.Struct):
    """A reference to a Location."""

    reference: str | None = None
    display: str | None = None

    @property
    def name(self) -> str:
        """What it is called here, else the id it has there."""
        reference = (self.reference or "").partition("/_history/")[0].rstrip("/")
        return (self.display or "").strip() or reference.rpartition("/")[2].rpartition(":")[2]


class Stay(msgspec.Struct):
    """Encounter.location."""

    location: Where | None = None
    status: str | None = None
    physicalType: Concept | None = None
    period: Period | None = None


class Former(msgspec.Struct):
    """Encounter.statusHistory and Encounter.classHistory."""

    status: str | None = None
    class_: object = msgspec.field(name="class", default=None)
    period: Period | None = None


class Named(msgspec.Struct):
    """Identifier with its type."""

    type: Concept | None = None
    value: str | None = None


class Leaving(msgspec.Struct):
    """Encounter.hospitalization."""

    dischargeDisposition: Concept | None = None


class Encounter(Clinical, tag_field="resourceType", tag="Encounter"):
    """Encounter.  `class_` is a Coding in R4, a list in R5."""

    identifier: list[Named] | None = None
    class_: object = msgspec.field(name="class", default=None)
    period: Period | None = None
    location: list[Stay] | None = None
    statusHistory: list[Former] | None = None
    classHistory: list[Former] | None = None
    hospitalization: Leaving | None = None


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
