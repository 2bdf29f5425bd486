"""Full Bayes in two stages: each subject alone under a wide prior, then the population from those draws.

Stage 1 is an engine's posterior draws z of each subject under a prior q wider than the population.  Stage 2 is a Gibbs
sampler over subjects and population,

    z_i is draw m with probability ~ weight_m N(z_m; B' x_i, Omega) / q(z_m),
    B | z, Omega ~ normal (flat prior),
    Omega | a ~ IW(v + p - 1, 2 v diag(1 / a)),   a_j ~ IG(1/2, 1 / A_j^2),   v = 2

(Lunn, Barrett, Sweeting and Thompson 2013, doi:10.1111/rssc.12007, here with the whole conditional over the draws in
place of their Metropolis step; covariance prior of Huang and Wand 2013, doi:10.1214/13-BA815: standard deviations are
half-t with v degrees of freedom and scale A_j, correlations uniform).  No subject is run again.  Where the model
orders parameters, draws obey, but what the ordering cuts off the population is not made up for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.errors import CollapseError
from .fit_population import Ensemble
from .population import Population

__all__ = ["Chains", "gibbs"]

CHAINS = 4
FREEDOM = 2.0
"""v above: with 2, every correlation is as likely as any other (Huang and Wand 2013, section 2)."""
LEAST = 10.0
"""Effective draws of a subject below which its part of the second stage is not believed."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Posterior draws of the population from c chains of g draws.  `support` is the least effective number of a
    subject's stage-1 draws under the population found."""

    shared: tuple[bool, ...]
    active: Array
    coefficients: Float[Array, "c g q p"]
    covariance: Float[Array, "c g v v"]
    support: float

    def values(self) -> Float[Array, "n e"]:
        """Every draw as the numbers `Population.labels` names."""
        sd = np.sqrt(np.diagonal(np.asarray(self.covariance), axis1=2, axis2=3))
        both = np.concatenate([np.asarray(self.coefficients)[:, :, np.asarray(self.active)], sd], axis=2)
        return both.reshape(-1, both.shape[2])

    @property
    def rhat(self) -> float:
        """Largest potential scale reduction over all numbers, chains split in two (Gelman and Rubin 1992,
        doi:10.1214/ss/1177011136)."""
        c, g = self.coefficients.shape[:2]
        x = self.values().reshape(c, g, -1)[:, : g // 2 * 2].reshape(2 * c, g // 2, -1)
        x = x[:, :, x.std(axis=(0, 1)) > 0.0]
        within = x.var(axis=1, ddof=1).mean(axis=0)
        between = x.mean(axis=1).var(axis=0, ddof=1)
        n = x.shape[1]
        return float(np.sqrt((n - 1.0) / n + between / within).max(initial=1.0))

    def population(self, like: Population) -> Population:
        """The posterior mean."""
        return self._of(like, np.asarray(self.covariance).mean(axis=(0, 1)))

    def predictive(self, like: Population) -> Population:
        """A new subject's law: mean and covariance of the posterior predictive, at the centre of the covariates.

        The covariance is the mean of Omega plus that of the mean; what is lost is that tails are those of a t law.
        """
        p = len(like.varying)
        means = np.asarray(self.coefficients)[:, :, 0].reshape(-1, p)[:, ~np.asarray(self.shared)]
        extra = np.atleast_2d(np.cov(means, rowvar=False))
        return self._of(like, np.asarray(self.covariance).mean(axis=(0, 1)) + extra)

    def _of(self, like: Population, covariance: Float[Array, "v v"]) -> Population:
        whole = np.array(like.covariance)
        free = np.flatnonzero(~np.asarray(self.shared))
        whole[np.ix_(free, free)] = covariance
        return replace(like, coefficients=np.asarray(self.coefficients).mean(axis=(0, 1)), covariance=whole)


def gibbs(
    wide: Population, subjects: Sequence[Ensemble], scale: Float[Array, "v"], draws: int, seed: int
) -> Chains:  # fmt: skip
    """The posterior of the population, from subjects' draws under the prior `wide`; `scale` is A above.

    Shared parameters are held at their value.  Raises CollapseError where a subject's draws hardly overlap with what
    the other subjects say.
    """
    stage = _Stage.of(wide, subjects, scale)
    coefficients, covariance = stage.chains(np.random.default_rng(seed), draws)
    support = stage.support(coefficients.mean(axis=(0, 1)), covariance.mean(axis=(0, 1)))
    if support < LEAST:
        raise CollapseError(
            f"a subject has {support:.1f} effective draws left of {stage.z.shape[1]} under the population found (least "
            f"{LEAST:g}): use more members, or learn by 'saem'"
        )
    whole = np.broadcast_to(wide.coefficients, (*coefficients.shape[:2], *wide.coefficients.shape)).copy()
    whole[..., stage.free] = coefficients
    return Chains(tuple(bool(s) for s in wide.shared), np.asarray(wide.active), whole, covariance, support)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Stage-1 draws z (n m v) with log weights over the wide prior (n m), design x (n q), active coefficients."""

    x: Float[Array, "n q"]
    z: Float[Array, "n m v"]
    base: Float[Array, "n m"]
    active: Array
    free: Array
    scale: Float[Array, "v"]
    start: tuple[Array, Array]

    @staticmethod
    def of(wide: Population, subjects: Sequence[Ensemble], scale: Float[Array, "v"]) -> _Stage:
        free = np.flatnonzero(~np.asarray(wide.shared))
        most, v = max(s.w.shape[0] for s in subjects), free.size
        z, base = np.zeros((len(subjects), most, v)), np.full((len(subjects), most), -np.inf)
        x = np.stack([s.w @ s.x for s in subjects])
        coefficients, covariance = wide.coefficients[:, free], wide.covariance[np.ix_(free, free)]
        for i, s in enumerate(subjects):
            n = s.w.shape[0]
            z[i, :n] = s.z[:, free]
            near = _distance(z[i : i + 1, :n], (x[i : i + 1] @ coefficients)[None], covariance[None])[0, 0]
            base[i, :n] = np.log(s.w) + 0.5 * near
        return _Stage(x, z, base, np.asarray(wide.active)[:, free], free, scale, (coefficients, covariance))

    def chains(self, luck: np.random.Generator, draws: int) -> tuple[Float[Array, "c g q v"], Float[Array, "c g v v"]]:
        """All chains side by side, after half as many draws again of warm-up."""
        coefficients, covariance = (np.repeat(a[None], CHAINS, axis=0) for a in self.start)
        kept: list[tuple[Array, Array]] = []
        for k in range(draws + draws // 2):
            z = self._subjects(coefficients, covariance, luck)
            coefficients = self._coefficients(z, covariance, luck)
            covariance = self._covariance(z - self.x @ coefficients, covariance, luck)
            if k >= draws // 2:
                kept.append((coefficients, covariance))
        return np.stack([a for a, _ in kept], axis=1), np.stack([b for _, b in kept], axis=1)

    def _chances(self, coefficients: Float[Array, "c q v"], covariance: Float[Array, "c v v"]) -> Float[Array, "c n m"]:
        logit = self.base - 0.5 * _distance(self.z, self.x @ coefficients, covariance)
        return np.exp(logit - logit.max(axis=2, keepdims=True))

    def support(self, coefficients: Float[Array, "q v"], covariance: Float[Array, "v v"]) -> float:
        """Least effective number of draws over subjects."""
        w = self._chances(coefficients[None], covariance[None])
        return float((w.sum(axis=2) ** 2 / np.square(w).sum(axis=2)).min())

    def _subjects(
        self, coefficients: Float[Array, "c q v"], covariance: Float[Array, "c v v"], luck: np.random.Generator
    ) -> Float[Array, "c n v"]:
        edges = np.cumsum(self._chances(coefficients, covariance), axis=2)
        which = (edges < luck.random((*edges.shape[:2], 1)) * edges[:, :, -1:]).sum(axis=2)
        return self.z[np.arange(edges.shape[1]), which]

    def _coefficients(
        self, z: Float[Array, "c n v"], covariance: Float[Array, "c v v"], luck: np.random.Generator
    ) -> Float[Array, "c q v"]:
        precision = np.linalg.inv(covariance)
        i, j = np.nonzero(self.active)
        left = (self.x.T @ self.x)[np.ix_(i, i)] * precision[:, j[:, None], j]
        right = (self.x.T @ z @ precision)[:, i, j]
        upper = np.swapaxes(np.linalg.cholesky(left), 1, 2)
        noise = np.linalg.solve(upper, luck.normal(size=(*right.shape, 1)))
        drawn = np.zeros((len(z), *self.active.shape))
        drawn[:, i, j] = (np.linalg.solve(left, right[..., None]) + noise)[..., 0]
        return drawn

    def _covariance(
        self, residual: Float[Array, "c n v"], covariance: Float[Array, "c v v"], luck: np.random.Generator
    ) -> Float[Array, "c v v"]:
        c, n, v = residual.shape
        rate = FREEDOM * np.diagonal(np.linalg.inv(covariance), axis1=1, axis2=2) + 1.0 / np.square(self.scale)
        a = rate / luck.gamma(0.5 * (FREEDOM + v), size=(c, v))
        size = 2.0 * FREEDOM * np.eye(v) / a[:, None] + np.swapaxes(residual, 1, 2) @ residual
        return np.linalg.inv(_wishart(FREEDOM + v - 1.0 + n, np.linalg.inv(size), luck))


def _distance(
    z: Float[Array, "n m v"], mean: Float[Array, "c n v"], covariance: Float[Array, "c v v"]
) -> Float[Array, "c n m"]:
    """Squared Mahalanobis distance of each draw."""
    root = np.swapaxes(np.linalg.inv(np.linalg.cholesky(covariance)), 1, 2)
    return np.square((z - mean[:, :, None]) @ root[:, None]).sum(axis=3)


def _wishart(freedom: float, scale: Float[Array, "c v v"], luck: np.random.Generator) -> Float[Array, "c v v"]:
    """Wishart draws by Bartlett's (1933) decomposition."""
    c, v = scale.shape[:2]
    lower = np.tril(luck.normal(size=(c, v, v)), -1)
    lower[:, np.arange(v), np.arange(v)] = np.sqrt(luck.chisquare(freedom - np.arange(v), size=(c, v)))
    root = np.linalg.cholesky(0.5 * (scale + np.swapaxes(scale, 1, 2))) @ lower
    return root @ np.swapaxes(root, 1, 2)
