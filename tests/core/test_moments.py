"""The reading nearest to an instant, and the typical gap between readings."""

from __future__ import annotations

import numpy as np

from gemel.core.moments import nearest, typical_gap


def test_the_nearest_reading_within_reach_is_taken_and_the_earlier_of_two() -> None:
    times, values = np.array([0, 10, 30]), np.array([1.0, 2.0, 3.0])
    targets = np.array([-4, 4, 5, 6, 20, 30, 41])
    found = nearest(times, values, targets, np.array([10]))
    np.testing.assert_array_equal(found, [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, np.nan])
    own = nearest(times, values, np.array([4, 4]), np.array([3, 4]))  # a reach for each
    np.testing.assert_array_equal(own, [np.nan, 1.0])


def test_one_reading_is_the_nearest_and_none_is_none() -> None:
    one = nearest(np.array([5]), np.array([7.0]), np.array([4, 9]), np.array([2]))
    np.testing.assert_array_equal(one, [7.0, np.nan])
    assert np.isnan(nearest(np.zeros(0, dtype=np.int64), np.zeros(0), np.array([1]), np.array([9]))).all()


def test_the_typical_gap_weighs_by_time_and_not_by_number() -> None:
    assert typical_gap(np.array([1, 1, 1, 1, 15, 15])) == 15  # most moments lie in a long gap, most gaps are short
    assert typical_gap(np.array([5, 5, 5])) == 5
