"""Counts of events at an unknown rate, as a flow: a gamma prior makes the posterior a gamma law again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity
from gemel.numerics.flow import Flow
from tests.laws.conformance import MADE, card, law
from tests.laws.conformance.hazard import SCALE, SHAPE


@dataclass(frozen=True)
class Counts:
    card = card("Counts")
    parameters = (Quantity("rate", "/h", low=0.0, prior=law("gamma", SHAPE, SCALE)),)
    prior = JointPrior(parameters)
    covariates = inputs = settings = ()
    smooth = (Quantity("total", "1"),)
    observables = (Quantity("events", "1", low=0.0, code="test:event", span="interval", noise=Noise("poisson", MADE)),)
    step = 1.0

    def start(self, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"total": 0.0 * p.rate}

    def field(self, x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"total": p.rate}

    def dose(self, x: Any, p: Any, d: Any, env: Any) -> dict[str, Any]:
        return {}

    def emit(self, x: Any, p: Any, env: Any) -> dict[str, Any]:
        return {"events": x.total}


model = Flow(Counts())
