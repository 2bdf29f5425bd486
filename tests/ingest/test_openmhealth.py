"""Open mHealth: bodies against their schemas, and what of them becomes a fact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemel.core.clock import instant
from gemel.core.fact import Count, Exact
from gemel.core.units import parse
from gemel.ingest.openmhealth_schema import content, schemas
from tests.ingest.reading import Said, read

AT = {"date_time": "2013-02-05T07:25:00Z"}
BAD = {"date_time": "2013-02-30T07:25:00Z"}
NIGHT = {"time_interval": {"start_date_time": "2013-02-05T00:00:00Z", "end_date_time": "2013-02-05T08:00:00Z"}}


def point(body: dict[str, Any], name: str = "", version: str = "") -> Said:
    header = {
        "id": "p1", "creation_date_time": "2013-02-06T00:00:00Z",
        "schema_id": {"namespace": "omh", "name": name, "version": version},
    }  # fmt: skip
    return read(json.dumps({"header": header, "body": body} if name else body).encode())


def test_a_reading_is_a_fact_known_when_the_point_was_made() -> None:
    said = point({"heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": AT}, "heart-rate", "2.0")
    (fact,) = said.facts
    assert (fact.code, fact.unit, fact.at) == ("loinc:8867-4", "/min", instant("2013-02-05T07:25:00Z"))
    assert fact.recorded == instant("2013-02-06T00:00:00Z")
    assert said.documents[0].kind == "openmhealth/heart-rate"


def test_both_pressures_of_one_point_are_facts() -> None:
    body = {
        "systolic_blood_pressure": {"value": 120, "unit": "mmHg"},
        "diastolic_blood_pressure": {"value": 80, "unit": "mmHg"},
        "effective_time_frame": AT,
    }
    said = point(body, "blood-pressure", "4.0")
    assert [(fact.code, fact.unit) for fact in said.facts] == [("loinc:8480-6", "mm[Hg]"), ("loinc:8462-4", "mm[Hg]")]


@pytest.mark.parametrize(
    ("frame", "at"),
    [
        (AT, "2013-02-05T07:25:00Z"),
        (NIGHT, "2013-02-05T08:00:00Z"),
        (
            {"time_interval": {"start_date_time": "2013-02-05T00:00:00Z", "duration": {"value": 2, "unit": "h"}}},
            "2013-02-05T02:00:00Z",
        ),
        ({"time_interval": {"date": "2013-02-05", "part_of_day": "night"}}, "2013-02-06T00:00:00Z"),
    ],
)
def test_a_value_over_an_interval_stands_at_its_end(frame: dict[str, Any], at: str) -> None:
    said = point({"body_weight": {"value": 70, "unit": "kg"}, "effective_time_frame": frame}, "body-weight", "2.0")
    assert [fact.at for fact in said.facts] == [instant(at)]


def test_where_glucose_was_measured_says_what_it_is() -> None:
    def code(**where: str) -> str:
        body = {"blood_glucose": {"value": 95, "unit": "mg/dL"}, "effective_time_frame": AT, **where}
        (fact,) = point(body, "blood-glucose", "4.0").facts
        return fact.code

    assert code() == "loinc:2339-0"
    assert code(specimen_source="interstitial fluid") == "loinc:99504-3"
    assert code(specimen_source="capillary blood") == "loinc:41653-7"


def test_steps_are_a_count_and_sleep_a_duration() -> None:
    assert point({"step_count": 6000, "effective_time_frame": NIGHT}, "step-count", "2.0").values("loinc:55423-8")[0][
        1
    ] == Count(6000)
    sleep = point({"sleep_duration": {"value": 6, "unit": "h"}, "effective_time_frame": NIGHT}, "sleep-duration", "2.0")
    assert sleep.values("loinc:93832-4")[0][1] == Exact(6.0)


def test_a_statistic_is_kept_but_is_no_reading() -> None:
    body = {
        "heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": NIGHT,
        "descriptive_statistic": "average",
    }  # fmt: skip
    said = point(body, "heart-rate", "2.0")
    assert not said.facts and not said.rejected and len(said.documents) == 1
    assert said.account.skipped == {"a statistic, not a reading": 1}


def test_a_bare_body_without_a_time_is_valid_and_counted_as_skipped() -> None:
    said = point({"step_count": 6000})
    assert not said.rejected and said.account.skipped == {"nobody says when": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"heart_rate": {"value": "60", "unit": "beats/min"}, "effective_time_frame": AT},
        {"heart_rate": {"value": True, "unit": "beats/min"}, "effective_time_frame": AT},
        {"heart_rate": {"value": 60, "unit": "Hz"}, "effective_time_frame": AT},
        {"heart_rate": {"value": 60}, "effective_time_frame": AT},
        {"heart_rate": 60, "effective_time_frame": AT},
        {"heart_rate": {"value": 60, "unit": "beats/min"}},
        {"heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": {"date_time": "2013-02-05"}},
        {"heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": BAD},
        {"heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": {**AT, **NIGHT}},
        {"heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": {}},
        {
            "heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": AT,
            "temporal_relationship_to_sleep": "snoring",
        },
    ],
)  # fmt: skip
def test_a_body_that_breaks_its_schema_is_refused_with_the_reason(body: dict[str, Any]) -> None:
    said = point(body, "heart-rate", "2.0")
    assert not said.facts
    (row,) = said.rejected
    assert "heart-rate 2.0" in row.reason


def test_a_schema_that_nobody_knows_is_refused_by_name() -> None:
    assert "'mood'" in point({"heart_rate": 3}, "mood", "1.0").rejected[0].reason


def test_an_array_of_points_is_read_point_by_point() -> None:
    good = {"heart_rate": {"value": 60, "unit": "beats/min"}, "effective_time_frame": AT}
    said = read(json.dumps([good, {"heart_rate": 1}, good]).encode())
    assert len(said.facts) == 2 and [row.source for row in said.rejected] == ["bytes#2"]


def test_the_table_of_schemas_refers_to_nothing_that_it_does_not_hold() -> None:
    table = content()
    for versions in schemas().values():
        for schema in versions:
            assert set(schema.must) <= set(schema.members)
            for form in schema.members.values():
                kind, *rest = form.split(" ")
                if kind.startswith("word"):
                    assert rest[0] in table["words"]
                if kind == "value":
                    for unit in set(rest) - {"Ton"}:
                        parse(table["units"].get(unit.replace("_", " "), unit))


def test_the_published_test_data_are_accepted_and_refused_as_they_should(shared: Path) -> None:
    expected = json.loads((shared / "data/platform/expected.json").read_text())["openmhealth"]
    wrong: dict[str, list[str]] = {"shouldPass": [], "shouldFail": []}
    seen = {"shouldPass": 0, "shouldFail": 0}
    for path in sorted((shared / "data/platform/openmhealth").rglob("*.json")):
        kind = path.parent.name
        seen[kind] += 1
        refused = path.read_text().strip() == "{}" or bool(read(path).rejected)
        if refused != (kind == "shouldFail"):
            wrong[kind].append(str(path))
    assert seen == expected
    assert wrong["shouldPass"] == [] and len(wrong["shouldFail"]) <= 0.05 * seen["shouldFail"]
