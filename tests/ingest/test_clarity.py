"""Dexcom Clarity exports.  The layout (columns, untimed first rows, rows of 13 fields beside rows of 14) is that of
exports in public repositories; the values are ours."""

from __future__ import annotations

import pytest

from gemel.core.clock import MINUTE, instant
from gemel.core.fact import Above, Below, Exact, Intervention, bounds
from gemel.core.units import convert
from gemel.ingest.sniff import sniff
from tests.ingest.reading import Said, read, terms

HEADER = (
    "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,Source Device ID,"
    "Glucose Value ({unit}),Insulin Value (u),Carb Value (grams),Duration (hh:mm:ss),"
    "Glucose Rate of Change ({unit}/min),Transmitter Time (Long Integer),Transmitter ID\r\n"
)
FIRST = (
    "1,,FirstName,,Ann,,,,,,,,\r\n2,,LastName,,Other,,,,,,,,\r\n3,,Device,,,Dexcom G7 Mobile App,iOS G7,,,,,,\r\n"
    "4,,Alert,Low,,,iOS G7,70,,,,,\r\n"
)


def row(time: str, event: str, subtype: str = "", glucose: str = "", insulin: str = "", carbs: str = "") -> str:
    return f"9,{time},{event},{subtype},,,iOS G7,{glucose},{insulin},{carbs},,,,\r\n"


def export(*rows: str, unit: str = "mg/dL", zone: str = "UTC") -> Said:
    return read(("\ufeff" + HEADER.format(unit=unit) + FIRST + "".join(rows)).encode(), terms(zone))


def test_readings_doses_and_meals_are_facts_and_the_rest_is_counted() -> None:
    said = export(
        row("2026-03-02T07:00:00", "EGV", glucose="112"),
        row("2026-03-02T07:01:00", "Insulin", "Fast-Acting", insulin="4.5"),
        row("2026-03-02T07:02:00", "Insulin", "Long-Acting", insulin="18"),
        row("2026-03-02T07:03:00", "Carbs", carbs="40"),
        row("2026-03-02T07:04:00", "Calibration", glucose="120"),
        row("2026-03-02T07:05:00", "Exercise", "Light"),
    )
    at = instant("2026-03-02T07:00:00Z")
    assert said.values("loinc:99504-3") == [(at, Exact(112.0))]
    assert said.values("loinc:41653-7") == [(at + 4 * MINUTE, Exact(120.0))]
    given = [(f.code, f.dose, f.unit) for f in said.facts if isinstance(f, Intervention)]
    assert given == [
        ("gemel:rapid-insulin", 4.5, "[IU]"), ("gemel:long-acting-insulin", 18.0, "[IU]"),
        ("gemel:carbohydrate", 40.0, "g"),
    ]  # fmt: skip
    assert said.account.skipped == {
        "personal detail": 2, "device row without a time": 1, "alert row without a time": 1, "exercise event": 1,
    }  # fmt: skip
    assert not said.rejected and not said.error


def test_low_and_high_are_bounds_in_files_of_either_unit() -> None:
    for unit in ("mg/dL", "mmol/L"):
        said = export(
            row("2026-03-02T07:00:00", "EGV", "Low", "Low"),
            row("2026-03-02T07:05:00", "EGV", "High", "High"),
            unit=unit,
        )
        assert [(f.value, f.unit) for f in said.seen] == [(Below(40.0), "mg/dL"), (Above(400.0), "mg/dL")]


def test_the_unit_is_that_of_the_column() -> None:
    (fact,) = export(row("2026-03-02T07:00:00", "EGV", glucose="6.2"), unit="mmol/L").seen
    assert fact.unit == "mmol/L"
    assert convert(bounds(fact.value)[0], fact.unit, "mg/dL", analyte="glucose") == pytest.approx(111.7, abs=0.05)


def test_local_times_are_of_the_zone_asked_for_and_the_account_says_so() -> None:
    said = export(row("2026-07-02T07:00:00", "EGV", glucose="112"), zone="Europe/Berlin")
    assert said.facts[0].at == instant("2026-07-02T05:00:00Z")
    assert "times without a zone are of Europe/Berlin" in said.account.to_dict()["assumed"]


def test_an_hour_that_autumn_repeats_is_placed_by_the_order_of_the_rows() -> None:
    times = ("01:50", "01:55", "01:00", "01:05")
    said = export(*(row(f"2026-10-25T{t}:00", "EGV", glucose="100") for t in times), zone="Europe/London")
    assert [f.at - said.facts[0].at for f in said.facts] == [0, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE]


def test_overlapping_exports_repeat_facts_and_add_none() -> None:
    rows = [row(f"2026-03-02T07:{m:02}:00", "EGV", glucose=str(100 + m)) for m in range(0, 30, 5)]
    first, second = export(*rows[:4]), export(*rows[2:])
    assert len({f.id for f in (*first.facts, *second.facts)}) == len(rows)


def test_a_bad_row_is_rejected_with_its_reason_and_spoils_no_other() -> None:
    said = export(
        row("2026-03-02T07:00:00", "EGV", glucose="abc"),
        row("2026-03-02T25:00:00", "EGV", glucose="100"),
        row("2026-03-02T07:10:00", "EGV", glucose="100000"),
        row("2026-03-02T07:15:00", "Insulin", "Premixed", insulin="4"),
        row("2026-03-02T07:20:00", "Carbs"),
        row("2026-03-02T07:25:00", "EGV", glucose="101"),
    )
    assert [r.reason.partition(":")[0] for r in said.rejected] == [
        "malformed", "malformed", "impossible value", "unknown insulin", "no value",
    ]  # fmt: skip
    assert [f.value for f in said.seen] == [Exact(101.0)]


def test_a_last_line_that_may_be_cut_short_is_rejected() -> None:
    said = export(row("2026-03-02T07:00:00", "EGV", glucose="100"), "9,2026-03-02T07:05:00,EGV,,,,iOS G7,10")
    assert len(said.facts) == 1 and said.rejected[0].reason.startswith("truncated")


def test_a_table_parted_by_semicolons_with_decimal_commas_is_read() -> None:
    text = HEADER.format(unit="mmol/L").replace(",", ";") + "1;2026-03-02T07:00:00;EGV;;;;x;5,6;;;;;;\r\n"
    assert sniff(text.encode()).format == "clarity"
    assert [f.value for f in read(text.encode()).seen] == [Exact(5.6)]
