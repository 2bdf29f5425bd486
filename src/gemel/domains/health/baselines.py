"""Forecasts of sensor glucose that any twin must beat: last value, straight line, ridge regression on recent values.

None has a distribution, so none has a CRPS or a coverage.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ...core.array import Array
from ...verbs.baselines import ridge

__all__ = ["LAGS", "lagged", "linear", "persistence", "ridge_ar"]

LAGS = {5: 12, 15: 4}
"""Autoregressive lags for a grid of 5 and 15 min: one hour, counting the present."""


def lagged(glucose: Float[Array, "n"], lags: int) -> Float[Array, "n l"]:
    """The last `lags` values at each point, newest first; NaN before the record."""
    n = glucose.shape[0]
    padded = np.concatenate([np.full(lags - 1, np.nan), np.asarray(glucose)])
    return np.stack([padded[lags - 1 - k : lags - 1 - k + n] for k in range(lags)], axis=1)


def persistence(glucose: Float[Array, "n"], ahead: int) -> Float[Array, "n"]:
    """The present value stays; `ahead` in grid steps, made at each point."""
    return np.array(glucose)


def linear(glucose: Float[Array, "n"], ahead: int, step_minutes: int) -> Float[Array, "n"]:
    """The line through the present value and the one 30 min ago goes on."""
    back = 30 // step_minutes  # structure: minutes that the line spans
    now = np.asarray(glucose)
    then = np.concatenate([np.full(back, np.nan), now[:-back]])
    return now + (now - then) / back * ahead


def ridge_ar(glucose: Float[Array, "n"], ahead: int, lags: int, train: int) -> Float[Array, "n"]:
    """Ridge regression on the last `lags` values, learned from targets before index `train`, applied everywhere."""
    x = lagged(glucose, lags)
    n = x.shape[0]
    y = np.concatenate([np.asarray(glucose)[ahead:], np.full(min(ahead, n), np.nan)])
    return ridge(x, y, np.arange(n) + ahead < train)
