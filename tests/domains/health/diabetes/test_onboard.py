"""Insulin on board, against the integral of its own activity and the ends that its documentation states."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.errors import SupportError
from gemel.domains.health.diabetes.onboard import RAPID, ActionCurve

CURVES = [RAPID, ActionCurve(55.0, 300.0), ActionCurve(75.0, 420.0)]


@pytest.mark.parametrize("curve", CURVES)
def test_what_is_left_falls_by_what_acts(curve: ActionCurve) -> None:
    """The two published formulas are one curve: the integral of activity is what has gone, to the rule's own error."""
    t = np.linspace(0.0, curve.end, 20_001)
    acting = np.asarray(curve.activity(t))
    gone = np.concatenate([[0.0], np.cumsum(0.5 * (acting[1:] + acting[:-1]) * np.diff(t))])
    np.testing.assert_allclose(1.0 - np.asarray(curve.left(t)), gone, atol=1e-7)


@pytest.mark.parametrize("curve", CURVES)
def test_activity_is_greatest_at_the_peak_and_a_dose_is_over_at_the_end(curve: ActionCurve) -> None:
    t = np.linspace(0.0, curve.end, 3_001)
    assert t[np.argmax(curve.activity(t))] == pytest.approx(curve.peak, abs=0.2)
    ends = curve.left(np.array([0.0, curve.end, curve.end + 60.0]))
    np.testing.assert_allclose(ends, [1.0, 0.0, 0.0], atol=1e-12)
    assert np.all(np.diff(curve.left(t)) < 0.0)


def test_a_curve_that_peaks_after_half_its_time_is_refused() -> None:
    with pytest.raises(SupportError, match="twice the peak"):
        ActionCurve(160.0, 300.0)
