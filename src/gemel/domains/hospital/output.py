"""What replications and long runs say, and how sure they are.

Means with standard errors and Student intervals; when a warm-up is over (MSER-5: White 1997,
doi:10.1177/003754979706900601); when there are enough replications (sequential stopping, as in Law 2015, Simulation
Modeling and Analysis, chapter 9); differences of paired plans; and control variates, which use a quantity whose mean is
known (Lavenberg and Welch 1981, doi:10.1287/mnsc.27.3.322).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...core.array import Array
from ...core.errors import SupportError
from ...core.extra import require

__all__ = ["Estimate", "controlled", "estimate", "mser", "paired", "until_sure"]

BATCH = 5
"""Observations in a batch of MSER-5."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over n replications: its standard error and the half width of its 95 % interval."""

    mean: float
    error: float
    half_width: float
    n: int


def estimate(values: Float[Array, "r"]) -> Estimate:
    """Mean of independent replications; those that are NaN (it never happened) are left out, and n says so.

    With fewer than two the error is NaN.
    """
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[~np.isnan(kept)]
    n = len(kept)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    error = float(kept.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Estimate(float(kept.mean()), error, _student(n - 1) * error, n)


def paired(one: Float[Array, "r"], other: Float[Array, "r"]) -> Estimate:
    """Difference one - other of two plans run with the same keys: by pairs, so that shared luck cancels."""
    return estimate(np.asarray(one) - np.asarray(other))


def controlled(values: Float[Array, "r"], control: Float[Array, "r"], known: float) -> Estimate:
    """Mean of `values` corrected by a control of known mean, such as arrivals or Erlang's wait of the same luck.

    y - b (c - known) with the least-squares b; the error is that of the regression's intercept with n - 2 degrees of
    freedom.  Raises SupportError with fewer than three replications or a control that does not vary.
    """
    y, c = np.asarray(values, dtype=np.float64), np.asarray(control, dtype=np.float64)
    n, spread = len(y), float(((c - c.mean()) ** 2).sum())
    if n < 3 or spread == 0.0:
        raise SupportError(f"a control variate needs 3 replications or more and a control that varies; there are {n}")
    slope = float(((c - c.mean()) * (y - y.mean())).sum()) / spread
    mean = float(y.mean()) - slope * (float(c.mean()) - known)
    residual = float(((y - y.mean() - slope * (c - c.mean())) ** 2).sum()) / (n - 2)
    error = math.sqrt(residual * (1.0 / n + (float(c.mean()) - known) ** 2 / spread))
    return Estimate(mean, error, _student(n - 2) * error, n)


def mser(series: Float[Array, "t"]) -> int:
    """How many observations to drop from the start of a run: MSER-5, the cut that makes the standard error of the mean
    of what is left the least, looked for in the first half of batches of five."""
    x = np.asarray(series, dtype=np.float64)
    batches = x[: len(x) // BATCH * BATCH].reshape(-1, BATCH).mean(axis=1)
    n = len(batches)
    if n < 2:
        raise SupportError(f"MSER-5 needs 10 observations or more; there are {len(x)}")
    left = np.arange(n, 0, -1, dtype=np.float64)
    tail_sum, tail_square = (np.cumsum(part[::-1])[::-1] for part in (batches, batches**2))
    score = (tail_square - tail_sum**2 / left) / left**2
    return BATCH * int(np.argmin(score[: max(1, n // 2)]))


def until_sure(
    more: Callable[[int, int], Float[Array, "r"]], half_width: float, *, first: int = 10, most: int = 10_000
) -> Estimate:
    """Add replications until the 95 % half width is at most `half_width`, or there are `most`.

    more(a, b) gives replications number a to b - 1.  How many follow is foretold from the spread so far; stopping at
    the first sight of a narrow interval undercovers slightly, so no fewer than `first` are made.
    """
    values = np.asarray(more(0, first), dtype=np.float64)
    found = estimate(values)
    while found.half_width > half_width and len(values) < most:
        wanted = math.ceil(len(values) * (found.half_width / half_width) ** 2)
        end = min(most, max(len(values) + 1, min(wanted, 2 * len(values))))
        values = np.concatenate([values, np.asarray(more(len(values), end))])
        found = estimate(values)
    return found


def _student(degrees: int) -> float:
    """The 97.5 % quantile of Student's t."""
    if degrees < 1:
        return math.nan
    return float(require("scipy.special", "twin").stdtrit(degrees, 0.975))  # structure: two-sided 95 %
