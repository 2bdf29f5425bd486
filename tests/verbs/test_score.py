"""Scores against closed forms, and against what each number must do when forecasts are right or wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gemel.verbs.score import Scored, coverage, of_ensemble, of_point, pit_histogram, reliability, score, skill

LEVELS = (np.arange(2000) + 0.5) / 2000


def normal_cases(n: int, spread: float = 1.0, block: int = 1) -> Scored:
    """n forecasts N(m, spread^2) of truths that are N(m, 1)."""
    luck = np.random.default_rng(7)
    m = luck.normal(size=n) * 3.0
    truth = m + luck.normal(size=n)
    values = m[None, :] + spread * stats.norm.ppf(LEVELS)[:, None]
    return of_ensemble(values, np.ones(LEVELS.size), truth, np.arange(n) // block)


def test_the_score_of_a_normal_forecast_is_the_closed_form() -> None:
    """CRPS of N(0, 1) at y: y (2 Phi(y) - 1) + 2 phi(y) - 1 / sqrt(pi) (Gneiting and Raftery 2007, eq. 5)."""
    y = np.array([-2.0, -0.5, 0.0, 1.0, 3.0])
    values = np.repeat(stats.norm.ppf(LEVELS)[:, None], y.size, axis=1)
    found = of_ensemble(values, np.ones(LEVELS.size), y, np.zeros(y.size, dtype=np.int64))
    exact = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(found.crps, exact, atol=2e-3)
    np.testing.assert_allclose(found.pit, stats.norm.cdf(y), atol=1e-3)
    np.testing.assert_allclose(found.mean_error, -y, atol=1e-12)


def test_weights_count_as_copies() -> None:
    values, y = np.array([[1.0], [2.0], [5.0]]), np.array([2.5])
    zero = np.zeros(1, dtype=np.int64)
    weighted = of_ensemble(values, np.array([2.0, 1.0, 1.0]), y, zero)
    copied = of_ensemble(values[[0, 0, 1, 2]], np.ones(4), y, zero)
    for name in ("mean_error", "crps", "pit"):
        assert getattr(weighted, name) == pytest.approx(getattr(copied, name))
    missing = of_ensemble(np.vstack([values, [[np.nan]]]), np.array([2.0, 1.0, 1.0, 0.0]), y, zero)
    assert missing.crps == pytest.approx(weighted.crps)  # a failed member of weight zero takes no part


def test_calibrated_forecasts_look_calibrated_and_too_narrow_ones_do_not() -> None:
    """4,000 forecasts; 5.5 standard errors: a false alarm in 2e7 for each of 16 checks."""
    fair, narrow = normal_cases(4000), normal_cases(4000, spread=0.5)
    for found in (*pit_histogram(fair), *coverage(fair)):
        error = np.sqrt(found.expected * (1 - found.expected) / 4000)
        assert abs(found.seen - found.expected) < 5.5 * error
    seen = {round(b.expected, 2): b.seen for b in coverage(narrow)}
    assert seen[0.9] == pytest.approx(2 * stats.norm.cdf(0.5 * 1.6449) - 1, abs=0.04)
    ends = pit_histogram(narrow)
    assert ends[0].seen > 0.15 and ends[-1].seen > 0.15 and ends[5].seen < 0.08


def test_the_bootstrap_error_is_that_of_independent_blocks() -> None:
    """For n independent forecasts the error of a mean is sd / sqrt n; in blocks of 20, sqrt 20 times that."""
    n = 2000
    luck = np.random.default_rng(1).normal(size=n)
    zero = np.zeros(n)
    alone = score(of_point(luck, zero, np.arange(n)))
    exact = float(np.std(np.abs(luck)) / np.sqrt(n))
    assert alone["mae_se"] == pytest.approx(exact, rel=0.2)
    together = score(of_point(np.repeat(luck[: n // 20], 20), zero, np.arange(n) // 20))
    assert together["mae_se"] == pytest.approx(np.std(np.abs(luck[: n // 20])) / np.sqrt(n // 20), rel=0.2)
    assert score(of_point(luck, zero, np.zeros(n, dtype=np.int64)))["mae_se"] is None
    assert alone["crps"] is None and alone["cov90"] is None


def test_skill_is_zero_against_oneself_and_knows_better_from_worse() -> None:
    good, bad = normal_cases(2000, block=10), normal_cases(2000, spread=3.0, block=10)
    same: Any = skill(good, good, "crps")
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    better: Any = skill(good, bad, "crps")
    worse: Any = skill(bad, good, "crps")
    assert better.low > 0.0 and worse.high < 0.0
    assert skill(good, of_point(np.asarray(good.mean_error), np.zeros(2000), np.arange(2000)), "crps") is None


def test_blocks_of_two_subjects_stay_apart_and_a_part_can_be_taken() -> None:
    one = of_point(np.array([1.0, 2.0]), np.zeros(2), np.array([0, 0]))
    both = Scored.join([one, one])
    assert np.asarray(both.block).tolist() == [0, 0, 1, 1]
    assert both.take(np.array([True, False, False, True])).mean_error.tolist() == [1.0, 2.0]


def test_a_reliability_diagram_of_honest_probabilities_lies_on_the_diagonal() -> None:
    luck = np.random.default_rng(3)
    p = luck.uniform(size=8000)
    found = reliability(p, luck.uniform(size=p.size) < p, np.arange(p.size))
    assert len(found) == 10 and sum(b.n for b in found) == p.size
    for b in found:  # 5.5 standard errors
        assert abs(b.seen - b.expected) < 5.5 * np.sqrt(b.expected * (1 - b.expected) / b.n)
    loud = reliability(np.full(p.size, 0.9), luck.uniform(size=p.size) < 0.5, np.arange(p.size))
    assert len(loud) == 1 and abs(loud[0].seen - 0.5) < 0.05
