"""The record: units, silence and contradiction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from gemel.core.clock import DAY
from gemel.core.errors import SupportError
from gemel.core.fact import Below, Observation, Status
from gemel.core.subject import Subject
from gemel.core.units import convert
from gemel.domains.health.healthmap import Diagnosis, Medicine, Record, chart
from gemel.domains.health.healthmap.example import NOW
from gemel.domains.health.scores import covariates

WOMAN = Subject(id="w", born=date(1966, 1, 1), sex="female")


def _of(*facts: Observation, **more) -> Record:
    return Record(WOMAN, facts, **more)


def test_a_unit_comes_back_as_it_went(observation) -> None:
    """mg/dL in, mmol/L inside, mg/dL out, to 1e-9, for every covariate whose analyte has both."""
    for covariate in covariates().values():
        if covariate.unit not in ("mmol/L", "umol/L") or covariate.analyte is None or not covariate.codes:
            continue
        value = float(convert(1.1 * max(covariate.low, 1.0), covariate.unit, "mg/dL", covariate.analyte))
        seen = chart(_of(observation(covariate.codes[0], value, "mg/dL"))).newest(covariate.name)
        assert seen is not None, covariate.name
        back = convert(seen.value, covariate.unit, "mg/dL", covariate.analyte)
        assert back == pytest.approx(value, rel=1e-9), covariate.name


def test_hba1c_in_per_cent_follows_the_master_equation(observation) -> None:
    """NGSP = 0.09148 IFCC + 2.152 (ngsp.org): 7 % is 53 mmol/mol."""
    seen = chart(_of(observation("loinc:4548-4", 7.0, "%"))).newest("hba1c")
    assert seen is not None and seen.value == pytest.approx(53.0, abs=0.05)


def test_what_cannot_be_used_is_kept_with_its_reason(observation) -> None:
    facts = (
        observation("loinc:8480-6", 4000.0, "mm[Hg]"), observation("loinc:2085-9", 50.0, "mm[Hg]"),
        observation("loinc:8867-4", 70.0, "/min"),
    )  # fmt: skip
    seen = chart(_of(*facts))
    assert sorted(r.reason.partition(":")[0] for r in seen.rejected) == ["impossible value", "wrong unit"]
    assert set(seen.readings) == {"heart_rate"}


def test_a_value_under_the_limit_counts_as_the_limit() -> None:
    fact = Observation(id="u", code="loinc:14959-1", value=Below(5.0), unit="mg/g", at=NOW, recorded=NOW)
    seen = chart(_of(fact)).newest("uacr")
    assert seen is not None and (seen.value, seen.bound) == (5.0, "below")


def test_entered_in_error_and_later_facts_are_not_seen(observation) -> None:
    wrong = observation("loinc:8480-6", 190.0, "mm[Hg]", NOW, Status.ENTERED_IN_ERROR, "bp")
    first = observation("loinc:8480-6", 130.0, "mm[Hg]", NOW - DAY, Status.FINAL, "bp0")
    later = observation("loinc:8480-6", 150.0, "mm[Hg]", NOW + DAY, Status.FINAL, "bp2")
    seen = chart(_of(first, wrong, later), NOW)
    assert [r.value for r in seen.readings["sbp"]] == [130.0]


def test_silence_is_no_only_where_something_is_listed(observation) -> None:
    pulse = observation("loinc:8867-4", 70.0, "/min")
    assert "diabetes" not in chart(_of(pulse)).flags
    listed = chart(_of(pulse, diagnoses=(Diagnosis("a", "snomed:1", "sprain"),)))
    assert not listed.flags["diabetes"].value and not listed.flags["diabetes"].stated
    assert "statin" not in listed.flags
    assert "smoker" not in listed.flags  # a habit is asked for, not diagnosed


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        ("snomed:44054006", "diabetes"), ("http://hl7.org/fhir/sid/icd-10-cm:E11.9", "diabetes"),
        ("http://hl7.org/fhir/sid/icd-10:I48.0", "atrial_fibrillation"), ("snomed:53741008", "cvd"),
    ],
)  # fmt: skip
def test_a_diagnosis_in_either_code_system_is_a_yes(observation, code: str, flag: str) -> None:
    seen = chart(_of(observation("loinc:8867-4", 70.0, "/min"), diagnoses=(Diagnosis("a", code, "x", NOW - DAY),)))
    assert seen.flags[flag].value and seen.flags[flag].stated


def test_a_refuted_diagnosis_is_none(observation) -> None:
    refuted = Diagnosis("a", "snomed:44054006", "diabetes", NOW - DAY, refuted=True)
    other = Diagnosis("b", "snomed:1", "sprain", NOW - DAY)
    seen = chart(_of(observation("loinc:8867-4", 70.0, "/min"), diagnoses=(refuted, other)))
    assert not seen.flags["diabetes"].value


@pytest.mark.parametrize(
    ("text", "flag", "active"),
    [
        ("Lisinopril 10 MG Oral Tablet", "bp_treated", True), ("Hydrochlorothiazide 25 MG", "bp_treated", True),
        ("Simvistatin 10 MG", "statin", True), ("nystatin suspension", "statin", False),
        ("Propofol injection", "bp_treated", False),
    ],
)  # fmt: skip
def test_medicines_are_known_by_their_stems(observation, text: str, flag: str, active: bool) -> None:
    seen = chart(_of(observation("loinc:8867-4", 70.0, "/min"), medicines=(Medicine("m", text, NOW - DAY),)))
    assert seen.flags[flag].value is active


def test_a_stopped_medicine_is_not_taken(observation) -> None:
    stopped = Medicine("m", "simvastatin", NOW - DAY, active=False)
    seen = chart(_of(observation("loinc:8867-4", 70.0, "/min"), medicines=(stopped,)))
    assert not seen.flags["statin"].value


def test_the_order_of_facts_does_not_matter(observation) -> None:
    facts = tuple(observation("loinc:8480-6", 120.0 + k, "mm[Hg]", NOW - k * DAY) for k in range(6))
    shuffled = tuple(facts[i] for i in np.random.default_rng(0).permutation(6))
    assert chart(_of(*facts)).readings == chart(_of(*shuffled)).readings


def test_without_a_date_of_birth_nothing_is_said(observation) -> None:
    record = _of(observation("loinc:8867-4", 70.0, "/min"))
    with pytest.raises(SupportError, match="date of birth"):
        chart(replace(record, subject=Subject(id="x", sex="female")))
    with pytest.raises(SupportError, match="no observation"):
        chart(_of())


def test_body_mass_and_filtration_are_worked_out(observation) -> None:
    """BMI 80 kg / (1.8 m)^2; CKD-EPI 2021 gives a woman of 60 with creatinine 0.9 mg/dL some 73 mL/min/1.73 m2."""
    seen = chart(_of(
        observation("loinc:29463-7", 80.0, "kg"), observation("loinc:8302-2", 180.0, "cm"),
        observation("loinc:2160-0", 0.9, "mg/dL"),
    ))  # fmt: skip
    mass, rate = seen.newest("bmi"), seen.newest("egfr")
    assert mass is not None and mass.value == pytest.approx(80.0 / 1.8**2)
    # 142 (0.9/0.7)^-1.2 0.9938^60 1.012, Inker 2021, table S10
    assert rate is not None and rate.value == pytest.approx(142 * (0.9 / 0.7) ** -1.2 * 0.9938**60 * 1.012, rel=2e-3)
