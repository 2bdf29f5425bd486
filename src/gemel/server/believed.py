"""What a twin believes of its subject beside what was believed before any fact: mean and 90 % interval of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
import numpy as np

from ..core.array import Array
from ..core.draws import member_keys
from ..core.forecast import weighted_quantile
from ..core.prior import JointPrior
from ..core.quantity import names
from ..core.twin import Twin
from ..numerics.sample import draw
from ..runtime import Site
from .asking import known

__all__ = ["Believed", "Interval", "believed"]

DRAWS: Final = 2000
"""Draws that tell a prior's mean and interval: an end of the interval is then known to about 2 % of its width."""
ENDS: Final = np.array([0.05, 0.95])


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A mean and a 90 % interval."""

    mean: float
    low: float
    high: float


class Believed(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter or hidden state now, and a parameter's prior.  `learned`: the part of the prior interval's width
    that facts have taken away (0: nothing yet; below 0: the interval has become wider)."""

    name: str
    kind: Literal["parameter", "state"]
    about: str
    unit: str
    now: Interval
    prior: Interval | None
    learned: float | None


def believed(site: Site, twin: str) -> list[Believed]:
    """Parameters, then hidden states, as declared."""
    own = known(site, twin)
    weights, theta = own.belief.weights()[0], np.asarray(own.belief.theta)
    before = _prior(own, site.standing(twin).birth.prior or own.model.prior)
    rows: list[Believed] = []
    for i, q in enumerate(own.model.parameters):
        now, prior = _interval(theta[:, i], weights), before[q.name]
        width = prior.high - prior.low
        learned = 1.0 - (now.high - now.low) / width if width > 0 else None
        rows.append(
            Believed(
                name=q.name, kind="parameter", about=q.about, unit=q.unit, now=now, prior=prior, learned=learned
            )
        )  # fmt: skip
    for q in own.model.smooth:
        if q.shape == ():
            now = _interval(np.asarray(own.belief.state[q.name]), weights)
            rows.append(
                Believed(name=q.name, kind="state", about=q.about, unit=q.unit, now=now, prior=None, learned=None)
            )
    return rows


def _prior(own: Twin, prior: JointPrior) -> Mapping[str, Interval]:
    """Mean and interval of each parameter before any fact, for a subject with these covariates."""
    members = np.asarray(own.belief.covariates)
    covariates = members[np.arange(DRAWS) % members.shape[0]]
    drawn = draw(prior, member_keys(0, DRAWS), known=own.model.covariates, covariates=covariates)
    equal = np.full(DRAWS, 1.0 / DRAWS)
    return {name: _interval(drawn[:, i], equal) for i, name in enumerate(names(prior.quantities))}


def _interval(values: Array, weights: Array) -> Interval:
    live = np.asarray(weights) > 0
    w, v = np.asarray(weights)[live], np.asarray(values, dtype=np.float64)[live]
    low, high = weighted_quantile(v[:, None], w, ENDS)[:, 0]
    return Interval(mean=float(w @ v), low=float(low), high=float(high))
