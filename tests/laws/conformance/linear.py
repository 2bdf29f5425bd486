"""Linear-Gaussian: x' = k (level + drift - x) + push, both level and x kicked every hour; so an exact filter exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift, Noise, Quantity
from gemel.numerics.flow import Flow

from . import MADE, card, law

RATE, JOLT, WALK, ERROR = 0.3, 0.15, 0.1, 0.25


@dataclass(frozen=True)
class Linear:
    card = card("Linear")
    parameters = (Quantity("level", "1", prior=law("normal", 1.0, 0.5), drift=Drift("walk", WALK, MADE)),)
    prior = JointPrior(parameters)
    covariates = ()
    smooth = (Quantity("x", "1", drift=Drift("walk", JOLT, MADE)),)
    observables = (Quantity("y", "1", code="test:y", noise=Noise("normal", MADE, sd=ERROR)),)
    inputs = (Quantity("push", "/h", dose_unit="1", code="test:push"),)
    settings = ()
    step = 0.125

    def start(self, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"x": p.level + u.push / RATE}

    def field(self, x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"x": RATE * (p.level - x.x) + u.push}

    def dose(self, x: Any, p: Any, d: Any, env: Any) -> dict[str, Any]:
        return {"x": x.x + d.push}

    def emit(self, x: Any, p: Any, env: Any) -> dict[str, Any]:
        return {"y": x.x}


model = Flow(Linear())
