"""Scores over missing inputs: no dynamics and nothing to read; two `Derived` over one belief about covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gemel.core.derived import Derived, Path
from gemel.core.prior import JointPrior
from gemel.core.quantity import Quantity

from . import MADE, card, law


@dataclass(frozen=True)
class Person:
    card = card("Person", causal="association")
    parameters = smooth = observables = inputs = settings = ()
    prior = JointPrior(())
    covariates = (
        Quantity("age", "a", low=0.0, high=120.0, prior=law("normal", 60.0, 8.0)),
        Quantity("pressure", "mm[Hg]", low=40.0, high=300.0, code="test:pressure", prior=law("normal", 135.0, 20.0)),
        Quantity("ldl", "mmol/L", low=0.0, code="test:ldl", prior=law("lognormal", 1.2, 0.3)),
    )

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        return {}

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        return state, np.zeros((theta.shape[0], drive.output.shape[1], 0))


def logistic(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


def stroke_risk(p: Path) -> Any:
    return logistic(0.07 * (p["age"] - 60.0) + 0.04 * (p["pressure"] - 135.0) - 3.0)


def heart_risk(p: Path) -> Any:
    return logistic(0.06 * (p["age"] - 60.0) + 0.03 * (p["pressure"] - 135.0) + 0.4 * (p["ldl"] - 3.3) - 2.5)


model = Person()
stroke = Derived("stroke", "1", stroke_risk, "risk of a stroke", MADE)
heart = Derived("heart", "1", heart_risk, "risk of an infarction", MADE)
