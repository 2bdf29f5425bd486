"""Scores and quantiles of weighted ensembles against brute force and closed forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gemel import forecast
from gemel.core.errors import CapabilityError, PlanError
from gemel.core.forecast import crps_ensemble, weighted_quantile
from tests.laws.cases import BY_NAME, at

LUCK = np.random.default_rng(3)


def test_crps_equals_the_sum_over_pairs() -> None:
    v, w, y = LUCK.normal(size=(40, 3)), LUCK.random(40), LUCK.normal(size=3)
    w[5] = 0.0  # a failed member takes no part, whatever it holds
    v[5] = np.nan
    p = np.delete(w, 5) / w.sum()
    live = np.delete(v, 5, axis=0)
    pairs = np.abs(live[:, None] - live[None]) * (p[:, None] * p[None])[:, :, None]
    expected = p @ np.abs(live - y) - 0.5 * pairs.sum(axis=(0, 1))
    np.testing.assert_allclose(crps_ensemble(v, w, y), expected, rtol=1e-12)


def test_crps_of_many_normal_draws_is_that_of_the_normal_law() -> None:
    """Closed form: Gneiting and Raftery 2007, section 4.2.  The ensemble of midpoint quantiles errs by about 1/n^2."""
    n, mean, sd = 20_000, 1.0, 2.0
    v = stats.norm.ppf((np.arange(n) + 0.5) / n, mean, sd)[:, None]
    for y in (-3.0, 1.0, 2.5):
        z = (y - mean) / sd
        exact = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
        assert crps_ensemble(v, np.ones(n), np.array([y]))[0] == pytest.approx(exact, abs=1e-3)


def test_crps_of_one_member_is_its_absolute_error_and_nan_where_nothing_was_read() -> None:
    score = crps_ensemble(np.array([[1.0, 2.0]]), np.ones(1), np.array([4.0, np.nan]))
    assert score[0] == 3.0 and np.isnan(score[1])


@given(st.lists(st.integers(1, 5), min_size=2, max_size=8))
def test_a_weighted_quantile_lies_at_its_own_step_or_between_it_and_the_next(counts: list[int]) -> None:
    """A quantile lies at its own step of the weighted distribution, or is drawn towards the step beside it."""
    values = np.sort(LUCK.normal(size=len(counts)))
    q = np.linspace(0.02, 0.98, 9)
    weighted = weighted_quantile(values[:, None], np.array(counts, dtype=float), q)[:, 0]
    steps = np.cumsum(counts) / sum(counts)
    for p, value in zip(q, weighted, strict=True):
        k = int(np.searchsorted(steps, p))
        neighbours = values[max(k - 1, 0) : k + 2]
        assert neighbours.min() <= value <= neighbours.max()


def test_quantiles_of_equal_weights_are_the_textbook_ones() -> None:
    """Hyndman and Fan's type 5 (midpoints of the steps), which numpy calls 'hazen'."""
    v, q = LUCK.normal(size=(101, 2)), np.array([0.05, 0.5, 0.9])
    np.testing.assert_allclose(
        weighted_quantile(v, np.ones(101), q), np.quantile(v, q, axis=0, method="hazen"), rtol=1e-12
    )


def test_a_member_of_weight_zero_moves_no_quantile() -> None:
    v, w = LUCK.normal(size=(50, 1)), np.ones(50)
    w[7], v[7] = 0.0, np.nan
    rest = np.delete(v, 7, axis=0)
    q = np.array([0.1, 0.5])
    np.testing.assert_array_equal(weighted_quantile(v, w, q), weighted_quantile(rest, np.ones(49), q))


def test_a_forecast_answers_by_name() -> None:
    twin = BY_NAME["linear"].twin(256)
    seen = forecast(twin, at(4), every=1.0)
    assert seen.hours.tolist() == [1.0, 2.0, 3.0, 4.0] and seen.failed == 0 and seen.issued == at(0)
    assert seen.quantile("y", [0.1, 0.9]).shape == (2, 4)
    wide, narrow = (np.ptp(seen.quantile("y", [0.05, 0.95], readings=r), axis=0) for r in (True, False))
    assert np.all(wide > narrow)
    np.testing.assert_allclose(seen.mean("y"), seen.paths[:, :, 0].mean(axis=0))
    assert seen.probability(seen.paths[:, -1, 0] > -1e9) == pytest.approx(1.0)
    assert seen.path()["push"].shape == (256, 4)
    with pytest.raises(CapabilityError, match="no observable 'z'"):
        seen.quantile("z", 0.5)


def test_failed_members_take_no_part() -> None:
    twin = BY_NAME["linear"].twin(64)
    theta = np.array(twin.belief.theta)
    theta[:8] = np.nan
    state = {k: np.where(np.arange(64) < 8, np.nan, np.asarray(v)) for k, v in twin.belief.state.items()}
    seen = forecast(replace(twin, belief=replace(twin.belief, theta=theta, state=state)), at(2), every=1.0)
    assert seen.failed == 8 and np.isfinite(seen.mean("y")).all() and np.isfinite(seen.quantile("y", 0.5)).all()
    assert np.isfinite(seen.crps("y", np.ones(2))).all()


def test_frames_carry_units_and_times() -> None:
    pytest.importorskip("pandas")
    twin = BY_NAME["linear"].twin(16)
    frame: Any = forecast(twin, at(2), every=1.0).to_frame([0.5])
    assert list(frame.columns) == ["time", "observable", "unit", "mean", "q50"] and len(frame) == 2
    assert {"level", "x", "level_drift"} == set(twin.to_frame()["name"])


@pytest.mark.parametrize("hours", [0.0, -1.0])
def test_a_forecast_of_the_past_is_refused(hours: float) -> None:
    with pytest.raises(PlanError, match="later 'until'"):
        forecast(BY_NAME["linear"].twin(4), at(hours))


def test_running_totals_read_as_counts_from_the_last_reading_on() -> None:
    """Readings of a running total go on from what was last read: no event is lost before the first output."""
    twin = BY_NAME["hazard"].twin(4096)
    seen = forecast(twin, at(10), every=5.0)
    counts, total = np.asarray(seen.readings[:, :, 0]), np.asarray(seen.paths[:, :, 0])
    assert np.all(np.diff(counts, axis=1) >= 0) and np.all(counts == np.round(counts))
    error = np.sqrt(total[:, 0].mean() / 4096)
    assert abs(counts[:, 0].mean() - total[:, 0].mean()) < 6.0 * error  # false alarm 2e-9
