"""Answers of the vendors' APIs: what each member means, and that a bad entry spoils only itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemel.core.clock import instant
from gemel.core.fact import Count, Exact, Level
from tests.ingest.reading import Said, read, terms


def answer(document: Any, zone: str = "UTC") -> Said:
    return read(json.dumps(document).encode(), terms(zone))


def test_fitbit_minutes_are_local_and_their_day_is_not_counted_twice() -> None:
    said = answer(
        {
            "activities-steps": [{"dateTime": "2015-08-21", "value": "3212"}],
            "activities-steps-intraday": {"dataset": [{"time": "14:28:00", "value": 52}]},
        },
        "America/New_York",
    )
    assert said.values("loinc:55423-8") == [(instant("2015-08-21T18:29:00Z"), Count(52))]
    assert said.account.skipped == {"a day's sum, beside its minutes": 1}


def test_fitbit_weight_in_pounds_gives_itself_away_by_the_body_mass_index() -> None:
    entry = {"date": "2015-05-13", "time": "18:28:59", "weight": 56.7, "bmi": 21.48}
    assert answer({"weight": [entry]}).values("loinc:29463-7")[0][1] == Exact(56.7)
    pounds = answer({"weight": [{**entry, "weight": 125.0}]})
    assert not pounds.facts and "not in kg" in pounds.rejected[0].reason


def test_fitbit_sleep_has_stages_an_end_and_a_length() -> None:
    said = answer(
        {
            "sleep": [
                {
                    "startTime": "2016-12-13T09:59:00.000", "endTime": "2016-12-13T11:02:30.000", "minutesAsleep": 63,
                    "levels": {"data": [{"dateTime": "2016-12-13T09:59:00.000", "level": "asleep", "seconds": 3780}]},
                }
            ]
        }
    )  # fmt: skip
    start, end = instant("2016-12-13T09:59:00Z"), instant("2016-12-13T11:02:30Z")
    assert said.values("gemel:sleep-stage") == [(start, Level("asleep")), (end, Level("end"))]
    assert said.values("loinc:93832-4") == [(end, Exact(1.05))]


def test_google_fit_times_are_nanoseconds() -> None:
    point = {
        "startTimeNanos": "1422632268186000000", "endTimeNanos": "1422632268186000000",
        "dataTypeName": "com.google.heart_rate.bpm", "value": [{"fpVal": 54}],
    }  # fmt: skip
    said = answer({"dataSourceId": "x", "point": [point, {**point, "dataTypeName": "com.google.location.sample"}]})
    assert said.values("loinc:8867-4") == [(1422632268186000, Exact(54.0))]
    assert said.account.skipped == {"data type com.google.location.sample": 1}


@pytest.mark.parametrize(("offset", "hours"), [("-0800", -8), ("+0530", 5.5), (1, 1), (-8, -8), ("0", 0)])
def test_ihealth_writes_local_times_as_if_they_were_utc(offset: str | int, hours: float) -> None:
    entry = {"HP": 120, "LP": 90, "HR": 0, "MDate": 1442491463, "TimeZone": offset}
    said = answer({"BPDataList": [entry], "BPUnit": 0})
    at = round((1442491463 - hours * 3600) * 1_000_000)
    assert said.values("loinc:8480-6") == [(at, Exact(120.0))] and said.values("loinc:8462-4") == [(at, Exact(90.0))]
    assert not said.values("loinc:8867-4")  # 0 is not measured


def test_ihealth_units_are_by_number_and_an_unknown_one_is_refused() -> None:
    entry = {"HP": 16, "LP": 11, "MDate": 1442491463, "TimeZone": "0"}
    assert answer({"BPDataList": [entry], "BPUnit": 1}).facts[0].unit == "kPa"
    assert "BPUnit" in answer({"BPDataList": [entry], "BPUnit": 7}).rejected[0].reason


def test_withings_values_are_whole_numbers_times_powers_of_ten_and_goals_are_none() -> None:
    def group(category: int) -> dict[str, Any]:
        return {"category": category, "date": 1429550036, "measures": [{"type": 1, "unit": -3, "value": 74128}]}

    said = answer({"body": {"measuregrps": [group(1), group(2)]}, "status": 0})
    assert said.values("loinc:29463-7") == [(1429550036000000, Exact(74.128))]
    assert said.account.skipped == {"a goal, not a measure": 1}


def test_misfit_days_are_counted_at_their_end() -> None:
    said = answer({"summary": [{"date": "2015-04-13", "steps": 26370}]})
    assert said.values("loinc:55423-8") == [(instant("2015-04-14T00:00:00Z"), Count(26370))]


@pytest.mark.parametrize("bad", [{}, None, 3, "x", [], {"date": "x", "steps": 3}, {"date": "2015-04-13", "steps": -1}])
def test_a_bad_entry_is_refused_and_the_next_is_read(bad: Any) -> None:
    said = answer({"summary": [bad, {"date": "2015-04-13", "steps": 1}]})
    assert len(said.facts) == 1
    assert [row.reason.partition(":")[0] for row in said.rejected] == ["malformed"]


def test_every_saved_answer_is_read_without_a_refusal(shared: Path) -> None:
    files = sorted((shared / "data/platform/shimmer_vendor_api").rglob("*.json"))
    assert len(files) == 30
    found = {path.name: read(path) for path in files}
    assert not [name for name, said in found.items() if said.rejected or said.error]
    empty = {name for name, said in found.items() if not said.facts}
    for name in empty:
        assert found[name].account.skipped or any(word in name for word in ("empty", "no-"))
