"""Explanations, against the linear-Gaussian twin whose every share, shift and narrowing is known exactly.

Over h whole hours from its birth: x = level + sum of kicks, where the kick of hour k has sd JOLT and decays by e^-RATE
an hour, and the walk's step of hour k (sd WALK) comes in by 1 - e^(-RATE (h - k)).
"""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from gemel import forecast, observe
from gemel.core.derived import Derived
from gemel.core.errors import CapabilityError, PlanError
from gemel.core.twin import Twin
from gemel.engines.enkf import EnsembleKalman
from gemel.verbs.attribution import attribute
from gemel.verbs.compare import compare
from gemel.verbs.contribution import contributions, groups
from gemel.verbs.explain import explain
from gemel.verbs.information import Measurement, candidates, narrowing, worth
from tests.laws.cases import BY_NAME, at, give, read
from tests.laws.conformance import MADE
from tests.laws.conformance.linear import ERROR, JOLT, RATE, WALK
from tests.laws.kalman import MEAN, SPREAD, kalman

HOURS, MEMBERS = 4, 4096


def twin(members: int = MEMBERS, seed: int = 5) -> Twin:
    return BY_NAME["linear"].twin(members, seed=seed, engine=EnsembleKalman(shrink=False))


def exact() -> dict[str, float]:
    """Parts of Var(y) after HOURS: the level as it is believed now, chance ahead, and measurement."""
    chance = sum(
        JOLT**2 * exp(-2 * RATE * (HOURS - k)) + WALK**2 * (1 - exp(-RATE * (HOURS - k))) ** 2 for k in range(HOURS)
    )
    total = SPREAD**2 + chance + ERROR**2
    return {"level": SPREAD**2 / total, "chance": chance / total, "measurement": ERROR**2 / total, "total": total}


def test_shares_of_variance_are_those_of_the_exact_law() -> None:
    """4,096 members: the standard error of a share is below 0.015, so 0.06 is four of them."""
    found, law = attribute(twin(), at(HOURS), "y"), exact()
    assert sum(s.part for s in found.shares) == pytest.approx(1.0)
    assert found.variance == pytest.approx(law["total"], rel=0.09)
    assert found.of("parameter") + found.of("state") + found.of("interplay") == pytest.approx(law["level"], abs=0.06)
    assert found.of("chance ahead") == pytest.approx(law["chance"], abs=0.06)
    assert found.of("measurement") == pytest.approx(law["measurement"], abs=0.02)
    assert found.of("interplay") < 0.05  # nothing here is bent


def test_unknowns_that_are_one_thing_share_its_variance_equally() -> None:
    """At birth x equals level in every member: neither has a claim on the variance before the other."""
    shares = {s.name: s.part for s in attribute(twin(), at(HOURS), "y").shares}
    assert shares["level"] == pytest.approx(shares["x"], rel=0.05)


def test_a_twin_that_has_seen_much_blames_chance() -> None:
    readings = [read("test:y", h / 4, 1.0) for h in range(1, 33)]
    seen = observe(twin(), readings)
    before, after = attribute(twin(), at(HOURS), "y"), attribute(seen, at(8 + HOURS), "y")
    assert after.variance < 0.7 * before.variance
    assert after.of("chance ahead") > before.of("chance ahead")


def test_too_few_members_are_refused_and_so_is_certainty() -> None:
    with pytest.raises(CapabilityError, match="effective members cannot tell"):
        attribute(twin(4), at(HOURS), "y")
    sure = Derived("always one", "1", lambda path: np.ones(path["y"].shape[0]), "a constant", MADE)
    with pytest.raises(CapabilityError, match="no uncertainty"):
        attribute(twin(64), at(HOURS), sure)


FACTS = (read("test:y", 1, 1.6), give("test:push", 2, "1", dose=0.8), read("test:y", 3, 2.4))


def test_shifts_add_up_to_the_change_from_knowing_nothing_to_knowing_all() -> None:
    before = twin(512)
    parts = contributions(before, FACTS, at(6), "y")
    none, every = observe(before, until=at(3)), observe(before, FACTS)
    change = forecast(every, at(6)).mean("y")[-1] - forecast(none, at(6)).mean("y")[-1]
    assert sum(p.shift for p in parts) == pytest.approx(change, abs=1e-9)
    assert [p.acted for p in parts] == [False, True, False]


def test_each_shift_is_the_exact_filters() -> None:
    """Over 16 twins of 2,048 members the mean shift lies within 5 standard errors (a false alarm in 10^6, 3 checks)."""
    seen = np.array([[p.shift for p in contributions(twin(2048, seed=s), FACTS, at(6), "y")] for s in range(16)])
    decay = exp(-3 * RATE)

    def expected(readings: dict[int, float], doses: dict[int, float]) -> float:
        state = kalman(readings, 3, doses).mean
        return decay * state[0] + (1 - decay) * (state[1] + state[2])

    course = [({}, {}), ({1: 1.6}, {}), ({1: 1.6}, {2: 0.8}), ({1: 1.6, 3: 2.4}, {2: 0.8})]
    shifts = np.diff([expected(*c) for c in course])
    error = seen.std(axis=0, ddof=1) / 4.0
    assert np.all(np.abs(seen.mean(axis=0) - shifts) < 5.0 * error + 1e-6), (seen.mean(axis=0), shifts, error)


def test_readings_narrow_and_interventions_do_not() -> None:
    parts = contributions(twin(), FACTS, at(6), "y")
    assert parts[0].spread < 0.9 and parts[2].spread < 1.0
    assert parts[1].spread == pytest.approx(1.0, abs=1e-9)
    assert parts[0].moved[0].name == "level" and parts[0].moved[0].by > 0.5  # 1.6 was read where 1 was expected


def test_many_facts_are_joined_into_few_groups_and_none_is_lost() -> None:
    facts = [*(read("test:y", h / 12, 1.0) for h in range(1, 60)), give("test:push", 2.01, "1", dose=0.8)]
    ordered = sorted(facts, key=lambda f: f.at)
    parts = groups(ordered, 5)
    assert len(parts) == 5 and [f for part in parts for f in part] == ordered
    assert [p for p in parts if p[0].code == "test:push"] == [[facts[-1]]]  # what was done stands alone


def test_the_narrowing_by_a_reading_now_is_the_exact_one() -> None:
    """At birth x and level are one: a reading of sd s leaves SPREAD^2 s^2 / (SPREAD^2 + s^2) of its variance."""
    law = exact()
    hidden = law["total"] - ERROR**2
    for sd in (ERROR, 0.1, 1.0):
        removed = SPREAD**4 / (SPREAD**2 + sd**2) / hidden
        gain = narrowing(twin(), at(HOURS), "y", [Measurement("y", sd=sd)])[0].gain
        assert gain == pytest.approx(removed, abs=0.06)  # four standard errors of a squared correlation


def test_the_more_precise_and_later_measurement_tells_more_and_the_cheaper_comes_first() -> None:
    offered = [Measurement("y", sd=1.0), Measurement("y", sd=0.1, cost=5.0), Measurement("y", 3.0, sd=0.1, cost=1.0)]
    gains = narrowing(twin(), at(HOURS), "y", offered)
    assert [g.measurement for g in gains] == [offered[2], offered[1], offered[0]]
    assert gains[0].per_cost == pytest.approx(gains[0].gain)
    with pytest.raises(PlanError, match="outside the forecast"):
        narrowing(twin(64), at(HOURS), "y", [Measurement("y", 9.0)])
    with pytest.raises(CapabilityError, match="neither read nor a covariate"):
        narrowing(twin(64), at(HOURS), "y", [Measurement("blood")])
    assert {m.quantity for m in candidates(twin(64), at(HOURS))} == {"y"}


def test_a_measurement_is_worth_what_a_better_choice_gains() -> None:
    """Two plans whose utilities are u = 0 and u = x: knowing x ~ N(m, v) exactly is worth E[max(0, x)] - max(0, m)."""
    from scipy import stats

    from gemel.core.plan import Action, Schedule

    base = twin()
    state = {**base.belief.state, "x": base.belief.state["x"] - MEAN}
    centred = replace(base, belief=replace(base.belief, theta=base.belief.theta - MEAN, state=state))
    plans = [Schedule("rest"), Schedule("act", (Action(at(0), "push", dose=1e-9),))]
    gain = Derived("gain", "1", lambda p: np.where(p["push"][:, -1] > 0, p["y"][:, 0], 0.0), "x if we act", MADE)
    seen = compare(centred, plans, at(0.02), gain, every=0.01)
    found = worth(centred, seen, [Measurement("y", sd=1e-6), Measurement("y", sd=1e6)])
    perfect = SPREAD * stats.norm.pdf(0.0)
    assert found[0].gain == pytest.approx(perfect, rel=0.12) and found[1].gain < 0.05 * perfect
    with pytest.raises(PlanError, match="after the choice"):
        worth(centred, seen, [Measurement("y", 1.0)])


def test_the_words_say_answer_doubt_reasons_and_next_step() -> None:
    before = twin(512)
    told = explain(observe(before, FACTS), at(6), "y", since=(before, FACTS))
    lines = told.words()
    assert lines[0].startswith("y at 2026-03-02 12:00: ") and "90 % between" in lines[0]
    assert "what is still to happen" in lines[1]
    assert "push 0.8 at 08:00 raised it by" in lines[2] and "y 1.6 at 07:00 raised it by" in lines[2]
    assert lines[3].startswith("Worth measuring next: y in") and "would remove" in lines[3]
