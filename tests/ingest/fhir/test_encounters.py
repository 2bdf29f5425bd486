"""Encounters as movements: the words that HL7 v2 admissions leave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gemel.core.clock import instant
from gemel.core.fact import Level, Observation, Rejected, Status
from gemel.ingest import fhir

Json = dict[str, Any]
START, END = "2024-05-02T10:15:00Z", "2024-05-04T09:00:00Z"


def read(**more: Any) -> tuple[list[Any], Any]:
    visit = {"resourceType": "Encounter", "id": "r1", "subject": {"reference": "Patient/p1"}, "status": "finished"}
    feed = fhir.read(json.dumps(visit | more).encode())
    return list(feed), feed


def told(items: list[Any]) -> list[tuple[str, str, str | None]]:
    assert all(isinstance(item, Observation) and isinstance(item.value, Level) for item in items), items
    return [(item.id.partition("/r1")[2], item.value.name, item.entity) for item in items]


def at(name: str, start: str | None = None, kind: str = "", **more: Any) -> Json:
    physical = {"physicalType": {"coding": [{"code": kind}]}} if kind else {}
    period = {"period": {"start": start}} if start else {}
    return {"location": {"display": name}} | physical | period | more


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("planned", Status.ORDERED),
        ("in-progress", Status.FINAL),
        ("finished", Status.FINAL),
        ("cancelled", Status.ENTERED_IN_ERROR),
        ("entered-in-error", Status.ENTERED_IN_ERROR),
        ("unknown", Status.PRELIMINARY),
    ],
)
def test_a_stay_begins_and_ends(status: str, expected: Status) -> None:
    items, feed = read(status=status, period={"start": START, "end": END})
    assert told(items) == [("#in", "admit", None), ("#out", "discharge", None)]
    assert {item.code for item in items} == {"gemel:movement"} and {item.status for item in items} == {expected}
    assert [item.at for item in items] == [instant(START), instant(END)] and feed.items == 2


def test_a_stay_that_goes_on_has_no_end_and_one_without_times_is_rejected() -> None:
    items, _ = read(status="in-progress", period={"start": START})
    assert told(items) == [("#in", "admit", None)]
    ((item,), feed) = read()
    assert isinstance(item, Rejected) and item.reason.startswith("no time") and feed.items == 1
    ((gone,), _) = read(status="entered-in-error", meta={"lastUpdated": END})
    assert gone.status is Status.ENTERED_IN_ERROR and gone.id == "Encounter/r1#in"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"status": 7}, "malformed"),
        ({"status": "asleep", "period": {"start": START}}, "bad status"),
        ({"period": {"start": "x"}}, "bad time"),
        ({"period": {"start": END, "end": START}}, "bad time"),
        ({"location": "ICU"}, "malformed"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(more: Json, kind: str) -> None:
    ((item,), _) = read(**more)
    assert isinstance(item, Rejected) and item.reason.partition(": ")[0] == kind


def test_places_follow_one_another_and_a_new_ward_forgets_room_and_bed() -> None:
    items, feed = read(
        period={"start": START, "end": END},
        location=[
            at("ICU", "2024-05-03T08:00:00Z", "wa"),
            at("Ward 1", kind="wa"), at("R2", kind="ro"), at("B3", kind="bd"),
            at("B4", "2024-05-02T20:00:00Z", "bd"), at("ICU", "2024-05-03T09:00:00Z", "wa"),
            at("Ward 9", "2024-05-03T10:00:00Z", status="planned"), at("Ward 8", END),
        ],
    )  # fmt: skip
    assert told(items) == [
        ("#in", "admit", "Ward 1/R2/B3"), ("#1", "transfer", "Ward 1/R2/B4"), ("#2", "transfer", "ICU"),
        ("#out", "discharge", "ICU"),
    ]  # fmt: skip
    assert feed.notes == {"locations after the end of their encounter": 1}


def test_a_reference_without_a_name_is_a_ward_by_its_id() -> None:
    items, _ = read(period={"start": START}, location=[{"location": {"reference": "http://h/Location/icu/_history/2"}}])
    assert told(items) == [("#in", "admit", "icu")]


def test_time_planned_or_before_admission_is_left_out() -> None:
    span = {"start": START, "end": "2024-05-03T00:00:00Z"}
    for history in ({"statusHistory": [{"status": "planned", "period": span}]},
                    {"classHistory": [{"class": {"code": "PRENC"}, "period": span}]}):  # fmt: skip
        (first, _), _ = read(period={"start": START, "end": END}, **history)
        assert first.at == instant(span["end"])
    (first,), _ = read(status="in-progress", statusHistory=[{"status": "arrived", "period": {"start": START}}])
    assert first.at == instant(START)


@pytest.mark.parametrize("kind", ["VR", "HH", "FLD", "PRENC"])
def test_who_is_seen_elsewhere_is_not_in_the_house(kind: str) -> None:
    items, feed = read(period={"start": START, "end": END}, **{"class": {"code": kind}})
    assert items == [] and feed.skipped == {f"Encounter: {kind}, not in the house": 1} and feed.items == 1


def test_the_visit_number_and_where_the_patient_went_stand_beside_the_movements() -> None:
    number = {"type": {"coding": [{"code": "VN"}]}, "value": "V77"}
    home = {"dischargeDisposition": {"coding": [{"system": "http://snomed.info/sct", "code": "306689006"}]}}
    items, _ = read(period={"start": START, "end": END}, identifier=[{"value": "x"}, number], hospitalization=home)
    assert [(item.id.partition("/r1")[2], item.code, item.value.name) for item in items[2:]] == [
        ("#in#visit", "gemel:visit", "V77"), ("#out#visit", "gemel:visit", "V77"),
        ("#disposition", "gemel:disposition", "snomed:306689006"),
    ]  # fmt: skip
