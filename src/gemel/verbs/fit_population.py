"""From what is believed about many subjects to their population: the steps of stochastic-approximation EM.

SAEM (Delyon, Lavielle and Moulines 1999, doi:10.1214/aos/1018031103; Kuhn and Lavielle 2005,
doi:10.1016/j.csda.2004.07.002) averages the sufficient statistics of x and z over rounds,

    S <- S + gain (E[(x x', x z', z z')] - S),

and solves them for the coefficients (generalised least squares) and the covariance.  Correlations of few subjects are
shrunk towards none by lambda = sum var(r) / sum r^2, var(r) = (1 - r^2)^2 / (n - 1) (Schaefer and Strimmer 2005,
doi:10.2202/1544-6115.1175).  Standard errors are Louis' (1982, doi:10.1111/j.2517-6161.1982.tb01203.x): the
information of the complete data less what is missing, information = sum_i E[-H_i] - var(s_i), given subject i's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.errors import SupportError
from .population import Population

__all__ = ["Ensemble", "Statistics", "information", "maximise", "settle_shared", "statistics", "unconditioned"]

Shape = Literal["diagonal", "shrunk", "full"]
FLOOR = 1e-2
"""Least standard deviation between subjects, in free space: below it no engine could move a member."""


SAMPLE = 16_384
LEAST_HELD = 0.01
"""Least part of a population that must obey the orderings."""
LEAST_TOLD = 0.05
"""Least part of a shared parameter's spread that a Newton step takes the data to tell."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What is believed about one subject: design x (n q), parameters z in free space (n p), weights (n)."""

    x: Float[Array, "n q"]
    z: Float[Array, "n p"]
    w: Float[Array, "n"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sums over `n` subjects of E[x x'], E[x z'] and E[z z']."""

    n: int
    xx: Float[Array, "q q"]
    xz: Float[Array, "q p"]
    zz: Float[Array, "p p"]

    def towards(self, other: Statistics, gain: float) -> Statistics:
        """Part of the way to another round's statistics."""
        moved = (
            (1.0 - gain) * a + gain * b for a, b in ((self.xx, other.xx), (self.xz, other.xz), (self.zz, other.zz))
        )
        return Statistics(self.n, *moved)


def statistics(subjects: Sequence[Ensemble]) -> Statistics:
    """The sufficient statistics of all subjects' ensembles."""
    pairs = [((s.x, s.x), (s.x, s.z), (s.z, s.z)) for s in subjects]
    sums = [sum((a * s.w[:, None]).T @ b for s, ((a, b)) in zip(subjects, kind, strict=True))
            for kind in zip(*pairs, strict=True)]  # fmt: skip
    return Statistics(len(subjects), *(np.asarray(total) for total in sums))


def unconditioned(population: Population, s: Statistics, x: Float[Array, "r q"]) -> Statistics:
    """The statistics as they would be without the model's orderings: to those of subjects, who all obey them, is added
    what a sample of the present law, at designs `x`, loses when it is made to obey.  (EM for a truncated law.)"""
    if not population.order:
        return s
    luck = np.random.default_rng(0)  # the same draws every round, so that rounds differ by what they learned
    x = x[luck.integers(x.shape[0], size=SAMPLE)]
    z = (
        x @ population.coefficients
        + luck.normal(size=(SAMPLE, len(population.varying))) @ np.linalg.cholesky(population.covariance).T
    )
    held = population.ordered(z)
    if held.sum() < LEAST_HELD * SAMPLE:
        raise SupportError(
            f"{held.mean():.1%} of the population found obeys the ordering {population.order}: the facts contradict it"
        )
    xz, zz = (a.T @ z / SAMPLE - a[held].T @ z[held] / held.sum() for a in (x, z))
    return Statistics(s.n, s.xx, s.xz + s.n * xz, s.zz + s.n * zz)


def maximise(population: Population, s: Statistics, shape: Shape, narrow: float) -> Population:
    """The population that explains the statistics best; shared parameters are held to a spread of `narrow`."""
    shared = np.asarray(population.shared)
    coefficients = _coefficients(population, s)
    residual = s.zz - coefficients.T @ s.xz - s.xz.T @ coefficients + coefficients.T @ s.xx @ coefficients
    spread = 0.5 * (residual + residual.T) / s.n
    sd = np.sqrt(np.maximum(np.diag(spread), FLOOR**2))
    rho = _correlation(spread / np.outer(sd, sd), s.n, shape)
    rho[shared] = rho[:, shared] = 0.0
    np.fill_diagonal(rho, 1.0)
    sd = np.where(shared, narrow, sd)
    return replace(population, coefficients=coefficients, covariance=rho * np.outer(sd, sd))


def _coefficients(population: Population, s: Statistics) -> Float[Array, "q p"]:
    """Generalised least squares over the active coefficients, under the present covariance."""
    precision = np.linalg.inv(population.covariance)
    i, j = np.nonzero(population.active)
    left = s.xx[np.ix_(i, i)] * precision[np.ix_(j, j)]
    right = (s.xz @ precision)[i, j]
    solved = np.zeros(population.active.shape)
    solved[i, j] = np.linalg.solve(left, right)
    return solved


def _correlation(rho: Float[Array, "p p"], n: int, shape: Shape) -> Float[Array, "p p"]:
    if shape == "full":
        return np.clip(rho, -0.999, 0.999)
    off = rho[np.triu_indices_from(rho, 1)]
    if shape == "diagonal" or off.size == 0 or n < 3 or not np.square(off).sum() > 0.0:
        return np.eye(rho.shape[0])
    shrink = min(1.0, float((np.square(1.0 - np.square(off)) / (n - 1)).sum() / np.square(off).sum()))
    return (1.0 - shrink) * rho


def settle_shared(population: Population, before: Population, subjects: Sequence[Ensemble], gain: float) -> Population:
    """Shared parameters moved by Newton steps of size `gain`, where EM's would be slow and, weighing subjects by how
    little they tell, biased.  With the spread t they are held to, subject i's posterior mean m_i and variance v_i give
    its likelihood the slope (m_i - b) / v_i and the information 1 / v_i - 1 / t^2 at the present value b."""
    moved = np.array(population.coefficients)
    for j in np.flatnonzero(population.shared):
        value, spread = float(before.coefficients[0, j]), float(before.covariance[j, j])
        means = np.array([s.w @ s.z[:, j] for s in subjects])
        variances = np.array([s.w @ np.square(s.z[:, j] - m) for s, m in zip(subjects, means, strict=True)])
        told = max(float((1.0 / variances - 1.0 / spread).sum()), LEAST_TOLD * float((1.0 / variances).sum()))
        moved[0, j] = value + gain * float(((means - value) / variances).sum()) / told
    return replace(population, coefficients=moved)


def information(population: Population, subjects: Sequence[Ensemble]) -> Float[Array, "e e"]:
    """Observed information about the coefficients and the logarithms of the standard deviations (`labels`)."""
    precision, active = np.linalg.inv(population.covariance), np.asarray(population.active)
    i, j = np.nonzero(active)
    varies = np.flatnonzero(~np.asarray(population.shared))
    total = np.zeros((i.size + varies.size,) * 2)
    for s in subjects:
        r = s.z - s.x @ population.coefficients
        pull = r @ precision
        score = np.concatenate([s.x[:, i] * pull[:, j], (r * pull)[:, varies] - 1.0], axis=1)
        mean = s.w @ score
        total -= ((score - mean) * s.w[:, None]).T @ (score - mean)
        total += _curvature(s, r, pull, precision, (i, j, varies))
    return 0.5 * (total + total.T)


def _curvature(
    s: Ensemble, r: Float[Array, "n p"], pull: Float[Array, "n p"], precision: Float[Array, "p p"],
    places: tuple[Array, Array, Array],
) -> Float[Array, "e e"]:  # fmt: skip
    """E[-H] of one subject's complete data: d/d coefficient and d/d log sd, correlations held."""
    i, j, varies = places
    k = i.size
    own = np.zeros((k + varies.size,) * 2)
    xx = (s.x * s.w[:, None]).T @ s.x
    own[:k, :k] = xx[np.ix_(i, i)] * precision[np.ix_(j, j)]
    rr = (r * s.w[:, None]).T @ r
    own[k:, k:] = (rr * precision)[np.ix_(varies, varies)] + np.diag((s.w @ (r * pull))[varies])
    xr, xp = (s.x * s.w[:, None]).T @ r, (s.x * s.w[:, None]).T @ pull
    cross = xr[i][:, varies] * precision[np.ix_(j, varies)] + xp[i, j][:, None] * (j[:, None] == varies)
    own[:k, k:], own[k:, :k] = cross, cross.T
    return own
