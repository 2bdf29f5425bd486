"""T1D-UOM by its shipped mapping: our own small example, then the real data."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemel.core.clock import instant
from gemel.core.errors import IngestError
from gemel.core.fact import Exact, Intervention, Observation, Rejected
from gemel.core.units import parse
from gemel.ingest import t1d_uom
from gemel.ingest.codes import table
from gemel.ingest.report import collect

EXAMPLE = {
    "glucose": "t,glucose_mgdl\n2024-07-01T08:00:00,123.4\n2024-07-01T08:05:00,HIGH\n2024-07-01T08:05:00,HIGH\n",
    "basal": (
        "t,basal_dose,insulin_kind\n2024-07-01T00:00:00,0.8,R\n2024-07-01T03:00:00,0,R\n2024-07-01T22:00:00,12,L\n"
    ),
    "bolus": "t,bolus_dose\n2024-07-01T08:01:00,4.5\n2024-07-01T12:00:00,\n2024-07-01T13:00:00,0\n",
    "nutrition": "t,meal_type,carbs_g,prot_g,fat_g,fibre_g\n2024-07-01T08:10:00,Breakfast,45,5,5,\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in EXAMPLE.items():
        (tmp_path / f"7_{name}.csv").write_text(text)
    return tmp_path


def test_the_four_files_become_readings_rates_doses_and_meals(folder: Path) -> None:
    facts, report = collect(t1d_uom.read(folder, "7"))
    acts = [(f.code, f.dose, f.rate, f.unit) for f in facts if isinstance(f, Intervention)]
    assert acts == [
        ("gemel:rapid-insulin", None, 0.8, "[IU]/h"),
        ("gemel:rapid-insulin", None, 0.0, "[IU]/h"),
        ("gemel:long-acting-insulin", 12.0, None, "[IU]"),
        ("gemel:rapid-insulin", 4.5, None, "[IU]"),
        ("gemel:carbohydrate", 45.0, None, "g"),
    ]
    first = facts[0]
    assert isinstance(first, Observation) and first.at == instant("2024-07-01T07:00:00Z")
    assert (report.items, report.used, report.repeated, report.rejected) == (10, 7, 1, 1)
    assert report.skipped == {"bolus_dose is zero: a dose of nothing": 1}
    text = report.render("Europe/London")
    assert "rapid-acting insulin (gemel:rapid-insulin): used 3 of 4 values; 1 rejected" in text
    assert "bolus_dose is empty (7_bolus.csv:3)" in text


def test_a_missing_file_is_said_and_the_others_are_read(folder: Path) -> None:
    (folder / "7_basal.csv").unlink()
    facts, report = collect(t1d_uom.read(folder, "7"))
    assert len(facts) == 4
    assert report.reasons["unreadable file"].count == 1
    assert any("7_basal.csv was not read" in note for note in report.notes)
    assert "7_basal.csv" in report.render()


def test_a_person_without_any_file_is_an_error(folder: Path) -> None:
    with pytest.raises(IngestError, match="nothing of '8' can be read"):
        t1d_uom.read(folder, "8")


def test_the_report_is_plain_data(folder: Path) -> None:
    _, report = collect(t1d_uom.read(folder, "7"))
    plain = report.to_dict()
    assert plain["codes"]["loinc:99504-3"]["used"] == 2 and plain["reasons"]["no value"]["count"] == 1


REAL = {  # items, used, repeated, rejected, skipped: rows of the four files, counted with the csv module
    "2301": (12_835, 12_776, 1, 0, 58),
    "2309": (7_562, 7_558, 0, 3, 1),
    "2314": (4_331, 4_296, 0, 35, 0),
    "2401": (4_911, 4_910, 0, 0, 1),
}


@pytest.mark.parametrize("person", REAL)
def test_the_real_data_are_read_to_the_row(shared: Path, person: str) -> None:
    folder = shared / "data" / "metabolic" / "t1d_uom"
    facts, report = collect(t1d_uom.read(folder, person))
    counts = (report.items, report.used, report.repeated, report.rejected, sum(report.skipped.values()))
    assert counts == REAL[person]
    rows = sum(len(path.read_text().splitlines()) - 1 for path in folder.glob(f"{person}_*.csv"))
    assert report.items == rows
    readings = [f for f in facts if isinstance(f, Observation)]
    assert all(isinstance(f.value, Exact) and 40 <= f.value.value <= 400 for f in readings)
    assert not report.notes and not report.unmapped


WORDS = (
    "gemel:movement", "gemel:visit", "gemel:prior-ward", "gemel:disposition", "gemel:condition", "gemel:procedure",
    "gemel:allergy", "gemel:immunization",
)  # fmt: skip


def test_every_code_of_the_table_has_a_unit_and_leads_to_a_known_one() -> None:
    codes = table()
    for code, entry in codes.entries.items():
        assert entry.means in codes, code
        assert codes.entries[entry.means].means == entry.means, code
        if entry.limits is None:  # what is told by a word has no unit
            assert not entry.is_input and code.startswith(WORDS), code
            continue
        parse(entry.limits.unit)
        assert entry.limits.low < entry.limits.high
        assert entry.is_input == codes.entries[entry.means].is_input


def test_a_sites_own_codes_extend_the_table(tmp_path: Path) -> None:
    path = tmp_path / "site.csv"
    path.write_text("code,means,kind\nurn:pharmacy:NOVO,gemel:rapid-insulin,input\n")
    codes = table().extended(path)
    entry = codes.get("urn:pharmacy:NOVO")
    assert entry is not None and entry.is_input and entry.limits is not None and entry.limits.unit == "[IU]"
    assert "urn:pharmacy:NOVO" not in table()
    path.write_text("code,unit,low\nx,mg/dL,ten\n")
    with pytest.raises(IngestError, match=r"site.csv' line 2"):
        table().extended(path)
    path.write_text("a,b\n")
    with pytest.raises(IngestError, match="needs a column 'code'"):
        table().extended(path)


def test_rejections_are_kept_whole_in_the_stream(folder: Path) -> None:
    (bad,) = [item for item in t1d_uom.read(folder, "7") if isinstance(item, Rejected)]
    assert (bad.source, bad.raw, bad.code) == ("7_bolus.csv:3", "2024-07-01T12:00:00,", "gemel:rapid-insulin")
