"""Temporary basal rates by the rules that OpenAPS documents for its oref0 (no microboluses, no carbohydrate decay).

    impact     BGI = -acting factor 5             what insulin alone should do in five minutes [mg/dL]
    deviation  D = 30/5 (delta - BGI)             what the last quarter of an hour did beyond it, carried on for 30 min
    eventual   E = G - on board x factor + D
    needed     (E - target)/factor                [[IU]], twice that where E is below the target
    rate       basal + 2 needed                   [IU]/h, as what is needed is given within half an hour

A rise is answered only as far as both E and glucose now say so.  The rules are told in
docs/Build-manual-system/Understand-determine-basal.md of openaps/docs, whose worked example the tests repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.quantity import Constant, Source
from .loop import Sight
from .onboard import SLOT

__all__ = ["Oref"]

DOCUMENTED: Final = Source("openaps/docs (MIT)", "Understand-determine-basal.md: the rules and a worked example")
LASTING: Final = Constant(30.0, "min", DOCUMENTED)
"""How long a deviation is carried on, and within what time insulin that is needed is given."""
BELOW: Final = Constant(2.0, "1", DOCUMENTED)
WITHIN: Final = Constant(2.0, "/h", DOCUMENTED)


@dataclass(frozen=True, slots=True)
class Oref:
    """The rules; they remember nothing of their own."""

    name: str = "oref"

    def start(self, rows: int) -> None:
        """Nothing."""

    def decide(self, sight: Sight, memory: None) -> tuple[Float[np.ndarray, "r"], None]:
        """The rate wanted."""
        eventual = self.eventual(sight)
        high = np.maximum(np.minimum(eventual, sight.glucose), sight.target)
        led = np.where(eventual < sight.target, eventual, high)
        needed = (led - sight.target) / sight.factor * np.where(led < sight.target, BELOW.value, 1.0)
        return sight.basal + np.nan_to_num(WITHIN.value * needed), None

    def eventual(self, sight: Sight) -> Float[np.ndarray, "r"]:
        """Where glucose will end up [mg/dL]."""
        impact = -np.asarray(sight.acting) * sight.factor * SLOT
        deviation = LASTING.value / SLOT * (np.asarray(sight.slope) * SLOT - impact)
        return np.asarray(sight.glucose) - sight.on_board * sight.factor + deviation
