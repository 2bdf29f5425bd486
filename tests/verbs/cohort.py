"""Models of many subjects with closed-form answers, and a drug model with published fits, all in whole arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import gemel
from gemel.core.clock import HOUR
from gemel.core.fact import Fact
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from tests.laws.cases import at, read
from tests.laws.conformance import MADE, card, law


@dataclass(frozen=True)
class Line:
    """y = level + slope x hours, with an error of size `error`: a growth curve of each subject's own."""

    card = card("Line")
    parameters = (
        Quantity("level", "1", prior=law("normal", 0.0, 3.0)),
        Quantity("slope", "/h", prior=law("normal", 0.0, 2.0)),
        Quantity("error", "1", low=0.0, prior=law("lognormal", -0.5, 0.5)),
    )
    prior = JointPrior(parameters)
    covariates = (Quantity("age", "a", prior=law("normal", 50.0, 10.0)),)
    smooth = inputs = settings = ()
    observables = (Quantity("y", "1", code="test:y", noise=Noise("normal", MADE, parameter="error")),)

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        return {"hours": np.zeros(len(theta))}

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        hours = state["hours"][:, None] + np.cumsum(np.asarray(drive.dt), axis=1) / HOUR
        y = np.asarray(theta)[:, :1] + np.asarray(theta)[:, 1:2] * hours
        return {"hours": hours[:, -1]}, drive.outputs(y[:, :, None])


@dataclass(frozen=True)
class Oral:
    """One compartment with first-order absorption, in closed form between doses; mg, L and hours."""

    card = card("Oral", "drug")
    parameters = (
        Quantity("ka", "/h", low=0.0, prior=law("lognormal", 0.0, 1.0)),
        Quantity("V", "L", low=0.0, prior=law("lognormal", 3.0, 1.0)),
        Quantity("CL", "L/h", low=0.0, prior=law("lognormal", 1.0, 1.0)),
        Quantity("error", "mg/L", low=0.0, prior=law("lognormal", 0.0, 1.0)),
    )
    prior = JointPrior(parameters)
    covariates = settings = ()
    smooth = (Quantity("gut", "mg"), Quantity("central", "mg"))
    observables = (Quantity("conc", "mg/L", code="test:conc", noise=Noise("normal", MADE, parameter="error")),)
    inputs = (Quantity("oral", "mg/h", low=0.0, dose_unit="mg", code="test:oral"),)

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        return {"gut": np.zeros(len(theta)), "central": np.zeros(len(theta))}

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        ka, volume, clearance, _ = np.asarray(theta).T
        k = clearance / volume
        gut, central, reads = np.array(state["gut"]), np.array(state["central"]), []
        for j in range(drive.dt.shape[1]):
            hours = np.asarray(drive.dt)[:, j] / HOUR
            gut = gut + np.asarray(drive.dose)[:, j, 0]
            left, kept = np.exp(-ka * hours), np.exp(-k * hours)
            central = central * kept + gut * ka / (ka - k) * (kept - left)
            gut = gut * left
            reads.append(central / volume)
        return {"gut": gut, "central": central}, drive.outputs(np.stack(reads, axis=1)[:, :, None])


def cohort(model: Any, ages: Sequence[float], engine: Any = "enkf", members: int = 512) -> list[Twin]:
    return [
        gemel.twin(model, Subject(id=f"s{i}"), at=at(0), members=members, seed=i, engine=engine,
                   covariates={"age": age})
        for i, age in enumerate(ages)
    ]  # fmt: skip


def readings(y: Any, hours: Sequence[float]) -> list[list[Fact]]:
    return [[read("test:y", h, float(v)) for h, v in zip(hours, own, strict=True)] for own in y]
