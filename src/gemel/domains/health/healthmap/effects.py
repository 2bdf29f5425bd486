"""What would change if: only by effects that trials have shown, everything else marked as association.

A trial's relative risk RR (with its 95 % interval, drawn per member on the log scale) is applied to the person's own
risk: risk under treatment = RR times risk.  The trials lasted about five years and their outcomes are close to, not the
same as, the score's.  A lever is only offered where the trials speak: lowering blood pressure from 140 mm Hg, below
which primary prevention showed no benefit (Brunstroem 2018, doi:10.1001/jamainternmed.2017.6015).

Smoking is shown as `association`: the equation's difference between a smoker and a non-smoker, which is no promise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from .belief import CovariateBelief, weighted_quantiles
from .population import rows_of
from .record import Chart
from .risks import LEVELS, Risk, run

__all__ = ["WhatIf", "what_ifs"]

_HALF_WIDTH = 2 * 1.96  # structure: a 95 % interval is this many standard errors wide


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A lever, what it does to one risk, and on what grounds.  `before` and `after` are quantiles at `LEVELS`;
    `spared` is the median of the difference, as a fraction."""

    lever: str
    words: str
    kind: Literal["trial", "association only"]
    risk: Risk
    before: tuple[float, ...]
    after: tuple[float, ...]
    spared: float
    source: str
    note: str


def what_ifs(chart: Chart, belief: CovariateBelief, risks: Sequence[Risk], region: str) -> tuple[WhatIf, ...]:
    """Every lever that applies, on the recommended risks: what trials showed first, the larger before the smaller."""
    chosen = {r.score.id: r for r in risks if r.years <= 10.0 and _shown(r)}  # structure: trials are not 30 years long
    found = [_trial(row, chosen[row["score"]], belief) for row in rows_of("effects.csv")
             if row["score"] in chosen and _applies(row, belief)]  # fmt: skip
    found += [_smoking(r, belief, region) for r in chosen.values() if _smokes(chart, r)]
    return tuple(sorted(found, key=lambda w: (w.kind != "trial", -w.spared)))


def _shown(risk: Risk) -> bool:
    """The recommended scores, and the one without heart failure, to which the lipid trials speak."""
    return risk.recommended or risk.score.id == "prevent_ascvd"


def _applies(row: Mapping[str, str], belief: CovariateBelief) -> bool:
    if not row["covariate"]:
        return True
    middle = float(belief.quantiles(row["covariate"], (0.5,))[0])
    return middle >= float(row["from"])


def _trial(row: Mapping[str, str], risk: Risk, belief: CovariateBelief) -> WhatIf:
    error = (math.log(float(row["high"])) - math.log(float(row["low"]))) / _HALF_WIDTH
    ratio = float(row["rr"]) * np.exp(error * belief.draw(f"effect {row['lever']} {row['about']}"))
    source = f"{row['source']}: {row['about']} RR {row['rr']} ({row['low']} to {row['high']})"
    return _change(row["lever"], row["words"], "trial", risk, ratio * risk.members, belief, source)


def _smokes(chart: Chart, risk: Risk) -> bool:
    flag = chart.flags.get("smoker")
    return flag is not None and flag.value and any(i.covariate == "smoker" for i in risk.score.inputs)


def _smoking(risk: Risk, belief: CovariateBelief, region: str) -> WhatIf:
    made = run(risk.score, belief, region, {"smoker": np.zeros(risk.members.shape[0])})
    scale = 0.01 if risk.answer.scale == "percent" else 1.0  # structure: per cent
    after = np.asarray(made.values[risk.answer.name]) * scale
    source = f"difference in the equation itself ({risk.score.doi}); no trial"
    return _change("smoking", "not smoking", "association only", risk, after, belief, source)


def _change(
    lever: str, words: str, kind: Literal["trial", "association only"], risk: Risk, after: Float[Array, "r"],
    belief: CovariateBelief, source: str,
) -> WhatIf:  # fmt: skip
    quantiles = tuple(map(float, weighted_quantiles(after, belief.weights, LEVELS)))
    spared = float(weighted_quantiles(risk.members - after, belief.weights, (0.5,))[0])
    note = "" if kind == "trial" else "people who stopped may differ in other ways from those who never smoked"
    return WhatIf(lever, words, kind, risk, risk.quantiles, quantiles, spared, source, note)
