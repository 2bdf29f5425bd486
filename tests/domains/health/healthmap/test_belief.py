"""The belief: one set of members for every score, exact where that can be checked, right as often as it says.

Statistical tests: counts are binomial, and a test fails where a count lies beyond 3.9 standard errors: a false alarm in
10,000 runs, were the draws not keyed, which they are.
"""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gemel.core.clock import DAY
from gemel.core.fact import Status
from gemel.core.subject import Subject
from gemel.domains.health.healthmap import (
    Chart,
    CovariateBelief,
    Diagnosis,
    Medicine,
    Record,
    believe,
    chart,
    health_map,
)
from gemel.domains.health.healthmap.ageing import YEAR, kept
from gemel.domains.health.healthmap.belief import weighted_quantiles
from gemel.domains.health.healthmap.example import NOW, person
from gemel.domains.health.healthmap.population import population
from gemel.domains.health.healthmap.risks import run
from gemel.domains.health.scores import catalogue, covariates

SURE = 3.9


def _bits(record: Record) -> bytes:
    belief = believe(chart(record))
    return b"".join(np.asarray(belief.columns[n]).tobytes() for n in sorted(belief.columns)) + belief.weights.tobytes()


def test_every_risk_is_read_off_the_same_members(gaps) -> None:
    for risk in gaps.scored.risks:
        made = run(risk.score, gaps.belief, "us")
        again = np.where(made.valid(risk.answer.name), made.values[risk.answer.name], np.nan)
        assert np.array_equal(risk.members, again, equal_nan=True), risk.score.id
    risks = [r.members for r in gaps.scored.risks if r.years == 10]
    live = np.isfinite(risks).all(axis=0)
    together = np.corrcoef(np.stack([gaps.belief.columns["sbp"], *risks])[:, live])
    assert len(risks) > 3 and (together[0] > 0.1).all()  # who has a high pressure has it for all of them


def test_the_same_record_gives_the_same_bits_in_any_order() -> None:
    record = person(4)
    shuffled = replace(record, facts=tuple(reversed(record.facts)), medicines=tuple(reversed(record.medicines)))
    assert _bits(record) == _bits(shuffled)
    assert _bits(record) != _bits(person(6))


def test_a_fresh_reading_is_the_middle_and_no_more_uncertain_than_its_source_says(observation) -> None:
    """Office systolic pressure varies by 8.6 % from visit to visit (doi:10.3399/bjgp10X515403)."""
    record = person(9, lambda name: name != "sbp")
    reading = observation("loinc:8480-6", 150.0, "mm[Hg]", NOW - DAY)
    belief = believe(chart(replace(record, facts=(*record.facts, reading))))
    low, middle, high = belief.quantiles("sbp", (0.025, 0.5, 0.975))
    assert middle == pytest.approx(150.0, rel=SURE * 1.2533 * 0.086 / math.sqrt(belief.ess))
    assert math.log(high / low) == pytest.approx(2 * 1.96 * 0.086, rel=0.2)
    height = belief.quantiles("height", (0.0, 0.5, 1.0))
    assert np.ptp(height) == pytest.approx(0.0, abs=1e-6)  # no variation has a source: taken as read


def test_an_old_reading_says_less_and_less(observation) -> None:
    spreads: list[float] = []
    for years in (0, 2, 5, 10, 40):
        record = person(9, lambda name: name in ("smoker", "diabetes"))
        then = observation("loinc:2085-9", 70.0, "mg/dL", NOW - years * YEAR)
        now = observation("loinc:9279-1", 14.0, "/min")
        seen = chart(replace(record, facts=(*record.facts, then, now)))
        people = population(seen.sex, seen.age)
        low, high = believe(seen).quantiles("hdl_cholesterol", (0.1, 0.9))
        spreads.append(people.score("hdl_cholesterol", high) - people.score("hdl_cholesterol", low))
    assert spreads == sorted(spreads)
    assert spreads[-1] < 1.2 * 2 * 1.2816  # no wider than not knowing, but for the variation from visit to visit


def test_ageing_is_that_of_the_source() -> None:
    """Clarke 1999: correlations of 2/3, 1/2 and 1/3 after 5, 15 and 25 years lie on one line within 4 %."""
    start = (2 / 3) / kept(5 * YEAR)
    assert [start * kept(t * YEAR) for t in (15, 25)] == pytest.approx([1 / 2, 1 / 3], rel=0.08)
    assert kept(0) == 1.0 and kept(-DAY) == 1.0


def test_known_and_latent_yes_and_no_agree_with_brute_force(observation) -> None:
    """Means given two flags and one reading, beside those of the prior draws that happen to comply."""
    people = population("male", 55.0)
    size = len(people.dimensions)
    axis = {name: people.dimensions.index(name) for name in ("bmi", "hba1c", "diabetes", "bp_treated")}
    z = np.random.default_rng(5).standard_normal((200_000, size)) @ np.linalg.cholesky(people.correlation).T
    keep = (z[:, axis["diabetes"]] > people.threshold("diabetes")) & (
        z[:, axis["bp_treated"]] <= people.threshold("bp_treated")
    )
    keep &= np.abs(z[:, axis["bmi"]] - 1.0) < 0.1
    truth = z[keep, axis["hba1c"]]
    mass = float(people.value("bmi", np.array([1.0]))[0])
    record = Record(
        Subject(id="b", born=date(1971, 1, 1), sex="male"), (observation("loinc:39156-5", mass, "kg/m2"),),
        (Diagnosis("d", "snomed:44054006", "diabetes", NOW - DAY),), (Medicine("m", "paracetamol", NOW - DAY),),
    )  # fmt: skip
    seen = chart(record)
    belief = believe(
        replace(seen, age=55.0, flags={k: v for k, v in seen.flags.items() if k != "statin"}), members=4096
    )
    scores = np.array([people.score("hba1c", float(v)) for v in belief.columns["hba1c"]])
    error = math.sqrt(truth.var() / truth.shape[0] + truth.var() / belief.ess)
    assert belief.weights @ scores == pytest.approx(truth.mean(), abs=SURE * error)


def _exactly(seen: Chart) -> CovariateBelief:
    """One member, with the readings as they are."""
    columns = {name: np.array([readings[-1].value]) for name, readings in seen.readings.items()}
    columns |= {name: np.array([float(flag.value)]) for name, flag in seen.flags.items()}
    origin = dict.fromkeys((*covariates(), *columns), "measured")
    return CovariateBelief({**columns, "age": np.array([seen.age])}, {"sex": seen.sex}, np.ones(1), origin, 0)


def test_the_interval_holds_the_full_risk_as_often_as_it_says() -> None:
    """120 people drawn from the population, all readings removed: 80 and 95 % intervals of the 10-year risk.

    With nothing measured no variation between visits enters, so the stated rate is exact but for 512 members.
    """
    score, n = catalogue()["prevent_cvd"], 120
    inside = np.zeros(2)
    for number in range(n):
        some = believe(chart(person(number, lambda name: name in ("smoker", "diabetes"))))
        truth = run(score, _exactly(chart(person(number))), "us").values["risk_10y"][0]
        low95, low80, high80, high95 = weighted_quantiles(
            np.asarray(run(score, some, "us").values["risk_10y"]), some.weights, (0.025, 0.1, 0.9, 0.975)
        )
        inside += (low80 <= truth <= high80, low95 <= truth <= high95)
    for count, rate in zip(inside, (0.8, 0.95), strict=True):
        assert abs(count - n * rate) <= SURE * math.sqrt(n * rate * (1 - rate)), (count, rate)


def test_the_interval_holds_on_the_published_input_rows(shared: Path, observation) -> None:
    """The rows of the PREVENT vectors, made up by others, with laboratory values removed.

    They are a design, not people, so no rate is promised: two thirds of the full risks must lie in the 95 % interval.
    """
    rows = list(csv.DictReader((shared / "data/risk/vectors_prevent.csv").read_text().splitlines()))
    seen = {(r["age"], r["sex"], r["sbp"]): r for r in rows if r["model"] == "base" and r["over_years"] == "10"}
    inside = total = 0
    for row in seen.values():
        subject = Subject(id="v", born=date(2026 - int(float(row["age"])), 1, 1), sex=row["sex"])
        facts = [observation("loinc:8480-6", float(row["sbp"]), "mm[Hg]")]
        facts += [observation("loinc:39156-5", float(row["bmi"]), "kg/m2")] if row["bmi"] else []
        truth = float(row["total_cvd"] or "nan")
        found = health_map(Record(subject, tuple(facts)), region="us")
        risk = next((r for r in found.scored.risks if r.score.id == "prevent_cvd" and r.years == 10), None)
        if risk is not None and truth == truth:
            total += 1
            inside += risk.quantiles[0] <= truth <= risk.quantiles[4]
    assert total >= 5 and inside >= 2 * total / 3, (inside, total)


def test_more_members_change_the_median_little(gaps) -> None:
    record = person(15, lambda name: name in ("sbp", "dbp", "bmi", "smoker", "diabetes"))
    many = health_map(record, region="us", members=4096)
    for few, lots in zip(gaps.top, many.top, strict=True):
        spread = few.quantiles[3] - few.quantiles[1]
        assert few.median == pytest.approx(lots.median, abs=0.2 * spread), few.score.id


def test_what_is_in_no_population_is_not_made_up(gaps) -> None:
    for name in ("uacr", "platelets", "crp"):
        assert gaps.belief.origin[name] == "unknown" and np.isnan(gaps.belief.columns[name]).all()
    refused = {r.score.id: r.reason for r in gaps.scored.refusals}
    assert "missing" in refused["kfre4"]


def test_a_withdrawn_reading_leaves_no_trace(observation) -> None:
    record = person(8, lambda name: name != "sbp")
    wrong = observation("loinc:8480-6", 210.0, "mm[Hg]", NOW - DAY, Status.ENTERED_IN_ERROR)
    assert _bits(record) == _bits(replace(record, facts=(*record.facts, wrong)))
