"""A trial on virtual persons: every arm meets the same people with the same meals, errors and luck.

All arms run side by side, one call of the model per five minutes for all of them, so that what differs between them is
what they decide.  Glucose itself is measured, not the sensor's reading of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.clock import local_clock
from ....core.errors import PlanError
from ....core.quantity import names
from .crowd import Crowd
from .loop import Arm, Controller, Pumps
from .scenario import Diary

__all__ = ["Course", "arms_of", "run_trial"]


@dataclass(frozen=True, slots=True)
class Course:
    """What happened: glucose [mg/dL] by arm, person and slot (NaN from a failed run on), and the insulin [[IU]] and
    carbohydrate [g] given in each slot."""

    names: tuple[str, ...]
    glucose: Float[Array, "a r s"]
    insulin: Float[Array, "a r s"]
    carbs: Float[Array, "a r s"]

    @property
    def failed(self) -> int:
        """Persons whose run failed under any arm: left out of all."""
        return int((~np.isfinite(self.glucose).all(axis=(0, 2))).sum())


def arms_of(crowd: Crowd, pumps: Pumps, diary: Diary, controllers: Sequence[Controller | None]) -> list[Arm]:
    """An arm for each controller (None: the programmed basal rate, 'open loop')."""
    known = names(crowd.model.inputs)
    columns = known.index("insulin"), known.index("carbs"), len(known)
    return [Arm("open loop" if c is None else c.name, pumps, diary, c, columns=columns) for c in controllers]


def run_trial(
    crowd: Crowd, arms: Sequence[Arm], progress: Callable[[int, int], None] = lambda done, total: None
) -> Course:
    """Let everyone live through the diaries under every arm.  Raises PlanError for arms of one name, or whose diaries
    differ in length or persons."""
    shapes = {np.asarray(a.diary.eaten).shape for a in arms}
    if len({a.name for a in arms}) < len(arms) or len(shapes) != 1 or next(iter(shapes))[0] != crowd.rows:
        raise PlanError(
            f"arms {[a.name for a in arms]} with diaries of {sorted(shapes)} for {crowd.rows} persons: give arms "
            "different names and diaries of the same persons and slots"
        )
    rows, slots = next(iter(shapes))
    many = crowd.take(np.tile(np.arange(rows), len(arms)))
    memory: list[Any] = [a.start(rows) for a in arms]
    glucose, seen = np.asarray(many.glucose()), np.empty((3, len(arms) * rows, slots))
    rate = np.zeros((many.rows, len(crowd.model.inputs)))
    for k in range(slots):
        clock = local_clock([many.at], many.zone)[0]
        dose = np.zeros_like(rate)
        for j, arm in enumerate(arms):
            own = slice(j * rows, (j + 1) * rows)
            reading = glucose[own] + np.asarray(arm.diary.error)[:, k]
            wanted, dose[own], memory[j] = arm.act(reading[:, None], memory[j], clock)
            rate[own] = np.where(np.isnan(wanted), rate[own], wanted)
        many, glucose = many.step(rate, dose)
        insulin, carbs, _ = arms[0].columns
        seen[:, :, k] = glucose, dose[:, insulin] + rate[:, insulin] * arms[0].every, dose[:, carbs]
        progress(k + 1, slots)
    parts = seen.reshape(3, len(arms), rows, slots)
    return Course(tuple(a.name for a in arms), *parts)
