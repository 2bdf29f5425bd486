"""Census-fed ward: facts say who is in, the model how long each stays.

S(t) = exp(-(t / scale)^2).  A patient known to be in after e hours gets the same draw u on what is left of the law:
stay = scale sqrt(e^2 / scale^2 - ln u), so nobody who is here has already left, and no draw depends on the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gemel.core.clock import HOUR
from gemel.core.draws import purpose, uniform
from gemel.core.prior import JointPrior
from gemel.core.quantity import Quantity

from . import card, law

STAY, NOBODY = purpose("stay"), -1


@dataclass(frozen=True)
class Census:
    beds: int = 16
    card = card("Census", "hospital")
    parameters = (Quantity("scale", "h", low=0.0, prior=law("lognormal", 3.0, 0.2)),)
    prior = JointPrior(parameters)
    covariates = smooth = inputs = settings = ()
    observables = (Quantity("occupied", "{beds}", low=0.0),)
    absorbs = (
        Quantity("admission", "h", code="test:admission"),
        Quantity("discharge", "1", code="test:discharge"),
    )

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        shape = (len(key), self.beds)
        return {"now": np.zeros(shape[0]), "who": np.full(shape, NOBODY), "came": np.zeros(shape),
                "leaves": np.full(shape, -np.inf)}  # fmt: skip

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        now = state["now"][:, None] + np.cumsum(drive.dt, axis=1) / HOUR
        occupied = (state["leaves"][:, None] > now[:, :, None]).sum(axis=2)
        return state | {"now": now[:, -1]}, drive.outputs(occupied[:, :, None].astype(float))

    def absorb(self, state: Any, theta: Any, covariates: Any, facts: Any, fixed: Any, key: Any) -> dict[str, Any]:
        now, who, came = np.array(state["now"]), np.array(state["who"]), np.array(state["came"])
        every, each = np.arange(len(key)), len(key) // len(facts.code)
        for code, entity, stayed in zip(facts.code.T, facts.entity.T, facts.value.T, strict=True):
            code, entity, stayed = (np.repeat(a, each) for a in (code, entity, stayed))
            who[(who == entity[:, None]) & (code == 1)[:, None]] = NOBODY
            row = every[code == 0]
            bed = np.argmax(who[row] == NOBODY, axis=1)
            who[row, bed], came[row, bed] = entity[row], now[row] - stayed[row]
        luck, elapsed = uniform(key[:, None], STAY, who), (now[:, None] - came) / theta
        stay = theta * np.sqrt(elapsed**2 - np.log(luck))
        return {"now": now, "who": who, "came": came, "leaves": np.where(who == NOBODY, -np.inf, came + stay)}


model = Census()
