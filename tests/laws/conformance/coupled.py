"""Two ways: a city's epidemic sends patients to a ward, and a full ward keeps the city at home; itself a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift, Noise, Quantity
from gemel.coupling.wire import wire
from gemel.numerics.flow import Flow

from . import MADE, card, law, ward


@dataclass(frozen=True)
class City:
    card = card("City", "population")
    parameters = (
        Quantity(
            "contacts",
            "/d",
            low=0.0,
            prior=law("lognormal", -0.9, 0.2),
            drift=Drift("ou", 0.1, MADE, tau=48.0),
        ),
    )
    prior = JointPrior(parameters)
    covariates = settings = ()
    smooth = (
        Quantity("susceptible", "{people}", low=0.0),
        Quantity("infected", "{people}", low=0.0),
        Quantity("sent", "{patients}"),
    )
    observables = (
        Quantity("prevalence", "1", low=0.0, high=1.0, code="test:prevalence", noise=Noise("normal", MADE, sd=0.01)),
        Quantity("admissions", "{patients}", low=0.0, span="interval"),
    )
    inputs = (Quantity("caution", "{patients}", low=0.0),)
    step = 0.5

    def start(self, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"susceptible": 9900.0, "infected": 100.0, "sent": 0.0}

    def field(self, x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
        new = p.contacts / 24.0 * x.susceptible * x.infected / 1e4 / (1.0 + 0.1 * u.caution)
        return {"susceptible": -new, "infected": new - x.infected / 120.0, "sent": new}

    def dose(self, x: Any, p: Any, d: Any, env: Any) -> dict[str, Any]:
        return {}

    def emit(self, x: Any, p: Any, env: Any) -> dict[str, Any]:
        return {"prevalence": x.infected / 1e4, "admissions": x.sent}


model = wire(
    {"city": Flow(City()), "ward": ward.model},
    {("ward", "referrals"): ("city", "admissions"), ("city", "caution"): ("ward", "waiting")},
    exchange=2.0,
)
