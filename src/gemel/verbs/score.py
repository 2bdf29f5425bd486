"""Were forecasts right?  Errors, proper scores and coverage over many forecasts, with block-bootstrap standard errors.

Forecast errors of one day hang together, so whole blocks (a subject's days) are resampled, not single forecasts
(Kuensch 1989, doi:10.1214/aos/1176347265).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ..core.array import Array

__all__ = ["Scored", "score"]

RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Scored:
    """One number per forecast, n of them: errors of the mean and of the median, and, where the forecast is a
    distribution, its CRPS and whether the truth fell into the central 50 % and 90 %.  `block` numbers the block each
    belongs to."""

    mean_error: Float[Array, "n"]
    median_error: Float[Array, "n"]
    block: Int[Array, "n"]
    crps: Float[Array, "n"] | None = None
    inside50: Float[Array, "n"] | None = None
    inside90: Float[Array, "n"] | None = None


def score(cases: Scored, seed: int = 0) -> dict[str, float | int | None]:
    """rmse, mae, crps, cov50, cov90, n, and `_se` of each by block bootstrap; None for what a point forecast lacks."""
    per_case: Mapping[str, Array | None] = {
        "rmse": np.square(cases.mean_error),
        "mae": np.abs(cases.median_error),
        "crps": cases.crps,
        "cov50": cases.inside50,
        "cov90": cases.inside90,
    }
    n = cases.mean_error.shape[0]
    result: dict[str, float | int | None] = {"n": int(n)}
    labels, place = np.unique(np.asarray(cases.block), return_inverse=True)
    draws = np.random.default_rng(seed).integers(0, max(labels.size, 1), (RESAMPLES, labels.size))
    count = np.bincount(place, minlength=labels.size)
    for name, values in per_case.items():
        if values is None or n == 0:
            result[name] = result[f"{name}_se"] = None
            continue
        total = np.bincount(place, weights=np.asarray(values, dtype=float), minlength=labels.size)
        means = total[draws].sum(axis=1) / np.maximum(count[draws].sum(axis=1), 1)
        mean = float(total.sum() / n)
        if name == "rmse":
            mean, means = float(np.sqrt(mean)), np.sqrt(means)
        result[name] = mean
        result[f"{name}_se"] = float(np.std(means, ddof=1)) if labels.size > 1 else None
    return result
