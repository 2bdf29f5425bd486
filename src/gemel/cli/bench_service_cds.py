"""CDS Hooks: how long a card takes, from the call over a socket to the answer, with its record durable.

cds_card_p95_ms   patient-view of a patient with a diabetes twin of 128 members, after three calls that are not counted;
                  details: the what-if of a drafted bolus, and a forecast from a day of prefetched readings alone
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from math import sin
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from ..core.clock import DAY, HOUR, MINUTE, text
from ..core.fact import Exact, Instant, Observation
from ..core.ledger import Switch
from ..core.registry import load_model
from ..core.subject import Subject
from ..runtime import Site
from ..runtime.site import wall_clock
from .bench_load import apart, served
from .bench_service import Asked, Figure, Measure

__all__ = ["MEASURES", "card_load"]

MODEL, WHO = "replaybg", "bench-patient"
UNCOUNTED = 3
"""Calls before those that count: the first compiles."""


def card(asked: Asked) -> Sequence[Figure]:
    """95th percentile of the time to a card."""
    calls = asked.size("cds", 200, 20)
    with tempfile.TemporaryDirectory(prefix="gemel-bench-") as folder:
        _patient(Path(folder))
        with served(data=folder) as service:
            before = service.cpu_s()
            load = apart("gemel.cli.bench_service_cds:card_load", {"port": service.port, "calls": calls})
            spent = service.cpu_s() - before
    measured = load.result["patient_view"]["p95_ms"]
    details = load.result | {"service_cpu_s": spent, "load_cpu_s": load.cpu_s}
    return [Figure(key="cds_card_p95_ms", asked="≤ 500", measured=measured, unit="ms", met=measured <= 500,
                   details=details)]  # fmt: skip


MEASURES = (Measure(("cds_card_p95_ms",), card),)


def card_load(port: int, calls: int) -> dict[str, Any]:
    """Call each kind of service so often, one call after another."""
    kinds = {"patient_view": _viewed(WHO), "what_if": _ordered(), "prefetched": _viewed("bench-guest", _day())}
    connection = HTTPConnection("127.0.0.1", port, timeout=300)
    found: dict[str, Any] = {}
    for name, request in kinds.items():
        path = "/cds-services/" + ("gemel-whatif" if name == "what_if" else "gemel-glucose-forecast")
        times = [_called(connection, path, request) for _ in range(calls + UNCOUNTED)]
        counted = sorted(times[UNCOUNTED:])
        found[name] = {
            "first_ms": times[0], "p50_ms": counted[len(counted) // 2], "p95_ms": counted[int(0.95 * len(counted))]
        }  # fmt: skip
    return found


def _called(connection: HTTPConnection, path: str, request: dict[str, Any]) -> float:
    """Milliseconds to an answer that has a card."""
    body = msgspec.json.encode({**request, "hookInstance": str(uuid4())})
    begun = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told = answer.read()
    taken = 1000 * (time.perf_counter() - begun)
    if answer.status != 200 or not msgspec.json.decode(told)["cards"]:
        raise RuntimeError(f"no card from {path}: {answer.status} {told[:300]!r}")
    return taken


def _readings(now: Instant) -> list[Observation]:
    """A day of a sensor, every five minutes."""
    times = [now - k * 5 * MINUTE for k in reversed(range(288))]
    return [
        Observation(id=f"g{k}", code="loinc:99504-3", value=Exact(120.0 + 30.0 * sin(k / 20)), unit="mg/dL", at=at,
                    recorded=at)
        for k, at in enumerate(times)
    ]  # fmt: skip


def _patient(folder: Path) -> None:
    """A store with one patient whose twin may speak."""
    now = wall_clock()
    with Site.open(folder / "gemel.db") as site:
        site.enrol(Subject(id=WHO))
        site.take_in(WHO, _readings(now))
        site.create(MODEL, WHO, at=now - DAY, members=128, id=f"{WHO}.twin")
        site.tick(f"{WHO}.twin")
        site.save(site.load(f"{WHO}.twin"))
        version = load_model(MODEL).card.version
        switch = Switch(
            at=now - HOUR, by="bench", site="local", model=MODEL, version=version, event="standing", before="silent",
            after="advisory", why="so that there is a card to time", figures={}, plan="bench",
        )  # fmt: skip
        site.store.switch(switch, site.caller)


def _viewed(patient: str, prefetch: dict[str, Any] | None = None) -> dict[str, Any]:
    context = {"userId": "Practitioner/1", "patientId": patient}
    return {"hook": "patient-view", "context": context, **({"prefetch": prefetch} if prefetch else {})}


def _ordered() -> dict[str, Any]:
    order = {
        "resourceType": "MedicationRequest", "id": "rx", "status": "draft", "intent": "order",
        "subject": {"reference": f"Patient/{WHO}"},
        "medicationCodeableConcept": {"coding": [{"code": "gemel:rapid-insulin"}]},
        "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {
            "value": 3, "code": "[IU]", "system": "http://unitsofmeasure.org"}}]}],
    }  # fmt: skip
    context = {"userId": "Practitioner/1", "patientId": WHO, "draftOrders": {
        "resourceType": "Bundle", "entry": [{"resource": order}]}}  # fmt: skip
    return {"hook": "order-sign", "context": context}


def _day() -> dict[str, Any]:
    """What a client would prefetch of somebody unknown here."""
    entries = [
        {"resource": {
            "resourceType": "Observation", "id": fact.id, "status": "final",
            "subject": {"reference": "Patient/bench-guest"}, "effectiveDateTime": text(fact.at),
            "code": {"coding": [{"system": "http://loinc.org", "code": "99504-3"}]},
            "valueQuantity": {"value": fact.value.value, "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        }}
        for fact in _readings(wall_clock()) if isinstance(fact.value, Exact)
    ]  # fmt: skip
    return {
        "patient": {"resourceType": "Patient", "id": "bench-guest", "birthDate": "1980-05-01"},
        "glucose": {"resourceType": "Bundle", "type": "searchset", "entry": entries},
    }
