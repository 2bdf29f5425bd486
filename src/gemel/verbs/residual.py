"""What a mechanism leaves unexplained, learned from its own past forecasts and added to the next ones.

For each horizon h the miss of the forecast mean is regressed on what the record told at its origin (`history`) and on
what the mechanism said:

    centre(h) = mean(h) + ridge(x) + trees(x)

with a ridge regression first and gradient-boosted trees (Friedman 2001, doi:10.1214/aos/1013203451; scikit-learn's
histogram trees, averaged over seeds) on what it leaves.  The width is learned too: trees on the logarithm of the misses
that a day's forecasts have when that day was left out, times the factor under which nine in ten of those misses lie
inside (the day left out here as well).  Members keep their order and the shape of their spread: each is moved to

    centre(h) + (member - mean(h)) * width(h) / half the members' own 90 % interval.

So the corrected forecast is again an ensemble, with the learned centre and width.  What is learned is an association of
this person's past.  It says what will happen as things are, or under a plan of the kind that was seen; it is no answer
to what a plan changes: `compare` and `optimise` never use it, and keep the mechanism's paired differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..core.array import Array
from ..core.extra import require
from ..core.forecast import Forecast

__all__ = ["Cases", "Lesson", "Spread", "corrected", "enough", "learn_residual", "said"]

PENALTY = 20.0  # structure: ridge penalty on standardised columns
FOLDS = 5  # structure: parts of days, each left out in turn
SEEDS = 3  # structure: forests averaged
INSIDE = 0.9  # structure: the interval whose width is learned
FEWEST = 200  # structure: cases below which nothing is learned
FLOOR = 2.0  # structure: added to a miss before its logarithm, in the observable's unit


@dataclass(frozen=True, slots=True)
class Spread:
    """What forecasts said of one observable at one horizon: mean, and half the width of the 90 % interval."""

    mean: Float[Array, "n"]
    half: Float[Array, "n"]


@dataclass(frozen=True, slots=True)
class Cases:
    """n forecasts of one horizon whose truth is known: columns (complete), what was said, truth, and the day each
    belongs to."""

    columns: Float[Array, "n f"]
    spread: Spread
    truth: Float[Array, "n"]
    day: Int[Array, "n"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned for one horizon."""

    centre: _Centre
    width: Any
    factor: float

    def read(self, columns: Float[Array, "n f"], spread: Spread) -> Spread:
        """The corrected mean and half width of new forecasts; as they were where a column is missing."""
        good = np.isfinite(columns).all(axis=1)
        mean, half = np.array(spread.mean), np.array(spread.half)
        if good.any():
            x = _with(columns[good], mean[good], half[good])
            mean[good] = mean[good] + self.centre.read(x)
            half[good] = self.factor * np.exp(_read(self.width, x))
        return Spread(mean, half)


@dataclass(frozen=True, slots=True)
class _Centre:
    """Ridge weights on standardised columns, then trees."""

    middle: Float[Array, "f"]
    scale: Float[Array, "f"]
    weights: Float[Array, "f"]
    start: float
    trees: Any

    def straight(self, x: Float[Array, "n f"]) -> Float[Array, "n"]:
        """The linear part."""
        return self.start + (x - self.middle) / self.scale @ self.weights

    def read(self, x: Float[Array, "n f"]) -> Float[Array, "n"]:
        """The miss expected."""
        return self.straight(x) + _read(self.trees, x)


def enough(cases: Cases) -> bool:
    """Whether there are cases enough, on days enough, to learn from."""
    return cases.truth.shape[0] >= FEWEST and np.unique(cases.day).size >= FOLDS


def learn_residual(cases: Cases) -> Lesson:
    """Learn centre and width; `enough` must hold.  MissingExtraError without scikit-learn."""
    x = _with(cases.columns, cases.spread.mean, cases.spread.half)
    miss = np.asarray(cases.truth) - np.asarray(cases.spread.mean)
    fold = np.unique(cases.day, return_inverse=True)[1] % FOLDS
    left = _left_out(x, miss, fold, lambda some, goal, new: _centre(some, goal, 1).read(new))
    size = np.log(np.abs(miss - left) + FLOOR)
    usual = _left_out(x, size, fold, lambda some, goal, new: _read(_trees(some, goal, 1), new))
    factor = float(np.quantile(np.abs(miss - left) / np.exp(usual), INSIDE))
    return Lesson(_centre(x, miss, SEEDS), _trees(x, size, SEEDS), factor)


Learned = Callable[[Float[Array, "m g"], Float[Array, "m"], Float[Array, "q g"]], Float[Array, "q"]]


def _left_out(
    x: Float[Array, "n g"], y: Float[Array, "n"], fold: Int[Array, "n"], learned: Learned
) -> Float[Array, "n"]:
    """What is expected of each case when the days of its fold were left out of the learning."""
    found = np.empty(y.shape[0])
    for part in range(FOLDS):
        out = fold == part
        found[out] = learned(x[~out], y[~out], x[out])
    return found


def said(forecasts: Sequence[Forecast], observable: str, output: int) -> Spread:
    """What forecasts said at their output number `output`: mean of the hidden value, spread of the readings."""
    bands = [made.quantile(observable, ((1.0 - INSIDE) / 2.0, (1.0 + INSIDE) / 2.0))[:, output] for made in forecasts]
    means = np.array([made.mean(observable)[output] for made in forecasts])
    edges = np.array(bands).reshape(-1, 2)
    return Spread(means, np.maximum(0.5 * (edges[:, 1] - edges[:, 0]), 1e-9))


def corrected(made: Forecast, observable: str, before: Spread, after: Spread) -> Forecast:
    """The forecast with its members moved; `before` and `after` hold one value for each of its outputs."""
    column, low = made.column(observable), made.observables[made.column(observable)].low
    shift, stretch = np.asarray(after.mean), np.asarray(after.half) / np.asarray(before.half)

    def moved(values: Float[Array, "r t c"]) -> Float[Array, "r t c"]:
        new = np.array(values)
        new[:, :, column] = np.maximum(shift + (new[:, :, column] - np.asarray(before.mean)) * stretch, low)
        return new

    return replace(made, paths=moved(made.paths), readings=moved(made.readings))


def _with(columns: Float[Array, "n f"], mean: Float[Array, "n"], half: Float[Array, "n"]) -> Float[Array, "n g"]:
    """The columns and what the mechanism said: its mean, and the logarithm of its width."""
    return np.concatenate([columns, np.stack([mean, np.log(half)], axis=1)], axis=1)


def _centre(x: Float[Array, "n f"], miss: Float[Array, "n"], seeds: int) -> _Centre:
    middle, scale, start = x.mean(axis=0), x.std(axis=0) + 1e-9, float(miss.mean())
    z = (x - middle) / scale
    weights = np.linalg.solve(z.T @ z + PENALTY * np.eye(z.shape[1]), z.T @ (miss - start))
    straight = _Centre(middle, scale, weights, start, ())
    return replace(straight, trees=_trees(x, miss - straight.straight(x), seeds))


def _trees(x: Float[Array, "n f"], y: Float[Array, "n"], seeds: int) -> tuple[Any, ...]:
    """Small, slow, strongly shrunk trees: a person's month is little data."""
    ensemble, threads = require("sklearn.ensemble", "learn"), require("threadpoolctl", "learn")
    forests = (
        ensemble.HistGradientBoostingRegressor(
            max_iter=150, learning_rate=0.03, max_leaf_nodes=6, min_samples_leaf=80, l2_regularization=50.0,
            max_features=0.3, early_stopping=False, random_state=seed,
        )
        for seed in range(seeds)
    )  # fmt: skip
    with threads.threadpool_limits(1):  # so little data is learned from more slowly by many threads
        return tuple(forest.fit(x, y) for forest in forests)


def _read(trees: Sequence[Any], x: Float[Array, "n f"]) -> Float[Array, "n"]:
    if not trees:
        return np.zeros(x.shape[0])
    with require("threadpoolctl", "learn").threadpool_limits(1):
        return np.mean([forest.predict(x) for forest in trees], axis=0)
