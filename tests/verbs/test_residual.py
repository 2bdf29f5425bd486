"""A learned correction: it finds what is there to find, owns up to its misses, and leaves members in order."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.forecast import Forecast
from gemel.core.quantity import Quantity
from gemel.verbs.residual import Cases, Spread, corrected, enough, learn_residual, said

pytest.importorskip("sklearn", reason="scikit-learn (the extra 'learn') is not installed")

N = 1500


def cases(seed: int, signal: float) -> Cases:
    """Misses of signal * (x0 step + x1), noise of sd 10, twice that where x2 > 0."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, 4))
    mean = 120.0 + 20.0 * rng.standard_normal(N)
    noise = np.where(x[:, 2] > 0.0, 20.0, 10.0) * rng.standard_normal(N)
    truth = mean + signal * (np.where(x[:, 0] > 0.5, 20.0, -10.0) + 10.0 * x[:, 1]) + noise
    return Cases(x, Spread(mean, np.full(N, 60.0)), truth, np.arange(N) // 100)


def rmse(miss: np.ndarray) -> float:
    return float(np.sqrt(np.mean(miss**2)))


def test_it_learns_a_jump_and_a_line_that_the_mechanism_misses() -> None:
    new = cases(2, 1.0)
    after = learn_residual(cases(1, 1.0)).read(new.columns, new.spread)
    noise = np.sqrt(0.5 * (10.0**2 + 20.0**2))
    assert rmse(new.truth - new.spread.mean) > 1.45 * noise
    assert rmse(new.truth - after.mean) < 1.08 * noise


def test_where_there_is_nothing_to_learn_it_costs_little() -> None:
    new = cases(2, 0.0)
    after = learn_residual(cases(1, 0.0)).read(new.columns, new.spread)
    assert rmse(new.truth - after.mean) < 1.03 * rmse(new.truth - new.spread.mean)


def test_nine_in_ten_new_truths_lie_inside_also_where_misses_are_twice_as_large() -> None:
    new = cases(2, 1.0)
    after = learn_residual(cases(1, 1.0)).read(new.columns, new.spread)
    inside = np.abs(new.truth - after.mean) <= after.half
    for part in (np.ones(N, dtype=bool), new.columns[:, 2] > 0.0, new.columns[:, 2] < 0.0):
        # 750 or 1,500 cases: 0.9 +- 3 standard errors, and as much again for what was learned from as few
        assert 0.84 <= inside[part].mean() <= 0.96
    wide, narrow = (after.half[mask].mean() for mask in (new.columns[:, 2] > 0.0, new.columns[:, 2] < 0.0))
    assert 1.3 < wide / narrow < 2.4  # twice, drawn together by the shrinkage of so few cases


def test_a_row_with_a_missing_column_keeps_what_the_mechanism_said() -> None:
    new = cases(2, 1.0)
    new.columns[5, 1] = np.nan
    after = learn_residual(cases(1, 1.0)).read(new.columns, new.spread)
    assert (after.mean[5], after.half[5]) == (new.spread.mean[5], new.spread.half[5])
    assert after.mean[6] != new.spread.mean[6]


def test_few_cases_or_few_days_are_not_enough() -> None:
    whole = cases(1, 1.0)
    assert enough(whole)
    assert not enough(Cases(whole.columns, whole.spread, whole.truth, np.zeros(N, dtype=np.int64)))
    assert not enough(
        Cases(
            *(a[:100] for a in (whole.columns,)),
            Spread(*(a[:100] for a in (whole.spread.mean, whole.spread.half))),
            whole.truth[:100],
            whole.day[:100],
        )
    )


def made(readings: np.ndarray) -> Forecast:
    """A forecast of one observable at two instants."""
    r, t = readings.shape
    return Forecast(
        twin="t", model="m", plan="", issued=0, times=np.arange(1, t + 1),
        observables=(Quantity("x", "1", low=0.0, high=1e6),), paths=readings[:, :, None],
        readings=readings[:, :, None], weights=np.full(r, 1.0 / r), inputs=(), amounts=np.zeros((r, t, 0)),
        covariates=(), covariate_values=np.zeros((r, 0)),
    )  # fmt: skip


def test_the_corrected_forecast_has_the_learned_centre_and_width_and_its_members_in_order() -> None:
    rng = np.random.default_rng(4)
    before = made(rng.normal(100.0, 10.0, (400, 2)))
    plain = Spread(*(np.array([getattr(said([before], "x", k), name)[0] for k in (0, 1)]) for name in ("mean", "half")))
    after = corrected(before, "x", plain, Spread(np.array([130.0, 80.0]), np.array([30.0, 5.0])))
    for k, (mean, half) in enumerate(((130.0, 30.0), (80.0, 5.0))):
        got = said([after], "x", k)
        assert (got.mean[0], got.half[0]) == (pytest.approx(mean), pytest.approx(half))
    old, new = (np.argsort(f.readings[:, 0, 0]) for f in (before, after))
    np.testing.assert_array_equal(old, new)


def test_members_stay_within_what_the_quantity_allows() -> None:
    before = made(np.linspace(1.0, 3.0, 50)[:, None] * np.ones((1, 1)))
    after = corrected(before, "x", said([before], "x", 0), Spread(np.array([1.0]), np.array([5.0])))
    assert after.readings.min() == 0.0
