"""How many patients will arrive in the next hours: a probability for every number, learned as the days go by.

The expected count of an hour is  level(t) x season(month) x hour(h) x day(w) x cell(w, h):  the mean of the hour of
the day, how the day of the week departs from it (a holiday is an eighth kind of day), and how the hour of that day
departs from both.  Each departure is a gamma factor of mean 1 whose spread is that of all its kind, by marginal
likelihood (empirical Bayes): where weekdays do not differ, they are not told apart.  `season` is learned from a year
or more.  The level is gamma with a discount of the past (the conjugate Poisson model of West and Harrison 1997,
Bayesian Forecasting and Dynamic Models); several discounts run side by side, weighted by how well they foretold.  A
count given all this is Poisson, so the forecast is negative binomial, widened by what rolling forecasts of the
training record missed by, if that was more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.errors import ShapeError
from ...core.extra import require

__all__ = ["Counts", "Predicted", "log_probability", "rolling", "weekday_hour_mean", "windows"]

HOURS = 24
KINDS = 8
"""Kinds of day: Monday to Sunday, holiday."""
DISCOUNTS = (1.0, 0.998, 0.99, 0.97)  # structure: memories of for ever, 500, 100 and 33 days
FADE = 0.99  # structure: the weight of a discount's own record fades over some 100 days
YEAR = 365
BURN_IN = 28
"""Days before the rolling forecasts of the training record count."""
_POISSON = 1e9
"""A gamma shape beyond which a negative binomial is Poisson."""
_LEAST = 1e-6
"""Expected count of an hour in which nobody ever came."""
_SPREADS = np.concatenate([np.logspace(0, 5, 26), [_POISSON]])  # structure: grid of gamma shapes, the last no spread
_EXTRAS = np.concatenate([[0.0], np.logspace(-4, 0, 25)])  # structure: grid of squared coefficients of variation


@dataclass(frozen=True, slots=True)
class Counts:
    """Arrivals by day and hour from local midnight of `first` on, and the days that are holidays."""

    first: date
    hourly: Int[Array, "d 24"]
    holidays: frozenset[date] = frozenset()

    def kinds(self) -> Int[Array, "d"]:
        """Kind of each day: 0 Monday to 6 Sunday, 7 a holiday."""
        return np.array([7 if day in self.holidays else day.weekday() for day in self.days()], dtype=np.int64)

    def days(self) -> list[date]:
        """The date of each day."""
        return [self.first + timedelta(days=k) for k in range(self.hourly.shape[0])]


@dataclass(frozen=True, slots=True)
class Predicted:
    """Negative binomial forecasts, one per origin: mean, and shape (variance = mean + mean^2 / shape)."""

    mean: Float[Array, "n"]
    shape: Float[Array, "n"]


def weekday_hour_mean(counts: Counts, train: int, ahead: int) -> Predicted:
    """The baseline: Poisson about the mean count of each hour of the week in the first `train` days.

    Origins are every hour from then on whose next `ahead` hours are in the record.
    """
    weekday = np.array([day.weekday() for day in counts.days()])
    profile = np.array([counts.hourly[:train][weekday[:train] == k].mean(axis=0) for k in range(7)])
    mean = windows(np.maximum(profile, _LEAST)[weekday[train:]].ravel(), ahead)
    return Predicted(mean, np.full(mean.shape, np.inf))


def rolling(counts: Counts, train: int, aheads: Sequence[int]) -> dict[int, Predicted]:
    """Forecasts of the next `ahead` (up to 24) hours from every hour after the first `train` days.

    Each uses what was known then: profiles learn at midnight, the level with every hour; how widely factors of a kind
    spread and what is missed on top of Poisson is learned from the training days alone.  Origins are those of
    `weekday_hour_mean`.  Raises ShapeError for a training record under eight weeks or a horizon beyond a day.
    """
    if train < 2 * BURN_IN or not all(1 <= ahead <= HOURS for ahead in aheads):
        raise ShapeError(
            f"{train} days of training, {list(aheads)} h ahead: give {2 * BURN_IN} days or more, 1 to 24 h"
        )
    base = _bases(counts, train)
    level, sure = _levels(counts.hourly.ravel(), base[:, :HOURS].ravel())
    found: dict[int, Predicted] = {}
    for ahead in aheads:
        mean, shape, truth = _expected(base, ahead) * level, sure, windows(counts.hourly.ravel(), ahead)
        mean, shape = mean[: truth.shape[0]], shape[: truth.shape[0]]
        known = slice(BURN_IN * HOURS, train * HOURS - ahead + 1)
        extra = _extra(truth[known], mean[known], shape[known])
        later = slice(train * HOURS, None)
        found[ahead] = Predicted(mean[later], 1.0 / (1.0 / shape[later] + extra))
    return found


def windows(hourly: Float[Array, "t"] | Int[Array, "t"], ahead: int) -> Float[Array, "n"]:
    """Sums over `ahead` hours from each hour on, as long as they are all there; n = t + 1 - ahead."""
    total = np.concatenate([[0.0], np.cumsum(hourly, dtype=np.float64)])
    return total[ahead:] - total[:-ahead]


def log_probability(
    mean: Float[Array, "..."], shape: Float[Array, "..."], count: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Log of the negative binomial probability of each count, all broadcast; a shape of inf is Poisson."""
    betaln = require("scipy.special", "twin").betaln  # Gamma(n + s) / Gamma(s) n! without the difference of two logs
    shape = np.minimum(shape, _POISSON)
    return (
        -betaln(count + 1.0, shape) - np.log(count + shape)
        - shape * np.log1p(mean / shape) + count * (np.log(mean) - np.log(mean + shape))
    )  # fmt: skip


def _spread(seen: Float[Array, "n"], expected: Float[Array, "n"]) -> float:
    """Shape of the gamma from which factors of one kind come, by marginal likelihood over a grid."""
    kept = expected > 0
    told = [float(log_probability(expected[kept], np.full(int(kept.sum()), k), seen[kept]).sum()) for k in _SPREADS]
    return float(_SPREADS[int(np.argmax(told))])


def _factor(spread: float, seen: Float[Array, "..."], expected: Float[Array, "..."]) -> Float[Array, "..."]:
    return (spread + seen) / (spread + expected)


def _season(counts: Counts, train: int) -> Float[Array, "d"]:
    """Factor of each day by its month, and of the day after the last; 1 while less than a year is known."""
    days = [*counts.days(), counts.first + timedelta(days=counts.hourly.shape[0])]
    if train < YEAR:
        return np.ones(len(days))
    month = np.array([day.month - 1 for day in days])
    daily = counts.hourly[:train].sum(axis=1)
    seen = np.bincount(month[:train], daily, minlength=12)
    expected = np.bincount(month[:train], minlength=12) * float(daily.mean())
    return _factor(_spread(seen, expected), seen, expected)[month]


def _bases(counts: Counts, train: int) -> Float[Array, "d 48"]:
    """Expected counts of each day and the next by hour, at level 1, from the days before it."""
    season, kinds = _season(counts, train), _kinds_and_next(counts)
    one = np.eye(KINDS)[kinds[:-1]]
    seen = np.cumsum(one[:, :, None] * counts.hourly[:, None, :], axis=0)
    weight = np.cumsum(one * season[:-1, None], axis=0)
    before = np.maximum(np.arange(counts.hourly.shape[0]), BURN_IN) - 1
    seen, weight = seen[before], weight[before]
    hour = seen.sum(axis=1) / weight.sum(axis=1)[:, None]
    expected_day, seen_day = weight * hour.sum(axis=1)[:, None], seen.sum(axis=2)
    learned = train - 1
    spread_day = _spread(seen_day[learned], expected_day[learned])
    day = _factor(spread_day, seen_day, expected_day)
    expected = weight[:, :, None] * hour[:, None, :] * day[:, :, None]
    spread_cell = _spread(seen[learned].ravel(), expected[learned].ravel())
    profile = hour[:, None, :] * day[:, :, None] * _factor(spread_cell, seen, expected)
    rows = np.arange(counts.hourly.shape[0])
    today, tomorrow = (profile[rows, kinds[rows + k]] * season[rows + k, None] for k in (0, 1))
    return np.maximum(np.concatenate([today, tomorrow], axis=1), _LEAST)


def _kinds_and_next(counts: Counts) -> Int[Array, "d"]:
    """Kind of each day and of the one after the last."""
    after = Counts(counts.first, np.zeros((counts.hourly.shape[0] + 1, HOURS), np.int64), counts.holidays)
    return after.kinds()


def _expected(base: Float[Array, "d 48"], ahead: int) -> Float[Array, "t"]:
    """Expected count of the next `ahead` hours from every hour, each by the day's own knowledge."""
    total = np.concatenate([np.zeros((base.shape[0], 1)), np.cumsum(base, axis=1)], axis=1)
    return (total[:, ahead : ahead + HOURS] - total[:, :HOURS]).ravel()


def _levels(seen: Int[Array, "t"], base: Float[Array, "t"]) -> tuple[Float[Array, "t"], Float[Array, "t"]]:
    """Level before each hour: mean and gamma shape, over all discounts by their weights."""
    fade, day = FADE ** (1.0 / HOURS), float(base[:HOURS].sum())
    shape, rate = (np.empty((seen.shape[0], len(DISCOUNTS))) for _ in range(2))
    for j, discount in enumerate(DISCOUNTS):
        keep = discount ** (1.0 / HOURS)
        shape[:, j] = _remembered(seen + (1.0 - keep) * day, keep, day)
        rate[:, j] = _remembered(base + (1.0 - keep) * day, keep, day)
    each = shape / rate
    told = log_probability(base[:, None] * each, shape, seen[:, None].astype(np.float64))
    record = np.stack([_remembered(told[:, j], fade, 0.0) for j in range(len(DISCOUNTS))], axis=1)
    share = np.exp(record - record.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    level = (share * each).sum(axis=1)
    spread = (share * (each / rate + (each - level[:, None]) ** 2)).sum(axis=1)
    return level, level**2 / spread


def _remembered(news: Float[Array, "t"], keep: float, start: float) -> Float[Array, "t"]:
    """What is remembered before each hour: x(t + 1) = keep x(t) + news(t), x(0) = start."""
    after, _ = require("scipy.signal", "twin").lfilter([1.0], [1.0, -keep], news, zi=[keep * start])
    return np.concatenate([[start], after[:-1]])


def _extra(truth: Float[Array, "n"], mean: Float[Array, "n"], shape: Float[Array, "n"]) -> float:
    """Squared coefficient of variation to add, by likelihood over a grid that starts at none."""
    told = [float(log_probability(mean, 1.0 / (1.0 / shape + extra), truth).sum()) for extra in _EXTRAS]
    return float(_EXTRAS[int(np.argmax(told))])
