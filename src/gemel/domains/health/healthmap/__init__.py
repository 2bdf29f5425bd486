"""The health map: an organ-by-organ picture and honest risks from one person's record.

found = health_map(Record(subject, facts, diagnoses, medicines))
found.organs, found.top, found.next, for_person(found), risk_assessments(found, "my program 1.0")
"""

from .belief import CovariateBelief, believe
from .fhir_out import risk_assessments
from .record import Chart, Diagnosis, Medicine, Record, chart
from .risks import REGIONS
from .whole import HealthMap, health_map
from .words import for_clinician, for_person

__all__ = [
    "REGIONS",
    "Chart",
    "CovariateBelief",
    "Diagnosis",
    "HealthMap",
    "Medicine",
    "Record",
    "believe",
    "chart",
    "for_clinician",
    "for_person",
    "health_map",
    "risk_assessments",
]
