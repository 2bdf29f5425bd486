"""Ensemble Kalman filter with perturbed observations, one observable at a time, for many twins in one call.

    x_i <- x_i + K (d_i - y_i - e_i),   K = s cov(x, y) / (var(y) + R),   e_i ~ N(0, R)

(Burgers, van Leeuwen and Evensen 1998, doi:10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2; serial processing after
Houtekamer and Mitchell 2001).  x are the parameters and smooth states in free space.  d_i is the reading, or, for one
known only to lie in an interval, the point of the interval nearest to y_i + e_i, so that a member already inside is not
moved.  s is the positive-part shrinkage of a sampled regression coefficient,

    s = max(0, 1 - (1 - rho^2) / ((n - 2) rho^2)),   rho the sampled correlation of x and y,

which keeps thousands of readings from eating the spread of a parameter they say nothing about (in the spirit of
Anderson 2012, doi:10.1175/MWR-D-11-00013.1).  Spread comes from the model's declared drift and process noise: nothing
is inflated here.  Leaves that are not smooth are left alone; a failed member takes no part and keeps weight zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log, pi
from typing import Any

import numpy as np
from jaxtyping import Int, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior, systematic
from ..core.draws import normal, purpose, uniform
from ..core.errors import CapabilityError
from ..core.model import Fixed, Model, Window
from ..core.quantity import Noise, bound, free, names
from ..numerics.start import computed_once, jax_numpy
from .sweep import advance, after_reading, occasions

__all__ = ["EnsembleKalman", "even"]


@dataclass(frozen=True, slots=True)
class EnsembleKalman:
    """The filter; `shrink` False uses the plain sampled gain."""

    shrink: bool = True
    needs: tuple[type, ...] = ()

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """Posterior at the window's end; see `core.model.Engine`."""
        twins = window.low.shape[0]
        belief = even(prior, key, window.at[:, 0])
        update = _update_for(model, self.shrink)
        log_evidence = np.zeros(twins)
        for step, luck in zip(window.steps(), occasions(window).T, strict=True):
            belief, running = advance(model, belief, step, fixed, key)
            belief, predicted = after_reading(model, belief, running, step)
            if step.seen.any():
                leaves = {q.name: belief.state[q.name] for q in model.smooth}
                theta, leaves, logw, gained = update(
                    belief.theta, leaves, predicted, belief.logw,
                    step.low[:, 0], step.high[:, 0], step.sd[:, 0], key, luck,
                )  # fmt: skip
                belief = replace(belief, theta=theta, state={**belief.state, **leaves}, logw=logw)
                log_evidence = log_evidence + np.asarray(gained)
        live = np.isfinite(np.asarray(belief.logw)).reshape(twins, -1).sum(axis=1)
        belief.weights(twins)  # raises when every member of a twin has failed
        failed = belief.rows // twins - live
        return Posterior(belief, Evidence(live.astype(float), live, log_evidence, failed))


def even(belief: Belief, key: UInt64[Array, "r"], at: Int[Array, "b"]) -> Belief:
    """The same belief with equal weights, resampled where they differ, so that no member of weight zero is left;
    each of the b twins draws by its own instant `at`."""
    logw = np.asarray(belief.logw)
    twins = at.shape[0]
    each = belief.rows // twins
    if np.all(logw.reshape(twins, each) == logw.reshape(twins, each)[:, :1]):
        return belief
    weights = belief.weights(twins)
    index = [
        t * each + systematic(w, float(uniform(key[t * each : t * each + 1], RESAMPLE, at[t : t + 1])[0]))
        for t, w in enumerate(weights)
    ]
    return belief.take(np.concatenate(index))


RESAMPLE = purpose("resample")
FLOOR = 1e-300
"""Keeps the logarithm and the division by a variance finite when an observable has no spread at all."""


@lru_cache(maxsize=64)
def _update_for(model: Model, shrink: bool) -> Callable[..., Any]:
    """The compiled update of this model's beliefs by one step's readings."""
    jax_numpy()
    import jax

    for q in model.observables:
        if q.noise is not None and q.noise.family == "poisson":
            raise CapabilityError(f"observable '{q.name}' is a count: the ensemble Kalman filter cannot weigh it, "
                                  "use the particle engine")  # fmt: skip
    return jax.jit(_Update(model, shrink))


class _Update:
    """Array-pure update for b twins of n members each; rows r = b n."""

    def __init__(self, model: Model, shrink: bool) -> None:
        self.observables, self.shrink = model.observables, shrink
        self.parameters = names(model.parameters)
        self.columns = [
            (i, q)
            for i, q in enumerate(model.parameters)
            if q.prior is None or q.prior.family != "fixed"
        ]  # fmt: skip
        self.smooth = model.smooth

    def __call__(
        self, theta: Any, leaves: Any, y: Any, logw: Any, low: Any, high: Any, sd: Any, key: Any, at: Any
    ) -> tuple[Any, Any, Any, Any]:
        xp = jax_numpy()
        twins, each = low.shape[0], theta.shape[0] // low.shape[0]
        grid = lambda a: xp.asarray(a).reshape(twins, each, *a.shape[1:])  # noqa: E731
        alive = grid(xp.isfinite(logw) & xp.isfinite(y).all(axis=1))
        # one stack (leaf numbers, b, n) of all that moves: parameters and smooth states in free space, then predictions
        free_theta = [grid(free(q, theta[:, i], xp))[None] for i, q in self.columns]
        free_state = [
            xp.moveaxis(grid(free(q, leaves[q.name], xp)).reshape(twins, each, -1), 2, 0) for q in self.smooth
        ]
        moving = [*free_theta, *free_state]
        sizes = [piece.shape[0] for piece in moving]
        x = xp.concatenate([*moving, xp.moveaxis(grid(y), 2, 0)]) if moving else xp.moveaxis(grid(y), 2, 0)
        x = computed_once(x)
        own = sum(sizes)
        alive = alive & xp.isfinite(x).all(axis=0)
        evidence = xp.zeros(twins)
        for c, q in enumerate(self.observables):
            reading = (low[:, c], high[:, c], sd[:, c])
            size = self._noise_size(q.noise, x[own + c], theta, alive, xp)
            luck = grid(normal(key, purpose(f"perturb:{q.name}"), xp.repeat(at, each), xp))
            x, gained = self._one(q.noise, x, x[own + c], reading, size, luck, alive)
            evidence = evidence + gained
        pieces = xp.split(x[:own], np.cumsum(sizes)[:-1]) if moving else []
        columns = [theta[:, i] for i in range(theta.shape[1])]
        for (i, q), piece in zip(self.columns, pieces, strict=False):
            columns[i] = bound(q, piece.reshape(-1), xp)
        moved = xp.stack(columns, axis=1) if columns else theta
        new: dict[str, Any] = {}
        for q, piece in zip(self.smooth, pieces[len(self.columns) :], strict=True):
            new[q.name] = bound(q, xp.moveaxis(piece, 0, 2).reshape(leaves[q.name].shape), xp)
        alive = alive.reshape(-1) & xp.isfinite(moved).all(axis=1)
        for leaf in new.values():
            alive = alive & xp.isfinite(leaf).reshape(leaf.shape[0], -1).all(axis=1)
        return moved, new, xp.where(alive, 0.0, -xp.inf), evidence

    def _noise_size(self, noise: Noise | None, y: Any, theta: Any, alive: Any, xp: Any) -> Any:
        """Sd of the declared noise, one per twin: (b,)."""
        if noise is None:
            return xp.zeros(y.shape[0])
        if noise.parameter is not None:
            own = theta[:, self.parameters.index(noise.parameter)].reshape(y.shape)
        else:
            own = xp.full(y.shape, noise.sd)
        size = own if noise.family == "lognormal" else xp.sqrt(own**2 + (noise.relative * y) ** 2)
        return xp.where(alive, size, 0.0).sum(axis=1) / xp.maximum(alive.sum(axis=1), 1)

    def _one(
        self, noise: Noise | None, x: Any, y: Any, reading: Any, size: Any, luck: Any, alive: Any
    ) -> tuple[Any, Any]:
        """The readings of one observable move everything, also the predictions of the observables still to come."""
        xp = jax_numpy()
        low, high, sd = reading
        seen = ~xp.isnan(low)
        if noise is not None and noise.family == "lognormal":
            y, low, high = xp.log(xp.maximum(y, FLOOR)), xp.log(low), xp.log(high)
        spread = xp.where(xp.isnan(sd), size, sd)
        n = xp.maximum(alive.sum(axis=1), 3)
        mean = lambda a: xp.where(alive, a, 0.0).sum(axis=-1) / n  # noqa: E731
        away = xp.where(alive, y - mean(y)[:, None], 0.0)
        variance = (away**2).sum(axis=1) / (n - 1)
        total = variance + spread**2
        noisy = y + spread[:, None] * (luck - mean(luck)[:, None])
        gap = xp.where(seen[:, None] & alive, xp.clip(noisy, low[:, None], high[:, None]) - noisy, 0.0)
        off = computed_once(xp.where(alive, x - mean(x)[..., None], 0.0))
        covariance = (off * away).sum(axis=-1) / (n - 1)
        gain = covariance / xp.maximum(total, FLOOR)
        if self.shrink:
            own = (off**2).sum(axis=-1) / (n - 1)
            rho2 = covariance**2 / xp.maximum(own * variance, FLOOR)
            gain = gain * xp.maximum(0.0, 1.0 - (1.0 - rho2) / ((n - 2) * xp.maximum(rho2, FLOOR)))
        exact = seen & (low == high)
        miss = xp.where(exact, low - mean(y), 0.0)
        gained = xp.where(exact, -0.5 * (miss**2 / total + xp.log(total) + log(2.0 * pi)), 0.0)
        return x + gain[..., None] * gap, gained
