"""Small FHIR resources of our own making."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid5

Json = dict[str, Any]
SPACE = UUID("00000000-0000-0000-0000-00000000feed")
AT, LATER = "2026-03-01T08:30:00+00:00", "2026-03-01T09:30:00+00:00"


def urn(name: str) -> str:
    """The same urn:uuid for the same name."""
    return f"urn:uuid:{uuid5(SPACE, name)}"


def plain(name: str) -> str:
    return urn(name).removeprefix("urn:uuid:")


def patient(**more: Any) -> Json:
    return {"resourceType": "Patient", "birthDate": "1960-05-17", "gender": "female"} | more


def observation(about: str, value: float = 120.0, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0"}]},
        "subject": {"reference": about},
        "effectiveDateTime": AT,
        "valueQuantity": {
            "value": value, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL",
        },
    } | more  # fmt: skip


def encounter(about: str, **more: Any) -> Json:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": about},
        "period": {"start": "2026-03-01T08:00:00+00:00", "end": "2026-03-02T12:00:00+00:00"},
    } | more


def organization(**more: Any) -> Json:
    return {"resourceType": "Organization", "name": "Test Hospital"} | more


def posted(name: str, resource: Json, **request: Any) -> Json:
    return {
        "fullUrl": urn(name),
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]} | request,
    }


def put(resource: Json, **request: Any) -> Json:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url} | request}


def bundle(*entries: Json, type: str = "transaction") -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": type, "entry": list(entries)}, indent=2).encode()


def stay(name: str = "ann") -> bytes:
    """A patient with an encounter and two readings that point to one another, at a hospital."""
    who = urn(name)
    return bundle(
        posted(name, patient(managingOrganization={"reference": urn("hospital")})),
        posted("hospital", organization(identifier=[{"system": "urn:x", "value": "H1"}])),
        posted(f"{name}/visit", encounter(who, serviceProvider={"reference": urn("hospital")})),
        posted(f"{name}/first", observation(who, 120, encounter={"reference": urn(f"{name}/visit")})),
        posted(
            f"{name}/second",
            observation(who, 140, effectiveDateTime=LATER, derivedFrom=[{"reference": urn(f"{name}/first")}]),
        ),
    )  # fmt: skip
