"""The clock that a member's equations see inside a segment."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.core.clock import DAY, HOUR
from gemel.numerics.flow import Flow
from gemel.numerics.kernel import Pieces
from tests.laws.conformance.linear import Linear

PIECES = Pieces(Flow(Linear()), (), np)


@given(st.integers(0, 24 * 3600 * 10**6 - 1), st.integers(0, 10_000), st.floats(0.0, float(DAY)))
@example(0, 3, math.nextafter(float(DAY), 0.0))
@example(24 * 3600 * 10**6 - 1, 0, 1.0)
@example(24 * 3600 * 10**6 - 1, 9_999, 0.5)
def test_the_hour_of_the_day_is_the_remainder_bit_by_bit(start: int, days: int, elapsed: float) -> None:
    hand, passed = (np.float64(start / HOUR), 0.0, 0.0, 0.0), np.float64(days * DAY + elapsed)
    assert PIECES._env(hand, passed).hour == math.fmod(np.round(hand[0] * HOUR) + passed, DAY) / HOUR
