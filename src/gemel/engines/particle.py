"""Tempered particle filter: legal for every model, also for counts, queues and agents.

Each reading is let in by stages, each as large as keeps the effective sample size above `keep` x n (Neal 2001,
doi:10.1023/A:1008923215028; adaptive stages after Del Moral, Doucet and Jasra 2012, doi:10.1007/s11222-011-9271-y).
Between stages members are resampled and their parameters rejuvenated in free space by a kernel that keeps mean and
covariance (Liu and West 2001): z' = a z + (1 - a) mean + sqrt(1 - a^2) L e.  When, after all stages, fewer than
`floor` x n distinct members survive, the filter raises CollapseError instead of returning a confident wrong belief.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior, systematic
from ..core.clock import text
from ..core.draws import mix, normal, purpose, uniform
from ..core.errors import CollapseError
from ..core.extra import require
from ..core.model import Fixed, Model, Scored, Window
from ..core.quantity import Quantity, bound, free, names
from .sweep import advance, after_reading, occasions

__all__ = ["TemperedParticle", "log_likelihood"]

STAGE, JITTER = purpose("resample"), purpose("rejuvenate")


@dataclass(frozen=True, slots=True)
class TemperedParticle:
    """The filter.  `keep`: least effective fraction within a stage; `floor`: least fraction of distinct members that
    must survive one step; `shrink`: a above; `stages`: most stages for one step."""

    keep: float = 0.5
    floor: float = 0.02
    shrink: float = 0.98
    stages: int = 64
    needs: tuple[type, ...] = ()

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """Posterior at the window's end; see `core.model.Engine`.  Raises CollapseError (see above)."""
        twins = window.low.shape[0]
        belief = replace(prior, theta=np.array(prior.theta), logw=np.array(prior.logw, dtype=float))
        origin = np.arange(belief.rows)
        ess, log_evidence = np.full(twins, np.inf), np.zeros(twins)
        for step, number in zip(window.steps(), occasions(window).T, strict=True):
            belief, running = advance(model, belief, step, fixed, key)
            belief, predicted = after_reading(model, belief, running, step)
            if step.seen.any():
                belief.weights(twins)  # raises when every member of a twin has failed
                logl = log_likelihood(model, np.asarray(predicted), belief, step)
                belief, parents, gained = self._temper(model, belief, logl, number, key)
                origin, log_evidence = origin[parents], log_evidence + gained
            ess = np.minimum(ess, belief.ess(twins))
        ancestors = np.array([np.unique(o).size for o in origin.reshape(twins, -1)])
        failed = (~np.isfinite(belief.logw)).reshape(twins, -1).sum(axis=1)
        return Posterior(belief, Evidence(ess, ancestors, log_evidence, failed))

    def _temper(
        self, model: Model, belief: Belief, logl: Float[Array, "r"], number: Int[Array, "b"], key: UInt64[Array, "r"]
    ) -> tuple[Belief, Int[Array, "r"], Float[Array, "b"]]:
        """One step's readings let in by stages; `number` is what each twin's luck is drawn by."""
        twins = number.shape[0]
        each = belief.rows // twins
        parents = np.arange(belief.rows)
        done, gained = np.zeros(twins), np.zeros(twins)
        for stage in range(self.stages):
            logw = belief.logw.reshape(twins, each)
            gain = logl.reshape(twins, each)
            share = np.array([self._share(logw[t], gain[t], 1.0 - done[t]) for t in range(twins)])
            new = logw + share[:, None] * gain
            gained += _log_sum(new) - _log_sum(logw)
            belief, done = replace(belief, logw=new.reshape(-1)), done + share
            if np.all(done >= 1.0):
                break
            luck, wanted = mix(key, np.uint64(stage)), np.flatnonzero(done < 1.0)
            index, logw = self._resample(belief, luck, number, wanted)
            belief, logl, parents = belief.take(index), logl[index], parents[index]
            theta = self._rejuvenate(model, belief, luck, number, wanted)
            belief = replace(belief, logw=logw, theta=theta)
        distinct = [
            np.unique(parents[t * each : (t + 1) * each][np.isfinite(belief.logw[t * each : (t + 1) * each])]).size
            for t in range(twins)
        ]
        if np.any(done < 1.0) or min(distinct) < max(2.0, self.floor * each):
            raise CollapseError(
                f"'{model.card.title}' at {text(belief.at)}: {min(distinct)} of {each} members survive the "
                f"readings in {self.stages} stages (floor {self.floor:.0%}): the model does not explain them; check "
                "the readings, widen the prior or the declared model error, or use more members"
            )
        return belief, parents, gained

    def _share(self, logw: Float[Array, "n"], gain: Float[Array, "n"], most: float) -> float:
        """The largest part (up to `most`) of the log likelihood that keeps the effective sample size up."""
        if most <= 0.0:
            return 0.0
        target = self.keep * np.isfinite(logw).sum()
        if _ess(logw) < target:
            return 0.0
        if _ess(logw + most * gain) >= target:
            return most
        low, high = 0.0, most
        for _ in range(40):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if _ess(logw + middle * gain) >= target else (low, middle)
        return max(low, most * 1e-6)

    def _resample(
        self, belief: Belief, luck: UInt64[Array, "r"], number: Int[Array, "b"], wanted: Int[Array, "w"]
    ) -> tuple[Int[Array, "r"], Float[Array, "r"]]:
        """Ancestors and new log weights: twins already done keep theirs."""
        twins = number.shape[0]
        each = belief.rows // twins
        weights = belief.weights(twins)
        index, logw = np.arange(belief.rows), np.array(belief.logw)
        for t in wanted:
            rows = slice(t * each, (t + 1) * each)
            offset = float(uniform(luck[rows][:1], STAGE, number[t : t + 1])[0])
            index[rows] = t * each + systematic(weights[t], offset)
            logw[rows] = 0.0
        return index, logw

    def _rejuvenate(
        self, model: Model, belief: Belief, luck: UInt64[Array, "r"], number: Int[Array, "b"], wanted: Int[Array, "w"]
    ) -> Float[Array, "r p"]:
        theta = np.array(belief.theta)
        moving = [(i, q) for i, q in enumerate(model.parameters) if q.prior is None or q.prior.family != "fixed"]
        if not moving:
            return theta
        z = np.stack([free(q, theta[:, i]) for i, q in moving], axis=1)
        each = belief.rows // number.shape[0]
        index = np.repeat(number, each)
        noise = np.stack([normal(luck, mix(JITTER + np.zeros(1, np.uint64), np.uint64(i))[0], index)
                          for i, _ in moving], axis=1)  # fmt: skip
        for t in wanted:
            rows = slice(t * each, (t + 1) * each)
            z[rows] = _liu_west(z[rows], noise[rows], self.shrink)
        moved = np.repeat(np.isin(np.arange(belief.rows // each), wanted), each)
        for k, (i, q) in enumerate(moving):
            theta[moved, i] = bound(q, z[moved, k])
        return theta


def _liu_west(z: Float[Array, "n d"], noise: Float[Array, "n d"], a: float) -> Float[Array, "n d"]:
    mean = z.mean(axis=0)
    covariance = np.atleast_2d(np.cov(z, rowvar=False))
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return a * z + (1.0 - a) * mean + np.sqrt(1.0 - a * a) * noise @ root.T


def _ess(logw: Float[Array, "n"]) -> float:
    top = np.max(logw)
    if not np.isfinite(top):
        return 0.0
    w = np.exp(logw - top)
    return float(w.sum() ** 2 / np.square(w).sum())


def _log_sum(logw: Float[Array, "b n"]) -> Float[Array, "b"]:
    top = np.max(logw, axis=1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return safe + np.log(np.exp(logw - safe[:, None]).sum(axis=1))


def log_likelihood(model: Model, predicted: Float[Array, "r c"], belief: Belief, step: Window) -> Float[Array, "r"]:
    """Log likelihood of one step's readings under each member: the model's own if it brings one, else the declared
    noise, as a density for an exact reading and a probability for an interval."""
    each = belief.rows // step.low.shape[0]
    low, high, sd = (np.repeat(np.asarray(a)[:, 0], each, axis=0) for a in (step.low, step.high, step.sd))
    if isinstance(model, Scored):
        return np.asarray(model.score(predicted, low, high, belief.theta))
    total = np.zeros(belief.rows)
    for c, q in enumerate(model.observables):
        seen = ~np.isnan(low[:, c])
        if seen.any():
            own = _one(q, predicted[:, c], (low[:, c], high[:, c], sd[:, c]), model.parameters, belief)
            total += np.where(seen, own, 0.0)
    return np.where(np.isnan(total), -np.inf, total)


def _one(q: Quantity, mean: Array, reading: tuple[Array, Array, Array], parameters: tuple[Quantity, ...],
         belief: Belief) -> Float[Array, "r"]:  # fmt: skip
    low, high, sd = reading
    noise = q.noise
    special = require("scipy.special", "twin")
    if noise is not None and noise.family == "poisson":
        mu = np.maximum(mean, 1e-300)
        exact = low * np.log(mu) - mu - special.gammaln(low + 1.0)
        inside = special.pdtr(np.minimum(high, 1e300), mu) - np.where(low > 0, special.pdtr(low - 1.0, mu), 0.0)
        return np.where(low == high, exact, np.log(np.maximum(inside, 1e-300)))
    size = np.full(mean.shape, noise.sd if noise is not None else 0.0)
    if noise is not None and noise.parameter is not None:
        size = np.asarray(belief.theta)[:, names(parameters).index(noise.parameter)]
    if noise is not None and noise.family == "lognormal":
        mean, low, high = np.log(np.maximum(mean, 1e-300)), np.log(low), np.log(high)
    elif noise is not None:
        size = np.sqrt(size**2 + (noise.relative * mean) ** 2)
    size = np.where(np.isnan(sd), size, sd)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (low - mean) / size
        exact = -0.5 * z * z - np.log(size) - 0.5 * np.log(2.0 * np.pi)
        inside = special.ndtr((high - mean) / size) - special.ndtr(z)
        return np.where(low == high, exact, np.log(np.maximum(inside, 1e-300)))
