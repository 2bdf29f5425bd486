"""Nightscout documents.  Members are those of the server's own description (cgm-remote-monitor, swagger.yaml) and of
documents quoted in public repositories; the values are ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.drive import input_events
from gemel.core.fact import Above, Below, Exact, Intervention, Status
from gemel.core.quantity import Quantity
from gemel.ingest.sniff import sniff
from tests.ingest.reading import Said, read

RAPID = Quantity("insulin", "[IU]/h", low=0.0, dose_unit="[IU]", code="gemel:rapid-insulin")
MIDNIGHT = instant("2026-03-01T23:00:00Z")  # 2 March in Berlin
PROFILE = {
    "_id": "p", "defaultProfile": "Default", "startDate": "2026-01-01T00:00:00.000Z",
    "store": {
        "Default": {
            "timezone": "Europe/Berlin", "units": "mg/dl",
            "basal": [{"time": "00:00", "value": 0.8}, {"time": "06:00", "timeAsSeconds": 21600, "value": "1.2"}],
        }
    },
}  # fmt: skip


def documents(*given: dict[str, Any]) -> Said:
    return read(json.dumps(given).encode())


def treatment(hours: float, kind: str, **members: Any) -> dict[str, Any]:
    at = MIDNIGHT + round(hours * HOUR)
    return {"_id": f"{kind}{hours}", "eventType": kind, "date": at // 1000, "utcOffset": 60, **members}


def rate_at(said: Said, hours: float) -> float:
    """The basal rate in force: what core makes of the facts."""
    acts = [f for f in said.facts if isinstance(f, Intervention) and f.rate is not None]
    events, _ = input_events((RAPID,), acts, np.zeros(1))
    return [e.rate for e in events if e.at <= MIDNIGHT + hours * HOUR and e.rate is not None][-1]


def test_entries_are_readings_bounds_meter_values_or_counted() -> None:
    ms = MIDNIGHT // 1000
    said = documents(
        {"type": "sgv", "sgv": 120, "date": ms, "dateString": "x", "direction": "Flat", "device": "xDrip"},
        {"type": "sgv", "sgv": 39, "date": ms + 300_000},
        {"type": "sgv", "sgv": 401, "date": ms + 600_000},
        {"type": "sgv", "sgv": 9, "date": ms + 900_000},
        {"type": "mbg", "mbg": 117, "dateString": "2026-03-02T00:20:00+01:00"},
        {"type": "cal", "slope": 800, "date": ms},
        {"type": "sgv", "sgv": 6.1, "units": "mmol", "date": ms + 1_500_000},
    )
    assert [v for _, v in said.values("loinc:99504-3")] == [Exact(120.0), Below(40.0), Above(400.0), Exact(6.1)]
    assert said.facts[-1].unit == "mmol/L" and said.facts[0].at == MIDNIGHT
    assert said.values("loinc:41653-7") == [(MIDNIGHT + 20 * MINUTE, Exact(117.0))]
    assert said.account.skipped == {"a sensor's error code": 1, "entry of type cal": 1}


def test_treatments_give_insulin_and_carbohydrate_by_product_and_in_parts() -> None:
    pens = '[{"insulin": "Tresiba", "units": 18}, {"insulin": "NovoRapid", "units": 3}]'
    said = documents(
        treatment(8, "Meal Bolus", insulin=4.2, carbs=42, glucose=140, glucoseType="Finger", units="mg/dl"),
        treatment(9, "Correction Bolus", insulin="1.5", glucose=160, glucoseType="Sensor"),
        treatment(10, "Bolus", insulin=21, insulinInjections=pens),
        treatment(11, "Combo Bolus", insulin=2.0, enteredinsulin=5.0, splitNow=40, splitExt=60, duration=60),
        treatment(12, "Site Change"),
        treatment(13, "Note", insulinInjections='[{"insulin": "Insuman Basal", "units": 3}]'),
    )
    doses = [(f.code, f.dose or 0.0) for f in said.facts if isinstance(f, Intervention)]
    total = {code: sum(dose for c, dose in doses if c == code) for code, _ in doses}
    assert total == pytest.approx(
        {"gemel:rapid-insulin": 4.2 + 1.5 + 3.0 + 5.0, "gemel:carbohydrate": 42.0, "gemel:long-acting-insulin": 18.0}
    )
    assert [v for _, v in said.values("loinc:41653-7")] == [Exact(140.0)]
    assert [r.reason for r in said.rejected] == ["unknown insulin: 'Insuman Basal'"]
    assert said.account.skipped["Site Change treatment"] == 1


def test_the_basal_rate_is_the_schedule_but_during_a_temporary_rate() -> None:
    treatments = [
        treatment(1, "Temp Basal", absolute=0.3, duration=30),
        treatment(5.75, "Temp Basal", percent=-50, duration=30),
        treatment(9, "Temp Basal", absolute=0.0, duration=60),
        treatment(9.25, "Temp Basal", duration=0),
        treatment(12, "Note"),
    ]
    said = read(json.dumps({"entries": [], "treatments": treatments, "profile": [PROFILE]}).encode())
    expected = {0.5: 0.8, 1.25: 0.3, 2: 0.8, 5.8: 0.4, 6.1: 0.4, 6.5: 1.2, 9.1: 0.0, 9.5: 1.2, 11: 1.2}
    assert {hours: rate_at(said, hours) for hours in expected} == pytest.approx(expected)


def test_a_profile_beside_the_treatments_is_found(tmp_path: Path) -> None:
    (tmp_path / "treatments.json").write_text(json.dumps([treatment(7, "Temp Basal", percent=-50, duration=30)]))
    alone = read(tmp_path / "treatments.json")
    assert alone.rejected[0].reason.startswith("no schedule") and not alone.facts
    (tmp_path / "profile.json").write_text(json.dumps([PROFILE]))
    beside = read(tmp_path / "treatments.json")
    assert not beside.rejected and rate_at(beside, 7.1) == pytest.approx(0.6)


def test_a_later_version_amends_and_a_deleted_one_is_withdrawn() -> None:
    meal = treatment(8, "Carb Correction", carbs=40, srvCreated=MIDNIGHT // 1000 + 9 * 3_600_000)
    first = documents(meal).facts[0]
    amended = documents({**meal, "carbs": 60, "srvModified": meal["srvCreated"] + 60_000}).facts[0]
    deleted = documents({**meal, "isValid": False}).facts[0]
    assert first.id == amended.id == deleted.id and amended.recorded - first.recorded == MINUTE
    assert first.recorded - first.at == HOUR and deleted.status is Status.ENTERED_IN_ERROR


def test_a_broken_profile_takes_the_schedule_away_and_nothing_else() -> None:
    bolus = treatment(8, "Bolus", insulin=4.0)
    said = read(json.dumps({"treatments": [bolus, 7], "entries": [], "profile": [{**PROFILE, "store": {}}]}).encode())
    assert len(said.facts) == 1 and [r.reason for r in said.rejected] == ["malformed: no object: 7"]
    assert "cannot be read" in said.account.to_dict()["assumed"][0]


def test_one_dose_uploaded_by_two_programs_counts_once() -> None:
    bolus = treatment(8, "Bolus", insulin=4.0)
    said = documents(bolus, {**bolus, "_id": "another"})
    assert len(said.facts) == 1 and said.account.skipped == {"the same entry under another name": 1}


def test_the_answer_of_the_newer_interface_is_read_too() -> None:
    body = json.dumps({"status": 200, "result": [treatment(8, "Bolus", insulin=4.0)]}).encode()
    assert sniff(body).format == "nightscout" and len(read(body).facts) == 1


def test_a_malformed_document_is_rejected_alone_and_bad_json_is_an_error() -> None:
    said = documents({"type": "sgv", "sgv": "x", "date": 1}, {"type": "sgv", "sgv": 100, "date": MIDNIGHT // 1000}, {})
    assert len(said.facts) == 1 and len(said.rejected) == 1
    assert "may be cut short" in read(b'[{"type": "sgv", "sgv": 100, "date": 1').error
