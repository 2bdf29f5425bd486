"""Sensor errors keep the laws that their published equations imply; statistics of 4,000 wearers."""

from __future__ import annotations

from math import exp, sinh

import numpy as np
import pytest

from gemel.core.draws import member_keys
from gemel.core.errors import SupportError
from gemel.models.patient.sensor import BRETON, G6, SEVEN_PLUS, Drifting, Johnson, Wander, read

WEARERS = 4000
KEYS = member_keys(3, WEARERS)
FIVE_SIGMA = 5.0  # one false alarm in 1.7 million looks


@pytest.mark.parametrize("wander", [G6.own, G6.common, SEVEN_PLUS.own, SEVEN_PLUS.common])
def test_a_wander_obeys_yule_and_walker(wander: Wander) -> None:
    """Its variance g0 and covariances solve g0 = a g1 + b g2 + v, g1 = a g0 + b g1, g2 = a g1 + b g0."""
    a, b = wander.first, wander.second
    g0, g1, g2 = np.linalg.solve([[1, -a, -b], [-a, 1 - b, 0], [-b, -a, 1]], [wander.variance, 0, 0])
    assert wander.spread**2 == pytest.approx(g0) and wander.kept == pytest.approx(g1 / g0)
    x = wander.path(KEYS, np.uint64(7), 12)
    for n in (0, 5, 11):  # stationary from the first value on
        assert abs(x[:, n].var() / g0 - 1.0) < FIVE_SIGMA * np.sqrt(2.0 / WEARERS)
    assert abs((x[:, 2] * x[:, 0]).mean() / g0 - g2 / g0) < FIVE_SIGMA * np.sqrt(2.0 / WEARERS)
    assert abs((x[:, 9] * x[:, 8]).mean() / g0 - g1 / g0) < FIVE_SIGMA * np.sqrt(2.0 / WEARERS)


def test_the_johnson_error_has_the_mean_and_the_memory_of_its_law() -> None:
    """e is normal with variance c2/(1 - c2); then the mean is xi + lambda exp(var/(2 delta2)) sinh(-gamma/delta)."""
    variance = 0.7**2 / (1.0 - 0.7**2)
    mean = -5.471 + 15.96 * exp(variance / (2 * 1.6898**2)) * sinh(0.5444 / 1.6898)
    error = BRETON.errors(KEYS, 13)
    for n in (0, 3, 12):  # on the 15-min nodes
        se = error[:, n].std() / np.sqrt(WEARERS)
        assert abs(error[:, n].mean() - mean) < FIVE_SIGMA * se
    back = [np.arcsinh((error[:, n] + 5.471) / 15.96) * 1.6898 - 0.5444 for n in (3, 6)]
    assert abs(np.corrcoef(*back)[0, 1] - 0.7) < FIVE_SIGMA / np.sqrt(WEARERS)
    np.testing.assert_allclose(error[:, 4], (2 * error[:, 3] + error[:, 6]) / 3)


@pytest.mark.parametrize("sensor", [G6, SEVEN_PLUS, BRETON])
def test_a_sensor_read_every_15_minutes_is_the_same_sensor_read_less_often(sensor: Drifting | Johnson) -> None:
    glucose = np.full((8, 25), 140.0)
    often, rarely = read(sensor, glucose, KEYS[:8]), read(sensor, glucose[:, ::3], KEYS[:8], every=15.0)
    np.testing.assert_allclose(often[:, ::3], rarely)
    np.testing.assert_array_equal(read(sensor, glucose, KEYS[:8])[:3], read(sensor, glucose[:3], KEYS[:3]))
    assert often.std() > 1.0


def test_gain_and_offset_drift_with_the_days_a_sensor_is_worn() -> None:
    """Vettoretti 2019, table 1: at insertion 1.048 G - 6.398, on day 5 0.933 G + 13.297."""
    quiet = [read(G6, np.full((WEARERS, 1), g), KEYS, worn=d).mean() for d in (0.0, 5.0) for g in (100.0, 200.0)]
    expected = [1.048 * 100 - 6.398, 1.048 * 200 - 6.398, 0.933 * 100 + 13.297, 0.933 * 200 + 13.297]
    se = np.hypot(G6.own.spread, G6.common.spread) / np.sqrt(WEARERS)
    np.testing.assert_allclose(quiet, expected, atol=FIVE_SIGMA * se)


def test_another_pace_than_the_sensors_is_refused_and_gaps_stay_gaps() -> None:
    with pytest.raises(SupportError, match="multiple"):
        read(G6, np.full((2, 3), 100.0), KEYS[:2], every=7.0)
    seen = read(G6, np.array([[100.0, np.nan, 100.0]]), KEYS[:1])
    assert np.isnan(seen).tolist() == [[False, True, False]]
