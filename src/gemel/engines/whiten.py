"""The members of one twin as a smooth prior: w ~ N(0, I) in, one possible subject out.

    g = mean + root w,    z_j = place_j + scale_j sinh((arsinh(g_j) + skew_j) / tail_j)

z are the free-space parameters, covariates and smooth states of a member, and its running totals at the last reading.
`root` is a square root of the covariance of g among the members, of whatever rank that has: a state that is a function
of the parameters stays one.  Where a margin is far from normal (Jarque and Bera 1980,
doi:10.1016/0165-1765(80)90024-5, at the 1 % point) it is a sinh-arsinh margin fitted by maximum likelihood (Jones and
Pewsey 2009, doi:10.1093/biomet/asp053), tied to the others by the Gaussian copula; otherwise skew 0 and tail 1, which
is the normal law itself.  Entries in which no member differs are kept as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.belief import Belief
from ..core.errors import CollapseError
from ..core.extra import require
from ..core.model import Model
from ..core.quantity import Quantity, bound, free
from ..numerics.start import jax_numpy

__all__ = ["Prior", "Subjects", "entries", "subject_of", "whitened"]

FAR: float = 9.21
"""99 % point of the chi-square law with two degrees of freedom, Jarque and Bera's under normality."""
STILL = 1e-12
"""Relative spread below which an entry does not differ between members."""
REACH = 0.3
"""First step of the search for a margin, in standardised units."""
RANK = 1e-12
"""Variance, relative to the largest, below which a direction of g is dropped."""


class Prior(NamedTuple):
    """The map from w to z; `value` are the entries themselves where `moves` is false.  Shapes (d,), root (d, d)."""

    mean: Any
    root: Any
    place: Any
    scale: Any
    skew: Any
    tail: Any
    moves: Any
    value: Any


class Subjects(NamedTuple):
    """Rows of possible subjects at the window's start."""

    theta: Any
    covariates: Any
    state: dict[str, Any]
    read: Any


def entries(model: Model) -> tuple[Quantity, ...]:
    """What a member consists of, in the order of z; a state of many numbers has as many entries."""
    totals = tuple(Quantity(f"read_{q.name}", q.unit) for q in model.observables if q.span == "interval")
    return (*model.parameters, *model.covariates, *model.smooth, *totals)


def whitened(model: Model, belief: Belief) -> Prior:
    """The prior that this twin's members (equal weights) stand for.  Raises CollapseError for fewer than three that
    lie inside their supports."""
    raw = _raw(model, belief)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.concatenate(
            [np.reshape(free(q, part), (belief.rows, -1)) for q, part in zip(entries(model), raw, strict=True)], axis=1
        )
    flat = np.concatenate([part.reshape(belief.rows, -1) for part in raw], axis=1)
    still = np.ptp(flat, axis=0) <= STILL * (1.0 + np.abs(flat[0]))
    alive = np.isfinite(z[:, ~still]).all(axis=1)
    if alive.sum() < 3:  # structure: two members have a line, not a spread
        raise CollapseError(f"'{model.card.title}': {alive.sum()} of {belief.rows} members lie inside their supports")
    z = np.where(still, 0.0, z)[alive]
    margins = np.array(
        [_margin(column) if moves else (0.0, 1.0, 0.0, 1.0) for column, moves in zip(z.T, ~still, strict=True)]
    )
    place, scale, skew, tail = margins.T
    g = np.sinh(tail * np.arcsinh((z - place) / scale) - skew)
    return Prior(g.mean(axis=0), _root(g), place, scale, skew, tail, ~still, flat[alive][0])


def _raw(model: Model, belief: Belief) -> list[Array]:
    theta, covariates, read = (np.asarray(a, dtype=float) for a in (belief.theta, belief.covariates, belief.read))
    totals = [read[:, c] for c, q in enumerate(model.observables) if q.span == "interval"]
    leaves = [np.asarray(belief.state[q.name], dtype=float) for q in model.smooth]
    return [*theta.T, *covariates.T, *leaves, *totals]


def _root(g: Float[Array, "n d"]) -> Float[Array, "d d"]:
    """A square root of the covariance, zero along the directions in which there is no variance."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(g, rowvar=False)))
    kept = values > RANK * max(float(values[-1]), 0.0)
    return vectors * np.sqrt(np.where(kept, values, 0.0))


def _margin(z: Float[Array, "n"]) -> tuple[float, float, float, float]:
    """Place, scale, skew and tail of one margin."""
    place, scale = float(z.mean()), float(z.std())
    u = (z - place) / scale
    lopsided, heavy = float((u**3).mean()), float((u**4).mean() - 3.0)
    if z.size / 6.0 * (lopsided**2 + heavy**2 / 4.0) < FAR:
        return place, scale, 0.0, 1.0
    optimise = require("scipy.optimize", "twin")

    def cost(at: Float[Array, "4"]) -> float:
        v = (u - at[0]) / np.exp(at[1])
        inner = np.exp(at[3]) * np.arcsinh(v) - at[2]
        with np.errstate(over="ignore"):
            density = -0.5 * np.sinh(inner) ** 2 + np.log(np.cosh(inner)) - 0.5 * np.log1p(v**2) + at[3] - at[1]
        return -float(density.mean()) if np.isfinite(density).all() else np.inf

    simplex = np.concatenate([np.zeros((1, 4)), REACH * np.eye(4)])
    options = {"maxiter": 400, "xatol": 1e-3, "fatol": 1e-5, "initial_simplex": simplex}  # far below sampling error
    at = optimise.minimize(cost, np.zeros(4), method="Nelder-Mead", options=options).x
    return place + scale * float(at[0]), scale * float(np.exp(at[1])), float(at[2]), float(np.exp(at[3]))


def subject_of(model: Model, prior: Prior, w: Any) -> Subjects:
    """The subjects at the window's start that rows of w (r, d) stand for; differentiable."""
    xp = jax_numpy()
    g = prior.mean + w @ prior.root.T
    z = prior.place + prior.scale * xp.sinh((xp.arcsinh(g) + prior.skew) / prior.tail)
    columns: list[Any] = []
    at = 0
    for q in entries(model):
        size = int(np.prod(q.shape))
        span = slice(at, at + size)
        value = xp.where(prior.moves[span], bound(q, z[:, span], xp), prior.value[span])
        columns.append(value.reshape(w.shape[0], *q.shape))
        at += size
    p, k, n = len(model.parameters), len(model.covariates), len(model.smooth)
    state = {q.name: leaf for q, leaf in zip(model.smooth, columns[p + k : p + k + n], strict=True)}
    return Subjects(_stacked(columns[:p], w), _stacked(columns[p : p + k], w), state,
                    _totals(model, columns[p + k + n :], w))  # fmt: skip


def _stacked(columns: Sequence[Any], w: Any) -> Any:
    xp = jax_numpy()
    return xp.stack(columns, axis=1) if columns else xp.zeros((w.shape[0], 0))


def _totals(model: Model, given: Sequence[Any], w: Any) -> Any:
    """Running totals at the last reading, 0 for an observable that is none: (r, c)."""
    waiting = iter(given)
    return _stacked(
        [next(waiting) if q.span == "interval" else jax_numpy().zeros(w.shape[0]) for q in model.observables], w
    )
