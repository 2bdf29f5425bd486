"""Scores of forecasts of counts: MAE of the median, CRPS, and coverage of an interval of whole numbers.

CRPS = sum over k of (F(k) - 1[k >= count])^2  (Gneiting and Raftery 2007, doi:10.1198/016214506000001437, for a
discrete distribution).  An interval of whole numbers cannot hold exactly 90 %: it starts where the chance of less is
nearest to 5 % and ends where what it holds is nearest to 90 %; `said` is what it holds by the forecasts, which the
share it did hold (`held`) is to be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.errors import ShapeError
from .arrivals import Predicted, log_probability

__all__ = ["CountScore", "interval", "score_counts"]

LEVEL = 0.9  # structure: the interval asked for
_ROWS = 4096
"""Forecasts scored at a time."""


@dataclass(frozen=True, slots=True)
class CountScore:
    """Over n forecasts: mean count, MAE of the median and of the mean, CRPS, share in the 90 % interval, share said."""

    n: int
    mean: float
    mae: float
    mae_of_mean: float
    crps: float
    held: float
    said: float


def score_counts(predicted: Predicted, truth: Float[Array, "n"]) -> CountScore:
    """Scores of forecasts against the counts that came.  Raises ShapeError when there are none or they do not fit."""
    n = truth.shape[0]
    if not n or predicted.mean.shape != truth.shape:
        raise ShapeError(f"{predicted.mean.shape[0]} forecasts for {n} counts: give one each, at least one")
    sums = np.zeros(4)
    for at in range(0, n, _ROWS):
        part = slice(at, at + _ROWS)
        sums += _sums(Predicted(predicted.mean[part], predicted.shape[part]), truth[part])
    mae, crps, held, said = (sums / n).tolist()
    of_mean = float(np.abs(predicted.mean - truth).mean())
    return CountScore(n, float(truth.mean()), mae, of_mean, crps, held, said)


def interval(cumulated: Float[Array, "n k"]) -> tuple[Int[Array, "n"], Int[Array, "n"]]:
    """First and last number of the 90 % interval of each row of cumulated probabilities."""
    below = np.concatenate([np.zeros((cumulated.shape[0], 1)), cumulated[:, :-1]], axis=1)
    first = np.argmin(np.abs(below - (1.0 - LEVEL) / 2.0), axis=1)
    inside = cumulated - np.take_along_axis(below, first[:, None], axis=1)
    last = np.argmin(np.abs(inside - LEVEL), axis=1)
    return first, np.maximum(first, last)


def _sums(predicted: Predicted, truth: Float[Array, "n"]) -> Float[Array, "4"]:
    """Sums of absolute error, CRPS, hits and promised hits."""
    cumulated = _cumulated(predicted, float(truth.max()))
    k = np.arange(cumulated.shape[1])
    median = (cumulated < 0.5).sum(axis=1)
    crps = ((cumulated - (k >= truth[:, None])) ** 2).sum(axis=1)
    first, last = interval(cumulated)
    hit = (first <= truth) & (truth <= last)
    rows = np.arange(truth.shape[0])
    said = cumulated[rows, last] - np.where(first > 0, cumulated[rows, np.maximum(first - 1, 0)], 0.0)
    return np.array([np.abs(median - truth).sum(), crps.sum(), hit.sum(), said.sum()])


def _cumulated(predicted: Predicted, most: float) -> Float[Array, "n k"]:
    """P(count <= k) for k from 0 to beyond every count and every likely number."""
    spread = np.sqrt(predicted.mean + predicted.mean**2 / predicted.shape)
    top = int(max(most, float(np.max(predicted.mean + 12.0 * spread)))) + 12  # structure: 12 standard deviations
    k = np.arange(top + 1, dtype=np.float64)
    return np.cumsum(np.exp(log_probability(predicted.mean[:, None], predicted.shape[:, None], k)), axis=1)
