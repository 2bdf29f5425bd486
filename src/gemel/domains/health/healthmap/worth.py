"""Which measurement would narrow a risk most: expected variance reduction.

For a risk r over the members and an uncertain covariate x, knowing x leaves on average E[Var(r | x)] of Var(r).  The
share that it would take away,

    1 - E[Var(r | x)] / Var(r),

is estimated by sorting the members by x into groups of equal number and averaging the variance within groups; what
chance alone gives (one part in group size) is taken off.  It counts what x says of the other covariates too.

For a covariate measured within the year what is left is its variation from visit to visit; a second reading halves that
variance, so half the share is what repeating it is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ..scores import Covariate, covariates
from .ageing import OLD, variation
from .belief import CovariateBelief
from .record import Chart, measured
from .risks import Risk

__all__ = ["Worth", "worth"]

GROUPS = 16  # structure: groups of members
LEAST = 0.05  # structure: see below
"""A smaller share is not told from chance with 512 members in 16 groups."""


@dataclass(frozen=True, slots=True)
class Worth:
    """A measurement and the share of each risk's variance it is expected to take away; `reason` in words."""

    covariate: str
    about: str
    unit: str
    share: float
    of: str
    reason: str


def worth(chart: Chart, belief: CovariateBelief, risks: Sequence[Risk]) -> tuple[Worth, ...]:
    """What to measure next, most useful first: the uncertain covariates that narrow one of these risks."""
    names = [n for n in belief.columns if n in _askable() and _gain(chart, belief, n) > 0.0]
    spread = [r for r in risks if float(np.nanstd(r.members)) > 0.0]
    if not names or not spread:
        return ()
    outcomes = np.stack([np.where(np.isnan(r.members), r.median, r.members) for r in spread], axis=1)
    found: list[Worth] = []
    for name in names:
        shares = _gain(chart, belief, name) * _shares(belief.columns[name], outcomes, belief.weights)
        best = int(np.argmax(shares))
        if shares[best] >= LEAST:
            found.append(_worth(chart, name, float(shares[best]), spread[best]))
    both = {"creatinine", "egfr"} <= {w.covariate for w in found}  # one blood test
    return tuple(sorted((w for w in found if not (both and w.covariate == "egfr")), key=lambda w: -w.share))


@cache
def _askable() -> Mapping[str, Covariate]:
    """What can be measured, or asked as a yes or no."""
    return MappingProxyType({**measured(), **{n: c for n, c in covariates().items() if c.kind == "flag"}})


def _gain(chart: Chart, belief: CovariateBelief, name: str) -> float:
    """The part of what is unknown of a covariate that one reading takes away: all, half where one is fresh, none."""
    reading = chart.newest(name)
    if reading is None:
        return 1.0 if belief.origin[name] == "imputed" else 0.0
    if chart.at - reading.at > OLD:
        return 1.0
    return 0.5 if name in variation() else 0.0  # structure: the mean of two readings has half the variance of one


def _shares(values: Float[Array, "r"], outcomes: Float[Array, "r o"], weights: Float[Array, "r"]) -> Float[Array, "o"]:
    """The expected share of each outcome's variance that knowing `values` takes away."""
    order = np.argsort(values, kind="stable")
    edges = np.linspace(0, values.shape[0], GROUPS + 1).astype(np.intp)[:-1]
    w, y = weights[order], outcomes[order]
    mass = np.add.reduceat(w, edges)
    means = np.add.reduceat(w[:, None] * y, edges, axis=0) / mass[:, None]
    overall = weights @ outcomes
    between = mass @ np.square(means - overall)
    total = weights @ np.square(outcomes - overall)
    chance = (GROUPS - 1) / (values.shape[0] - 1)
    return np.maximum((between / total - chance) / (1.0 - chance), 0.0)


def _worth(chart: Chart, name: str, share: float, risk: Risk) -> Worth:
    reading = chart.newest(name)
    covariate = _askable()[name]
    state = "not known;" if covariate.kind == "flag" else "not measured;"
    if reading is not None:
        years = (chart.at - reading.at) / OLD
        state = (
            f"last measured {years:.0f} years ago;"
            if years > 1
            else "measured once lately and varies: a second reading"
        )
    reason = f"{state} would take away about {share:.0%} of the spread of {risk.question}"
    return Worth(name, covariate.about, covariate.unit, share, risk.question, reason)
