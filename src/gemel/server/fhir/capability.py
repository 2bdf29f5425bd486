"""What this server can do, made of the table of types: the CapabilityStatement at /fhir/metadata."""

from __future__ import annotations

from typing import Any

from ... import __version__
from .kinds import ABOUT_NOBODY, COMMON, TYPES
from .query import MOST

__all__ = ["capability"]

DATE = "2026-11-22"
"""When what is declared here last changed."""

_INTERACTIONS = (
    "read", "vread", "update", "delete", "history-instance", "history-type", "create", "search-type",
)  # fmt: skip

_PAGES = (
    f"A page has at most {MOST} resources; follow the 'next' links. Types about patients are searched within a patient "
    "(patient=, subject=) or by _id; without either the search is refused as too costly. Patients are scanned in "
    "portions, so that a page may be short and yet have a 'next' link. Type histories are within a patient."
)
_FORECASTS = (
    "A twin's forecasts are told as RiskAssessment, each with a Provenance, made of the ledger when asked for; they "
    "are never kept or told as Observations."
)


def capability(base: str) -> dict[str, Any]:
    """The CapabilityStatement of the server at this address."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "gemel",
        "name": "Gemel",
        "title": "gemel: digital twins in healthcare",
        "status": "active",
        "experimental": True,
        "date": DATE,
        "kind": "instance",
        "software": {"name": "gemel", "version": __version__},
        "implementation": {"description": "gemel FHIR R4 facade (a declared subset)", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": f"{_PAGES} {_FORECASTS}",
                "resource": [_resource(kind) for kind in sorted(TYPES)],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": kind,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": kind == "Patient" or kind in ABOUT_NOBODY,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "local"],
        "searchParam": [
            {"name": name, "type": parameter.type} for name, parameter in sorted({**COMMON, **TYPES[kind]}.items())
        ],
    }
    if kind == "Patient":
        definition = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
        told["operation"] = [{"name": "everything", "definition": definition}]
    return told
