"""Output analysis on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.errors import SupportError
from gemel.domains.hospital.output import controlled, estimate, mser, paired, until_sure


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    """2,000 intervals of 8 normal numbers: 95 % within 1.6 % (3.3 standard errors, false alarm 0.1 %)."""
    x = np.random.default_rng(1).normal(3.0, 2.0, (2000, 8))
    held = [abs((e := estimate(row)).mean - 3.0) <= e.half_width for row in x]
    assert abs(np.mean(held) - 0.95) < 0.016


def test_what_never_happened_is_left_out_and_counted() -> None:
    found = estimate(np.array([1.0, np.nan, 3.0]))
    assert (found.mean, found.n) == (2.0, 2)
    assert np.isnan(estimate(np.array([np.nan])).mean) and np.isnan(estimate(np.array([1.0])).error)


def test_pairs_cancel_shared_luck() -> None:
    luck, own = np.random.default_rng(2).normal(size=(2, 50))
    found = paired(5.0 + luck, 4.0 + luck + 0.01 * own)
    assert found.mean == pytest.approx(1.0, abs=0.01) and found.half_width < 0.01


def test_control_variate_narrows_without_moving_the_mean() -> None:
    """200 repeats: the corrected mean is within 4 of its own standard errors of the truth."""
    rng = np.random.default_rng(3)
    means: list[float] = []
    for _ in range(200):
        c = rng.normal(10.0, 1.0, 40)
        y = 2.0 * c + rng.normal(0.0, 0.5, 40)
        found = controlled(y, c, 10.0)
        assert found.error < 0.5 * estimate(y).error
        means.append(found.mean)
    assert abs(np.mean(means) - 20.0) < 4.0 * np.std(means) / np.sqrt(200)
    with pytest.raises(SupportError, match="control that varies"):
        controlled(np.ones(5), np.ones(5), 1.0)


def test_warm_up_ends_where_the_ramp_does() -> None:
    noise = np.random.default_rng(4).normal(size=1000)
    series = noise + np.where(np.arange(1000) < 100, 20.0 - np.arange(1000) / 5.0, 0.0)
    assert 80 <= mser(series) <= 120
    assert mser(noise) <= 300
    with pytest.raises(SupportError, match="10 observations"):
        mser(np.ones(7))


def test_replications_are_added_until_the_interval_is_narrow() -> None:
    x = np.random.default_rng(5).normal(size=100_000)
    found = until_sure(lambda a, b: x[a:b], 0.1)
    assert found.half_width <= 0.1 and 200 < found.n < 1200
    assert until_sure(lambda a, b: x[a:b], 1e-6, most=500).n == 500
