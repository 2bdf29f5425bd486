"""Adaptive widening: coverage comes back under misspecified noise, and quantiles stay quantiles."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from gemel.core.ledger import LEVELS
from gemel.core.quantity import Quantity
from gemel.runtime.ledger.widen import GAMMAS, LONGEST, WINDOW, between, factor, factors, widened

GLUCOSE = Quantity("glucose", "mg/dL", 0.0, 500.0)
HALF = 1.6449  # 95 % quantile of a standard normal law


def covered(sd: float, delay: int, *, twins: int = 60, n: int = 200) -> tuple[float, float]:
    """Share of truths 51 to n inside the 90 % band, and its standard error over twins, when noise is `sd` times what
    the model says and a truth comes `delay` forecasts late."""
    luck = np.random.default_rng(20260301)
    shares: list[float] = []
    for _ in range(twins):
        misses = sd * np.abs(luck.normal(size=n)) / HALF
        known = factors(misses)
        shown = np.concatenate([np.ones(delay), known[: n - delay]])
        shares.append(float(np.mean((misses <= shown)[50:])))
    return float(np.mean(shares)), float(np.std(shares, ddof=1) / np.sqrt(twins))


@pytest.mark.parametrize(("sd", "delay"), [(2.0, 1), (2.0, 6), (0.5, 6), (1.0, 1)])
def test_under_noise_of_another_size_nine_in_ten_truths_are_inside_again_after_fifty(sd: float, delay: int) -> None:
    """60 twins, 9,000 forecasts: the standard error is 0.2 %, so a law that holds fails once in 1e6."""
    share, error = covered(sd, delay)
    assert error < 0.004 and 0.88 <= share <= 0.92


def test_without_widening_the_same_noise_leaves_four_in_ten_outside() -> None:
    luck = np.random.default_rng(1)
    assert np.mean(2.0 * np.abs(luck.normal(size=9000)) / HALF <= 1.0) < 0.62


def test_a_new_twin_starts_from_its_model_s_own_band() -> None:
    assert factor(np.zeros(0)) == 1.0 and 0.9 < factor(np.array([0.3])) <= 1.0


def test_the_factor_is_the_corrected_quantile_of_the_misses_while_coverage_holds() -> None:
    misses = np.random.default_rng(4).permutation(np.arange(1, 100) / 100)
    assert factor(misses) == pytest.approx(0.9, abs=0.06)
    assert factor(np.tile(misses, 40)) == pytest.approx(0.9, abs=0.06)  # long ago does not matter
    assert factors(np.tile(misses, 40)).size == LONGEST + 1 > WINDOW


def test_a_miss_without_a_band_teaches_nothing_and_its_sign_does_not_matter() -> None:
    some = np.array([0.5, np.nan, 1.5, np.inf])
    assert factor(some) == factor(np.array([0.5, -1.5]))


def test_it_follows_the_reference_equations_step_by_step() -> None:
    """Algorithm 2 of arXiv:2208.08401 written out again, one expert at a time, once the pool holds real misses only."""
    misses = np.abs(np.random.default_rng(9).normal(size=120)) / HALF
    known = factors(misses)
    assert known[0] == 1.0
    alphas, weights = [0.1] * len(GAMMAS), [1 / len(GAMMAS)] * len(GAMMAS)
    normal = [NormalDist().inv_cdf(0.5 + j / 40) / NormalDist().inv_cdf(0.95) for j in range(1, 20)]
    for k in range(120):
        stand_in = [normal[round(x)] for x in np.linspace(0, 18, max(0, 19 - k))]
        pool = sorted([*misses[:k].tolist(), *stand_in])
        mean = sum(w * a for w, a in zip(weights, alphas, strict=True))
        rank = math.ceil((len(pool) + 1) * (1 - min(max(mean, 0), 1)) - 1e-9)
        assert known[k] == pytest.approx(pool[min(max(rank, 1), len(pool)) - 1])
        beta = (1 + sum(m >= misses[k] for m in pool)) / (len(pool) + 1)
        losses = [0.1 * (beta - a) - min(0.0, beta - a) for a in alphas]
        grown = [w * math.exp(-2.72 * loss) for w, loss in zip(weights, losses, strict=True)]
        weights = [(1 - 1 / 1000) * w / sum(grown) + 1 / 1000 / len(GAMMAS) for w in grown]
        alphas = [a + g * (0.1 - (beta < a)) for a, g in zip(alphas, GAMMAS, strict=True)]


@pytest.mark.parametrize("g", [0.3, 1.0, 2.0, 50.0])
def test_moved_quantiles_keep_their_order_their_median_and_the_support(g: float) -> None:
    raw = np.linspace(40.0, 300.0, len(LEVELS))
    moved = widened(GLUCOSE, raw, LEVELS, g)
    middle = LEVELS.index(0.5)
    assert np.all(np.diff(moved) >= 0) and moved[middle] == raw[middle]
    assert moved.min() >= 0.0 and moved.max() <= 500.0
    if g == 2.0:
        assert moved[middle + 1] - moved[middle] == pytest.approx(2.0 * (raw[middle + 1] - raw[middle]))


def test_between_horizons_the_factor_runs_straight_and_is_one_where_nothing_is_known() -> None:
    assert between({}, 5) == 1.0
    assert [between({10: 1.0, 20: 2.0}, a) for a in (0, 15, 30)] == [1.0, 1.5, 2.0]
