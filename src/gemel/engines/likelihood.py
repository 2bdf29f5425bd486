"""The log likelihood of readings as a differentiable function of what the model says of each.

For a reading, the model gives a location (the predicted value; its logarithm for lognormal noise) and a size (the sd).
Both enter one elementwise log density, for an exact reading, or log probability, for one known to lie in an interval.
Its curvature is Fisher's expected information where the reading is exact, and the negative second derivative by the
location, never below zero, where it is an interval: what a Gauss-Newton step and a Laplace covariance need.
"""

from __future__ import annotations

from math import log, pi
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import CapabilityError
from ..core.model import Model, Window
from ..core.quantity import Quantity, names
from ..numerics.start import jax_numpy

__all__ = ["Readings", "curvature", "log_density", "predicted", "readings_of"]

TINY = 1e-300
"""Keeps logarithms finite."""
FARTHEST = 1e3
"""Sizes beyond which an interval's edge counts as infinite; the log normal tail is still finite there."""


class Readings(NamedTuple):
    """One twin's readings, padded: interval and instrument sd (t, c), and for running totals which output was read
    before (t, c), -1 for none in this window."""

    low: Any
    high: Any
    sd: Any
    before: Any


def readings_of(model: Model, window: Window, twin: int, outputs: int) -> Readings:
    """The readings of one twin of the window, padded to `outputs`.  Raises CapabilityError for a reading of an
    observable that has neither a declared noise nor an instrument sd."""
    spare = ((0, outputs - window.low.shape[1]), (0, 0))
    low, high, sd = (
        np.pad(np.asarray(a, dtype=float)[twin], spare, constant_values=np.nan)
        for a in (window.low, window.high, window.sd)
    )
    seen = ~np.isnan(low)
    for c, q in enumerate(model.observables):
        if q.noise is None and np.isnan(sd[seen[:, c], c]).any():
            raise CapabilityError(
                f"observable '{q.name}' was read, but has no noise: declare one, or give the fact's sd"
            )
    index = np.where(seen, np.arange(outputs)[:, None], -1)
    before = np.full(low.shape, -1)
    before[1:] = np.maximum.accumulate(index, axis=0)[:-1]
    return Readings(low, high, sd, before)


def predicted(model: Model, readings: Readings, paths: Any, theta: Any, read: Any) -> tuple[Any, Any]:
    """Location and size of every reading, (r, t, c) each, of the rows' `paths` (r, t, c); `read` (r, c) are running
    totals before the window."""
    xp = jax_numpy()
    labels = names(model.parameters)
    columns: list[tuple[Any, Any]] = []
    for c, q in enumerate(model.observables):
        value = paths[:, :, c]
        if q.span == "interval":
            last = readings.before[:, c]
            value = value - xp.where(last < 0, read[:, c : c + 1], value[:, xp.maximum(last, 0)])
        columns.append(_said(q, value, readings.sd[:, c], theta, labels))
    return tuple(xp.stack(part, axis=2) for part in zip(*columns, strict=True))  # pyright: ignore[reportReturnType]


def _said(q: Quantity, value: Any, sd: Any, theta: Any, labels: tuple[str, ...]) -> tuple[Any, Any]:
    xp, noise = jax_numpy(), q.noise
    size = xp.zeros_like(value)
    if noise is not None:
        size = size + (noise.sd if noise.parameter is None else theta[:, labels.index(noise.parameter), None])
    if noise is not None and noise.family == "lognormal":
        value = xp.log(xp.maximum(value, TINY))
    elif noise is not None and noise.relative:
        size = xp.sqrt(xp.maximum(size**2 + (noise.relative * value) ** 2, TINY))
    return value, xp.where(xp.isnan(sd), size, sd)


def log_density(model: Model, readings: Readings, location: Any, size: Any) -> Any:
    """Log density (exact) or log probability (interval) of each reading, 0 where there is none: (r, t, c)."""
    xp = jax_numpy()
    columns = [
        _one(q, readings.low[:, c], readings.high[:, c], location[:, :, c], size[:, :, c])
        for c, q in enumerate(model.observables)
    ]
    return xp.stack(columns, axis=2)


def _one(q: Quantity, low: Any, high: Any, location: Any, size: Any) -> Any:
    xp = jax_numpy()
    seen, exact = ~xp.isnan(low), low == high
    low, high = xp.where(seen, low, 0.0), xp.where(seen, high, 1.0)
    if q.noise is not None and q.noise.family == "poisson":
        return xp.where(seen, _poisson(low, high, exact, xp.maximum(location, TINY)), 0.0)
    if q.noise is not None and q.noise.family == "lognormal":
        low, high = xp.log(xp.maximum(low, TINY)), xp.log(xp.maximum(high, TINY))
    size = xp.where(seen, size, 1.0)
    point = xp.where(exact, low, 0.0)
    sharp = -0.5 * ((point - location) / size) ** 2 - xp.log(size) - 0.5 * log(2.0 * pi)
    a = _reach(xp.where(exact, -1.0, low), location, size, -FARTHEST)
    b = _reach(xp.where(exact, 1.0, high), location, size, FARTHEST)
    return xp.where(seen, xp.where(exact, sharp, _between(a, b)), 0.0)


def _reach(edge: Any, location: Any, size: Any, farthest: float) -> Any:
    """How many sizes an interval's edge lies from the location; an infinite edge lies `farthest`, and has no slope."""
    xp = jax_numpy()
    finite = xp.isfinite(edge)
    steps = (xp.where(finite, edge, 0.0) - location) / size
    return xp.where(finite, xp.clip(steps, -FARTHEST, FARTHEST), farthest)


def _between(a: Any, b: Any) -> Any:
    """log(Phi(b) - Phi(a)), a < b, taken in the tail in which both are small."""
    from jax.scipy.special import log_ndtr

    xp = jax_numpy()
    flip = a + b > 0.0
    low, high = xp.where(flip, -b, a), xp.where(flip, -a, b)
    top, rest = log_ndtr(high), log_ndtr(low)
    return top + xp.log1p(-xp.exp(xp.minimum(rest - top, -1e-12)))


def _poisson(low: Any, high: Any, exact: Any, mean: Any) -> Any:
    """Counts of this mean: the mass at `low`, or of low ... high."""
    from jax.scipy.special import gammaincc, gammaln

    xp = jax_numpy()
    point = xp.where(exact, low, 0.0)
    mass = point * xp.log(mean) - mean - gammaln(point + 1.0)
    top = xp.where(xp.isfinite(high), gammaincc(xp.where(xp.isfinite(high), xp.floor(high), 0.0) + 1.0, mean), 1.0)
    under = xp.ceil(low)
    rest = xp.where(under > 0.0, gammaincc(xp.maximum(under, 1.0), mean), 0.0)
    return xp.where(exact, mass, xp.log(xp.maximum(top - rest, TINY)))


def curvature(model: Model, readings: Readings, location: Any, size: Any) -> tuple[Any, Any]:
    """Information of each reading about its location and its size, (r, t, c) each, none below 0."""
    import jax

    xp = jax_numpy()

    def slope(at: Any) -> Any:
        return jax.grad(lambda x: log_density(model, readings, x, size).sum())(at)

    bend = -jax.jvp(slope, (location,), (xp.ones_like(location),))[1]
    seen = ~xp.isnan(readings.low)[None]
    exact = (readings.low == readings.high)[None] & seen
    counts = np.array([q.noise is not None and q.noise.family == "poisson" for q in model.observables])
    safe = xp.where(seen, size, 1.0)
    sharp = xp.where(counts, 1.0 / xp.maximum(location, TINY), 1.0 / xp.where(counts, 1.0, safe) ** 2)
    about_location = xp.where(exact, sharp, xp.where(seen, xp.maximum(bend, 0.0), 0.0))
    return about_location, xp.where(exact & ~counts, 2.0 / safe**2, 0.0)
