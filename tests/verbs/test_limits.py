"""Limits: bounds that cover, and failed members that count against a plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from gemel import forecast
from gemel.core.derived import Derived
from gemel.core.errors import PlanError
from gemel.verbs.limits import Expectation, Limit, ever_above, ever_below, judge, members_needed, upper_bound
from tests.laws.cases import BY_NAME, at
from tests.laws.conformance import MADE

LAST = Derived("last", "1", lambda path: np.asarray(path["y"])[:, -1], "the last value", MADE)


@pytest.mark.parametrize(("x", "n"), [(0, 40), (3, 40), (40, 40), (1, 512)])
def test_the_bound_is_clopper_and_pearson_s(x: int, n: int) -> None:
    exact = stats.binomtest(x, n, alternative="less").proportion_ci(0.95, method="exact").high
    assert upper_bound(float(x), float(n), 0.95) == pytest.approx(exact, abs=1e-12)


def test_the_bound_covers_at_least_as_often_as_it_says() -> None:
    for p in (0.01, 0.05, 0.3):
        x = np.arange(101)
        covered = np.array([upper_bound(float(k), 100.0, 0.9) >= p for k in x])
        assert stats.binom.pmf(x, 100, p) @ covered >= 0.9


def test_one_per_cent_at_ninety_five_needs_299_members() -> None:
    """(1 - 0.01)^n <= 0.05: the known rule, and the bound agrees on both sides of it."""
    event = ever_below("y", 0.0, "1")
    assert members_needed([Limit(event, 0.01)]) == 299
    assert upper_bound(0.0, 299.0, 0.95) <= 0.01 < upper_bound(0.0, 298.0, 0.95)
    assert members_needed([Limit(event, 0.01), Limit(event, 0.2)], claims=5) == 459
    assert members_needed([Expectation(LAST, 1.0)]) == 0


def test_events_are_told_from_the_whole_path() -> None:
    seen = forecast(BY_NAME["linear"].twin(256), at(4), every=1.0)
    paths = seen.paths[:, :, 0]
    for event, expected in ((ever_below("y", 0.5, "1"), paths.min(axis=1) < 0.5),
                            (ever_above("y", 1.5, "1"), paths.max(axis=1) > 1.5)):  # fmt: skip
        checked = judge(Limit(event, 0.2), seen)
        assert checked.estimate == pytest.approx(expected.mean())
        assert checked.upper == pytest.approx(upper_bound(float(expected.sum()), 256.0, 0.95))
        assert checked.met == (checked.upper <= 0.2) and (checked.excess == 0.0) == checked.met
    assert "y > 1.5 1 at any time" in checked.words and "with 95% confidence" in checked.words


def test_a_failed_member_counts_as_an_event_and_voids_an_expectation() -> None:
    seen = forecast(BY_NAME["linear"].twin(256), at(4), every=1.0)
    weights = np.where(np.arange(256) < 64, 0.0, 1.0 / 192)
    lost = replace(seen, weights=weights)
    never = Derived("never", "1", lambda path: np.zeros(256), "", MADE)
    assert judge(Limit(never, 0.5), lost).estimate == pytest.approx(0.25)
    assert judge(Limit(never, 0.5), lost).upper == pytest.approx(upper_bound(64.0, 256.0, 0.95))
    assert not judge(Expectation(LAST, 1e9), lost).met


def test_an_expectation_is_bounded_by_its_standard_error() -> None:
    seen = forecast(BY_NAME["linear"].twin(256), at(4), every=1.0)
    values = seen.paths[:, -1, 0]
    checked = judge(Expectation(LAST, 1.0), seen)
    assert checked.upper == pytest.approx(values.mean() + 1.644854 * values.std() / np.sqrt(255), rel=1e-6)
    assert "E[last]" in checked.words


def test_claims_made_together_share_the_error() -> None:
    seen = forecast(BY_NAME["linear"].twin(256), at(4), every=1.0)
    limit = Limit(ever_above("y", 1.5, "1"), 0.2)
    shared = judge(limit, seen, claims=5)
    assert shared.upper == pytest.approx(upper_bound(shared.estimate * 256.0, 256.0, 0.99))


@pytest.mark.parametrize(("at_most", "confidence"), [(0.0, 0.95), (1.0, 0.95), (0.1, 1.0)])
def test_a_limit_that_can_never_be_shown_is_refused(at_most: float, confidence: float) -> None:
    with pytest.raises(PlanError, match="between 0 and 1"):
        Limit(ever_below("y", 0.0, "1"), at_most, confidence)
