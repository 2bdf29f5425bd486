"""The standard calculator, against worked examples of two pumps' manuals."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.errors import SupportError
from gemel.domains.health.diabetes.therapy import Therapy, calculator, on_board, profile

SETTINGS = (np.array([15.0]), np.array([50.0]), np.array([100.0]))
"""The Omnipod manual's examples: 15 g/[IU], 50 mg/dL/[IU], target 100 mg/dL."""


def dose(carbs: float, glucose: float, held: float) -> float:
    return float(calculator(np.array([carbs]), np.array([glucose]), np.array([held]), SETTINGS)[0])


def test_the_manuals_examples_come_out() -> None:
    """Insulet user manual, suggested bolus: 150 mg/dL, no carbohydrate, 2 [IU] on board gives 0; 45 g without insulin
    on board gives 4 [IU]."""
    assert dose(0.0, 150.0, 2.0) == 0.0
    assert dose(45.0, 150.0, 0.0) == pytest.approx(4.0)


def test_insulin_on_board_reduces_a_correction_but_never_the_meal() -> None:
    """MiniMed user guide: the correction less active insulin, at least 0; below target, the whole correction."""
    assert dose(45.0, 150.0, 5.0) == pytest.approx(3.0)
    assert dose(45.0, 75.0, 5.0) == pytest.approx(2.5)
    assert dose(0.0, 60.0, 0.0) == 0.0


def test_without_a_reading_there_is_no_correction() -> None:
    assert dose(45.0, float("nan"), 3.0) == pytest.approx(3.0)


def test_doses_to_come_are_not_on_board() -> None:
    assert on_board([(-10.0, 5.0)]) == 0.0
    assert on_board([(0.0, 5.0)]) == pytest.approx(5.0)
    assert on_board([]) == 0.0


def test_a_profile_holds_from_each_hour_to_the_next() -> None:
    therapy = Therapy(profile("0:0.8,6:1.0,18:0.9"), 10.0, 40.0)
    assert [therapy.rate(h) for h in (0.0, 5.9, 6.0, 17.99, 23.0)] == [0.8, 0.8, 1.0, 1.0, 0.9]
    assert therapy.daily_basal == pytest.approx(6 * 0.8 + 12 * 1.0 + 6 * 0.9)


@pytest.mark.parametrize("text", ["1:0.8", "0:0.8,25:1", "0:-1", "all day"])
def test_what_is_no_profile_is_refused(text: str) -> None:
    with pytest.raises(SupportError):
        Therapy(profile(text), 10.0, 40.0)
