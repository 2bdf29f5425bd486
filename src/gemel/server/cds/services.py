"""The services there are, the hooks they answer, and what they would like to have fetched beforehand.

Prefetch keys are shared: `patient`, `glucose` (readings, the newest first), `given` (medication administered).  Their
templates keep to the subset of FHIR queries that the specification recommends: token equality, `_count`, `_sort`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ...ingest.codes import SENSOR_GLUCOSE

__all__ = ["FORECAST", "SERVICES", "WHATIF", "CdsService", "Discovery", "service_for"]

FORECAST: Final = "gemel-glucose-forecast"
WHATIF: Final = "gemel-whatif"

_LOINC = "http://loinc.org|" + SENSOR_GLUCOSE.partition(":")[2]
PREFETCH: Final = {
    "patient": "Patient/{{context.patientId}}",
    "glucose": f"Observation?patient={{{{context.patientId}}}}&code={_LOINC}&_sort=-date&_count=300",
    "given": "MedicationAdministration?patient={{context.patientId}}&_sort=-effective-time&_count=200",
}


class CdsService(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the discovery document."""

    hook: str
    id: str
    title: str
    description: str
    prefetch: dict[str, str]
    usageRequirements: str


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What `/cds-services` answers."""

    services: tuple[CdsService, ...]


_NEEDS = (
    "Needs an hour of sensor glucose or more, the newest reading at most 30 minutes old, from prefetch or because the "
    "patient has a twin here.  Says nothing while the model has not earned a voice at this site."
)
SERVICES: Final = Discovery(
    services=(
        CdsService(
            hook="patient-view", id=FORECAST, title="Glucose forecast", prefetch=PREFETCH, usageRequirements=_NEEDS,
            description="What glucose will probably do in the next two hours, how sure that is, and how right such "
            "forecasts of this patient have been",
        ),
        *(
            CdsService(
                hook=hook, id=WHATIF, title="What this insulin order would do", prefetch=PREFETCH,
                usageRequirements=_NEEDS, description="The drafted insulin dose beside half of it and none: "
                "probability of low and of high glucose under each",
            )
            for hook in ("order-select", "order-sign")
        ),
    )
)  # fmt: skip
"""The discovery document: one id may answer several hooks."""


def service_for(id: str, hook: str) -> CdsService | None:
    """The service of this id, for the hook if it answers that; None for an unknown id."""
    own = [service for service in SERVICES.services if service.id == id]
    return next((service for service in own if service.hook == hook), own[0] if own else None)
