"""The report's numbers on records whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.clock import DAY, HOUR, MINUTE, instant
from gemel.core.errors import TimelineError
from gemel.domains.health.ambulatory import POINTS, QUANTILES, ambulatory, profile, regular

ZONE = "Europe/London"
START = instant("2026-01-05T00:00:00", tz=ZONE)
FIVE = START + np.arange(14 * 288) * 5 * MINUTE


def wave(times: np.ndarray) -> np.ndarray:
    """The same day again and again: 140 mg/dL at 6 h, highest at 12 h."""
    return 140.0 + 60.0 * np.sin(2.0 * np.pi * ((times - START) % DAY / DAY - 0.25))


def test_shares_means_and_variation_are_those_of_the_readings() -> None:
    glucose = np.tile([50.0, 60.0, 100.0, 180.0, 181.0, 251.0, 100.0, 100.0], 504)
    found = ambulatory(FIVE, glucose, ZONE)
    assert list(found.shares.values()) == pytest.approx([50.0, 25.0, 12.5, 25.0, 12.5])
    assert found.mean == pytest.approx(glucose.mean()) and found.sd == pytest.approx(glucose.std(ddof=1))
    assert found.cv == pytest.approx(100.0 * found.sd / found.mean)
    assert found.gmi == pytest.approx(3.31 + 0.02392 * found.mean)
    assert found.coverage == 100.0 and found.span_days == pytest.approx(14.0) and found.enough
    assert len(found.days) == 14 and {d.last - d.first for d in found.days} == {288}


def test_daily_risk_is_that_of_each_days_lowest_and_highest_reading() -> None:
    glucose = np.full(len(FIVE), 112.5)  # here the risk of either side is 0
    assert ambulatory(FIVE, glucose, ZONE).adrr == pytest.approx(0.0, abs=1e-4)
    glucose[10], glucose[20] = 50.0, 300.0  # on one day of 14
    risk = [10.0 * (1.509 * (np.log(g) ** 1.084 - 5.381)) ** 2 for g in (50.0, 300.0)]
    found = ambulatory(FIVE, glucose, ZONE)
    assert found.adrr == pytest.approx(sum(risk) / 14.0, abs=1e-4) and found.daily_risk == "low"
    every_day = np.tile(glucose[:288], 14)
    assert ambulatory(FIVE, every_day, ZONE).adrr == pytest.approx(sum(risk), abs=1e-3)
    assert ambulatory(FIVE, every_day, ZONE).daily_risk == "high"


def test_the_same_day_again_gives_that_day_as_profile() -> None:
    found = profile(FIVE, wave(FIVE), ZONE)
    assert np.asarray(found.quantiles).shape == (len(QUANTILES), POINTS)
    expected = wave(START + np.asarray(found.hours) * HOUR)
    assert np.abs(np.asarray(found.quantiles)[2] - expected).max() < 2.0  # half an hour either way bends the peak
    assert np.all(np.diff(np.asarray(found.quantiles), axis=0) >= 0.0)
    assert (np.asarray(found.readings) == 14 * 13).all()


def test_percentiles_are_across_days() -> None:
    days = np.repeat(np.arange(14), 288)
    found = profile(FIVE, 100.0 + 10.0 * days, ZONE)
    assert np.allclose(
        np.asarray(found.quantiles)[:, 50], np.quantile(100.0 + 10.0 * np.repeat(range(14), 13), QUANTILES)
    )


def test_the_profile_follows_the_wall_clock_through_a_change_of_time() -> None:
    start = instant("2026-03-28T00:00:00", tz=ZONE)  # clocks go forward on the 29th
    times = start + np.arange(3 * 288) * 5 * MINUTE
    noon = np.isin(times, [instant(f"2026-03-{d}T12:00:00", tz=ZONE) for d in (28, 29, 30)])
    found = profile(times, np.where(noon, 300.0, 100.0), ZONE)
    highest = np.asarray([np.quantile([300.0] * 3 + [100.0] * 36, q) for q in QUANTILES])
    assert np.allclose(np.asarray(found.quantiles)[:, 48], highest)
    assert len(ambulatory(times, np.full(len(times), 100.0), ZONE).days) == 4  # the 30th ends an hour into the 31st


def test_no_reading_near_a_point_leaves_it_unknown() -> None:
    night = FIVE[(FIVE - START) % DAY < 6 * HOUR]
    found = profile(night, wave(night), ZONE)
    assert np.isnan(np.asarray(found.quantiles)[:, 48]).all() and np.asarray(found.readings)[48] == 0


def test_looking_more_often_changes_nothing() -> None:
    quarter = START + 7 * MINUTE + np.arange(14 * 96) * 15 * MINUTE
    looks = quarter[40:45] + 3 * MINUTE
    times = np.sort(np.concatenate([quarter, looks]))
    kept, values = regular(times, np.where(np.isin(times, looks), 400.0, 100.0))
    assert kept.tolist() == quarter.tolist() and (values == 100.0).all()


def test_a_record_with_holes_says_how_much_of_it_there_is() -> None:
    kept = np.arange(len(FIVE)) % 288 < 216
    found = ambulatory(FIVE[kept], wave(FIVE[kept]), ZONE)
    assert found.coverage == pytest.approx(100.0 * kept.sum() / (14 * 288 - 72))
    with pytest.raises(TimelineError, match="at least two"):
        ambulatory(FIVE[:1], np.array([100.0]), ZONE)
