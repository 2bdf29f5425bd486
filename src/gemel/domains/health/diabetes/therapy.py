"""A person's insulin therapy, and the standard calculator that pumps turn it into doses with.

    dose = carbs / ratio + correction,  at least 0
    correction = (glucose - target) / factor - insulin on board   above the target, at least 0
               = (glucose - target) / factor                      below it

(the wizard of the MiniMed 530G, user guide; the Omnipod's is the same, except that it counts meal insulin on board
against corrections only).  Basal insulin is a daily profile: from each hour the rate that then holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import SupportError
from ....core.quantity import Constant, Source
from .onboard import RAPID, ActionCurve

__all__ = ["TARGET", "Therapy", "calculator", "on_board", "profile"]

WIZARD: Final = Source("Medtronic MiniMed, bolus wizard, user guide ch. 15", "food and correction estimate")
TARGET: Final = Constant(110.0, "mg/dL", Source("gemel:assumption", "a usual target; state the person's own"))


@dataclass(frozen=True, slots=True)
class Therapy:
    """Basal profile ((hour from local midnight, [IU]/h), ...), carbohydrate ratio [g/[IU]], correction factor
    [mg/dL/[IU]], target [mg/dL] and the pump's insulin curve.

    Raises SupportError where the profile does not begin at hour 0 or rise, or a number is not above 0.
    """

    basal: tuple[tuple[float, float], ...]
    ratio: float
    factor: float
    target: float = TARGET.value
    curve: ActionCurve = field(default=RAPID)

    def __post_init__(self) -> None:
        hours = [hour for hour, _ in self.basal]
        if hours[:1] != [0.0] or sorted(set(hours)) != hours or hours[-1] >= 24.0:
            raise SupportError(f"basal hours {hours} must begin at 0, rise and stay below 24")
        if min(rate for _, rate in self.basal) < 0.0:
            raise SupportError(f"a basal rate of {min(r for _, r in self.basal):g} [IU]/h: it cannot be below 0")
        for what, value, unit in (("ratio", self.ratio, "g/[IU]"), ("correction factor", self.factor, "mg/dL/[IU]"),
                                  ("target", self.target, "mg/dL")):  # fmt: skip
            if not value > 0.0:
                raise SupportError(f"the {what} is {value:g} {unit}: it must be above 0")

    def rate(self, hour: float) -> float:
        """Basal rate [[IU]/h] at this local hour of day."""
        return [rate for begin, rate in self.basal if begin <= hour][-1]

    @property
    def daily_basal(self) -> float:
        """[IU] a day."""
        ends = [*(hour for hour, _ in self.basal[1:]), 24.0]
        return sum(rate * (end - begin) for (begin, rate), end in zip(self.basal, ends, strict=True))

    @property
    def words(self) -> str:
        """As it is read on a pump."""
        profile = ", ".join(f"{int(h):02d}:{round(60 * (h % 1)):02d} {rate:.2f}" for h, rate in self.basal)
        return f"basal {profile} [IU]/h; 1 [IU] for {self.ratio:.1f} g; 1 [IU] lowers by {self.factor:.0f} mg/dL"


def calculator(
    carbs: Float[Array, "#r"], glucose: Float[Array, "r"], on_board: Float[Array, "#r"],
    settings: tuple[Float[Array, "#r"], Float[Array, "#r"], Float[Array, "#r"]],
) -> Float[Array, "r"]:  # fmt: skip
    """Dose [[IU]] for `carbs` [g] at `glucose` [mg/dL] (NaN: not known, no correction) with so much insulin on board.

    `settings` are ratio, factor and target, a row each.
    """
    ratio, factor, target = settings
    gap = (np.asarray(glucose) - target) / factor
    correction = np.where(gap > 0.0, np.maximum(gap - on_board, 0.0), gap)
    return np.maximum(carbs / ratio + np.where(np.isfinite(correction), correction, 0.0), 0.0)


def on_board(doses: Sequence[tuple[float, float]], curve: ActionCurve = RAPID) -> float:
    """Insulin on board [[IU]] of doses (minutes ago, [IU])."""
    ago = np.array([minutes for minutes, _ in doses])
    return float(np.array([units for _, units in doses]) @ np.where(ago < 0.0, 0.0, curve.left(ago))) if doses else 0.0


def profile(text: str) -> tuple[tuple[float, float], ...]:
    """A basal profile as typed: '0:0.8,6:1.0,18:0.9' is hour:[IU]/h; SupportError for what is none."""
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return tuple((float(hour), float(rate)) for hour, rate in pairs)
    except ValueError as error:
        raise SupportError(f"'{text}' is no basal profile: write hours and rates such as 0:0.8,6:1.0,18:0.9") from error
