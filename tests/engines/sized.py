"""The linear conformance model with sizes that nobody knows: the error of its readings and the jolts of its state.

Given both sizes everything is Gaussian, so their exact posterior is a grid of Kalman filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any

import numpy as np

from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift, Noise, Quantity
from gemel.numerics.flow import Flow
from tests.laws.conformance import MADE, law
from tests.laws.conformance.linear import ERROR, JOLT, RATE, Linear

WIDTH = 0.7
"""Sd of the log of each size in the prior."""
LEVEL, SPREAD = 1.0, 0.5


@dataclass(frozen=True)
class Sized(Linear):
    parameters = (
        Quantity("level", "1", prior=law("normal", LEVEL, SPREAD)),
        Quantity("error", "1", low=0.0, prior=law("lognormal", float(np.log(ERROR)), WIDTH)),
        Quantity("jolt", "1", low=0.0, prior=law("lognormal", float(np.log(JOLT)), WIDTH)),
    )
    prior = JointPrior(parameters)
    smooth = (replace(Linear.smooth[0], drift=Drift("walk", JOLT, MADE, parameter="jolt")),)
    observables = (replace(Linear.observables[0], noise=Noise("normal", MADE, sd=ERROR, parameter="error")),)


model = Flow(Sized())


def evidence(readings: Sequence[float], error: Any, jolt: Any) -> Any:
    """Log evidence of readings at hours 1, 2, ... under these sizes (arrays that broadcast): the Kalman filter."""
    a, shape = exp(-RATE), np.broadcast(error, jolt).shape
    move = np.array([[a, 1 - a], [0.0, 1.0]])
    mean = np.broadcast_to([LEVEL, LEVEL], (*shape, 2)).copy()
    spread = np.broadcast_to(np.full((2, 2), SPREAD**2), (*shape, 2, 2)).copy()
    total = np.zeros(shape)
    for value in readings:
        spread[..., 0, 0] += jolt**2
        mean, spread = mean @ move.T, move @ spread @ move.T
        variance, miss = spread[..., 0, 0] + error**2, value - mean[..., 0]
        gain = spread[..., :, 0] / variance[..., None]
        total = total - 0.5 * (miss**2 / variance + np.log(2 * np.pi * variance))
        mean = mean + gain * miss[..., None]
        spread = spread - gain[..., :, None] * gain[..., None, :] * variance[..., None, None]
    return total


def exact(readings: Sequence[float]) -> tuple[dict[str, tuple[float, float]], float]:
    """Posterior mean and sd of the log of each size, and the log evidence, on a grid of five prior sd each way."""
    z = np.linspace(-5.0, 5.0, 161)
    error, jolt = ERROR * np.exp(WIDTH * z)[:, None], JOLT * np.exp(WIDTH * z)[None, :]
    logp = evidence(readings, error, jolt) - 0.5 * (z[:, None] ** 2 + z[None, :] ** 2)
    top = logp.max()
    p = np.exp(logp - top)
    result = {}
    for name, axis, scale in (("error", 1, ERROR), ("jolt", 0, JOLT)):
        own = p.sum(axis=axis) / p.sum()
        value = np.log(scale) + WIDTH * z
        mean = float(own @ value)
        result[name] = (mean, float(np.sqrt(own @ (value - mean) ** 2)))
    return result, float(top + np.log(p.sum() * (z[1] - z[0]) ** 2 / (2 * np.pi)))
