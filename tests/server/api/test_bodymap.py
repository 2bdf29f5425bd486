"""The body map over the API, from a record that came in over FHIR."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from typing import Any

from gemel.core.clock import DAY, MINUTE, text
from gemel.core.fact import Exact, Observation
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.runtime.site import wall_clock

ALERTS = "gemel.server.alerts.watch:AlertWatch"
CALLER = Caller(id="test")


def transaction(moved_to: int) -> dict[str, Any]:
    """The made-up person that ships, as a transaction, its blood tests moved to an instant."""
    bundle = json.loads(files("gemel.cli").joinpath("synthetic_patient.json").read_bytes())
    entries: list[dict[str, Any]] = []
    for entry in bundle["entry"]:
        resource = {k: v for k, v in entry["resource"].items() if k != "id"}
        about = "urn:uuid:3f8a4b1c-0000-4000-8000-000000000001"
        if resource["resourceType"] != "Patient":
            resource["subject"] = {"reference": about}
        if resource.get("effectiveDateTime", "").startswith("2023-04-12"):
            resource["effectiveDateTime"] = text(moved_to)
        made = {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        entries.append(made | ({"fullUrl": about} if resource["resourceType"] == "Patient" else {}))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def test_a_record_lights_the_organs_it_speaks_of_and_leaves_the_others_grey(serving: Any) -> None:
    async def story() -> None:
        async with serving(parts=(ALERTS,)) as served:
            answer = await served.client.post("/fhir", json=transaction(wall_clock() - DAY))
            assert answer.status_code == 200, answer.text
            subject = answer.json()["entry"][0]["response"]["location"].split("/")[1]
            told = (await served.client.get(f"/api/subjects/{subject}/body")).json()
            regions = {r["id"]: r for r in told["regions"]}
            assert told["sex"] == "female" and "prostate" not in regions and "womb" in regions
            assert regions["thyroid"]["state"] == "none" and regions["thyroid"]["why"] == "not measured"
            (hba1c,) = [m for m in regions["pancreas"]["markers"] if m["name"] == "hba1c"]
            assert hba1c["value"] is not None and 0.9 < hba1c["age_days"] < 1.1
            diagnosed = [r for r in regions["heart"]["risks"] if r["recommended"]]
            assert diagnosed and all(r["low95"] <= r["median"] <= r["high95"] for r in diagnosed)
            assert told["top"] and told["measure_next"] and told["notes"]

    asyncio.run(story())


def test_an_open_alert_colours_the_region_that_its_rule_reads(serving: Any) -> None:
    low = Observation(
        id="s", code="loinc:59408-5", value=Exact(82.0), unit="%", at=wall_clock() - MINUTE, recorded=wall_clock(),
    )  # fmt: skip

    async def story() -> None:
        async with serving(parts=(ALERTS,)) as served:
            put, client = served.service.inbox.put, served.client
            await put([Write(subject="p", enrol=Subject(id="p"))], CALLER)
            before = (await client.get("/api/subjects/p/body")).json()
            assert {r["state"] for r in before["regions"]} == {"none"}
            assert "date of birth" in before["notes"][0]
            await put([Write(subject="p", facts=(low,))], CALLER)
            lungs: dict[str, Any] = {"alerts": []}
            for _ in range(100):
                told = (await client.get("/api/subjects/p/body")).json()
                (lungs,) = [r for r in told["regions"] if r["id"] == "lungs"]
                if lungs["alerts"]:
                    break
                await asyncio.sleep(0.05)
            assert lungs["state"] in ("watch", "act") and lungs["alerts"][0]["title"] in lungs["why"]

    asyncio.run(story())


def test_only_persons_have_a_body_and_only_those_who_are_known(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            await served.service.inbox.put([Write(subject="w", enrol=Subject(id="w", kind="ward"))], CALLER)
            refused = await served.client.get("/api/subjects/w/body")
            assert refused.status_code == 404 and "it is a ward" in refused.json()["detail"]
            assert (await served.client.get("/api/subjects/nobody/body")).status_code == 404

    asyncio.run(story())
