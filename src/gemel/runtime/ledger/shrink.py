"""What few forecasts of one twin say, drawn towards what its siblings' say: empirical Bayes, in closed forms.

Coverage: k_i of n_i inside, k_i ~ binomial(n_i, c_i), c_i ~ beta(a, b); the mean of c is the pooled share and a + b
maximises the marginal likelihood (beta-binomial).  Skill: s_i ~ normal(t_i, se_i^2), t_i ~ normal(m, v), v by moments
(DerSimonian and Laird 1986, doi:10.1016/0197-2456(86)90046-2).  Errors of one day hang together: that shows as spread
between twins, so figures are drawn less towards the group, never more.
"""

from __future__ import annotations

from math import lgamma
from typing import Final

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.array import Array

__all__ = ["coverage", "skill"]

STRENGTHS: Final = np.geomspace(2.0, 2000.0, 31)
"""Candidates for a + b: from a prior worth two forecasts to one worth two thousand."""

_log_gamma = np.vectorize(lgamma, otypes=[float])


def coverage(inside: Float[Array, "n"], of: Float[Array, "n"], nominal: float) -> Float[Array, "n"]:
    """Each twin's coverage given all of them; `nominal` where nobody has a forecast yet."""
    k, n = np.asarray(inside, dtype=np.float64), np.asarray(of, dtype=np.float64)
    if n.sum() == 0.0:
        return np.full(n.shape, nominal)
    mean = float((k.sum() + nominal) / (n.sum() + 1.0))  # worth one forecast of the nominal kind: never 0 or 1
    worth = float(STRENGTHS[int(np.argmax([_fit(k, n, mean, total) for total in STRENGTHS]))])
    return (k + mean * worth) / (n + worth)


def skill(value: Float[Array, "n"], error: Float[Array, "n"]) -> tuple[Float[Array, "n"], Float[Array, "n"]]:
    """Each twin's skill and its standard error given all of them; NaN where a twin and its group have none."""
    s, se = np.asarray(value, dtype=np.float64), np.asarray(error, dtype=np.float64)
    known = np.isfinite(s) & np.isfinite(se) & (se > 0)
    if not known.any():
        return s, se
    weight = np.where(known, 1.0 / np.square(np.where(known, se, 1.0)), 0.0)
    centre = float(np.sum(weight * np.where(known, s, 0.0)) / weight.sum())
    excess = float(np.sum(weight * np.square(np.where(known, s - centre, 0.0)))) - (known.sum() - 1)
    scale = float(weight.sum() - np.square(weight).sum() / weight.sum())
    between = max(0.0, excess / scale) if scale > 0 else np.inf  # alone: nothing to be drawn to
    if not np.isfinite(between):
        return s, se
    own = np.where(known, 1.0 / (1.0 / np.where(known, weight, 1.0) + between), 0.0)
    mean, spread = float(np.sum(own * np.where(known, s, 0.0)) / own.sum()), float(1.0 / own.sum())
    share = np.where(known, between / (between + np.square(np.where(known, se, 1.0))), 0.0)
    drawn = mean + share * np.where(known, s - mean, 0.0)
    return drawn, np.sqrt(share * np.where(known, np.square(se), 0.0) + np.square(1.0 - share) * spread
                          + np.where(known, 0.0, between))  # fmt: skip


def _fit(k: NDArray[np.float64], n: NDArray[np.float64], mean: float, total: float) -> float:
    """Log marginal likelihood of beta-binomial counts, but for what does not depend on the prior."""
    a, b = mean * total, (1.0 - mean) * total
    return float(
        np.sum(_log_gamma(k + a) + _log_gamma(n - k + b) - _log_gamma(n + a + b))
        - k.size * (lgamma(a) + lgamma(b) - lgamma(a + b))
    )
