"""Columns that a correction is learned from: what they say, and that they never look ahead."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.verbs.history import Doses, History, columns, planned

START = instant("2026-03-02T00:00:00Z")


def doses(*pairs: tuple[float, float]) -> Doses:
    """Doses at hours after the start."""
    return Doses(
        np.array([START + int(h * HOUR) for h, _ in pairs], dtype=np.int64), np.array([amount for _, amount in pairs])
    )


def record(values: np.ndarray, *given: Doses) -> History:
    return History(START, 15 * MINUTE, values, given or (doses(),), "UTC")


def test_the_readings_of_the_last_hour_come_first_newest_first() -> None:
    row = columns(record(np.arange(100.0, 140.0)), np.array([20]))[0]
    np.testing.assert_array_equal(row[:4], [120.0, 119.0, 118.0, 117.0])


def test_a_missing_reading_of_the_last_hour_makes_its_column_nan_and_no_other() -> None:
    values = np.arange(100.0, 140.0)
    values[18] = np.nan
    row = columns(record(values), np.array([20]))[0]
    assert np.flatnonzero(np.isnan(row)).tolist() == [2]


def test_means_leave_out_what_was_not_read() -> None:
    values = np.full(40, np.nan)
    values[[16, 20]] = 100.0, 200.0
    row = columns(record(values), np.array([20]))[0]
    two_hours = row[4 + 6]  # after four readings and six turns of the day
    assert two_hours == 150.0


def test_what_was_given_acts_most_one_pace_after_the_dose_and_not_before_it() -> None:
    history = record(np.full(60, 100.0), doses((2.0, 3.0)))
    acting = columns(history, np.arange(60))[:, -3:]
    assert not acting[:8].any()
    peak = history.times[np.argmax(acting, axis=0)] - START - 2 * HOUR
    np.testing.assert_array_equal(peak / HOUR, [0.5, 1.0, 2.0])
    np.testing.assert_allclose(acting.max(axis=0), 3.0)


def test_nothing_after_the_moment_changes_its_row() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(120.0, 30.0, 96)
    later = values.copy()
    later[51:] += 50.0
    mine = columns(record(values, doses((1.0, 2.0))), np.arange(51))
    theirs = columns(record(later, doses((1.0, 2.0), (12.8, 9.0))), np.arange(51))
    np.testing.assert_array_equal(mine, theirs)


def test_planned_doses_are_those_inside_the_span_with_the_hours_left() -> None:
    given = doses((1.0, 5.0), (1.5, 7.0), (2.0, 11.0))
    found = planned([given], np.array([START + HOUR]), HOUR)
    np.testing.assert_allclose(found, [[7.0, 7.0 * 0.5, 7.0 * 0.25]])


@pytest.mark.parametrize("zone, turn", [("UTC", 0.0), ("Asia/Kolkata", 5.5)])
def test_the_hour_is_the_subjects_own(zone: str, turn: float) -> None:
    history = History(START, 15 * MINUTE, np.full(8, 100.0), (doses(),), zone)
    row = columns(history, np.array([4]))[0]
    assert row[4] == pytest.approx(np.sin(2.0 * np.pi * (1.0 + turn) / 24.0))
