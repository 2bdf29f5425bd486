"""Diagnoses, procedures, allergies, vaccinations and reports as facts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gemel.core.clock import instant
from gemel.core.fact import Level, Observation, Rejected, Status
from gemel.ingest import fhir

Json = dict[str, Any]
SNOMED = "http://snomed.info/sct"
ASTHMA = {"coding": [{"system": SNOMED, "code": "195967001"}], "text": "Asthma"}
START, END = "2024-05-02T10:15:00Z", "2024-05-04T09:00:00Z"


def word(code: str) -> Json:
    return {"coding": [{"code": code}]}


def read(**resource: Any) -> tuple[list[Any], Any]:
    about = "patient" if resource["resourceType"] in ("AllergyIntolerance", "Immunization") else "subject"
    feed = fhir.read(json.dumps({"id": "r1", about: {"reference": "Patient/p1"}} | resource).encode())
    return list(feed), feed


def told(items: list[Any]) -> list[tuple[str, str, str, Status]]:
    assert all(isinstance(item, Observation) and isinstance(item.value, Level) for item in items), items
    return [(item.code, item.entity or "", item.value.name, item.status) for item in items]


def test_a_diagnosis_holds_from_its_onset_to_its_abatement() -> None:
    items, _ = read(
        resourceType="Condition", code=ASTHMA, clinicalStatus=word("remission"), verificationStatus=word("confirmed"),
        onsetDateTime="2020-01-05", abatementDateTime=END,
    )  # fmt: skip
    assert told(items) == [
        ("gemel:condition", "snomed:195967001", "active", Status.FINAL),
        ("gemel:condition", "snomed:195967001", "remission", Status.FINAL),
    ]
    assert [item.at for item in items] == [instant("2020-01-05T12:00:00Z"), instant(END)]


@pytest.mark.parametrize(
    ("sure", "level", "expected"),
    [
        ("provisional", "active", Status.PRELIMINARY),
        ("differential", "active", Status.PRELIMINARY),
        ("confirmed", "active", Status.FINAL),
        ("refuted", "refuted", Status.FINAL),
        ("entered-in-error", "active", Status.ENTERED_IN_ERROR),
    ],
)
def test_how_sure_a_diagnosis_is_is_kept(sure: str, level: str, expected: Status) -> None:
    for kind, when in (("Condition", {"recordedDate": START}), ("AllergyIntolerance", {"recordedDate": START})):
        items, _ = read(resourceType=kind, code=ASTHMA, verificationStatus=word(sure), **when)
        ((_, entity, found, status),) = told(items)
        assert (entity, found, status) == ("snomed:195967001", level, expected)
        assert items[0].at == items[0].recorded == instant(START)


def test_a_procedure_counts_at_its_end_and_one_not_done_is_passed_over() -> None:
    period = {"start": START, "end": END}
    items, _ = read(resourceType="Procedure", status="completed", code=ASTHMA, performedPeriod=period)
    assert told(items) == [("gemel:procedure", "snomed:195967001", "completed", Status.FINAL)]
    assert items[0].at == instant(END)
    items, feed = read(resourceType="Procedure", status="not-done", code=ASTHMA, performedPeriod=period)
    assert items == [] and feed.skipped == {"Procedure: not done": 1}
    items, _ = read(resourceType="Procedure", status="preparation", code=ASTHMA, performedDateTime=START)
    assert items[0].status is Status.ORDERED


def test_a_vaccination_is_a_fact() -> None:
    vaccine = {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}]}
    items, _ = read(resourceType="Immunization", status="completed", vaccineCode=vaccine, occurrenceDateTime=START)
    assert told(items) == [("gemel:immunization", "http://hl7.org/fhir/sid/cvx:140", "completed", Status.FINAL)]


def test_a_report_gives_its_conclusions_and_leaves_its_results_to_themselves() -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": "58410-2"}]}
    items, feed = read(resourceType="DiagnosticReport", status="final", code=code, effectiveDateTime=START)
    assert items == [] and feed.skipped == {"DiagnosticReport: only lists its results": 1}
    items, _ = read(
        resourceType="DiagnosticReport", status="corrected", code=code, effectiveDateTime=START, conclusionCode=[ASTHMA]
    )
    assert told(items) == [("loinc:58410-2", "", "snomed:195967001", Status.AMENDED)]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"resourceType": "Condition", "onsetDateTime": START}, "no code"),
        ({"resourceType": "Condition", "code": ASTHMA, "onsetDateTime": "2020"}, "bad time"),
        ({"resourceType": "Condition", "code": ASTHMA, "verificationStatus": word("maybe")}, "bad status"),
        ({"resourceType": "Procedure", "status": "completed", "code": ASTHMA}, "no time"),
        ({"resourceType": "Procedure", "status": "done", "code": ASTHMA, "performedDateTime": START}, "bad status"),
    ],
)
def test_what_cannot_be_used_is_rejected_with_its_reason(resource: Json, reason: str) -> None:
    items, feed = read(**resource)
    (item,) = items
    assert isinstance(item, Rejected) and item.reason.startswith(reason), item
    assert feed.items == 1
