"""The law that a cloud of weighted points stands for, as far as a Markov chain needs it: to weigh a point between them.

Each coordinate is mapped to its normal score, z = Phi^-1(F(x)) with F the weighted distribution function of the points,
linear between them; the scores have the law N(0, C), C their correlation (a Gaussian copula with the cloud's own
marginals: Nelsen 2006, doi:10.1007/0-387-28678-0).  Marginals are the points' own, whatever their shape; of the
dependence between coordinates the monotone part is kept.  Beyond the outermost point by more than `BEYOND` there is
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ..core.array import Array
from ..core.extra import require

__all__ = ["BEYOND", "Cloud"]

BEYOND = 2.0
"""How far, in normal scores, the law reaches past its outermost point: a truth may lie outside a sample of it, but a
cloud that gathers in the outer half of this margin is on its way to where the law has nothing to say."""

LIGHT = 1e-9
"""A point of less weight is left out: its score would be a tail that no ensemble has seen."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Sorted values and their scores for each coordinate, the inverse of C, and which coordinates vary at all."""

    values: tuple[Array, ...]
    scores: tuple[Array, ...]
    precision: Float[Array, "d d"]
    varies: Bool[Array, "d"]

    @classmethod
    def of(cls, points: Float[Array, "n d"], weights: Float[Array, "n"]) -> Cloud:
        """The law of these points; C is drawn towards no correlation by the part (d/n)^2, at
        most a half: hardly at all where points are many, so that what hangs together exactly goes on doing so."""
        special = require("scipy.special", "twin")
        x, w = np.asarray(points), np.asarray(weights)
        values, scores = [], []
        for column in x.T:
            level, place = np.unique(column, return_inverse=True)
            mass = np.bincount(place, weights=w, minlength=level.size)
            kept = mass > LIGHT
            mass = mass[kept] / mass[kept].sum()
            values.append(level[kept])
            scores.append(special.ndtri(np.cumsum(mass) - 0.5 * mass))
        varies = np.array([v.size > 1 for v in values], dtype=bool)
        d = len(values)
        z = np.stack([np.interp(x[:, i], values[i], scores[i]) for i in range(d)], axis=1)[:, varies]
        off = z - w @ z
        spread = np.sqrt(np.maximum((w[:, None] * off**2).sum(axis=0), 1e-12))
        loose = min(0.5, (d / x.shape[0]) ** 2) + 1e-6  # structure: keeps C invertible, see the docstring
        correlation = (1.0 - loose) * (off / spread * w[:, None]).T @ (off / spread)
        np.fill_diagonal(correlation, 1.0)
        precision = np.zeros((d, d))
        precision[np.ix_(varies, varies)] = np.linalg.inv(correlation)
        return cls(tuple(values), tuple(scores), precision, varies)

    def score(self, points: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """Normal scores of points; those beyond the outermost go on in a straight line."""
        x = np.asarray(points)
        columns = [_straight(x[:, i], self.values[i], self.scores[i]) for i in range(x.shape[1])]
        return np.stack(columns, axis=1)

    def point(self, scores: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """The points of these scores: the inverse of `score`."""
        z = np.asarray(scores)
        return np.stack([_straight(z[:, i], self.scores[i], self.values[i]) for i in range(z.shape[1])], axis=1)

    def inside(self, points: Float[Array, "n e"], which: Bool[Array, "d"]) -> Bool[Array, "n"]:
        """Which points lie among the cloud's, or no more than half of `BEYOND` past them, in every coordinate of
        `which`."""
        within = np.ones(points.shape[0], dtype=bool)
        for k, i in enumerate(np.flatnonzero(which)):
            z, own = _straight(np.asarray(points)[:, k], self.values[i], self.scores[i]), self.scores[i]
            within &= (z >= own[0] - BEYOND / 2.0) & (z <= own[-1] + BEYOND / 2.0)
        return within

    def log_density(self, scores: Float[Array, "n d"]) -> Float[Array, "n"]:
        """Log density of scores up to a constant; -inf where the law has ended."""
        z = np.asarray(scores)
        inside = np.ones(z.shape[0], dtype=bool)
        for i in np.flatnonzero(self.varies):
            inside &= (z[:, i] >= self.scores[i][0] - BEYOND) & (z[:, i] <= self.scores[i][-1] + BEYOND)
        return np.where(inside, -0.5 * np.einsum("ni,ij,nj->n", z, self.precision, z), -np.inf)


def _straight(x: Array, start: Array, end: Array) -> Array:
    """Linear interpolation, going on past both ends with the mean slope of all."""
    if start.size == 1:
        return np.full(x.shape, end[0])
    slope = (end[-1] - end[0]) / (start[-1] - start[0])
    inner = np.interp(x, start, end)
    return inner + slope * (np.minimum(x - start[0], 0.0) + np.maximum(x - start[-1], 0.0))
