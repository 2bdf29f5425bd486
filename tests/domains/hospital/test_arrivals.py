"""Arrivals: forecasts against hospitals whose rates are known, and scores against brute force."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from gemel.core.errors import ShapeError
from gemel.domains.hospital.arrivals import Counts, Predicted, log_probability, rolling, weekday_hour_mean, windows
from gemel.domains.hospital.count_score import interval, score_counts

START = date(2031, 3, 1)
DAY = 1.0 + np.sin((np.arange(24) - 9) / 24 * 2 * np.pi) ** 2


def _drawn(rates: np.ndarray, seed: int = 1, holidays: frozenset[date] = frozenset()) -> Counts:
    """Poisson counts of days with these rates, shape (d, 24)."""
    return Counts(START, np.random.default_rng(seed).poisson(rates), holidays)


def _told(rates: np.ndarray, ahead: int) -> Predicted:
    """What one would say who knows the rates."""
    mean = windows(rates.ravel(), ahead)
    return Predicted(mean, np.full(mean.shape, np.inf))


def test_probabilities_are_negative_binomial_and_poisson_in_the_limit() -> None:
    k = np.arange(30.0)
    found = np.exp(log_probability(np.full(30, 7.0), np.full(30, 3.5), k))
    np.testing.assert_allclose(found, nbinom.pmf(k, 3.5, 3.5 / 10.5), rtol=1e-10)
    limit = np.exp(log_probability(np.full(30, 7.0), np.full(30, np.inf), k))
    np.testing.assert_allclose(limit, poisson.pmf(k, 7.0), rtol=1e-6)


def test_scores_are_those_of_a_sum_over_every_number() -> None:
    predicted = Predicted(np.array([0.3, 7.0, 40.0]), np.array([2.0, 5.0, np.inf]))
    truth = np.array([2.0, 3.0, 55.0])
    laws = [nbinom(2.0, 2 / 2.3), nbinom(5.0, 5 / 12), poisson(40.0)]
    k = np.arange(400)
    wanted = np.mean([((law.cdf(k) - (k >= y)) ** 2).sum() for law, y in zip(laws, truth, strict=True)])
    found = score_counts(predicted, truth)
    assert found.crps == pytest.approx(wanted, rel=1e-6)
    assert found.mae == pytest.approx(np.mean([abs(law.median() - y) for law, y in zip(laws, truth, strict=True)]))
    assert found.mae_of_mean == pytest.approx(np.mean([1.7, 4.0, 15.0]))


def test_interval_of_whole_numbers_promises_what_is_nearest_to_ninety_percent() -> None:
    law = poisson(7.0)
    first, last = interval(law.cdf(np.arange(60))[None])
    assert (first[0], last[0]) == (3, 11)  # 92 %; to 12 it were 94 %, to 10 it were 87 %
    promised = {n: abs(law.cdf(n) - law.cdf(2) - 0.9) for n in (10, 11, 12)}
    assert min(promised, key=promised.get) == 11


def test_windows_are_sums_and_those_that_stick_out_are_left_away() -> None:
    assert windows(np.array([1, 2, 3, 4]), 3).tolist() == [6.0, 9.0]


def test_steady_arrivals_are_foretold_almost_as_well_as_by_who_knows_the_rates() -> None:
    rates = np.tile(DAY, (260, 1))
    counts = _drawn(rates)
    for ahead, own in rolling(counts, 200, (8, 24)).items():
        truth = windows(counts.hourly[200:].ravel(), ahead)
        best = score_counts(_told(rates[200:], ahead), truth)
        found = score_counts(own, truth)
        plain = score_counts(weekday_hour_mean(counts, 200, ahead), truth)
        assert found.crps < 1.02 * best.crps
        assert ahead == 24 or found.crps < plain.crps
        assert found.held == pytest.approx(found.said, abs=0.12)  # 60 days: 3 standard errors, false alarm 3 in 1000


def test_weekdays_are_told_apart_where_they_differ() -> None:
    weekday = np.array([(START + timedelta(days=k)).weekday() for k in range(260)])
    rates = DAY * np.where(weekday < 5, 1.5, 0.5)[:, None]
    counts = _drawn(rates)
    (own,) = rolling(counts, 200, (24,)).values()
    assert np.corrcoef(own.mean, windows(rates[200:].ravel(), 24))[0, 1] > 0.98
    assert score_counts(own, windows(counts.hourly[200:].ravel(), 24)).held > 0.8


def test_holidays_are_days_of_their_own_kind() -> None:
    every = frozenset(START + timedelta(days=k) for k in range(5, 300, 11))
    quiet = np.array([START + timedelta(days=k) in every for k in range(300)])
    counts = _drawn(DAY * np.where(quiet, 0.3, 1.0)[:, None], holidays=every)
    (own,) = rolling(counts, 240, (24,)).values()
    midnights = own.mean[::24]
    assert midnights[quiet[240:]].mean() < 0.6 * midnights[~quiet[240:]].mean()


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_a_change_of_level_is_followed_and_the_interval_stays_honest(factor: float) -> None:
    rates = DAY * np.where(np.arange(320) < 220, 1.0, factor)[:, None]
    counts = _drawn(rates, seed=3)
    (own,) = rolling(counts, 200, (24,)).values()
    truth = windows(counts.hourly[200:].ravel(), 24)
    found, plain = score_counts(own, truth), score_counts(weekday_hour_mean(counts, 200, 24), truth)
    assert found.crps < 0.75 * plain.crps
    assert found.held > 0.78 > plain.held
    late = own.mean[-24 * 30 :].mean() / windows(rates[200:].ravel(), 24)[-24 * 30 :].mean()
    assert late == pytest.approx(1.0, abs=0.08)


def test_days_more_unlike_than_chance_widen_the_interval() -> None:
    luck = np.random.default_rng(5)
    rates = DAY * luck.gamma(6.0, 1 / 6.0, 300)[:, None]
    counts = _drawn(rates)
    own = rolling(counts, 240, (24,))[24]
    truth = windows(counts.hourly[240:].ravel(), 24)
    assert score_counts(own, truth).held == pytest.approx(0.9, abs=0.12)  # 60 days: 3 standard errors
    assert score_counts(weekday_hour_mean(counts, 240, 24), truth).held < 0.7


def test_seasons_are_learned_from_more_than_a_year() -> None:
    month = np.array([(START + timedelta(days=k)).month for k in range(560)])
    rates = DAY * (1.0 + 0.4 * np.cos(month / 12 * 2 * np.pi))[:, None]
    counts = _drawn(rates)
    (own,) = rolling(counts, 500, (24,)).values()
    truth = windows(rates[500:].ravel(), 24)
    assert np.mean(np.abs(own.mean / truth - 1.0)) < 0.08


def test_nothing_of_the_future_is_used() -> None:
    counts = _drawn(np.tile(DAY, (120, 1)))
    changed = counts.hourly.copy()
    changed[100:] += 50
    now, then = (rolling(Counts(START, hourly), 90, (8,))[8] for hourly in (counts.hourly, changed))
    np.testing.assert_array_equal(now.mean[: 10 * 24], then.mean[: 10 * 24])
    assert then.mean[-1] > 2 * now.mean[-1]


def test_short_records_and_far_horizons_are_refused() -> None:
    counts = _drawn(np.tile(DAY, (70, 1)))
    with pytest.raises(ShapeError, match="30 days of training"):
        rolling(counts, 30, (8,))
    with pytest.raises(ShapeError, match="1 to 24 h"):
        rolling(counts, 60, (30,))
    with pytest.raises(ShapeError, match="at least one"):
        score_counts(Predicted(np.ones(0), np.ones(0)), np.zeros(0))


def test_shared_arrivals_of_two_held_out_months_beat_the_weekday_hour_mean(shared: Path) -> None:
    with (shared / "data/hospital/inpatient_arrivals_train.csv").open() as file:
        at = [datetime.fromisoformat(row["arrival_datetime"]) for row in csv.DictReader(file)]
    hours = np.array([(moment.date() - START).days * 24 + moment.hour for moment in at])
    counts = Counts(START, np.bincount(hours, minlength=214 * 24).reshape(214, 24))
    for ahead, own in rolling(counts, 153, (4, 8, 24)).items():
        truth = windows(counts.hourly[153:].ravel(), ahead)
        found, plain = score_counts(own, truth), score_counts(weekday_hour_mean(counts, 153, ahead), truth)
        assert found.mae <= (1.01 if ahead == 24 else 0.99) * plain.mae_of_mean
        assert 0.87 <= found.held <= 0.94
