"""The planted-misfit figures are what the goals ask, on few streams; `gemel bench inference` has the many."""

from __future__ import annotations

from gemel.cli.bench_drift import caught_within_a_day, coverage_after_fifty, false_alarms_per_1000_days


def test_a_shift_of_two_is_caught_and_one_of_a_quarter_is_not() -> None:
    """12 streams each: of 200 streams 99 % of shifts by 2 sd were caught, and none by 0.25 sd."""
    assert caught_within_a_day(2.0, 12).value == 1.0 and caught_within_a_day(0.25, 12).value <= 1 / 12


def test_days_without_a_change_are_counted_until_the_first_alarm() -> None:
    quiet = false_alarms_per_1000_days(2, 5)
    assert (quiet.value, quiet.n) == (0.0, 10) and quiet.error == 100.0


def test_coverage_comes_back_under_twofold_noise() -> None:
    found = coverage_after_fifty(2.0, streams=20, forecasts=150)
    assert 0.87 <= found.value <= 0.93 and found.n == 2000 and found.error < 0.01
