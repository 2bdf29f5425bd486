"""The command: one bundle in, the same map whatever its order, a page that asks for nothing, FHIR that reads back."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.cli.health_record import read_record
from gemel.core.errors import IngestError

SYNTHETIC = files("gemel.cli").joinpath("synthetic_patient.json")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.json"
    path.write_bytes(SYNTHETIC.read_bytes())
    return path


def _changed(bundle: Path, change: Any) -> Path:
    """A copy of the bundle whose entries are what `change` makes of them."""
    content = json.loads(bundle.read_text())
    content["entry"] = change(content["entry"])
    path = bundle.with_name("changed.json")
    path.write_text(json.dumps(content))
    return path


def test_json_keeps_its_schema_and_says_what_the_record_says(valid, bundle: Path) -> None:
    found = valid("health-map", "health-map", bundle)
    status = {o["organ"]: o["status"] for o in found["organs"]}
    assert status["heart and vessels"] == "out of range" and status["lungs"] == "not measured"
    assert found["region"] == "us" and len(found["top"]) <= 5 and found["risks"]
    for risk in found["risks"]:
        ends = [risk[k] for k in ("low95", "low80", "median", "high80", "high95")]
        assert ends == sorted(ends) and 0.0 <= ends[0] and ends[-1] <= 1.0, risk["score"]
    shown = {r["score"] for r in found["risks"]}
    assert not shown & {r["score"] for r in found["refused"] if r["kind"] == "missing"}
    markers = {m["name"]: m for o in found["organs"] for m in o["markers"]}
    assert markers["total_cholesterol"]["status"] == "old" and markers["hba1c"]["old"]
    assert markers["sbp"]["trend"] == "rising" and markers["sbp"]["source"]


def test_the_order_of_resources_does_not_matter(valid, bundle: Path) -> None:
    shuffled = _changed(bundle, lambda e: [e[i] for i in np.random.default_rng(3).permutation(len(e))])
    assert valid("health-map", "health-map", bundle) == valid("health-map", "health-map", shuffled)


def test_what_was_entered_in_error_or_refuted_leaves_no_trace(valid, bundle: Path) -> None:
    def kept(resource: dict[str, Any]) -> bool:
        refuted = resource.get("verificationStatus", {}).get("coding", [{}])[0].get("code") == "refuted"
        return resource.get("status") != "entered-in-error" and not refuted

    content = json.loads(bundle.read_text())["entry"]
    assert sum(not kept(e["resource"]) for e in content) == 2
    clean = _changed(bundle, lambda entries: [e for e in entries if kept(e["resource"])])
    one, other = (valid("health-map", "health-map", path) for path in (bundle, clean))
    assert one["risks"] == other["risks"] and one["organs"] == other["organs"]


def test_another_unit_is_the_same_person(valid, bundle: Path) -> None:
    """Cholesterol in mmol/L instead of mg/dL, to 1e-9 in every risk."""

    def metric(entries: list[Any]) -> list[Any]:
        for entry in entries:
            quantity = entry["resource"].get("valueQuantity", {})
            if quantity.get("code") == "mg/dL" and entry["resource"]["code"]["coding"][0]["code"] in (
                "2093-3",
                "2085-9",
            ):
                quantity |= {"value": quantity["value"] * 10 / 386.664, "unit": "mmol/L", "code": "mmol/L"}
        return entries

    one, other = (valid("health-map", "health-map", p)["risks"] for p in (bundle, _changed(bundle, metric)))
    for a, b in zip(one, other, strict=True):
        assert a["median"] == pytest.approx(b["median"], rel=1e-4), a["score"]


def test_nobody_elses_diagnosis_counts(bundle: Path) -> None:
    stranger = {
        "resourceType": "Condition", "id": "x", "subject": {"reference": "Patient/other"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
    }  # fmt: skip
    found = read_record(_changed(bundle, lambda e: [*e, {"resource": stranger}]))
    assert "snomed:44054006" not in {d.code for d in found.record.diagnoses}


def test_a_malformed_condition_costs_only_itself(bundle: Path) -> None:
    broken = {"resource": {"resourceType": "Condition", "id": 7, "code": "text"}}
    found = read_record(_changed(bundle, lambda e: [*e, broken]))
    assert found.skipped["malformed condition, medicine or patient"] == 1 and found.record.diagnoses


def test_the_page_asks_for_nothing_and_the_fhir_file_reads_back(run, bundle: Path, tmp_path: Path) -> None:
    html, fhir = tmp_path / "map.html", tmp_path / "risks.json"
    code, out, err = run("health-map", bundle, "--html", html, "--fhir", fhir)
    assert code == 0, err
    assert "heart and vessels" in out and "Measure next" in out and "no diagnosis" in out
    text = html.read_text()
    assert "default-src 'none'" in text and not re.search(r"(src|href)\s*=", text)
    assert "In plain words" in text and "not measured" in text
    kinds = {e["resource"]["resourceType"] for e in json.loads(fhir.read_text())["entry"]}
    assert kinds == {"RiskAssessment", "Provenance"}


def test_what_is_no_bundle_of_one_person_is_refused(run, tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text('{"resourceType": "Bundle", "entry": []}')
    assert run("health-map", path)[0] == 2
    with pytest.raises(IngestError):
        read_record(b"not json")


def test_region_and_date_are_the_readers_to_choose(valid, bundle: Path, run) -> None:
    early = valid("health-map", "health-map", bundle, "--at", "2022-06-01", "--region", "europe-low")
    assert early["at"].startswith("2022-06-01") and early["region"] == "europe-low"
    markers = {m["name"]: m for o in early["organs"] for m in o["markers"]}
    assert markers["sbp"]["value"] == 142 and markers["bmi"]["value"] is None
    assert run("health-map", bundle, "--region", "moon")[0] == 2


def test_answers_feed_what_no_resource_holds(valid, bundle: Path, run) -> None:
    """PREVENT rises with the deprivation decile; a parent's heart attack lets MESA answer."""

    def risks(*answers: str) -> dict[tuple[str, float], float]:
        given = [word for answer in answers for word in ("--answer", answer)]
        found = valid("health-map", "health-map", bundle, *given)["risks"]
        return {(r["score"], r["years"]): r["median"] for r in found}

    plain, rich, poor = risks(), risks("sdi=1"), risks("sdi=10", "family_heart_attack=1")
    assert poor["prevent_cvd", 10.0] > rich["prevent_cvd", 10.0]
    assert ("mesa_chd", 10.0) in poor and ("mesa_chd", 10.0) not in plain
    assert run("health-map", bundle, "--answer", "sdii=10")[0] == 2
    assert run("health-map", bundle, "--answer", "sdi")[0] == 2


def test_a_relatives_heart_attack_is_read(bundle: Path) -> None:
    def relative(role: str) -> dict[str, Any]:
        return {"resource": {
            "resourceType": "FamilyMemberHistory", "id": "f", "status": "completed",
            "patient": {"reference": "urn:uuid:synthetic-1"}, "relationship": {"coding": [{"code": role}]},
            "condition": [{"code": {"coding": [{"system": "http://snomed.info/sct", "code": "22298006"}]}}],
        }}  # fmt: skip

    told = {
        role: dict(read_record(_changed(bundle, lambda e, role=role: [*e, relative(role)])).record.answers)
        for role in ("FTH", "COUSN")
    }  # fmt: skip
    assert told == {"FTH": {"family_heart_attack": 1.0}, "COUSN": {"family_heart_attack": 0.0}}
    assert not read_record(bundle).record.answers


def test_the_demo_needs_no_data_beside_the_package(valid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMEL_SHARED", str(tmp_path / "nothing"))
    monkeypatch.setenv("GEMEL_DEMO_HEADLESS", "1")
    found = valid("health-map", "demo", "health-map", "--out", tmp_path / "demo")
    assert found["subject"] == "synthetic-1" and (tmp_path / "demo" / "health-map.html").is_file()


def test_the_benchmark_gives_both_figures(valid) -> None:
    found = valid("bench health", "bench", "health", "--quick")
    assert found["health_map_ms"] > 0 and found["risk_10000x50_s"] > 0 and found["scores_evaluated"] >= 5


def test_every_synthea_patient_gets_a_map_without_manual_mapping(shared: Path, valid) -> None:
    """Alive or dead, child or old: status for all, risks only for those the scores were made for."""
    paths = sorted((shared / "data/platform/fhir_synthea_r4").glob("*.json.gz"))
    adults = 0
    for path in paths[::5]:
        found = valid("health-map", "health-map", path)
        assert found["facts_used"] > 20 and found["organs"]
        adults += 40 <= found["age"] < 75
        assert bool(found["risks"]) or not 40 <= found["age"] < 75, path.name
        assert all(r["inside"] >= 0.5 for r in found["risks"])
    assert adults >= 1
