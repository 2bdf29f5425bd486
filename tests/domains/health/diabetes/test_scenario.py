"""Diaries: what is asked for is what is drawn, and the same for a person however many there are."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.errors import SupportError
from gemel.domains.health.diabetes.scenario import Scenario, diary

LONG = Scenario(days=30)


def test_a_person_keeps_the_diary_when_another_joins() -> None:
    few, many = diary(2, Scenario(days=2), 7), diary(5, Scenario(days=2), 7)
    for a, b in ((few.eaten, many.eaten), (few.counted, many.counted), (few.error, many.error)):
        np.testing.assert_array_equal(a, b[:2])


def test_shares_and_spreads_are_as_asked() -> None:
    """30 days of 20 persons: 1,800 meals, so a share of 5 % has a standard error of 0.5 %; limits are six of those."""
    own = diary(20, LONG, 1)
    eaten, counted = own.eaten[own.eaten > 0], own.counted[own.eaten > 0]
    assert np.mean(counted == 0.0) == pytest.approx(LONG.missed, abs=0.03)
    ratio = np.log(counted[counted > 0] / eaten[counted > 0])
    assert ratio.std() == pytest.approx(LONG.count_sd, rel=0.1) and abs(ratio.mean()) < 0.03
    assert np.isnan(own.error).mean() == pytest.approx(LONG.silent, abs=0.012)
    assert np.nanstd(own.error) == pytest.approx(LONG.sensor_sd, rel=0.05)
    assert own.eaten.sum(axis=1).mean() / 30 == pytest.approx(195.0 * np.exp(0.5 * 0.25**2), rel=0.05)


def test_without_errors_what_is_eaten_is_counted() -> None:
    own = diary(3, Scenario(days=3, count_sd=0.0, missed=0.0, silent=0.0), 1)
    np.testing.assert_allclose(own.eaten, own.counted)
    assert np.isfinite(own.error).all()


@pytest.mark.parametrize("changed", [{"days": 0}, {"meals": ()}, {"missed": 1.5}, {"silent": 1.0}, {"gap": 1.0}])
def test_what_cannot_be_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(SupportError):
        Scenario(**changed)  # type: ignore[arg-type]
