"""Diaries on the command line: a real record, written as each vendor would, comes to the same report."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gemel.cli.app import run
from gemel.cli.diaries import keepers
from gemel.cli.importing import Asked, import_files
from gemel.cli.records import Wanted, read, subjects
from gemel.core.clock import instant
from gemel.core.errors import IngestError
from gemel.core.fact import Fact, Intervention

CLARITY = "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams)"  # noqa: E501
ZONE = "Europe/London"


@pytest.fixture(scope="module")
def real(shared: Path) -> dict[str, list[dict[str, str]]]:
    """Two days of a person's tables in their own words."""
    folder = shared / "data/metabolic/t1d_uom"
    tables: dict[str, list[dict[str, str]]] = {}
    for name in ("glucose", "bolus", "nutrition"):
        with (folder / f"2301_{name}.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        first = tables["glucose"][0]["t"][:10] if tables else rows[0]["t"][:10]
        days = sorted({row["t"][:10] for row in (tables.get("glucose") or rows) if row["t"][:10] >= first})[1:3]
        tables[name] = [row for row in rows if row["t"][:10] in days]
    return tables


def as_clarity(real: dict[str, list[dict[str, str]]]) -> str:
    rows = [f"1,{iso(r)},EGV,,{r['glucose_mgdl']},," for r in real["glucose"]]
    rows += [f"1,{iso(r)},Insulin,Fast-Acting,,{r['bolus_dose']}," for r in real["bolus"]]
    rows += [f"1,{iso(r)},Carbs,,,,{r['carbs_g']}" for r in real["nutrition"]]
    return "\n".join([CLARITY, *rows, ""])


def as_nightscout(real: dict[str, list[dict[str, str]]]) -> list[dict[str, Any]]:
    def ms(row: dict[str, str]) -> int:
        return instant(row["t"], tz=ZONE) // 1000

    found: list[dict[str, Any]] = [
        {"type": "sgv", "sgv": float(r["glucose_mgdl"]), "date": ms(r)} for r in real["glucose"]
    ]
    found += [{"eventType": "Bolus", "insulin": float(r["bolus_dose"]), "date": ms(r)} for r in real["bolus"]]
    meals = [r for r in real["nutrition"] if r["carbs_g"]]
    return found + [{"eventType": "Meal", "carbs": float(r["carbs_g"]), "date": ms(r)} for r in meals]


def iso(row: dict[str, str]) -> str:
    return datetime.fromisoformat(row["t"]).isoformat(timespec="seconds")


def told(facts: tuple[Fact, ...]) -> set[tuple[object, ...]]:
    return {(f.code, f.at, f.dose if isinstance(f, Intervention) else f.value) for f in facts}


def test_one_record_as_clarity_and_as_nightscout_comes_to_the_same_facts_and_report(
    real: dict[str, list[dict[str, str]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in {"a/x.csv": as_clarity(real), "b/entries.json": json.dumps(as_nightscout(real))}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)
    assert subjects(tmp_path) == ["a", "b"]
    clarity, nightscout = (read(Wanted(tmp_path, who, zone=ZONE)) for who in ("a", "b"))
    assert told(clarity.facts) == told(nightscout.facts) and len(clarity.facts) > 500
    reports: list[dict[str, Any]] = []
    for who in ("a", "b"):
        run(["glucose-report", "--data", str(tmp_path), "--subject", who, "--zone", ZONE, "--days", "2", "--json"])
        reports.append(json.loads(capsys.readouterr().out))
    assert {**reports[0], "subject": "", "source": ""} == {**reports[1], "subject": "", "source": ""}


def test_a_folder_of_several_people_asks_whose_and_lists_them(tmp_path: Path) -> None:
    for who in ("ann", "bob"):
        (tmp_path / who).mkdir()
        (tmp_path / who / "export.csv").write_text(CLARITY + "\n1,2026-03-02T07:00:00,EGV,,100,,\n")
        (tmp_path / who / "readme.txt").write_text("nothing to see")
    assert keepers(tmp_path) == ["ann", "bob"]
    with pytest.raises(IngestError, match="there are ann, bob"):
        read(Wanted(tmp_path))
    assert len(read(Wanted(tmp_path / "ann")).facts) == 1


def test_import_tells_a_diary_by_its_content_and_a_second_import_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "data.txt").write_text(CLARITY + "\n1,2026-03-02T07:00:00,EGV,,100,,\n1,,Alert,Low,70,,\n")
    asked = Asked((tmp_path / "in",), str(tmp_path / "data"), ZONE, "ann")
    first, again = import_files(asked), import_files(asked)
    count = first.formats["clarity"]
    assert (count.accepted, count.skipped) == (1, {"alert row without a time": 1})
    assert again.formats["clarity"].accepted == 0 and again.formats["clarity"].repeated == 1
    assert any(ZONE in said for said in first.by_file["data.txt"]["assumed"])


def test_doubts_need_some_hours_of_records_and_a_model_that_takes_carbohydrate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.csv").write_text(CLARITY + "\n1,2026-03-02T07:00:00,EGV,,100,,\n")
    assert run(["forecast", "--data", str(tmp_path / "x.csv"), "--doubts"]) != 0
    assert "too few hours of records to doubt" in capsys.readouterr().err


@pytest.mark.slow
def test_a_forecast_says_what_is_in_doubt_and_why_it_is_not_corrected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"1,2026-03-02T{h:02}:{m:02}:00,EGV,,{100 + h},," for h in range(6) for m in range(0, 60, 5)]
    del rows[30:42]
    (tmp_path / "x.csv").write_text("\n".join([CLARITY, *rows, ""]))
    asked = ["--doubts", "--correct", "--model", "replaybg-everyday", "--members", "16", "--hours", "1", "--json"]
    assert run(["forecast", "--data", str(tmp_path / "x.csv"), *asked]) == 0
    reasons = json.loads(capsys.readouterr().out)["reasons"]
    assert any("silent once in the last 24 h, 1.1 h together" in reason for reason in reasons)
    assert any("not corrected: fewer than 200" in reason for reason in reasons)
