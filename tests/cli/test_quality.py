"""`gemel quality`: of records, and of a store; the same figures both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemel.cli.app import run
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.ingest import fhir
from gemel.runtime import Site


def feed(folder: Path) -> Path:
    """Two hours of a sensor as NDJSON, one value impossible."""
    path = folder / "readings.ndjson"
    lines = [
        {"resourceType": "Observation", "id": str(k), "status": "final", "subject": {"reference": "Patient/p"},
         "effectiveDateTime": f"2026-03-01T{k // 12:02d}:{k % 12 * 5:02d}:00Z",
         "code": {"coding": [{"system": "http://loinc.org", "code": "99504-3"}]},
         "valueQuantity": {"value": 9999 if k == 7 else 100 + k, "code": "mg/dL",
                           "system": "http://unitsofmeasure.org"}}
        for k in range(24)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["quality", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["subjects"][0]


def test_records_and_a_store_that_took_them_in_have_one_quality(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = feed(tmp_path)
    of_file = told(capsys, "--data", str(path), "--subject", "p")
    (tmp_path / "data").mkdir()
    with Site.open(tmp_path / "data" / "gemel.db", caller=Caller(id="test")) as site:
        site.enrol(Subject(id="p"))
        site.take_in("p", fhir.read(path, patient="p"))
    of_store = told(capsys, "--data", str(tmp_path / "data"), "--subject", "p")
    assert of_file == of_store
    (code,) = of_file["codes"]
    assert (code["expected"], code["filled"], code["impossible"], code["gaps"]) == (24, 23, 1, 0)


def test_it_speaks_to_people_too_and_names_a_person_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["quality", "--data", str(feed(tmp_path)), "--subject", "p"]) == 0
    said = capsys.readouterr().out
    assert "95.8%" in said and "impossible value" in said
    with Site.open(tmp_path / "gemel.db", caller=Caller(id="test")) as site:
        site.enrol(Subject(id="p"))
    assert run(["quality", "--data", str(tmp_path), "--subject", "q"]) != 0
    assert "no person 'q'" in capsys.readouterr().err


def test_readings_that_may_be_too_low_are_told_and_still_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Glucose Value (mg/dL)"
    rows = [
        f"1,2026-03-02T{2 + k // 12:02}:{k % 12 * 5:02}:00,EGV,,{70 if 12 <= k < 20 else 130 + k % 3}"
        for k in range(36)
    ]
    (tmp_path / "night.csv").write_text("\n".join([header, *rows, ""]))
    assert run(["quality", "--data", str(tmp_path / "night.csv"), "--json"]) == 0
    shape = json.loads(capsys.readouterr().out)
    assert shape["subjects"][0]["codes"][0]["facts"] == 36
    (reason,) = shape["in_doubt"]["night"]
    assert reason.startswith("2026-03-02T03:00 to 03:35: readings fell and rose again")
