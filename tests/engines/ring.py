"""Lorenz's ring of forty: x_i' = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + 8 (Lorenz 1996, doi:10.1017/CBO9780511617652.004;
one unit of time is five days).  Every second site is read every six hours with an error of 1: a chaotic chain whose far
ends have nothing to tell one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity
from gemel.engines.local import gaspari_cohn
from tests.laws.conformance import MADE, card, law

SITES, FORCE, PER_HOUR, HALF = 40, 8.0, 1.0 / 120.0, 4.0
READ = tuple(range(0, SITES, 2))


@dataclass(frozen=True)
class Ring:
    card = card("Ring")
    parameters = (Quantity("phase", "1", prior=law("normal", 0.0, 1.0)),)
    prior = JointPrior(parameters)
    covariates = inputs = settings = ()
    smooth = (Quantity("x", "1", shape=(SITES,)),)
    observables = tuple(Quantity(f"y{i}", "1", code=f"test:y{i}", noise=Noise("normal", MADE, sd=1.0)) for i in READ)
    step = 3.0

    def start(self, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"x": FORCE + 3.0 * env.xp.sin(p.phase * (1.0 + np.arange(SITES)))}

    def field(self, x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
        roll = env.xp.roll
        return {"x": ((roll(x.x, -1) - roll(x.x, 2)) * roll(x.x, 1) - x.x + FORCE) * PER_HOUR}

    def dose(self, x: Any, p: Any, d: Any, env: Any) -> dict[str, Any]:
        return {}

    def emit(self, x: Any, p: Any, env: Any) -> dict[str, Any]:
        return {f"y{i}": x.x[i] for i in READ}


@dataclass(frozen=True)
class LocalRing(Ring):
    def reach(self, observable: str) -> Mapping[str, Any]:
        here = int(observable.removeprefix("y"))
        away = np.abs((np.arange(SITES) - here + SITES // 2) % SITES - SITES // 2)
        weights = gaspari_cohn(away.astype(float), HALF)
        return {"x": weights} | {f"y{i}": float(weights[i]) for i in READ}
