"""A learned predictor on features of the past: the last reading and the trend, which facts set and time only ages.

y(t) = last + TREND slope (1 - exp(-t)) + REVERT (mean - last)(1 - exp(-t / 4)), coefficients fixed: nothing to infer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gemel.core.clock import HOUR
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity

from . import MADE, card, law

TREND, REVERT = 0.8, 0.6


@dataclass(frozen=True)
class History:
    card = card("History", causal="association")
    parameters = smooth = inputs = settings = ()
    prior = JointPrior(())
    covariates = (Quantity("usual", "mg/dL", low=0.0, analyte="glucose", prior=law("normal", 140.0, 30.0)),)
    observables = (Quantity("glucose", "mg/dL", low=0.0, code="test:glucose", noise=Noise("normal", MADE, sd=8.0)),)
    absorbs = (Quantity("reading", "mg/dL", low=0.0, code="test:glucose", analyte="glucose"),)

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        return {
            "last": np.array(covariates[:, 0]),
            "slope": np.zeros(len(key)),
            "age": np.full(len(key), np.inf),
        }

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        age = state["age"][:, None] + np.cumsum(drive.dt, axis=1) / HOUR
        last, slope, usual = (
            state["last"][:, None],
            state["slope"][:, None],
            np.asarray(drive.covariates)[:, :, 0],
        )
        y = last + TREND * slope * (1.0 - np.exp(-age)) + REVERT * (usual - last) * (1.0 - np.exp(-age / 4.0))
        return state | {"age": age[:, -1]}, drive.outputs(np.maximum(y, 0.0)[:, :, None])

    def absorb(self, state: Any, theta: Any, covariates: Any, facts: Any, fixed: Any, key: Any) -> dict[str, Any]:
        value, code = (np.repeat(a[:, -1], len(key) // len(a)) for a in (facts.value, facts.code))
        fresh = code >= 0
        slope = np.where(state["age"] > 0, (value - state["last"]) / np.maximum(state["age"], 1e-6), state["slope"])
        new = {"last": value, "slope": slope, "age": np.zeros(len(key))}
        return {name: np.where(fresh, leaf, state[name]) for name, leaf in new.items()}


model = History()
