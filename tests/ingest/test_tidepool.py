"""Tidepool entries.  Members are those of the examples in Tidepool's data model; the values are ours."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.fact import Above, Below, Exact, Fact, Intervention
from gemel.ingest.sniff import sniff
from tests.ingest.reading import Said, read

AT = "2026-04-26T18:00:00.000Z"
COMMON: dict[str, Any] = {
    "time": AT, "deviceTime": "2026-04-26T11:00:00", "timezoneOffset": -420, "deviceId": "DevId0987654321",
    "uploadId": "SampleUploadId",
}  # fmt: skip


def entry(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, **COMMON, **members}


def export(*entries: dict[str, Any]) -> Said:
    return read(json.dumps(entries).encode())


def given(said: Said) -> list[tuple[str, float | None, float | None]]:
    return [(f.code, f.dose, f.rate) for f in said.facts if isinstance(f, Intervention)]


def test_readings_keep_their_unit_and_say_when_tidepool_was_told() -> None:
    said = export(entry("cbg", units="mmol/L", value=5.55075, createdTime="2026-04-26T18:03:00.000Z"))
    (fact,) = said.facts
    assert said.values("loinc:99504-3") == [(instant(AT), Exact(5.55075))]
    assert (fact.unit, fact.recorded - fact.at) == ("mmol/L", 3 * MINUTE)


def test_a_reading_off_the_scale_is_a_bound_at_its_threshold() -> None:
    low = [{"code": "bg/out-of-range", "value": "low", "threshold": 40}]
    high = json.dumps([{"code": "bg/out-of-range", "value": "high", "threshold": 600}])
    said = export(
        entry("cbg", units="mmol/L", value=2.2, annotations=low),
        entry("smbg", units="mg/dL", value=601, annotations=high),
    )
    assert [(f.value, f.unit) for f in said.seen] == [(Below(40.0), "mg/dL"), (Above(600.0), "mg/dL")]


def test_pump_and_pen_insulin_and_food_are_given() -> None:
    said = export(
        entry("bolus", subType="normal", normal=4.25),
        entry("basal", deliveryType="temp", rate=0.95, duration=1_800_000),
        entry("basal", deliveryType="suspend", duration=1_800_000),
        entry("insulin", dose={"units": "Units", "total": 20}, formulation={"simple": {"actingType": "long"}}),
        entry("food", nutrition={"carbohydrate": {"net": 30, "units": "grams"}}),
        entry("deviceEvent", subType="calibration", units="mg/dL", value=120),
        entry("deviceEvent", subType="alarm"),
        entry("upload"),
    )
    rapid = "gemel:rapid-insulin"
    assert given(said) == [
        (rapid, 4.25, None), (rapid, None, 0.95), (rapid, None, 0.0), ("gemel:long-acting-insulin", 20.0, None),
        ("gemel:carbohydrate", 30.0, None),
    ]  # fmt: skip
    assert said.values("loinc:41653-7") == [(instant(AT), Exact(120.0))]
    assert said.account.skipped == {"device event alarm": 1, "upload entry": 1}


def test_an_extended_bolus_is_given_over_its_duration_and_adds_up() -> None:
    said = export(entry("bolus", subType="dual/square", normal=2.0, extended=3.0, duration=2 * 3_600_000))
    doses = [f for f in said.facts if isinstance(f, Intervention) and f.dose is not None]
    later = [f for f in doses if f.at > instant(AT)]
    assert sum(f.dose or 0.0 for f in doses) == 5.0
    assert sum((f.dose or 0.0) * (f.at - instant(AT)) for f in later) / sum(f.dose or 0.0 for f in later) == HOUR


def test_carbohydrate_told_to_the_calculator_and_as_food_counts_once() -> None:
    wizard = entry("wizard", carbInput=30, bolus="x")
    food = entry("food", nutrition={"carbohydrate": {"net": 30, "units": "grams"}})
    assert given(export(wizard, food)) == given(export(wizard)) == [("gemel:carbohydrate", 30.0, None)]
    exchanges = export(entry("wizard", carbInput=3, carbUnits="exchanges"))
    assert not exchanges.facts and exchanges.rejected[0].reason.startswith("wrong unit")


def test_the_same_reading_of_two_uploads_is_one_fact() -> None:
    first = entry("cbg", units="mmol/L", value=5.5, id="a")
    said = export(first, {**first, "id": "b", "uploadId": "another"})
    assert len({f.id for f in said.facts}) == 1


def test_a_table_of_the_same_entries_gives_the_same_facts() -> None:
    rows: list[dict[str, Any]] = [
        entry("cbg", units="mmol/L", value=5.5), entry("bolus", normal=2.0),
        entry("food", **{"nutrition.carbohydrate.net": 30, "nutrition.carbohydrate.units": "grams"}),
    ]  # fmt: skip
    out = io.StringIO()
    writer = csv.DictWriter(out, sorted({name for row in rows for name in row}))
    writer.writeheader()
    writer.writerows(rows)
    nested = {**rows[2], "nutrition": {"carbohydrate": {"net": 30, "units": "grams"}}}

    def told(said: Said) -> list[Fact]:
        return said.facts

    table = out.getvalue().encode()
    assert sniff(table).format == "tidepool"
    assert told(read(table)) == told(export(rows[0], rows[1], nested))


def test_a_malformed_entry_is_rejected_alone() -> None:
    said = export(entry("cbg", units="mmol/L"), entry("cbg", units="mmol/L", value=5.5), entry("basal"))
    assert [r.reason.partition(":")[0] for r in said.rejected] == ["malformed", "no value"] and len(said.facts) == 1
