"""M/M/c with referrals: patients come by a rate of the ward's own and by a rate that others set, and wait for a bed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gemel.core.draws import purpose
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity
from gemel.numerics.jump import Jump, Leaf, Rules, after, exponential, uniform

from . import MADE, card, law

COME, GO = 0, 1
GAP, TAKE, STAY = purpose("gap"), purpose("take"), purpose("stay")
BUSIEST = 20.0
"""Candidates come at this rate per hour; those above the rate in force are turned away (thinning)."""


def start(m: Any) -> None:
    after(m, exponential(m, GAP, 0) / BUSIEST, COME, 0)


def handle(m: Any, kind: int, who: int) -> None:
    if kind == COME:
        if uniform(m, TAKE, who) * BUSIEST < m.p.arrivals + m.u.referrals:
            m.arrived += 1
        after(m, exponential(m, GAP, who + 1) / BUSIEST, COME, who + 1)
    else:
        m.left += 1
    while m.admitted < m.arrived and m.admitted - m.left < m.beds[0]:
        after(m, exponential(m, STAY, m.admitted) * m.p.stay, GO, m.admitted)
        m.admitted += 1


def emit(m: Any, y: Any) -> None:
    y.census, y.waiting, y.admitted = m.admitted - m.left, m.arrived - m.admitted, m.admitted


@dataclass(frozen=True)
class Ward:
    calendar: int = 32
    card = card("Ward", "hospital")
    parameters = (
        Quantity("arrivals", "{patients}/h", low=0.0, high=BUSIEST, prior=law("lognormal", 0.7, 0.4)),
        Quantity("stay", "h", low=0.0, prior=law("lognormal", 0.5, 0.3)),
    )
    prior = JointPrior(parameters)
    covariates = settings = ()
    observables = (
        Quantity("census", "{patients}", low=0.0, code="test:census", noise=Noise("normal", MADE, sd=0.5)),
        Quantity("waiting", "{patients}", low=0.0),
        Quantity("admitted", "{patients}", low=0.0, code="test:admitted", span="interval",
                 noise=Noise("poisson", MADE)),
    )  # fmt: skip
    inputs = (Quantity("referrals", "{patients}/h", low=0.0, code="test:referrals"),)
    leaves = (Leaf("arrived"), Leaf("admitted"), Leaf("left"))
    rules = Rules(start, handle, emit)

    def tables(self, settings: Any, assets: Any) -> dict[str, Any]:
        return {"beds": [8]}


model = Jump(Ward())
