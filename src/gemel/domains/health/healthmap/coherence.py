"""Do the risks agree with one another?  They come from separate equations, so it must be looked at, not assumed.

    time     a risk over 10 years is at most the same risk over 30
    parts    a part is at most the whole: coronary heart disease and stroke within atherosclerotic disease, that and
             heart failure within all cardiovascular disease (Khan 2024, doi:10.1161/CIRCULATIONAHA.123.067626)
    causes   first events of causes that share nothing cannot add up to more than certainty

Each law is checked in every member; a broken one is flagged with the weight of the members that break it, and the risks
concerned are still shown, with the flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .belief import CovariateBelief
from .risks import Risk

__all__ = ["Conflict", "conflicts"]

_PARTS = (
    ("prevent_chd", "prevent_ascvd"), ("prevent_stroke", "prevent_ascvd"), ("prevent_ascvd", "prevent_cvd"),
    ("prevent_hf", "prevent_cvd"),
)  # fmt: skip
_APART = ("prevent_cvd", "bcra_gail", "plcom2012", "kfre4")
"""Causes without overlap: heart and vessels, breast, lung, kidney failure."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A broken law, in words, the weight of the members that break it, and the score that should be the less."""

    law: str
    words: str
    share: float
    less: str = ""


def conflicts(belief: CovariateBelief, risks: Sequence[Risk]) -> tuple[Conflict, ...]:
    """Every law that some members break."""
    by_score: dict[str, dict[float, Risk]] = {}
    for risk in risks:
        by_score.setdefault(risk.score.id, {})[risk.years] = risk
    found: list[Conflict] = []
    for horizons in by_score.values():
        years = sorted(horizons)
        for short, long in pairwise(years):
            words = f"{horizons[short].score.title}: {short:g} years above {long:g} years"
            found += _broken(belief, "time", words, horizons[short], horizons[long])
    for part, whole in _PARTS:
        for years in by_score.get(part, {}).keys() & by_score.get(whole, {}).keys():
            one, other = by_score[part][years], by_score[whole][years]
            words = f"{one.score.title} above {other.score.title} over {years:g} years"
            found += _broken(belief, "parts", words, one, other)
    apart = [by_score[name][10.0] for name in _APART if 10.0 in by_score.get(name, {})]  # structure: ten years
    total = sum((r.members for r in apart), np.zeros(belief.weights.shape[0]))
    share = float(belief.weights[total > 1.0].sum())
    return tuple(found) + ((Conflict("causes", "separate causes add up to more than certainty", share),) * (share > 0))


def _broken(belief: CovariateBelief, law: str, words: str, less: Risk, more: Risk) -> list[Conflict]:
    share = float(belief.weights[less.members > more.members].sum())
    return [Conflict(law, words, share, less.score.id)] if share > 0.0 else []
