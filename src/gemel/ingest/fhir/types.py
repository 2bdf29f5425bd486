"""The parts of FHIR R4 resources that become facts, as typed structs; everything else is not even decoded.

FHIR R4 (4.0.1), https://hl7.org/fhir/R4; NutritionIntake is of R5, in use with R4 as a backport.  Values of types
that are not read are kept as they are, so that "has a value we do not read" differs from "has none".
"""

from __future__ import annotations

from typing import Annotated

import msgspec

__all__ = [
    "Administration", "Bundle", "Coding", "Component", "Concept", "Dosage", "Entry",
    "Head", "Ingredient", "Medication", "Meta", "Nutrition", "ObservationResource", "Patient",
    "Period", "Quantity", "Ratio", "Reference", "Request", "Resource",
]  # fmt: skip


Integer = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""A FHIR integer has 32 bits."""


class Coding(msgspec.Struct):
    """A code of a system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(msgspec.Struct):
    """CodeableConcept."""

    coding: list[Coding] | None = None
    text: str | None = None


class Quantity(msgspec.Struct):
    """Quantity with comparator."""

    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Ratio(msgspec.Struct):
    """Numerator by denominator."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Range(msgspec.Struct):
    """From low to high."""

    low: Quantity | None = None
    high: Quantity | None = None


class Period(msgspec.Struct):
    """From start to end; an end not known is still to come."""

    start: str | None = None
    end: str | None = None


class Reference(msgspec.Struct):
    """A pointer to another resource."""

    reference: str | None = None


class Meta(msgspec.Struct):
    """When the server last changed the resource."""

    lastUpdated: str | None = None


class Component(msgspec.Struct):
    """A coded value: part of an Observation, and what the Observation itself holds."""

    code: Concept | None = None
    valueQuantity: Quantity | None = None
    valueInteger: Integer | None = None
    valueBoolean: bool | None = None
    valueCodeableConcept: Concept | None = None
    valueRange: Range | None = None
    dataAbsentReason: Concept | None = None
    valueString: object = None
    valueRatio: object = None
    valueSampledData: object = None
    valueTime: object = None
    valueDateTime: object = None
    valuePeriod: object = None


class ObservationResource(Component, tag_field="resourceType", tag="Observation"):
    """Observation."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectiveInstant: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    component: list[Component] | None = None
    hasMember: list[Reference] | None = None


class Dosage(msgspec.Struct):
    """MedicationAdministration.dosage."""

    dose: Quantity | None = None
    rateQuantity: Quantity | None = None
    rateRatio: Ratio | None = None


class Medication(msgspec.Struct, tag_field="resourceType", tag="Medication"):
    """Medication: only its code."""

    id: str | None = None
    code: Concept | None = None


class Contained(msgspec.Struct):
    """A resource inside another, read for medications only."""

    resourceType: str | None = None
    id: str | None = None
    code: object = None


class Medicated(msgspec.Struct):
    """What the medication resources share."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    subject: Reference | None = None
    medicationCodeableConcept: Concept | None = None
    medicationReference: Reference | None = None
    contained: list[Contained] | None = None


class Administration(Medicated, tag_field="resourceType", tag="MedicationAdministration"):
    """MedicationAdministration."""

    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dosage: Dosage | None = None


class DoseAndRate(msgspec.Struct):
    """Dosage.doseAndRate of an order."""

    doseQuantity: Quantity | None = None
    rateQuantity: Quantity | None = None
    rateRatio: Ratio | None = None


class Instruction(msgspec.Struct):
    """MedicationRequest.dosageInstruction."""

    doseAndRate: list[DoseAndRate] | None = None


class Request(Medicated, tag_field="resourceType", tag="MedicationRequest"):
    """MedicationRequest."""

    authoredOn: str | None = None
    dosageInstruction: list[Instruction] | None = None


class CodeableReference(msgspec.Struct):
    """A concept or a reference (R5)."""

    concept: Concept | None = None


class Ingredient(msgspec.Struct):
    """NutritionIntake.ingredientLabel."""

    nutrient: CodeableReference | None = None
    amount: Quantity | None = None


class Nutrition(msgspec.Struct, tag_field="resourceType", tag="NutritionIntake"):
    """NutritionIntake (R5)."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    subject: Reference | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    recorded: str | None = None
    ingredientLabel: list[Ingredient] | None = None


class Link(msgspec.Struct):
    """Patient.link."""

    other: Reference | None = None
    type: str | None = None


class Patient(msgspec.Struct, tag_field="resourceType", tag="Patient"):
    """Patient: no names, no record numbers."""

    id: str | None = None
    birthDate: str | None = None
    gender: str | None = None
    link: list[Link] | None = None


class Entry(msgspec.Struct):
    """Bundle.entry; the resource is decoded on its own, so that one malformed resource costs only itself."""

    fullUrl: str | None = None
    resource: msgspec.Raw = msgspec.Raw()


class Bundle(msgspec.Struct):
    """Bundle of any type."""

    resourceType: str | None = None
    entry: list[Entry] | None = None


class Head(msgspec.Struct):
    """Enough of any resource to count it."""

    resourceType: str | None = None
    id: str | None = None


Resource = ObservationResource | Administration | Request | Nutrition | Patient | Medication
