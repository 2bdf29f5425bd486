"""Glucose scores against published values and against what they mean."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.derived import Path
from gemel.domains.health.glucose import (
    BELOW_54,
    BELOW_70,
    GLUCOSE_RISK,
    GMI,
    HBGI,
    LBGI,
    RANGE_MINUS_LOWS,
    SCORES,
    TIME_IN_RANGE,
    UTILITIES,
)


def _path(*glucose: float) -> Path:
    return Path(np.arange(1.0, len(glucose) + 1.0), {"glucose": np.array([glucose], dtype=np.float64)})


@pytest.mark.parametrize(
    ("mean", "percent"),
    [(100, 5.7), (125, 6.3), (150, 6.9), (175, 7.5), (200, 8.1), (250, 9.3), (300, 10.5), (350, 11.7)],
)
def test_gmi_is_that_of_the_paper(mean: float, percent: float) -> None:
    assert GMI.compute(_path(mean, mean))[0] == pytest.approx(percent, abs=0.05)  # rounded to 0.1 there


def test_risk_runs_from_100_through_0_to_100_over_the_range_of_meters() -> None:
    assert LBGI.compute(_path(20.0))[0] == pytest.approx(100.0, abs=0.5)  # Kovatchev 1997: f spans +- sqrt(10)
    assert HBGI.compute(_path(600.0))[0] == pytest.approx(100.0, abs=0.5)
    assert GLUCOSE_RISK.compute(_path(112.5))[0] == pytest.approx(0.0, abs=1e-3)


def test_low_and_high_risk_are_equal_at_the_ends_of_the_target() -> None:
    low, high = LBGI.compute(_path(70.0))[0], HBGI.compute(_path(180.0))[0]
    assert low == pytest.approx(high, rel=0.02)  # assumption A2 of the scale, its constants rounded


def test_a_value_beyond_the_scale_has_the_risk_of_its_end() -> None:
    assert LBGI.compute(_path(5.0))[0] == LBGI.compute(_path(20.0))[0]


def test_shares_count_the_limits_as_inside_the_target() -> None:
    path = _path(53.9, 54.0, 69.9, 70.0, 180.0, 180.1, 250.1, 100.0)
    shares = [d.compute(path)[0] for d in SCORES[:5]]
    assert shares == pytest.approx([37.5, 37.5, 12.5, 25.0, 12.5])
    assert shares[0] + shares[1] + shares[3] == pytest.approx(100.0)


def test_a_point_stands_for_the_time_since_the_one_before() -> None:
    path = Path(np.array([1.0, 4.0]), {"glucose": np.array([[60.0, 100.0]])})
    assert BELOW_70.compute(path)[0] == pytest.approx(25.0)
    assert TIME_IN_RANGE.compute(path)[0] == pytest.approx(75.0)
    assert BELOW_54.compute(path)[0] == 0.0


def test_every_utility_prefers_the_target_to_a_low() -> None:
    for utility in UTILITIES.values():
        assert utility.compute(_path(120.0, 120.0))[0] > utility.compute(_path(120.0, 50.0))[0]
    assert RANGE_MINUS_LOWS.compute(_path(50.0))[0] == pytest.approx(-1000.0)
