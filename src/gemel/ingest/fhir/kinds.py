"""What reads which resource type: the one table of all readers of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from ..feed import Item
from .clinical import recounted
from .clinical_types import Allergy, Condition, Encounter, Immunization, Procedure, Report
from .document import Buffer
from .doses import administered, eaten, ordered
from .encounters import visited
from .observation import observed
from .sheet import Sheet
from .types import Administration, Medication, Nutrition, ObservationResource, Patient, Request

__all__ = ["FACTUAL", "KINDS", "Kind", "bare", "decoded", "items", "patient_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a type is decoded, and how a resource of it becomes items; `read` is None where it gives no facts."""

    decoder: msgspec.json.Decoder[Any]
    read: Callable[[Any, Sheet], Iterator[Item]] | None = None


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "Observation": Kind(msgspec.json.Decoder(ObservationResource), observed),
        "MedicationAdministration": Kind(msgspec.json.Decoder(Administration), administered),
        "MedicationRequest": Kind(msgspec.json.Decoder(Request), ordered),
        "NutritionIntake": Kind(msgspec.json.Decoder(Nutrition), eaten),
        "Encounter": Kind(msgspec.json.Decoder(Encounter), visited),
        "Condition": Kind(msgspec.json.Decoder(Condition), recounted),
        "Procedure": Kind(msgspec.json.Decoder(Procedure), recounted),
        "AllergyIntolerance": Kind(msgspec.json.Decoder(Allergy), recounted),
        "Immunization": Kind(msgspec.json.Decoder(Immunization), recounted),
        "DiagnosticReport": Kind(msgspec.json.Decoder(Report), recounted),
        "Patient": Kind(msgspec.json.Decoder(Patient)),
        "Medication": Kind(msgspec.json.Decoder(Medication)),
    }
)
"""The types that are decoded at all; every other one is only counted, or kept as it came."""

FACTUAL = frozenset(name for name, kind in KINDS.items() if kind.read is not None)
"""The types that give facts."""


def decoded(kind: str, content: Buffer) -> Any:
    """A resource of one of these types.  KeyError for another; raises what msgspec raises of one that is malformed."""
    return KINDS[kind].decoder.decode(content)


def items(kind: str, resource: Any, sheet: Sheet) -> Iterator[Item]:
    """The items of a decoded resource of a type that gives facts."""
    read = KINDS[kind].read
    if read is not None:
        yield from read(resource, sheet)


def patient_of(resource: Any) -> str:
    """The reference to whom a resource that gives facts is about; '' where it says nothing."""
    pointer = resource.patient if isinstance(resource, (Allergy, Immunization)) else resource.subject
    return (pointer.reference or "") if pointer is not None else ""


@lru_cache(maxsize=4096)
def bare(reference: str) -> str:
    """The id in a reference: 'Patient/1', 'http://server/Patient/1/_history/2' and 'urn:uuid:1' are all '1'."""
    return reference.partition("/_history/")[0].rstrip("/").rpartition("/")[2].rpartition(":")[2]
