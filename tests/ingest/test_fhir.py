"""FHIR R4: what a resource becomes, what never becomes a given dose, and that nothing is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.core.clock import HOUR, instant
from gemel.core.errors import IngestError
from gemel.core.fact import (
    Above,
    Below,
    Between,
    Exact,
    Fact,
    Intervention,
    Level,
    Observation,
    Rejected,
    Status,
    Value,
)
from gemel.core.subject import Subject
from gemel.core.timeline import Timeline
from gemel.ingest import fhir
from gemel.ingest.feed import Feed, Item
from gemel.ingest.report import collect

UCUM = "http://unitsofmeasure.org"
AT = "2024-05-02T10:15:00+00:00"
Json = dict[str, Any]


def concept(code: str, system: str = "http://loinc.org", **more: Any) -> Json:
    return {"coding": [{"system": system, "code": code, **more}]}


def quantity(value: float, code: str, **more: Any) -> Json:
    return {"value": value, "unit": code, "system": UCUM, "code": code, **more}


def observation(**fields: Any) -> Json:
    base = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": concept("99504-3"),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": AT,
    }
    return {k: v for k, v in (base | fields).items() if v is not None}


def administration(**fields: Any) -> Json:
    base = {
        "resourceType": "MedicationAdministration",
        "id": "m1",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": concept("242120", "http://www.nlm.nih.gov/research/umls/rxnorm"),
        "effectiveDateTime": AT,
        "dosage": {"dose": quantity(4, "[IU]")},
    }
    return {k: v for k, v in (base | fields).items() if v is not None}


def ndjson(*resources: Json) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in resources)


def feed(*resources: Json, **terms: Any) -> Feed:
    return fhir.read(ndjson(*resources), **terms)


def one(resource: Json, **terms: Any) -> Item:
    (item,) = feed(resource, **terms)
    return item


def seen(resource: Json) -> Observation:
    item = one(resource)
    assert isinstance(item, Observation), item
    return item


def given_(resource: Json) -> Intervention:
    item = one(resource)
    assert isinstance(item, Intervention), item
    return item


def refused(resource: Json) -> str:
    item = one(resource)
    assert isinstance(item, Rejected), item
    return item.reason


def test_a_quantity_is_an_observation_with_code_unit_times_and_id() -> None:
    fact = seen(observation(valueQuantity=quantity(120, "mg/dL"), issued="2024-05-02T11:00:00Z"))
    assert (fact.id, fact.code, fact.value, fact.unit) == ("Observation/o1", "loinc:99504-3", Exact(120), "mg/dL")
    assert fact.at == instant(AT) and fact.recorded == instant(AT) + 45 * HOUR // 60
    assert fact.status is Status.FINAL


@pytest.mark.parametrize(
    ("fields", "value", "unit"),
    [
        ({"valueQuantity": quantity(40, "mg/dL", comparator="<")}, Below(40), "mg/dL"),
        ({"valueQuantity": quantity(40, "mg/dL", comparator="<=")}, Below(40), "mg/dL"),
        ({"valueQuantity": quantity(400, "mg/dL", comparator=">")}, Above(400), "mg/dL"),
        ({"valueQuantity": quantity(400, "mg/dL", comparator=">=")}, Above(400), "mg/dL"),
        ({"valueInteger": 3, "code": concept("1")}, Exact(3), "1"),
        ({"valueBoolean": True}, Level("true"), "1"),
        ({"valueCodeableConcept": concept("266919005", "http://snomed.info/sct")}, Level("snomed:266919005"), "1"),
        ({"valueCodeableConcept": {"text": "never"}}, Level("never"), "1"),
        ({"valueRange": {"low": quantity(50, "mg/dL"), "high": quantity(60, "mg/dL")}}, Between(50, 60), "mg/dL"),
        ({"valueQuantity": {"value": 98.6, "unit": "degrees F"}, "code": concept("8310-5")}, Exact(98.6), "[degF]"),
        ({"valueQuantity": {"value": 5, "unit": "K/uL"}, "code": concept("26464-8")}, Exact(5), "10*3/uL"),
        ({"valueQuantity": quantity(6, "pH"), "code": concept("5803-2")}, Exact(6), "[pH]"),
        ({"valueQuantity": {"value": 8}, "code": concept("72106-8")}, Exact(8), "1"),
    ],
)
def test_every_kind_of_value_is_read(fields: Json, value: Value, unit: str) -> None:
    fact = seen(observation(**fields))
    assert (fact.value, fact.unit) == (value, unit)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dataAbsentReason": concept("not-performed", "x")}, "no value: the source says: not-performed"),
        ({}, "no value: neither a value nor a reason"),
        ({"valueString": "about normal"}, "unsupported value: text"),
        ({"valueSampledData": {"origin": {"value": 0}, "period": 1, "data": "1 2"}}, "unsupported value"),
        ({"valueQuantity": {"unit": "mg/dL"}}, "no value: the quantity has no number"),
        ({"valueQuantity": quantity(120, "mm[Hg]")}, "wrong unit: glucose (sensor) in 'mm[Hg]' where mg/dL"),
        ({"valueQuantity": quantity(120, "furlong")}, "wrong unit: 'furlong' is neither UCUM"),
        ({"valueQuantity": {"value": 120}}, "wrong unit: no unit where mg/dL is expected"),
        ({"valueQuantity": quantity(5.5, "mg/dL")}, "impossible value: glucose (sensor) 5.5 mg/dL is below 10"),
        ({"valueQuantity": quantity(5, "mg/dL", comparator="~")}, "unsupported value: comparator"),
        ({"valueQuantity": quantity(99, "mg/dL"), "status": "nonsense"}, "bad status"),
        ({"valueQuantity": quantity(99, "mg/dL"), "effectiveDateTime": None}, "no time"),
        ({"valueQuantity": quantity(99, "mg/dL"), "effectiveDateTime": "2024-05"}, "bad time: '2024-05' has no time"),
        ({"valueQuantity": quantity(99, "mg/dL"), "effectiveDateTime": "2024-02-30T00:00:00Z"}, "bad time"),
        ({"valueQuantity": quantity(99, "mg/dL"), "code": {}}, "no code"),
        ({"valueQuantity": {"value": "99", "code": "mg/dL"}}, "malformed: Expected"),
    ],
)
def test_what_cannot_be_used_is_rejected_with_its_reason(fields: Json, reason: str) -> None:
    assert refused(observation(**fields)).startswith(reason)


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("registered", Status.PRELIMINARY),
        ("preliminary", Status.PRELIMINARY),
        ("final", Status.FINAL),
        ("amended", Status.AMENDED),
        ("corrected", Status.AMENDED),
        ("entered-in-error", Status.ENTERED_IN_ERROR),
        ("cancelled", Status.ENTERED_IN_ERROR),
    ],
)
def test_the_status_is_kept(written: str, status: Status) -> None:
    assert seen(observation(status=written, valueQuantity=quantity(99, "mg/dL"))).status is status


@pytest.mark.parametrize("value", [None, quantity(99_999, "mg/dL")])
def test_an_error_withdraws_what_was_known_even_without_a_usable_value(value: Json | None) -> None:
    good = observation(valueQuantity=quantity(99, "mg/dL"), issued="2024-05-02T11:00:00Z")
    void = observation(status="entered-in-error", valueQuantity=value, meta={"lastUpdated": "2024-05-03T00:00:00Z"})
    facts, _ = collect(feed(good, void))
    assert len(facts) == 2
    assert len(Timeline(Subject(id="p1"), facts)) == 0
    assert len(Timeline(Subject(id="p1"), facts).as_of(instant("2024-05-02T12:00:00Z"))) == 1


def test_components_are_facts_of_their_own_and_a_bad_one_does_not_spoil_the_other() -> None:
    panel = observation(
        code=concept("85354-9"),
        component=[
            {"code": concept("8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
            {"code": concept("8462-4"), "valueQuantity": quantity(8000, "mm[Hg]")},
        ],
    )
    good, bad = feed(panel)
    assert isinstance(good, Observation) and good.id == "Observation/o1#loinc:8480-6"
    assert isinstance(bad, Rejected) and bad.code == "loinc:8462-4"


def test_a_period_counts_at_its_end_and_a_date_at_local_noon() -> None:
    period = {"start": "2024-05-01T00:00:00Z", "end": "2024-05-02T00:00:00Z"}
    value = quantity(99, "mg/dL")
    assert seen(observation(effectiveDateTime=None, effectivePeriod=period, valueQuantity=value)).at == instant(
        period["end"]
    )
    item = one(observation(effectiveDateTime="2024-07-01", valueQuantity=value), zone="Europe/London")
    assert isinstance(item, Observation) and item.at == instant("2024-07-01T11:00:00Z")


def test_the_coding_the_table_knows_is_chosen_among_several() -> None:
    both = {"coding": [{"system": "urn:local", "code": "GLU"}, {"system": "http://loinc.org", "code": "105272-9"}]}
    fact = seen(observation(code=both, valueQuantity=quantity(5.5, "mmol/L")))
    assert (fact.code, fact.unit) == ("loinc:99504-3", "mmol/L")


def test_a_code_nobody_mapped_is_kept_and_reported_with_its_title() -> None:
    resource = observation(code=concept("X1", "urn:local", display="Grip"), valueQuantity=quantity(30, "kg"))
    (fact,), report = collect(feed(resource))
    assert fact.code == "urn:local:X1"
    assert [(u.code, u.title, u.unit, u.count) for u in report.unmapped] == [("urn:local:X1", "Grip", "kg", 1)]


def test_a_dose_given_is_an_intervention_under_the_local_code() -> None:
    dose = given_(administration())
    assert (dose.code, dose.dose, dose.unit, dose.status) == ("gemel:rapid-insulin", 4.0, "[IU]", Status.FINAL)
    assert given_(administration(dosage={"dose": quantity(4, "U")})).unit == "[IU]"
    assert given_(administration(dosage={"dose": {"value": 4, "unit": "units"}})).unit == "[IU]"
    assert refused(administration(dosage={"dose": quantity(0.04, "mL")})).startswith("wrong unit")
    assert refused(administration(dosage={"dose": quantity(4000, "[IU]")})).startswith("impossible value")


def test_a_rate_is_read_in_every_way_it_is_written() -> None:
    period = {"start": "2024-05-02T10:00:00Z", "end": "2024-05-02T12:00:00Z"}
    ratio = {"numerator": quantity(24, "[IU]"), "denominator": quantity(12, "h")}
    for dosage in (
        {"rateQuantity": quantity(2, "[IU]/h")},
        {"rateQuantity": {"value": 2, "unit": "units/hr"}},
        {"rateRatio": ratio},
        {"dose": quantity(4, "[IU]")},  # over two hours
    ):
        act = given_(administration(effectiveDateTime=None, effectivePeriod=period, dosage=dosage))
        assert (act.rate, act.unit, act.dose) == (2.0, "[IU]/h", None)
        assert (act.at, act.until) == (instant(period["start"]), instant(period["end"]))
    both = {"rateQuantity": quantity(2, "[IU]/h"), "dose": quantity(6, "[IU]")}
    act = given_(administration(dosage=both))
    assert act.until == act.at + 3 * HOUR


def test_a_dose_over_seconds_is_given_at_once() -> None:
    period = {"start": "2024-05-02T10:00:00Z", "end": "2024-05-02T10:00:30Z"}
    act = given_(administration(effectiveDateTime=None, effectivePeriod=period))
    assert (act.dose, act.rate, act.until) == (4.0, None, None)


def test_not_done_is_no_dose_and_an_error_withdraws_one() -> None:
    source = feed(administration(status="not-done"))
    assert list(source) == [] and source.skipped == {"MedicationAdministration: not done": 1}
    assert given_(administration(status="entered-in-error", dosage=None)).status is Status.ENTERED_IN_ERROR
    assert refused(administration(status="unknown")).startswith("bad status")
    assert refused(administration(dosage=None)).startswith("no value")
    assert refused(administration(effectiveDateTime="2024-05-02")).startswith("bad time")


def order(**fields: Any) -> Json:
    base = administration(**fields) | {"resourceType": "MedicationRequest", "id": "r1", "status": "active"}
    del base["dosage"], base["effectiveDateTime"]
    dose = {"doseAndRate": [{"doseQuantity": quantity(4, "[IU]")}]}
    return base | {"intent": "order", "authoredOn": AT, "dosageInstruction": [dose]}


@pytest.mark.parametrize("status", ["active", "completed", "draft", "stopped", "on-hold", "unknown", "cancelled"])
def test_an_order_is_never_a_given_dose(status: str) -> None:
    (fact,), _ = collect(feed(order() | {"status": status}))
    assert isinstance(fact, Intervention)
    assert fact.status is (Status.ENTERED_IN_ERROR if status == "cancelled" else Status.ORDERED)
    assert Timeline(Subject(id="p1"), (fact,)).interventions() == ()


def test_an_order_without_a_dose_is_counted() -> None:
    source = feed(order() | {"dosageInstruction": []})
    assert list(source) == [] and source.skipped == {"MedicationRequest: an order without a dose": 1}


def test_a_medication_is_found_inside_the_resource_or_elsewhere_in_the_bundle() -> None:
    code = concept("311041", "http://www.nlm.nih.gov/research/umls/rxnorm")
    medication = {"resourceType": "Medication", "id": "x", "code": code}
    inside = administration(
        medicationCodeableConcept=None, medicationReference={"reference": "#x"}, contained=[medication]
    )
    assert given_(inside).code == "gemel:long-acting-insulin"
    outside = administration(medicationCodeableConcept=None, medicationReference={"reference": "urn:uuid:x"})
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": outside}, {"fullUrl": "urn:uuid:x", "resource": medication}],
    }
    (fact,) = fhir.read(json.dumps(bundle).encode())
    assert isinstance(fact, Intervention) and fact.code == "gemel:long-acting-insulin"
    assert refused(outside).startswith("no code: its medication 'urn:uuid:x' is not in this source")


def test_carbohydrate_is_read_from_observations_and_nutrition_intakes() -> None:
    eaten = given_(observation(code=concept("9059-7"), valueQuantity=quantity(45, "g")))
    assert (eaten.code, eaten.dose, eaten.unit) == ("gemel:carbohydrate", 45.0, "g")
    intake = {
        "resourceType": "NutritionIntake",
        "id": "n1",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "occurrenceDateTime": AT,
        "consumedItem": [{"type": {"text": "food"}, "nutritionProduct": {"concept": {"text": "Toast"}}}],
        "ingredientLabel": [
            {"nutrient": {"concept": {"text": "Energy"}}, "amount": quantity(313, "kcal")},
            {"nutrient": {"concept": {"text": "Carbohydrates"}}, "amount": quantity(30, "g")},
        ],
    }
    source = feed(intake)
    (meal,) = source
    assert isinstance(meal, Intervention) and (meal.code, meal.dose) == ("gemel:carbohydrate", 30.0)
    assert source.skipped == {"NutritionIntake: a nutrient other than carbohydrate": 1}
    assert list(feed(intake | {"status": "not-done"})) == []


def test_two_patients_never_mix() -> None:
    mine = observation(valueQuantity=quantity(99, "mg/dL"))
    other = observation(id="o2", subject={"reference": "Patient/p2"}, valueQuantity=quantity(300, "mg/dL"))
    first, stranger = feed(mine, other)
    assert isinstance(first, Observation)
    assert isinstance(stranger, Rejected) and stranger.reason.startswith("another patient") and stranger.raw == ""
    chosen = feed(mine, other, patient="p2")
    (fact,) = chosen
    assert isinstance(fact, Observation) and fact.id == "Observation/o2"
    assert chosen.skipped == {"about another patient": 1}


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "birthDate": "1964-06-20",
    "gender": "female",
    "name": [{"family": "X"}],
}


def test_a_patient_is_a_subject_without_a_name() -> None:
    subject = fhir.read_patient(json.dumps(PATIENT).encode(), zone="Europe/London")
    assert (subject.id, subject.sex, str(subject.born), subject.zone) == ("p1", "female", "1964-06-20", "Europe/London")
    assert fhir.read_patient(json.dumps(PATIENT | {"birthDate": "1964"}).encode()).born is None
    with pytest.raises(IngestError, match="holds 2 patients"):
        fhir.read_patient(ndjson(PATIENT, PATIENT | {"id": "p2"}))


def test_every_form_of_a_source_gives_the_same_facts(tmp_path: Path) -> None:
    resources = [PATIENT, observation(valueQuantity=quantity(99, "mg/dL")), administration()]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    forms: dict[str, bytes] = {
        "bundle.json": json.dumps(bundle, indent=1).encode(),
        "line.json": json.dumps(bundle).encode() + b"\n",
        "bom.json": b"\xef\xbb\xbf" + json.dumps(bundle).encode(),
        "bundle.json.gz": gzip.compress(json.dumps(bundle).encode()),
        "bulk.ndjson": ndjson(*resources),
        "bulk.json": ndjson(*resources),
        "bulk.ndjson.gz": gzip.compress(ndjson(*resources)),
        "nested.json": json.dumps({"resourceType": "Bundle", "entry": [{"resource": bundle}]}).encode(),
    }
    told: set[tuple[tuple[str, Value | None], ...]] = set()
    for name, content in forms.items():
        path = tmp_path / name
        path.write_bytes(content)
        source = fhir.read(path)
        found = [item for item in source if not isinstance(item, Rejected)]
        assert source.kinds["Observation"] == source.kinds["Patient"] == 1, name
        assert {fact.source for fact in found} == {name}
        told.add(tuple((f.id, f.value if isinstance(f, Observation) else None) for f in found))
    assert len(told) == 1 and len(next(iter(told))) == 2
    facts, report = collect(fhir.read(tmp_path))
    assert len({fact.id for fact in facts}) == 2 and report.rejected == 0


def test_an_unreadable_file_of_a_folder_is_one_rejection(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("")
    (tmp_path / "b.json").write_text('{"resourceType": "Bundle", "entry": [{"resou')
    (tmp_path / "c.ndjson").write_bytes(ndjson(observation(valueQuantity=quantity(99, "mg/dL"))))
    bad, worse, good = fhir.read(tmp_path)
    assert isinstance(bad, Rejected) and "is empty" in bad.reason and bad.source == "a.json"
    assert isinstance(worse, Rejected) and "is not JSON" in worse.reason
    assert isinstance(good, Observation)


def test_a_malformed_or_half_written_line_is_rejected_alone() -> None:
    good = ndjson(observation(valueQuantity=quantity(99, "mg/dL")))
    source = fhir.read(good + b'{"resourceType": "Observation", "id": 5}\n[]\n\n' + good[:-40])
    kinds = [item.reason.split(":")[0] if isinstance(item, Rejected) else "fact" for item in source]
    assert kinds == ["fact", "malformed", "malformed", "truncated"]
    assert source.items == 5 and source.skipped == {"blank line": 1}


@pytest.mark.parametrize("content", [b"", b"hello", b"[1]", b"{", b"\x1f\x8bxx", b'{"a": \xff}'])
def test_what_is_no_fhir_is_an_ingest_error(content: bytes) -> None:
    with pytest.raises(IngestError):
        fhir.read(content)


def test_a_missing_file_is_an_ingest_error(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="cannot be opened"):
        fhir.read(tmp_path / "none.json")
    with pytest.raises(IngestError, match="holds no"):
        fhir.read(tmp_path)


def same(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.id for fact in facts]


def test_a_resource_sent_twice_is_one_fact() -> None:
    resource = observation(valueQuantity=quantity(99, "mg/dL"))
    facts, report = collect(feed(resource, resource))
    assert same(facts) == ["Observation/o1"] and report.repeated == 1


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELD = st.sampled_from(
    ["status", "code", "subject", "effectiveDateTime", "valueQuantity", "component", "issued", "id", "meta", "dosage"]
)


@given(
    st.lists(
        st.tuples(st.sampled_from([observation, administration, order]), st.dictionaries(FIELD, JUNK, max_size=3)),
        max_size=6,
    )
)
@settings(max_examples=200, deadline=None)
def test_damaged_resources_are_never_lost_and_never_raise(damage: list[tuple[Any, Json]]) -> None:
    resources = [make() | {"valueQuantity": quantity(99, "mg/dL")} | fields for make, fields in damage]
    if not resources:
        return
    source = fhir.read(ndjson({"resourceType": "Basic"}, *resources))
    _, report = collect(source)
    assert report.items == source.items >= len(resources)
    assert report.items == report.used + report.repeated + report.rejected + sum(report.skipped.values())


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"{", b'{"resourceType":"Observation"}\n', b'{"resourceType":"Bundle","entry":[{']),
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_give_items_or_an_ingest_error(tail: bytes, head: bytes) -> None:
    try:
        source = fhir.read(head + tail)
    except IngestError:
        return
    found = list(source)
    assert source.items == len(found) + source.skipped.total()


@pytest.mark.parametrize(
    "value",
    [
        b'"valueQuantity":{"value":1e400,"code":"kg"}',
        b'"valueInteger":1' + b"0" * 400,
        b'"valueString":"\\ud800"',
        b'"id":"\\ud800"',
    ],
)
def test_numbers_and_texts_beyond_all_limits_are_rejected(value: bytes) -> None:
    head = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
    head += b'"effectiveDateTime":"2024-05-02T10:15:00Z",'
    (item,) = fhir.read(b'{"resourceType":"Basic"}\n' + head + value + b"}\n")
    assert isinstance(item, Rejected)


def test_json_nested_without_end_is_one_rejection() -> None:
    (item,) = fhir.read(b'{"entry":' + b"[" * 100_000)
    assert isinstance(item, Rejected) and item.reason.startswith("malformed: no FHIR resource")


def test_the_synthea_bundles_give_the_expected_counts(shared: Path) -> None:
    folder = shared / "data" / "platform" / "fhir_synthea_r4"
    expected = json.loads((folder.parent / "expected.json").read_text())["fhir_synthea_r4"]
    total: dict[str, int] = {}
    for path in sorted(folder.glob("*.json.gz")):
        want = expected[path.name]
        facts, report = collect(fhir.read(path))
        assert report.rejected == report.repeated == 0
        assert report.kinds == want["types"] and sum(report.kinds.values()) == want["entries"]
        measured = [f for f in facts if f.id.startswith("Observation/")]
        own = [f for f in measured if isinstance(f, Observation) and "#" not in f.id]
        parts = [f for f in measured if "#" in f.id]
        assert sum(isinstance(f.value, Exact) for f in own) == want["obs_with_valueQuantity"]
        assert len(parts) == want["component_quantities"]
        panels = {"loinc:85354-9"} if parts else set[str]()
        assert len({f.code for f in own} | panels) == want["distinct_codes"]
        assert report.items == report.used + sum(report.skipped.values())
        for kind, count in report.kinds.items():
            total[kind] = total.get(kind, 0) + count
    assert total == expected["_total"]


def test_published_single_resources_are_read_without_error(shared: Path) -> None:
    folder = shared / "data" / "platform" / "fhir_examples_r4"
    source = fhir.read(folder / "medicationadministration0301.json")
    (act,) = source
    assert isinstance(act, Intervention)
    assert (act.dose, act.unit, act.at) == (500.0, "mg", instant("2015-01-15T14:30:00+01:00"))
    whole = fhir.read(folder)
    found = list(whole)
    assert whole.items == len(found) + whole.skipped.total()
