"""An engine's posterior of each subject made exact by one more run: importance sampling around it.

Parameters are drawn from q, nine parts a multivariate t with the engine's mean and covariance in free space and one
part the population itself (Hesterberg 1995, doi:10.1080/00401706.1995.10484303: the mixture bounds the weights), run
through the facts without resampling, and weighted by

    population density x likelihood / q.

Where the weights leave too few effective members, the engine's own word is better: that is where paths have much luck
of their own, or the posterior is nothing like a t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lgamma, log, pi

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior
from ..core.fact import Fact
from ..core.model import Fixed, Model, Window
from ..core.quantity import bound, names
from ..core.twin import Inference, Twin
from ..engines.particle import log_likelihood
from ..engines.sweep import advance, after_reading
from .observe import observe_all
from .population import Population, free_values

__all__ = ["Weigh", "begin_with", "polish", "trusted"]

FREEDOM = 5.0
"""Degrees of freedom of the t law drawn from."""
DEFENCE = 0.1
"""Part of the draws that come from the population."""
LOWEST = -1e300
"""Stands for the largest log weight where no member is left."""
LEAST = 0.1
"""Effective part of the members below which a subject keeps the engine's posterior."""


@dataclass(frozen=True, slots=True)
class Weigh:
    """Members weighed by their readings and nothing else: no resampling, no moves."""

    needs: tuple[type, ...] = ()

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """The members at the window's end; see `core.model.Engine`."""
        twins, belief = window.low.shape[0], prior
        logw = np.array(prior.logw, dtype=float)
        for step in window.steps():
            belief, running = advance(model, replace(belief, logw=logw), step, fixed, key)
            belief, predicted = after_reading(model, belief, running, step)
            logw = np.array(belief.logw)
            if step.seen.any():
                live = np.isfinite(logw)
                logl = log_likelihood(model, np.asarray(predicted), belief, step)
                logw = np.where(live, logw + np.where(live, logl, 0.0), -np.inf)
        belief = replace(belief, logw=logw)
        table = logw.reshape(twins, -1)
        top = np.maximum(table.max(axis=1), LOWEST)
        log_evidence = top + np.log(np.maximum(np.exp(table - top[:, None]).mean(axis=1), np.finfo(float).tiny))
        live = np.isfinite(table).sum(axis=1)
        w = np.exp(table - top[:, None])
        ess = w.sum(axis=1) ** 2 / np.maximum(np.square(w).sum(axis=1), np.finfo(float).tiny)
        return Posterior(belief, Evidence(ess, live, log_evidence, table.shape[1] - live))


def begin_with(
    twins: Sequence[Twin], theta: Sequence[Float[Array, "n p"]], logw: Sequence[Float[Array, "n"]]
) -> list[Twin]:
    """The same twins at their start, with these parameters and weights, in one call of the model."""
    first, n = twins[0], twins[0].members
    known = [np.asarray(t.belief.covariates) for t in twins]
    rates = np.concatenate([np.tile(np.array(t.cursor.rates, dtype=float), (n, 1)) for t in twins])
    keys = np.concatenate([t.keys for t in twins])
    state = first.model.init(np.concatenate(theta), np.concatenate(known), rates, first.fixed, keys)
    leaves = {name: np.asarray(leaf) for name, leaf in state.items()}
    fresh: list[Twin] = []
    for k, t in enumerate(twins):
        own = {name: leaf[k * n : (k + 1) * n] for name, leaf in leaves.items()}
        belief = Belief(theta[k], known[k], own, logw[k], t.now, np.zeros_like(np.asarray(t.belief.read)))
        fresh.append(replace(t, belief=belief, evidence=None))
    return fresh


def polish(
    population: Population, started: Sequence[Twin], near: Sequence[Twin], facts: Sequence[Sequence[Fact]], seed: int
) -> list[Twin]:
    """Each subject's posterior under `population` by importance sampling around `near`, which holds twins after the
    same facts; `started` are the twins at their start.  See `trusted` for what it is worth."""
    luck = np.random.default_rng(seed)
    made = [_proposal(population, a, b, luck) for a, b in zip(started, near, strict=True)]
    begun = begin_with([replace(t, inference=Inference(Weigh())) for t in started],
                       [theta for theta, _ in made], [logw for _, logw in made])  # fmt: skip
    return [replace(new, inference=t.inference) for new, t in zip(observe_all(begun, facts), started, strict=True)]


def trusted(twin: Twin) -> bool:
    """Whether enough effective members are left of a polished twin."""
    logw = np.asarray(twin.belief.logw)
    return bool(np.isfinite(logw).any()) and float(twin.belief.ess()[0]) >= LEAST * twin.members


def _proposal(
    population: Population, started: Twin, seen: Twin, luck: np.random.Generator
) -> tuple[Float[Array, "n a"], Float[Array, "n"]]:
    """Parameters drawn from q, and the log of population density over q."""
    n, weights = started.members, seen.belief.weights()[0]
    z = free_values(population, seen.belief.theta)
    live = weights > 0
    mean = weights[live] @ z[live]
    away = z[live] - mean
    root = np.linalg.cholesky((away * weights[live][:, None]).T @ away + 1e-3 * population.covariance)
    place = [names(started.model.covariates).index(c) for c in population.covariates]
    centre = population.design(np.asarray(started.belief.covariates)[:, place]) @ population.coefficients
    wide = np.linalg.cholesky(population.covariance)
    noise, p = luck.normal(size=(n, len(mean))), len(mean)
    stretch = np.sqrt(FREEDOM / luck.chisquare(FREEDOM, size=n))
    near = luck.random(n) >= DEFENCE
    drawn = np.where(near[:, None], mean + (noise * stretch[:, None]) @ root.T, centre + noise @ wide.T)
    density = _log_normal(drawn - centre, wide)
    q = np.logaddexp(log(1.0 - DEFENCE) + _log_t(drawn - mean, root, p), log(DEFENCE) + density)
    theta = np.array(started.belief.theta)
    for j, name in enumerate(population.varying):
        theta[:, names(population.quantities).index(name)] = bound(population.quantity(name), drawn[:, j])
    return theta, np.where(population.ordered(drawn), density - q, -np.inf)


def _log_normal(away: Float[Array, "n p"], root: Float[Array, "p p"]) -> Float[Array, "n"]:
    square = np.square(np.linalg.solve(root, away.T)).sum(axis=0)
    return -0.5 * (square + away.shape[1] * log(2.0 * pi)) - np.log(np.diag(root)).sum()


def _log_t(away: Float[Array, "n p"], root: Float[Array, "p p"], p: int) -> Float[Array, "n"]:
    """Log density of the multivariate t with `FREEDOM` degrees of freedom and scale root root'."""
    square = np.square(np.linalg.solve(root, away.T)).sum(axis=0)
    constant = lgamma(0.5 * (FREEDOM + p)) - lgamma(0.5 * FREEDOM) - 0.5 * p * log(FREEDOM * pi)
    return constant - np.log(np.diag(root)).sum() - 0.5 * (FREEDOM + p) * np.log1p(square / FREEDOM)
