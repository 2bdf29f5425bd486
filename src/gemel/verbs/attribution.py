"""What makes a forecast uncertain: its variance shared out over what we do not know.

    Var(reading) = belief + chance ahead + measurement

- measurement: what the instrument adds.
- chance ahead: the same members are run a second time with other luck.  The covariance of the two runs over members is
  the variance that the present belief explains (Sobol' 1993; Janon et al. 2014, doi:10.1051/ps/2013040); the rest is
  still to be decided.
- belief: shared out over parameters, covariates and hidden states, which hang together in any belief worth having, by
  Shapley effects of the linear part (Owen 2014, doi:10.1137/130936233; for linear models the averaging over orderings
  of Lindeman, Merenda and Gold 1980), sampled over orderings.  What the belief explains beyond the linear part is their
  interplay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.draws import purpose
from ..core.errors import CapabilityError
from ..core.fact import Instant
from ..core.forecast import Forecast
from ..core.plan import Plan
from ..core.quantity import free
from ..core.twin import Twin
from .forecast import forecast
from .target import Target, hidden_values, read_values

__all__ = ["Attribution", "Kind", "Share", "attribute", "shares_of", "unknowns"]

Kind = Literal["parameter", "covariate", "state", "interplay", "chance ahead", "measurement"]
ORDERINGS = 256
"""Orderings over which Shapley effects are averaged, half of them the reverse of the others."""
OTHER_LUCK = int(purpose("other luck") >> np.uint64(2))


@dataclass(frozen=True, slots=True)
class Share:
    """One source's part of the variance, in [0, 1], and the correlation of its value with the target's (0 where it has
    no value); `about` is what the model says it is."""

    name: str
    kind: Kind
    part: float
    correlation: float = 0.0
    about: str = ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Variance of what would be read, in the square of the target's unit, and its shares, the largest first; they sum
    to 1."""

    variance: float
    shares: tuple[Share, ...]

    def of(self, kind: Kind) -> float:
        """Sum of the shares of one kind."""
        return sum(s.part for s in self.shares if s.kind == kind)


def attribute(twin: Twin, until: Instant, target: Target, *, plan: Plan | None = None) -> Attribution:
    """Share out the variance of the target at `until`.

    Raises CapabilityError where the effective members are too few to tell the unknowns apart (fewer than twice their
    number), and where the target does not vary at all.
    """
    return shares_of(twin, forecast(twin, until, plan), target, plan=plan)


def shares_of(twin: Twin, made: Forecast, target: Target, *, plan: Plan | None = None) -> Attribution:
    """`attribute` for a forecast that is already `made` of this twin under `plan`."""
    again = forecast(replace(twin, seed=twin.seed ^ OTHER_LUCK), int(made.times[-1]), plan)
    w = np.minimum(made.weights, again.weights)
    w = w / w.sum()
    y, other, read = hidden_values(made, target), hidden_values(again, target), read_values(made, target)
    variance, noise = _covariance(y, y, w), _covariance(read - y, read - y, w)
    total = variance + noise
    if total <= 0.0:
        raise CapabilityError("the target is the same in every member: there is no uncertainty to share out")
    believed = float(np.clip(_covariance(y, other, w), 0.0, variance))
    labels, columns = unknowns(twin)
    live = w > 0.0
    size = 1.0 / float(np.sum(w**2))
    if size < 2.0 * len(labels) + 2.0:
        raise CapabilityError(
            f"{size:.0f} effective members cannot tell {len(labels)} unknowns apart: use at least "
            f"{4 * len(labels)} members"
        )
    effects, correlation = _shapley(columns[live], y[live], w[live], size, twin.seed)
    linear = min(float(effects.sum()), believed / variance if variance > 0.0 else 0.0)
    effects = effects * (linear / effects.sum()) if effects.sum() > 0.0 else effects
    shares = [
        Share(name, kind, float(e * variance / total), float(c), about)
        for (name, kind, about), e, c in zip(labels, effects, correlation, strict=True)
    ]
    shares += [
        Share("how these act together", "interplay", (believed - linear * variance) / total),
        Share("what is still to happen", "chance ahead", (variance - believed) / total),
        Share("measurement error", "measurement", noise / total),
    ]
    return Attribution(total, tuple(sorted(shares, key=lambda s: -s.part)))


def unknowns(twin: Twin) -> tuple[list[tuple[str, Kind, str]], Float[Array, "r d"]]:
    """Name, kind and meaning of everything the members differ in, and its value in free space: parameters, covariates
    and smooth states; an entry of a shaped state is named by its place."""
    belief = twin.belief
    labels: list[tuple[str, Kind, str]] = []
    columns: list[Array] = []

    def add(name: str, kind: Kind, about: str, values: Array) -> None:
        finite = np.isfinite(values)
        if finite.any() and np.ptp(values[finite]) > 0.0:
            labels.append((name, kind, about))
            columns.append(np.where(finite, values, 0.0))

    for i, q in enumerate(twin.model.parameters):
        add(q.name, "parameter", q.about, free(q, np.asarray(belief.theta)[:, i]))
    for i, q in enumerate(twin.model.covariates):
        add(q.name, "covariate", q.about, np.asarray(belief.covariates)[:, i])
    for q in twin.model.smooth:
        leaf = np.asarray(belief.state[q.name]).reshape(belief.rows, -1)
        for k in range(leaf.shape[1]):
            add(q.name if leaf.shape[1] == 1 else f"{q.name}[{k}]", "state", q.about, free(q, leaf[:, k]))
    return labels, np.stack(columns, axis=1) if columns else np.zeros((belief.rows, 0))


def _covariance(a: Array, b: Array, w: Array) -> float:
    return float(w @ ((a - w @ a) * (b - w @ b)))


def _shapley(
    x: Float[Array, "n d"], y: Float[Array, "n"], w: Float[Array, "n"], size: float, seed: int
) -> tuple[Float[Array, "d"], Float[Array, "d"]]:
    """Shapley effects of a linear regression of y on x, summing to its adjusted R^2, and the plain correlations.

    In one ordering, column j adds the square of the j-th entry of the solution of L z = corr(x, y), L the Cholesky
    factor of the columns' correlations in that order.
    """
    d = x.shape[1]
    if d == 0 or _covariance(y, y, w) <= 0.0:
        return np.zeros(d), np.zeros(d)
    scaled = x - w @ x
    scaled = scaled / np.sqrt(w @ scaled**2)
    goal = y - w @ y
    goal = goal / np.sqrt(w @ goal**2)
    between = (scaled * w[:, None]).T @ scaled + 1e-8 * np.eye(d)  # structure: keeps a leaf that others determine
    towards = (scaled * w[:, None]).T @ goal
    luck = np.random.default_rng(seed)
    effects = np.zeros(d)
    for _ in range(ORDERINGS // 2):
        order = luck.permutation(d)
        for way in (order, order[::-1]):
            z = np.linalg.solve(np.linalg.cholesky(between[np.ix_(way, way)]), towards[way])
            effects[way] += z**2 / ORDERINGS
    whole = float(effects.sum())
    adjusted = max(0.0, 1.0 - (1.0 - min(whole, 1.0)) * (size - 1.0) / max(size - d - 1.0, 1.0))
    return effects * (adjusted / whole if whole > 0.0 else 0.0), towards
