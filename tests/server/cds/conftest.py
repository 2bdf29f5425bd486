"""A hospital's CDS service on a loopback port, with one patient whose twin lives there, and what a client sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from gemel.core.clock import HOUR, MINUTE, instant, text
from gemel.core.fact import Exact, Observation
from gemel.core.ledger import Switch
from gemel.core.subject import Subject
from gemel.runtime import Site
from gemel.server.app import create_app
from gemel.server.context import Service
from gemel.server.settings import Settings
from tests.runtime.tank import Pull

MODEL = "tests.server.cds.sugar:model"
NOW = instant("2026-03-01T12:00:00Z")
LOINC = "http://loinc.org"


@dataclass(frozen=True)
class Hospital:
    """A service on a port; `client` speaks to it over a socket."""

    client: httpx.AsyncClient
    service: Service

    async def call(self, id: str = "gemel-glucose-forecast", **request: Any) -> httpx.Response:
        return await self.client.post(f"/cds-services/{id}", json=request)


def speak(site: Site) -> None:
    """Let the model speak here."""
    site.store.switch(
        Switch(at=NOW - HOUR, by="board", site="local", model=MODEL, version="1", event="standing", before="silent",
               after="advisory", why="for tests", figures={}, plan="1"),
        site.caller,
    )  # fmt: skip


def readings(level: float = 100.0, last: int = NOW - 5 * MINUTE, n: int = 36) -> list[Observation]:
    """Sensor glucose every 5 min up to `last`."""
    times = [last - k * 5 * MINUTE for k in reversed(range(n))]
    return [
        Observation(id=f"g{at}", code="loinc:99504-3", value=Exact(level), unit="mg/dL", at=at, recorded=at)
        for at in times
    ]  # fmt: skip


def settle(folder: Path, *, advisory: bool = True, level: float = 100.0, last: int = NOW - 5 * MINUTE) -> None:
    """A store with the patient 'known' and a twin of 64 members, brought to the last reading."""
    with Site.open(folder / "gemel.db", now=lambda: NOW) as site:
        site.enrol(Subject(id="known"))
        site.take_in("known", readings(level, last))
        site.create(MODEL, "known", at=last - 4 * HOUR, members=64, seed=3, engine=Pull(far=1e6), id="twin-1")
        site.tick("twin-1")
        site.save(site.load("twin-1"))
        if advisory:
            speak(site)


@pytest.fixture
def hospital(tmp_path: Path) -> Callable[..., Any]:
    """`async with hospital(cds='...TOML...') as h`; the store is what `settle(tmp_path)` left."""

    @asynccontextmanager
    async def opened(cds: str = "", now: Callable[[], int] = lambda: NOW) -> AsyncGenerator[Hospital]:
        path = tmp_path / "cds.toml"
        path.write_text(cds or f'model = "{MODEL}"\nmembers = 64\n')
        settings = Settings(data=str(tmp_path), cds=str(path))

        def site(_: Settings) -> Site:
            return Site.open(tmp_path / "gemel.db", now=now)

        app = create_app(settings, parts=("gemel.server.cds.routes:CdsDesk",), site=site)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
        task = asyncio.create_task(server.serve())
        try:
            async with asyncio.timeout(30):
                while not server.started:
                    await asyncio.sleep(0.005)
            port = server.servers[0].sockets[0].getsockname()[1]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                yield Hospital(client, app.state.service)
        finally:
            server.should_exit = True
            await task

    return opened


def viewed(patient: str = "known", **more: Any) -> dict[str, Any]:
    """A patient-view request."""
    context = {"userId": "Practitioner/7", "patientId": patient}
    return {"hook": "patient-view", "hookInstance": str(uuid4()), "context": context, **more}


def ordered(dose: float, patient: str = "known", hook: str = "order-select", **more: Any) -> dict[str, Any]:
    """A request for a drafted dose of insulin lispro."""
    order = {
        "resourceType": "MedicationRequest", "id": "rx-1", "status": "draft", "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": {"coding": [{"code": "gemel:rapid-insulin"}]},
        "dosageInstruction": [{"doseAndRate": [
            {"doseQuantity": {"value": dose, "unit": "U", "system": "http://unitsofmeasure.org", "code": "[IU]"}}]}],
    }  # fmt: skip
    context = {
        "userId": "Practitioner/7", "patientId": patient, "selections": ["MedicationRequest/rx-1"],
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
    }  # fmt: skip
    if hook == "order-sign":
        del context["selections"]
    return {"hook": hook, "hookInstance": str(uuid4()), "context": context, **more}


def bundle(level: float = 100.0, patient: str = "guest", last: int = NOW - 5 * MINUTE, n: int = 36) -> dict[str, Any]:
    """A searchset of sensor readings."""
    entries = [
        {"resource": {
            "resourceType": "Observation", "id": fact.id, "status": "final",
            "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": text(fact.at),
            "code": {"coding": [{"system": LOINC, "code": "99504-3"}]},
            "valueQuantity": {"value": level, "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        }}
        for fact in readings(level, last, n)
    ]  # fmt: skip
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


def prefetch(level: float = 100.0, patient: str = "guest", **more: Any) -> dict[str, Any]:
    """What a client has fetched of an adult."""
    person = {"resourceType": "Patient", "id": patient, "birthDate": "1980-05-01"}
    return {"patient": person, "glucose": bundle(level, patient, **more), "given": json.loads("null")}
