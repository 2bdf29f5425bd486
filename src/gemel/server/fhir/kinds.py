"""The one table of what this server speaks: resource types and the parameters each can be searched by.

Every type can be created, read, updated and deleted, has a history, and can be searched by `_id`, `_lastUpdated`,
`_count` and `_sort`.  Parameter names, types and paths are those of the R4 search parameter registry
(https://hl7.org/fhir/R4/searchparameter-registry.html); a path may name several elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["ABOUT_NOBODY", "COMMON", "TYPES", "Parameter"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter: its type (token, date, string, reference) and where its values stand."""

    type: str
    paths: tuple[str, ...]


def _p(type: str, *paths: str) -> Parameter:
    return Parameter(type, paths)


COMMON: Mapping[str, Parameter] = MappingProxyType(
    {"_id": _p("token", "id"), "_lastUpdated": _p("date", "meta.lastUpdated")}
)
"""What every type can be searched by."""

_PATIENT = _p("reference", "subject", "patient")
_ABOUT = {"patient": _PATIENT, "subject": _PATIENT}
_CODED = _ABOUT | {
    "code": _p("token", "code"),
    "status": _p("token", "status"),
    "identifier": _p("token", "identifier"),
}
_PLAIN = _ABOUT | {"status": _p("token", "status"), "identifier": _p("token", "identifier")}
_EFFECTIVE = _p("date", "effectiveDateTime", "effectivePeriod", "effectiveInstant")
_CATEGORY = _p("token", "category")
_ENCOUNTER = _p("reference", "encounter", "context")
_MEDICATED = _PLAIN | {
    "code": _p("token", "medicationCodeableConcept"),
    "medication": _p("reference", "medicationReference"),
}
_PARTY = {
    "identifier": _p("token", "identifier"),
    "name": _p("string", "name"),
    "active": _p("token", "active"),
}

TYPES: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "Patient": {
            "identifier": _p("token", "identifier"),
            "name": _p("string", "name"),
            "family": _p("string", "name.family"),
            "given": _p("string", "name.given"),
            "birthdate": _p("date", "birthDate"),
            "gender": _p("token", "gender"),
            "active": _p("token", "active"),
        },
        "Observation": _CODED | {
            "category": _CATEGORY,
            "date": _EFFECTIVE,
            "encounter": _ENCOUNTER,
            "combo-code": _p("token", "code", "component.code"),
            "value-concept": _p("token", "valueCodeableConcept"),
        },
        "Encounter": _PLAIN | {
            "date": _p("date", "period"), "class": _p("token", "class"), "type": _p("token", "type"),
        },
        "Condition": _ABOUT | {
            "code": _p("token", "code"),
            "category": _CATEGORY,
            "clinical-status": _p("token", "clinicalStatus"),
            "verification-status": _p("token", "verificationStatus"),
            "onset-date": _p("date", "onsetDateTime", "onsetPeriod"),
            "abatement-date": _p("date", "abatementDateTime", "abatementPeriod"),
            "recorded-date": _p("date", "recordedDate"),
            "encounter": _ENCOUNTER,
        },
        "Procedure": _CODED | {
            "date": _p("date", "performedDateTime", "performedPeriod"), "category": _CATEGORY, "encounter": _ENCOUNTER,
        },
        "AllergyIntolerance": _ABOUT | {
            "code": _p("token", "code"), "clinical-status": _p("token", "clinicalStatus"),
            "date": _p("date", "recordedDate"), "criticality": _p("token", "criticality"),
        },
        "Immunization": _PLAIN | {"date": _p("date", "occurrenceDateTime"), "vaccine-code": _p("token", "vaccineCode")},
        "DiagnosticReport": _CODED | {"category": _CATEGORY, "date": _EFFECTIVE, "encounter": _ENCOUNTER},
        "MedicationRequest": _MEDICATED | {
            "authoredon": _p("date", "authoredOn"), "intent": _p("token", "intent"), "encounter": _ENCOUNTER,
        },
        "MedicationAdministration": _MEDICATED | {"effective-time": _EFFECTIVE},
        "MedicationStatement": _MEDICATED | {"effective": _EFFECTIVE, "category": _CATEGORY},
        "MedicationDispense": _MEDICATED | {"whenhandedover": _p("date", "whenHandedOver")},
        "NutritionIntake": _PLAIN,
        "ServiceRequest": _CODED | {
            "authored": _p("date", "authoredOn"), "category": _CATEGORY, "intent": _p("token", "intent"),
        },
        "ImagingStudy": _PLAIN | {"started": _p("date", "started"), "modality": _p("token", "modality")},
        "DocumentReference": _PLAIN | {"date": _p("date", "date"), "type": _p("token", "type"), "category": _CATEGORY},
        "CarePlan": _PLAIN | {"date": _p("date", "period"), "category": _CATEGORY},
        "CareTeam": _PLAIN | {"date": _p("date", "period")},
        "Goal": _ABOUT | {"lifecycle-status": _p("token", "lifecycleStatus")},
        "Claim": _PLAIN | {"created": _p("date", "created"), "use": _p("token", "use")},
        "ExplanationOfBenefit": _PLAIN | {"created": _p("date", "created")},
        "Coverage": {"patient": _p("reference", "beneficiary"), "status": _p("token", "status")},
        "FamilyMemberHistory": {
            "patient": _p("reference", "patient"), "status": _p("token", "status"),
            "relationship": _p("token", "relationship"),
        },
        "Flag": _CODED,
        "Consent": _PLAIN | {"date": _p("date", "dateTime")},
        "RiskAssessment": _CODED | {
            "date": _p("date", "occurrenceDateTime", "occurrencePeriod"), "method": _p("token", "method"),
        },
        "Provenance": {
            "patient": _p("reference", "target"), "target": _p("reference", "target"),
            "recorded": _p("date", "recorded"),
        },
        "QuestionnaireResponse": _PLAIN | {"authored": _p("date", "authored")},
        "Specimen": _PLAIN | {"type": _p("token", "type")},
        "Task": {
            "patient": _p("reference", "for"), "status": _p("token", "status"), "authored-on": _p("date", "authoredOn"),
        },
        "Appointment": {
            "patient": _p("reference", "participant.actor"), "status": _p("token", "status"),
            "date": _p("date", "start"), "identifier": _p("token", "identifier"),
        },
        "ClinicalImpression": _PLAIN | {"date": _EFFECTIVE},
        "Communication": _PLAIN,
        "GuidanceResponse": _ABOUT,
        "List": _CODED,
        "MeasureReport": _ABOUT,
        "Media": _PLAIN,
        "MolecularSequence": _ABOUT,
        "NutritionOrder": _PLAIN,
        "RelatedPerson": _ABOUT | {"identifier": _p("token", "identifier")},
        "DeviceUseStatement": _ABOUT,
        "Basic": _ABOUT | {"code": _p("token", "code")},
        "Device": _ABOUT | {
            "identifier": _p("token", "identifier"), "type": _p("token", "type"), "status": _p("token", "status"),
        },
        "DeviceMetric": {"identifier": _p("token", "identifier"), "type": _p("token", "type")},
        "Organization": _PARTY | {"type": _p("token", "type")},
        "Practitioner": _PARTY,
        "PractitionerRole": {"identifier": _p("token", "identifier"), "practitioner": _p("reference", "practitioner")},
        "Location": _PARTY | {"type": _p("token", "type")},
        "Medication": {"identifier": _p("token", "identifier"), "code": _p("token", "code")},
        "Group": {"identifier": _p("token", "identifier"), "type": _p("token", "type")},
        "AuditEvent": {"patient": _p("reference", "entity.what"), "date": _p("date", "recorded")},
        "Measure": {"identifier": _p("token", "identifier")},
        "Questionnaire": {"identifier": _p("token", "identifier")},
    }
)  # fmt: skip
"""By type."""

ABOUT_NOBODY = frozenset(name for name, parameters in TYPES.items() if "patient" not in parameters) - {"Patient"}
"""Types that are searched without a patient."""
