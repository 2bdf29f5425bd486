"""The ensemble Kalman update: one step's readings, one observable at a time, move the members of many twins.

    x_i <- x_i + K g_i,   K = s w cov(x, y) / (var(y) + R)

x are the parameters and smooth states in free space, y the prediction of the observable, R its error variance.

perturbed   g_i = d_i - y_i - e_i, e_i ~ N(0, R) (Burgers, van Leeuwen and Evensen 1998,
            doi:10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2); d_i is the reading, or, for one known only to lie in
            an interval, the point of the interval nearest to y_i + e_i: a member already inside is not moved.
transform   g_i = d - mean(y) - (y_i - mean(y)) / (1 + sqrt(R / (var(y) + R))): the symmetric ensemble transform
            (Bishop, Etherton and Majumdar 2001, doi:10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2), which for one
            reading at a time is the square root filter of Whitaker and Hamill (2002,
            doi:10.1175/1520-0493(2002)130<1913:EDAWPO>2.0.CO;2).  No luck; intervals stay perturbed.

s is the positive-part shrinkage of a sampled regression coefficient, with rho the sampled correlation of x and y,

    s = max(0, 1 - (1 - rho^2) / ((n - 2) rho^2)),

(in the spirit of Anderson 2012, doi:10.1175/MWR-D-11-00013.1); w the taper of a `Localised` model.  A failed member
takes no part and keeps weight zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import log, pi
from typing import Any, Literal, NamedTuple

import numpy as np

from ..core.draws import normal, purpose
from ..core.errors import CapabilityError
from ..core.model import Model
from ..core.quantity import Noise, bound, free, names
from ..numerics.start import computed_once, jax_numpy
from .inflate import Told, learned, spread_out
from .local import tapers

__all__ = ["Ensemble", "Options", "Reading", "Update", "update_for"]

FLOOR = 1e-300
"""Keeps the logarithm and the division by a variance finite when an observable has no spread at all."""


@dataclass(frozen=True, slots=True)
class Options:
    """`shrink` False uses the plain sampled gain; `inflate` is the sd by which an adaptive inflation factor may wander
    from reading to reading (0: no inflation)."""

    shrink: bool = True
    form: Literal["perturbed", "transform"] = "perturbed"
    inflate: float = 0.0


class Ensemble(NamedTuple):
    """What moves: parameters (r, p), smooth leaves (r, ...), log weights (r,), inflation factors (r,) or None, and
    smooth leaves of earlier instants (k, r) in free space, which a smoother lets move along."""

    theta: Any
    leaves: dict[str, Any]
    logw: Any
    inflation: Any = None
    past: Any = None


class Reading(NamedTuple):
    """One step's readings: interval and instrument error, each (b, c), and the number (b,) luck is drawn by."""

    low: Any
    high: Any
    sd: Any
    number: Any


@lru_cache(maxsize=64)
def update_for(model: Model, options: Options) -> Callable[..., Any]:
    """The compiled update of this model's beliefs by one step's readings; CapabilityError for a model with counts."""
    jax_numpy()
    import jax

    return jax.jit(Update(model, options))


class Update:
    """Array-pure update for b twins of n members each; rows r = b n."""

    def __init__(self, model: Model, options: Options) -> None:
        for q in model.observables:
            if q.noise is not None and q.noise.family == "poisson":
                raise CapabilityError(f"observable '{q.name}' is a count: the ensemble Kalman filter cannot weigh it, "
                                      "use the particle engine")  # fmt: skip
        self.observables, self.options = model.observables, options
        self.parameters = names(model.parameters)
        self.columns = [(i, q) for i, q in enumerate(model.parameters) if q.prior is None or q.prior.family != "fixed"]
        self.smooth = model.smooth
        self.tapers = tapers(model, [q for _, q in self.columns])

    def __call__(self, ensemble: Ensemble, y: Any, reading: Reading, key: Any) -> tuple[Ensemble, Any]:
        """The ensemble after the readings of which `y` (r, c) are the predictions; and the log evidence (b,)."""
        xp = jax_numpy()
        twins = reading.low.shape[0]
        each = y.shape[0] // twins
        grid = lambda a: xp.asarray(a).reshape(twins, each, *a.shape[1:])  # noqa: E731
        moving, sizes = self._stack(ensemble, grid)
        own = sum(sizes)
        past = [] if ensemble.past is None else [xp.asarray(ensemble.past).reshape(-1, twins, each)]
        x = computed_once(xp.concatenate([*moving, xp.moveaxis(grid(y), 2, 0), *past]))
        alive = grid(xp.isfinite(ensemble.logw) & xp.isfinite(y).all(axis=1)) & xp.isfinite(x).all(axis=0)
        evidence, told = xp.zeros(twins), []
        for c, q in enumerate(self.observables):
            size = self._noise_size(q.noise, x[own + c], ensemble.theta, alive, xp)
            luck = grid(normal(key, purpose(f"perturb:{q.name}"), xp.repeat(reading.number, each), xp))
            scaled = _scaled(q.noise, x[own + c], (reading.low[:, c], reading.high[:, c]), xp)
            spread = xp.where(xp.isnan(reading.sd[:, c]), size, reading.sd[:, c])
            x, gained, learnt = self._one(x, scaled, spread, luck, alive, self._taper(c, x.shape[0], own))
            evidence = evidence + gained
            told.append(learnt)
        x, inflation = self._inflated(ensemble, x, told, alive, sizes)
        moved = self._back(ensemble, x[:own], sizes, alive)
        carried = None if ensemble.past is None else x[own + len(self.observables) :].reshape(-1, twins * each)
        return moved._replace(inflation=inflation, past=carried), evidence

    def _stack(self, ensemble: Ensemble, grid: Any) -> tuple[list[Any], list[int]]:
        """Parameters, then smooth states, in free space: pieces of shape (leaf numbers, b, n), and their sizes."""
        xp = jax_numpy()
        theta = [grid(free(q, ensemble.theta[:, i], xp))[None] for i, q in self.columns]
        state: list[Any] = []
        for q in self.smooth:
            leaf = grid(free(q, ensemble.leaves[q.name], xp))
            state.append(xp.moveaxis(leaf.reshape(*leaf.shape[:2], -1), 2, 0))
        return [*theta, *state], [piece.shape[0] for piece in [*theta, *state]]

    def _back(self, ensemble: Ensemble, x: Any, sizes: list[int], alive: Any) -> Ensemble:
        """The stack as parameters and leaves again; a member that is no longer finite has failed."""
        xp = jax_numpy()
        pieces = xp.split(x, np.cumsum(sizes)[:-1]) if sizes else []
        columns = [ensemble.theta[:, i] for i in range(ensemble.theta.shape[1])]
        for (i, q), piece in zip(self.columns, pieces, strict=False):
            columns[i] = bound(q, piece.reshape(-1), xp)
        theta = xp.stack(columns, axis=1) if columns else ensemble.theta
        leaves: dict[str, Any] = {}
        for q, piece in zip(self.smooth, pieces[len(self.columns) :], strict=True):
            leaves[q.name] = bound(q, xp.moveaxis(piece, 0, 2).reshape(ensemble.leaves[q.name].shape), xp)
        whole = alive.reshape(-1) & xp.isfinite(theta).all(axis=1)
        for leaf in leaves.values():
            whole = whole & xp.isfinite(leaf).reshape(leaf.shape[0], -1).all(axis=1)
        return Ensemble(theta, leaves, xp.where(whole, 0.0, -xp.inf))

    def _taper(self, c: int, length: int, own: int) -> Any:
        """How far the readings of observable c may move each number of the stack: 1 everywhere, unless the model says
        which lie within its reach; the past of a leaf tapers like the leaf."""
        if self.tapers is None:
            return None
        weights, leaves = self.tapers[c], own - len(self.columns)
        again = 0 if leaves == 0 else (length - weights.size) // leaves
        return np.concatenate([weights, np.tile(weights[len(self.columns) : own], again)])[:, None]

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
        self, x: Any, scaled: tuple[Any, Any, Any], spread: Any, luck: Any, alive: Any, taper: Any
    ) -> tuple[Any, Any, Told]:
        """The readings of one observable move everything, also the predictions of the observables still to come."""
        xp = jax_numpy()
        y, low, high = scaled
        seen = ~xp.isnan(low)
        n = xp.maximum(alive.sum(axis=1), 3)
        mean = lambda a: xp.where(alive, a, 0.0).sum(axis=-1) / n  # noqa: E731
        away = xp.where(alive, y - mean(y)[:, None], 0.0)
        variance = (away**2).sum(axis=1) / (n - 1)
        total = variance + spread**2
        exact = seen & (low == high)
        miss = xp.where(exact, low - mean(y), 0.0)
        noisy = y + spread[:, None] * (luck - mean(luck)[:, None])
        gap = xp.clip(noisy, low[:, None], high[:, None]) - noisy
        if self.options.form == "transform":
            kept = 1.0 + spread / xp.sqrt(xp.maximum(total, FLOOR))
            gap = xp.where(exact[:, None], miss[:, None] - away / kept[:, None], gap)
        gap = xp.where(seen[:, None] & alive, gap, 0.0)
        off = computed_once(xp.where(alive, x - mean(x)[..., None], 0.0))
        covariance = (off * away).sum(axis=-1) / (n - 1)
        gain = covariance / xp.maximum(total, FLOOR)
        own = (off**2).sum(axis=-1) / (n - 1)
        rho2 = covariance**2 / xp.maximum(own * variance, FLOOR)
        certain = xp.maximum(0.0, 1.0 - (1.0 - rho2) / ((n - 2) * xp.maximum(rho2, FLOOR)))
        if self.options.shrink:
            gain = gain * certain
        if taper is not None:
            gain, certain = gain * taper, certain * taper
        gained = xp.where(exact, -0.5 * (miss**2 / total + xp.log(total) + log(2.0 * pi)), 0.0)
        return x + gain[..., None] * gap, gained, Told(exact, miss, variance, spread, rho2 * certain)

    def _inflated(self, ensemble: Ensemble, x: Any, told: list[Told], alive: Any, sizes: list[int]) -> tuple[Any, Any]:
        """The stack with its states spread out by the inflation factor that these readings leave."""
        if self.options.inflate == 0.0:
            return x, ensemble.inflation
        xp = jax_numpy()
        first, last = len(self.columns), sum(sizes)
        factor = ensemble.inflation.reshape(alive.shape)[:, 0]
        for one in told:
            factor = learned(factor, one, self.options.inflate)
        part = xp.stack([xp.where(one.exact, one.part[first:last], 0.0) for one in told]).max(axis=0)
        states = spread_out(x[first:last], factor, part, alive)
        spread = xp.broadcast_to(factor[:, None], alive.shape).reshape(-1)
        return xp.concatenate([x[:first], states, x[last:]]), spread


def _scaled(noise: Noise | None, y: Any, interval: tuple[Any, Any], xp: Any) -> tuple[Any, Any, Any]:
    """Prediction and interval on the scale on which the error is normal."""
    low, high = interval
    if noise is None or noise.family != "lognormal":
        return y, low, high
    return xp.log(xp.maximum(y, FLOOR)), xp.log(low), xp.log(high)
