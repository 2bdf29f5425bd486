"""Forecasts that any twin must beat, made from the last readings alone: last value, straight line, usual value of the
hour, ridge regression.

A point forecast becomes a distribution by its own errors on the training part, so that it has a CRPS and a coverage and
the comparison is fair.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from ..core.array import Array

__all__ = ["Past", "baselines", "dressed", "ridge"]

LEVELS = (np.arange(99) + 0.5) / 99.0  # structure: equally likely errors that stand for the training part's
PENALTY = 1.0
"""Ridge penalty on squared weights, in the square of the readings' unit."""

Past = Float[Array, "n l"]
"""The last l readings at each of n origins, newest first; NaN where there were fewer."""


def baselines(
    past: Past, hour: Float[Array, "n"], truth: Float[Array, "n"], train: Bool[Array, "n"], ahead: float
) -> Mapping[str, Float[Array, "n"]]:
    """Point forecasts of each baseline at each origin.

    `hour` is the local hour of the target, `ahead` the horizon in gaps between readings; only rows marked `train` are
    learned from.  A baseline that cannot be made is NaN.
    """
    now, back = past[:, 0], min(past.shape[1] - 1, 6)
    slope = (now - past[:, back]) / back if back > 0 else np.zeros_like(now)
    return {
        "persistence": np.array(now),
        "linear": now + slope * ahead,
        "climatology": _usual(hour, truth, train),
        "ridge_ar": ridge(past, truth, train),
    }


def ridge(
    x: Float[Array, "n l"], y: Float[Array, "n"], train: Bool[Array, "n"], penalty: float = PENALTY
) -> Float[Array, "n"]:
    """Least squares of y on x with a ridge penalty (Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634),
    learned from the complete rows marked `train` and applied to all; NaN where they are no more than the columns."""
    inputs, goal = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    use = np.isfinite(inputs).all(axis=1) & np.isfinite(goal) & np.asarray(train)
    if use.sum() <= inputs.shape[1]:
        return np.full(goal.shape, np.nan)
    centre, mean = inputs[use].mean(axis=0), goal[use].mean()
    a = inputs[use] - centre
    weights = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ (goal[use] - mean))
    return (inputs - centre) @ weights + mean


def dressed(guess: Float[Array, "n"], truth: Float[Array, "n"], train: Bool[Array, "n"]) -> Float[Array, "q n"] | None:
    """The guess plus each of 99 equally likely errors of the training part; None where there are fewer than 20."""
    miss = np.asarray(truth - guess)[np.asarray(train)]
    miss = miss[np.isfinite(miss)]
    if miss.size < 20:
        return None
    return np.asarray(guess)[None, :] + np.quantile(miss, LEVELS)[:, None]


def _usual(hour: Float[Array, "n"], truth: Float[Array, "n"], train: Bool[Array, "n"]) -> Float[Array, "n"]:
    """Mean of the training part at the same hour of the day, or over the day for an hour without one."""
    whole = np.floor(np.asarray(hour)).astype(int) % 24
    use = np.asarray(train) & np.isfinite(truth)
    if not use.any():
        return np.full(np.asarray(truth).shape, np.nan)
    total = np.bincount(whole[use], weights=np.asarray(truth)[use], minlength=24)
    count = np.bincount(whole[use], minlength=24)
    table = np.where(count > 0, total / np.maximum(count, 1), float(np.mean(np.asarray(truth)[use])))
    return table[whole]
