"""Bands that learn from their misses: adaptive conformal widening, per twin, observable and horizon.

A forecast's miss is s = |truth - median| in half-widths of the model's own 90 % band on that side.  The band is shown
wider (or narrower) by the factor

    g = the (1 - a) quantile, with the (n + 1) correction, of the last n <= WINDOW misses,

where a starts at 10 % and follows the misses that were seen: dynamically tuned adaptive conformal inference (DtACI;
Gibbs and Candes 2022, arXiv:2208.08401, algorithm 2), whose experts move a by

    a_i <- a_i + gamma_i (10 % - [s > g(a_i)])                       (ACI; Gibbs and Candes 2021, arXiv:2106.00170)

and are weighed by exp(-eta * pinball loss).  A truth comes a horizon after its forecast, so a step judges the factor
that would be shown now on the newest miss, in order of target.  Until there are `PADDING` misses, those of a normal
law stand in for the missing ones, so that a new twin starts from its model's own band.  All quantiles move away from
the median by g: their order and the median stay, and none leaves the observable's support.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import ceil
from statistics import NormalDist
from typing import Final

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.array import Array
from ...core.fact import Instant
from ...core.quantity import Quantity

__all__ = ["LONGEST", "between", "factor", "factors", "widened"]

MISSED: Final = 0.1
"""Share of truths that the 90 % band may miss."""
GAMMAS: Final = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128)
"""Step sizes of the experts (arXiv:2208.08401, section 4)."""
SHARE: Final = 1 / 1000
"""Weight given back to all experts at each step: sigma in the authors' code."""
ETA: Final = 2.72
"""Pace of the weights: eta in the authors' code, for a 10 % miss rate and 500 steps."""
WINDOW: Final = 250
"""Misses that the quantile is taken of."""
PADDING: Final = 19
"""Misses of a normal law that stand in at the start: 19 are the fewest whose corrected 95 % quantile exists."""
ROUNDING: Final = 1e-9
"""Kept off a rank before it is rounded up: 18.000000000000004 is 18."""
LONGEST: Final = 1000
"""Misses looked back on: what a factor depends on, and so what replaying costs, is bounded."""


def factor(misses: Float[Array, "n"]) -> float:
    """The factor to show next, after these misses (signed or not) in order of target; 1 after none."""
    return float(factors(misses)[-1])


def factors(misses: Float[Array, "n"]) -> Float[Array, "k"]:
    """The factor before each miss, and after the last; of the finite ones among the last `LONGEST` misses."""
    recent = np.abs(np.asarray(misses, dtype=np.float64))[-LONGEST:]
    recent = recent[np.isfinite(recent)]  # a band without width has no misses to learn from
    stand_in = _normal_misses()
    alphas: NDArray[np.float64] = np.full(len(GAMMAS), MISSED)
    weights: NDArray[np.float64] = np.full(len(GAMMAS), 1.0 / len(GAMMAS))
    shown = np.empty(recent.size + 1)
    for k in range(recent.size + 1):
        last = recent[max(0, k - WINDOW) : k]
        missing = max(0, PADDING - k)
        spread = np.linspace(0, PADDING - 1, missing).round().astype(int)
        pool = np.sort(np.concatenate([last, stand_in[spread]]))
        share = 1.0 - min(max(float(weights @ alphas), 0.0), 1.0)
        rank = ceil((pool.size + 1) * share - ROUNDING)
        shown[k] = pool[min(max(rank, 1), pool.size) - 1]
        if k < recent.size:
            outside = np.count_nonzero(pool >= recent[k])
            gap = (1.0 + outside) / (pool.size + 1.0) - alphas  # from the largest a whose band holds the truth
            grown: NDArray[np.float64] = weights * np.exp(-ETA * (MISSED * gap - np.minimum(gap, 0.0)))
            weights = np.asarray((1.0 - SHARE) * grown / np.sum(grown) + SHARE / len(GAMMAS), dtype=np.float64)
            alphas = np.asarray(alphas + np.array(GAMMAS) * (MISSED - (gap < 0.0)), dtype=np.float64)
    return shown


def between(widths: Mapping[Instant, float], ahead: Instant) -> float:
    """The factor at any time ahead: straight between the horizons that have one, 1 where none has."""
    if not widths:
        return 1.0
    known = sorted(widths)
    return float(np.interp(ahead, known, [widths[horizon] for horizon in known]))


def widened(
    quantity: Quantity, quantiles: Float[Array, "q"], levels: Sequence[float], factor: float
) -> Float[Array, "q"]:
    """Quantiles moved away from their median by a factor, held inside the observable's support."""
    raw = np.asarray(quantiles, dtype=np.float64)
    centre = raw[list(levels).index(0.5)]
    if factor == 1.0:
        return raw
    moved = centre + factor * (raw - centre)
    return np.where(raw == centre, raw, np.clip(moved, min(quantity.low, centre), max(quantity.high, centre)))


@lru_cache(maxsize=1)
def _normal_misses() -> NDArray[np.float64]:
    """|z| / z_95 % at evenly spaced probabilities, the corrected 90 % quantile being 1."""
    normal, half = NormalDist(), NormalDist().inv_cdf(0.95)
    return np.array([normal.inv_cdf(0.5 + 0.5 * k / (PADDING + 1)) / half for k in range(1, PADDING + 1)])
