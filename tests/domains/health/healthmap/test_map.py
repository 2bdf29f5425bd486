"""The map: grey is grey, nothing outside its domain, the right score recommended, laws looked at, words plain."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from gemel.core.clock import DAY
from gemel.core.errors import SupportError
from gemel.core.subject import Subject
from gemel.domains.health.healthmap import (
    Diagnosis,
    HealthMap,
    Medicine,
    Record,
    believe,
    chart,
    for_clinician,
    for_person,
    health_map,
    risk_assessments,
)
from gemel.domains.health.healthmap.ageing import YEAR
from gemel.domains.health.healthmap.coherence import conflicts
from gemel.domains.health.healthmap.compare import optimal
from gemel.domains.health.healthmap.example import NOW, person
from gemel.domains.health.healthmap.risks import run
from gemel.domains.health.healthmap.worth import worth
from gemel.domains.health.scores import catalogue, covariates

CVD10 = "cardiovascular disease, 10 years"


def _organ(found: HealthMap, name: str):
    return next(o for o in found.organs if o.name == name)


def _aged(years: int, sex: str, *facts, **more) -> HealthMap:
    subject = Subject(id="a", born=date(2026 - years, 1, 1), sex=sex)
    return health_map(Record(subject, facts, **more), region="us")


def test_an_organ_nobody_measured_is_grey(observation) -> None:
    found = _aged(50, "female", observation("loinc:8480-6", 118.0, "mm[Hg]"))
    assert _organ(found, "heart and vessels").status == "in range"
    assert all(o.status == "not measured" for o in found.organs if o.name != "heart and vessels")


def test_an_old_reading_is_grey_again_and_named_old(observation) -> None:
    old = observation("loinc:718-7", 140.0, "g/L", NOW - 6 * YEAR)
    aged = observation("loinc:1920-8", 22.0, "U/L", NOW - 2 * YEAR)
    found = _aged(50, "female", observation("loinc:8480-6", 118.0, "mm[Hg]"), old, aged)
    assert _organ(found, "blood").status == "old"
    assert _organ(found, "liver").status == "in range"
    assert next(m for m in _organ(found, "liver").markers if m.covariate == "ast").aged


@pytest.mark.parametrize(
    ("code", "value", "unit", "organ", "status"),
    [
        ("loinc:8480-6", 129.9, "mm[Hg]", "heart and vessels", "in range"),
        ("loinc:8480-6", 130.0, "mm[Hg]", "heart and vessels", "borderline"),
        ("loinc:8480-6", 140.0, "mm[Hg]", "heart and vessels", "out of range"),
        ("loinc:4548-4", 5.6, "%", "metabolism", "in range"),
        ("loinc:4548-4", 6.6, "%", "metabolism", "out of range"),
        ("loinc:718-7", 11.9, "g/dL", "blood", "borderline"),
        ("loinc:14959-1", 31.0, "mg/g", "kidneys", "borderline"),
        ("loinc:38265-5", -2.5, "{T-score}", "bones", "out of range"),
    ],
)
def test_limits_are_those_of_the_sources(observation, code, value, unit, organ, status) -> None:
    """ACC/AHA 2017, ADA 2021, WHO 2024, KDIGO 2012 and the WHO's T-score, at and beside their limits."""
    assert _organ(_aged(50, "female", observation(code, value, unit)), organ).status == status


def test_a_straight_line_has_its_slope(observation) -> None:
    facts = [observation("loinc:8480-6", 120.0 + 4.0 * k, "mm[Hg]", NOW - (3 - k) * YEAR) for k in range(4)]
    marker = next(m for m in _organ(_aged(50, "female", *facts), "heart and vessels").markers if m.covariate == "sbp")
    assert marker.slope is not None and marker.slope.words == "rising"
    assert marker.slope.per_year == pytest.approx(4.0) and marker.slope.error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("age", [25, 85])
def test_outside_its_domain_a_score_is_never_shown(observation, age: int) -> None:
    """PREVENT was made for 30 to 79: nothing of it appears, in any form."""
    found = _aged(age, "male", observation("loinc:8480-6", 150.0, "mm[Hg]"))
    assert not [r for r in found.scored.risks if r.score.id.startswith("prevent")]
    assert {r.kind for r in found.scored.refusals if r.score.id.startswith("prevent")} == {"outside"}
    assert "PREVENT" not in json.dumps([for_person(found), for_clinician(found), risk_assessments(found, "x")])


def test_with_known_disease_first_event_scores_are_silent(observation) -> None:
    sick = (Diagnosis("d", "snomed:53741008", "coronary heart disease", NOW - DAY),)
    found = _aged(60, "male", observation("loinc:8480-6", 150.0, "mm[Hg]"), diagnoses=sick)
    assert not [r for r in found.scored.risks if r.score.id in ("prevent_cvd", "pce2013", "frs_cvd2008")]


def test_points_of_a_disease_need_the_disease(observation) -> None:
    """CHA2DS2-VASc is for atrial fibrillation, FIB-4 for liver disease the record cannot tell: not for everybody."""
    pulse, other = observation("loinc:8867-4", 70.0, "/min"), Diagnosis("o", "snomed:1", "sprain", NOW - DAY)
    uneven = Diagnosis("d", "snomed:49436004", "atrial fibrillation", NOW - DAY)
    well, ill = (_aged(70, "female", pulse, diagnoses=d) for d in ((other,), (other, uneven)))
    assert "cha2ds2_vasc" not in {i.score.id for i in well.scored.indices}
    found = next(i for i in ill.scored.indices if i.score.id == "cha2ds2_vasc")
    assert found.quantiles[2] == 2.0  # 65 to 74 years and female: a point each (Lip 2010)
    assert "fib4" in {r.score.id for r in ill.scored.refusals if r.kind == "outside"}


def test_the_region_chooses_among_scores_of_one_question() -> None:
    record = person(10)
    chosen = {
        region: [r.score.id for r in health_map(record, region=region).scored.risks if r.recommended
                 and r.question == CVD10]
        for region in ("us", "europe-low")
    }  # fmt: skip
    assert chosen["us"] == ["prevent_cvd"] and chosen["europe-low"][0].startswith("score2")
    beside = health_map(record, region="europe-low").comparison
    assert beside is not None and 0.0 < beside.optimal < beside.risk.median
    with pytest.raises(SupportError, match="no region 'moon'"):
        health_map(record, region="moon")


def test_every_question_has_one_recommendation_with_its_reason(gaps) -> None:
    for question in {r.question for r in gaps.scored.risks}:
        chosen = [r for r in gaps.scored.risks if r.question == question and r.recommended]
        assert len(chosen) == 1 and chosen[0].why, question


def test_at_most_five_risks_stand_on_top_and_those_with_a_lever_first(gaps) -> None:
    assert 0 < len(gaps.top) <= 5
    levers = {w.risk.question for w in gaps.what_ifs}
    has = [r.question in levers for r in gaps.top]
    assert has == sorted(has, reverse=True)


def test_an_optional_input_is_used_only_where_it_was_measured() -> None:
    """PREVENT has its own term for a missing HbA1c: an imputed one must not replace it."""
    wanted = ("sbp", "smoker", "diabetes", "total_cholesterol", "hdl_cholesterol", "creatinine")
    belief = believe(chart(person(15, lambda name: name in wanted)))
    score = catalogue()["prevent_cvd"]
    base = np.asarray(run(score, belief, "us").values["risk_10y"])
    shifted = replace(belief, columns={**belief.columns, "hba1c": belief.columns["hba1c"] + 30.0})
    assert np.array_equal(run(score, shifted, "us").values["risk_10y"], base, equal_nan=True)
    measured = replace(shifted, origin={**belief.origin, "hba1c": "measured"})
    assert not np.array_equal(run(score, measured, "us").values["risk_10y"], base, equal_nan=True)


def test_ten_years_are_at_most_thirty(gaps) -> None:
    seen = 0
    for score in {r.score.id for r in gaps.scored.risks}:
        years = {r.years: r.members for r in gaps.scored.risks if r.score.id == score}
        if {10.0, 30.0} <= years.keys():
            seen += 1
            assert not (years[10.0] > years[30.0]).any(), score
    assert seen >= 5


def test_a_broken_law_is_found_and_weighed(gaps) -> None:
    ten = {r.score.id: r for r in gaps.scored.risks if r.years == 10}
    whole, part = ten["prevent_cvd"], ten["prevent_ascvd"]
    assert not [c for c in conflicts(gaps.belief, (whole, part)) if c.law == "parts"]
    flagged = conflicts(gaps.belief, (whole, replace(part, members=whole.members + 0.01)))
    weight = gaps.belief.weights[np.isfinite(whole.members)].sum()
    assert [c.share for c in flagged if c.less == "prevent_ascvd"] == pytest.approx([weight])
    late = replace(part, answer=replace(part.answer, horizon_years=30.0), members=0.5 * part.members)
    assert {c.law for c in conflicts(gaps.belief, (part, late))} == {"time"}


def test_with_optimal_factors_nothing_is_to_gain(observation) -> None:
    """Someone who has them has a heart of their own age and the risk of the comparison."""
    table, values = covariates(), optimal()
    names = ("sbp", "total_cholesterol", "hdl_cholesterol", "bmi", "egfr")
    facts = [observation(table[n].codes[0], values[n], table[n].unit) for n in names]
    never = next(f for f in person(0).facts if f.code == "loinc:72166-2")
    listed = {"diagnoses": (Diagnosis("d", "snomed:1", "sprain"),), "medicines": (Medicine("m", "paracetamol"),)}
    found = _aged(55, "female", *facts, never, **listed)
    beside = found.comparison
    assert beside is not None and not found.chart.flags["smoker"].value
    assert beside.heart_age[0] < 55.0 < beside.heart_age[4] and beside.ratio == pytest.approx(1.0, abs=0.1)


def test_trials_move_risk_by_their_relative_risk(observation) -> None:
    record = person(15, lambda name: name not in ("sbp", "dbp"))

    def at(pressure: float) -> HealthMap:
        reading = observation("loinc:8480-6", pressure, "mm[Hg]", NOW - DAY)
        return health_map(replace(record, facts=(*record.facts, reading)), region="us")

    lever = next(w for w in at(160.0).what_ifs if w.lever == "bp" and w.risk.score.id == "prevent_cvd")
    assert lever.kind == "trial" and lever.after[2] / lever.before[2] == pytest.approx(0.80, abs=0.02)
    assert not [w for w in at(120.0).what_ifs if w.lever == "bp"]  # primary prevention showed no benefit there


def test_smoking_is_association_only() -> None:
    smoker = next(p for p in (person(i) for i in range(40)) if chart(p).flags["smoker"].value)
    found = [w for w in health_map(smoker, region="us").what_ifs if w.lever == "smoking"]
    assert found and all(w.kind == "association only" and "no trial" in w.source for w in found)


def test_what_to_measure_next_is_what_narrows(gaps) -> None:
    """The share is that of a cubic regression of the risk on the covariate, another estimate of the same number."""
    shares = [w.share for w in gaps.next]
    assert shares and shares == sorted(shares, reverse=True) and all(0.05 <= s <= 1.0 for s in shares)
    risk = gaps.top[0]
    best = worth(gaps.chart, gaps.belief, [risk])[0]
    live = np.isfinite(risk.members)
    column, members = gaps.belief.columns[best.covariate][live], risk.members[live]
    left = np.var(members - np.polyval(np.polyfit(column, members, 3), column)) / np.var(members)
    part = 1.0 if gaps.belief.origin[best.covariate] == "imputed" else 0.5
    assert best.share == pytest.approx(part * (1.0 - left), abs=0.15)


def _syllables(word: str) -> int:
    vowels = len(re.findall(r"[aeiouy]+", word.lower()))
    return max(1, vowels - (word.lower().endswith("e") and not word.lower().endswith("le") and vowels > 1))


def test_the_person_reads_plain_words(gaps) -> None:
    """Flesch-Kincaid grade 0.39 words/sentence + 11.8 syllables/word - 15.59: at most 7, which is age twelve."""
    text = " ".join(for_person(gaps))
    sentences = [s for s in re.split(r"[.:]\s", text) if s]
    words = re.findall(r"[A-Za-z]+", text)
    grade = 0.39 * len(words) / len(sentences) + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59
    assert grade <= 7.0, grade
    assert re.search(r"about \d+ of 100", text) and "would not" in text
    assert not re.search(r"(?i)danger|severe|alarm|deadly|urgent|!", text)


def test_the_clinician_sees_source_version_and_interval(gaps) -> None:
    lines = for_clinician(gaps)
    assert len([x for x in lines if "doi:" in x and "95 %" in x]) >= len(gaps.scored.risks)
    assert any("filled in: " in x and "total_cholesterol" in x for x in lines)


def test_fhir_r4_says_what_the_map_says(gaps) -> None:
    bundle = risk_assessments(gaps, "gemel test")
    resources = [e["resource"] for e in bundle["entry"]]
    made, provenance = resources[:-1], resources[-1]
    assert [r["resourceType"] for r in made] == ["RiskAssessment"] * len(gaps.scored.risks)
    assert provenance["resourceType"] == "Provenance" and len({r["id"] for r in resources}) == len(resources)
    assert [t["reference"] for t in provenance["target"]] == [f"urn:uuid:{r['id']}" for r in made]
    for resource, risk in zip(made, gaps.scored.risks, strict=True):
        middle, interval = resource["prediction"]
        assert resource["status"] == "preliminary"
        assert middle["probabilityDecimal"] == pytest.approx(100 * risk.median, abs=1e-3)
        low, high = interval["probabilityRange"]["low"], interval["probabilityRange"]["high"]
        assert 0 <= low["value"] <= middle["probabilityDecimal"] <= high["value"] <= 100
        assert low["code"] == high["code"] == "%" and middle["whenRange"]["high"]["value"] == risk.years
    assert json.dumps(bundle) == json.dumps(risk_assessments(gaps, "gemel test"))


def test_a_reported_filtration_that_contradicts_its_creatinine_is_told(observation) -> None:
    rate = observation("loinc:33914-3", 75.0, "mL/min/{1.73_m2}")
    found = _aged(58, "male", observation("loinc:2160-0", 3.2, "mg/dL"), rate)
    assert any("does not fit the creatinine" in note for note in found.notes)


def test_children_get_status_but_nothing_made_up(observation) -> None:
    found = _aged(9, "female", observation("loinc:718-7", 125.0, "g/L"))
    assert "imputed" not in found.belief.origin.values() and not found.scored.risks
    assert any("adults only" in note for note in found.notes)
    assert _organ(found, "blood").status == "no reference"  # an adult's limits are not a child's


def test_someone_is_seventy_nine_until_they_are_eighty(observation) -> None:
    """Ages are completed years, as in the papers: PREVENT ends with 79, not on the seventy-ninth birthday."""
    record = Record(
        Subject(id="o", born=date(1946, 3, 1), sex="female"), (observation("loinc:8480-6", 140.0, "mm[Hg]"),)
    )
    found = health_map(record, region="us")
    assert 79.5 < found.chart.age < 80 and "prevent_cvd" in {r.score.id for r in found.scored.risks}


def test_one_score_stands_on_top_once(observation) -> None:
    """Kidney failure over two and five years is one line: the longer."""
    facts = (
        observation("loinc:2160-0", 3.0, "mg/dL"), observation("loinc:14959-1", 900.0, "mg/g"),
        observation("loinc:8480-6", 150.0, "mm[Hg]"),
    )  # fmt: skip
    found = _aged(60, "male", *facts)
    ids = [r.score.id for r in found.top]
    assert len(ids) == len(set(ids)) and [r.years for r in found.top if r.score.id.startswith("kfre")] == [5.0]
