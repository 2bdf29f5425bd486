"""What a trial says, against scipy's own tests and outcomes that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemel.core.errors import CollapseError
from gemel.domains.health.diabetes.outcomes import MEASURES, equivalence, estimate, outcomes
from gemel.domains.health.diabetes.trial import Course

GAPS = np.random.default_rng(3).normal(0.4, 1.5, 25)


def test_an_interval_and_two_one_sided_tests_are_those_of_scipy() -> None:
    found = estimate(GAPS)
    low, high = stats.t.interval(0.95, 24, GAPS.mean(), stats.sem(GAPS))
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((GAPS.mean(), low, high, 25))
    test = equivalence("time-in-range", GAPS, 2.0)
    above = stats.ttest_1samp(GAPS, -2.0, alternative="greater").pvalue
    below = stats.ttest_1samp(GAPS, 2.0, alternative="less").pvalue
    assert test.p == pytest.approx(max(above, below)) and test.shown
    low, high = stats.t.interval(0.90, 24, GAPS.mean(), stats.sem(GAPS))
    assert (test.low, test.high) == pytest.approx((low, high))


def test_equivalence_is_shown_exactly_where_the_90_percent_interval_lies_within_the_margin() -> None:
    reach = max(abs(equivalence("x", GAPS, 1.0).low), abs(equivalence("x", GAPS, 1.0).high))
    assert not equivalence("x", GAPS, 0.999 * reach).shown and equivalence("x", GAPS, 1.001 * reach).shown


def course(glucose: list[list[float]]) -> Course:
    values = np.array([glucose, glucose])
    return Course(("a", "b"), values, np.zeros_like(values), np.zeros_like(values))


def test_shares_are_counted_and_an_arm_does_not_differ_from_itself() -> None:
    told = outcomes(course([[60.0, 100.0, 100.0, 200.0], [50.0, 300.0, 100.0, 100.0]]))
    assert told.of("time-in-range", "a").tolist() == [50.0, 50.0]
    assert told.of("time below 70 mg/dL", "a").tolist() == [25.0, 25.0]
    assert told.of("time below 54 mg/dL", "b").tolist() == [0.0, 25.0]
    assert all(told.estimate(d.name, "b", "a").high == 0.0 for d in MEASURES)


def test_a_person_whose_run_failed_is_left_out_and_counted() -> None:
    whole = [[100.0, 120.0], [90.0, 200.0]]
    told = outcomes(course([*whole, [100.0, float("nan")]]))
    assert told.failed == 1 and told.of("time-in-range", "a").tolist() == [100.0, 50.0]
    with pytest.raises(CollapseError, match="failed"):
        outcomes(course([whole[0], [float("nan")] * 2]))
