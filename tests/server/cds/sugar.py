"""A made-up patient in numpy alone: glucose leaks towards its rest, and insulin takes some away at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from gemel.core.array import Array
from gemel.core.card import Card
from gemel.core.clock import HOUR
from gemel.core.draws import normal, purpose
from gemel.core.drive import Drive
from gemel.core.quantity import Noise, Quantity
from tests.runtime.tank import MADE_UP, TAU, WALK, Tank

PER_UNIT = 20.0
"""Glucose [mg/dL] that a unit of insulin takes away."""


@dataclass(frozen=True)
class Sugar(Tank):
    """Rest differs from person to person; what a unit does, does not."""

    observables: ClassVar[tuple[Quantity, ...]] = (
        Quantity("glucose", "mg/dL", 0.0, 2000.0, code="loinc:99504-3", analyte="glucose",
                 noise=Noise("normal", MADE_UP, sd=5.0)),
    )  # fmt: skip
    inputs: ClassVar[tuple[Quantity, ...]] = (
        Quantity("insulin", "[IU]/h", 0.0, 100.0, dose_unit="[IU]", code="gemel:rapid-insulin"),
    )

    @property
    def card(self) -> Card:
        return replace(super().card, title="sugar", kind="patient", population="adults that were made up")

    def run(self, state: Any, theta: Array, drive: Drive, fixed: Any, key: Array) -> tuple[dict[str, Array], Array]:
        level, rest = np.array(state["level"], dtype=float), np.asarray(theta)[:, 0]
        dt, tick, dose = (np.asarray(a) for a in (drive.dt, drive.tick, drive.dose))
        output = np.asarray(drive.output)
        seen = np.zeros((level.size, dt.shape[1]))
        for s in range(dt.shape[1]):
            luck = normal(np.asarray(key), purpose("walk"), tick[:, s])
            level = level + np.where(tick[:, s] >= 0, WALK.sd * luck, 0.0) - PER_UNIT * dose[:, s, 0]
            level = rest + (level - rest) * np.exp(-dt[:, s] / HOUR / TAU)
            seen[:, s] = level
        rows = np.broadcast_to(output, (level.size, output.shape[1]))
        return {"level": level}, np.take_along_axis(seen, rows, axis=1)[:, :, None]

    @staticmethod
    def _target(theta: Any, covariates: Any, rate: Any) -> Any:
        return theta[:, 0] + 0.0 * rate[..., 0]


model = Sugar()
