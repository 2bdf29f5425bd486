"""A censored hazard: the cumulative hazard is a running total, a reading Count(0) says alive, Count(1) says an event.

Gamma prior and Poisson counts over known times: the posterior is gamma(shape + events, 1 / (1 / scale + hours)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gemel.core.clock import HOUR
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity

from . import MADE, card, law

SHAPE, SCALE = 4.0, 0.05


@dataclass(frozen=True)
class Hazard:
    card = card("Hazard")
    parameters = (Quantity("rate", "/h", low=0.0, prior=law("gamma", SHAPE, SCALE)),)
    prior = JointPrior(parameters)
    covariates = smooth = inputs = settings = ()
    observables = (Quantity("events", "1", low=0.0, code="test:event", span="interval", noise=Noise("poisson", MADE)),)

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        return {"total": np.zeros(len(key))}

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        total = state["total"][:, None] + theta * np.cumsum(drive.dt, axis=1) / HOUR
        return {"total": total[:, -1]}, drive.outputs(total[:, :, None])


model = Hazard()
