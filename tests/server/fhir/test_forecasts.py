"""A forecast leaves as RiskAssessment and Provenance, never as an Observation."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.ports import Caller
from gemel.server.alerts.rules import read_rules
from tests.runtime.world import FAST, TANK

from .sample import bundle, observation, patient, put

CALLER = Caller(id="test")
NOW = instant("2026-03-01T08:30:00Z")


async def _issued(served):
    """A twin of p1 that has seen a reading and says what comes."""
    quantity = {"value": 120, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}
    reading = observation(
        "Patient/p1", id="o1", code={"coding": [{"system": "test", "code": "level"}]}, valueQuantity=quantity
    )
    done = await served.client.post("/fhir", content=bundle(put(patient(id="p1")), put(patient(id="p2")), put(reading)))
    assert done.status_code == 200
    site = served.service.site
    made = site.create(TANK, "p1", at=NOW - HOUR, members=64, engine=FAST, rates={"flow": 3.0}, id="t")
    site.tick(made.id, NOW)
    return site.forecast(made.id, NOW + 2 * HOUR, horizons=(30 * MINUTE, 60 * MINUTE))


def _about_level(monkeypatch):
    """The glucose rules, made to be about what the tank shows."""
    rules = read_rules()
    changed = tuple(msgspec.structs.replace(rule, observable="level", analyte=None) for rule in rules.of("forecast"))
    monkeypatch.setattr("gemel.server.fhir.forecasts.read_rules", lambda: msgspec.structs.replace(rules, rule=changed))
    return changed


def test_the_ledger_is_told_as_risk_assessments_with_their_provenance(talk):
    oracle = pytest.importorskip(
        "fhir.resources.R4B", reason="fhir.resources checks the structure where it is installed"
    )

    async def scenario(served):
        issued = await _issued(served)
        page = (await served.client.get("/fhir/RiskAssessment?patient=p1")).json()
        (risk,) = [e["resource"] for e in page["entry"]]
        oracle.get_fhir_model_class("RiskAssessment").model_validate(risk)
        assert risk["subject"] == {"reference": "Patient/p1"} and risk["status"] == "preliminary"
        assert len(risk["identifier"]) == len(issued.rows)
        bands = [p for p in risk["prediction"] if p["probabilityDecimal"] == 0.9 and "from" in p["outcome"]["text"]]
        assert len(bands) == len(issued.rows)
        for row, told in zip(issued.rows, bands, strict=True):
            assert (
                f"from {row.quantiles['0.05']:.4g} to {row.quantiles['0.95']:.4g} {row.unit}" in told["outcome"]["text"]
            )
            assert instant(told["whenPeriod"]["start"]) == row.target
        assert all(0 <= p["probabilityDecimal"] <= 1 for p in risk["prediction"])
        origin = (await served.client.get(f"/fhir/Provenance?target=RiskAssessment/{risk['id']}")).json()
        (source,) = [e["resource"] for e in origin["entry"]]
        oracle.get_fhir_model_class("Provenance").model_validate(source)
        assert source["target"] == [{"reference": f"RiskAssessment/{risk['id']}"}]
        assert source["contained"][0]["resourceType"] == "Device" and source["agent"][0]["who"] == {
            "reference": "#twin"
        }
        assert "tests.runtime.tank:model@" in source["entity"][0]["what"]["identifier"]["value"]
        read = await served.client.get(f"/fhir/RiskAssessment/{risk['id']}")
        assert read.status_code == 200 and read.json() == risk
        assert (await served.client.get(f"/fhir/Provenance/{source['id']}")).json() == source
        seen = (await served.client.get("/fhir/Observation?patient=p1")).json()
        assert seen["total"] == 1
        assert (await served.client.get("/fhir/RiskAssessment?patient=p2")).json()["total"] == 0

    talk(scenario)


def test_answers_of_the_server_have_the_structure_of_the_standard(talk):
    oracle = pytest.importorskip(
        "fhir.resources.R4B", reason="fhir.resources checks the structure where it is installed"
    )
    model = oracle.get_fhir_model_class

    async def scenario(served):
        told = await served.client.get("/fhir/metadata")
        model("CapabilityStatement").model_validate(told.json())
        wrong = await served.client.get("/fhir/Observation")
        model("OperationOutcome").model_validate(wrong.json())
        done = await served.client.post(
            "/fhir", content=bundle(put(patient(id="p1")), put(observation("Patient/p1", id="o1")))
        )
        model("Bundle").model_validate(done.json())
        for url in ("Observation?patient=p1&colour=red", "Patient/p1/$everything", "Observation/o1/_history"):
            model("Bundle").model_validate((await served.client.get(f"/fhir/{url}")).json())

    talk(scenario)


def test_each_limit_of_the_alert_rules_gets_the_probability_that_the_quantiles_leave_open(talk, monkeypatch):
    rules = _about_level(monkeypatch)

    async def scenario(served):
        issued = await _issued(served)
        page = (await served.client.get("/fhir/RiskAssessment?patient=p1")).json()
        told = [p for p in page["entry"][0]["resource"]["prediction"] if "rationale" in p]
        assert len(told) == len(rules) * len(issued.rows) > 0
        for row in issued.rows:
            levels = sorted(map(float, row.quantiles))
            values = [row.quantiles[f"{level:g}"] for level in levels]
            own = [p for p in told if instant(p["whenPeriod"]["start"]) == row.target]
            for rule, prediction in zip(rules, own, strict=True):
                below = float(np.interp(rule.limit, values, levels, left=0.0, right=1.0))
                wanted = below if rule.side == "below" else 1 - below
                assert abs(prediction["probabilityDecimal"] - wanted) <= 0.06  # between two levels: at most their step
                assert prediction["rationale"] == rule.source

    talk(scenario)
