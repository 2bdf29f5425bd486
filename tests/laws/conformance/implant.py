"""Pose of an implant: landmarks of a point set (an asset) are located on an image; no time passes.

point' = R(turn) point + shift, R by Rodrigues' formula; three landmarks, nine coordinates read at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity

from . import MADE, card, law

LANDMARKS = 3


def placed(points: Any, shift: Any, turn: Any) -> Any:
    """Points (l, 3) in every member's pose, shape (r, l, 3); shift [mm] and turn [rad] (r, 3)."""
    angle = np.maximum(np.linalg.norm(turn, axis=1), 1e-12)[:, None, None]
    axis = turn[:, None, :] / angle
    along = (points[None] * axis).sum(axis=2, keepdims=True) * axis
    return (
        points * np.cos(angle)
        + np.cross(axis, points[None]) * np.sin(angle)
        + along * (1 - np.cos(angle))
        + shift[:, None]
    )


@dataclass(frozen=True)
class Implant:
    card = card("Implant", "device")
    parameters = (
        *(Quantity(f"shift_{a}", "mm", prior=law("normal", 0.0, 5.0)) for a in "xyz"),
        *(Quantity(f"turn_{a}", "rad", prior=law("normal", 0.0, 0.1)) for a in "xyz"),
    )
    prior = JointPrior(parameters)
    covariates = smooth = inputs = settings = ()
    observables = tuple(
        Quantity(f"mark{n}_{a}", "mm", code=f"test:mark{n}{a}", noise=Noise("normal", MADE, sd=0.5))
        for n in range(LANDMARKS)
        for a in "xyz"
    )

    def prepare(self, settings: Any, assets: Any) -> Any:
        return np.asarray(assets["points"], dtype=float)[:LANDMARKS]

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        return {}

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        marks = placed(fixed, np.asarray(theta)[:, :3], np.asarray(theta)[:, 3:]).reshape(len(key), 1, -1)
        return state, np.repeat(marks, drive.output.shape[1], axis=1)


model = Implant()
