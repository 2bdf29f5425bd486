"""The same person with optimal factors, and the age of their heart.

Comparison: the recommended cardiovascular score at the person's own age and sex with the factors of
`tables/optimal.csv`.  Heart age: the age at which someone of the same sex with those factors has the person's risk
(the definition of D'Agostino 2008, doi:10.1161/CIRCULATIONAHA.107.699579, with optimal in place of normal factors).
Both are read off the score's own equation, one member at a time, so they carry the belief's uncertainty.  Heart age is
cut at the ages the score was made for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.units import convert
from ..scores import Score, catalogue, covariates, evaluate_covariates
from .belief import CovariateBelief, weighted_quantiles
from .inputs import feed
from .population import YOUNGEST, rows_of
from .risks import LEVELS, Risk, choices_of

__all__ = ["Comparison", "compare_with_optimal", "optimal"]

_SCORES = ("prevent_cvd", "score2", "score2_op", "score2_diabetes", "pce2013", "frs_cvd2008")
"""Scores a heart age is read from."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The person beside the same age and sex with optimal factors; quantiles of heart age [a] at `LEVELS`.

    `capped` says that heart age lies at or beyond the last age of the score.
    """

    risk: Risk
    optimal: float
    ratio: float
    extra: float
    heart_age: tuple[float, ...]
    capped: bool
    sources: tuple[str, ...]


@cache
def optimal() -> Mapping[str, float]:
    """Optimal factors in canonical units."""
    table = covariates()
    return MappingProxyType({
        r["covariate"]: float(convert(float(r["value"]), r["unit"], table[r["covariate"]].unit,
                                      table[r["covariate"]].analyte))
        for r in rows_of("optimal.csv")
    })  # fmt: skip


def compare_with_optimal(belief: CovariateBelief, risks: tuple[Risk, ...], region: str) -> Comparison | None:
    """The comparison on the recommended cardiovascular risk; None where there is none."""
    risk = next((r for r in risks if r.recommended and r.score.id in _SCORES), None)
    if risk is None:
        return None
    ages, chances = _curve(
        risk.score.id, risk.answer.name, tuple(sorted(choices_of(risk.score, belief, region).items()))
    )
    age = float(belief.columns["age"][0])
    best = float(np.interp(age, ages, chances))
    hearts = np.interp(risk.members, chances, ages)
    quantiles = tuple(map(float, weighted_quantiles(hearts, belief.weights, LEVELS)))
    return Comparison(
        risk, best, risk.median / best, risk.median - best, quantiles, bool(risk.median >= chances[-1]),
        tuple(dict.fromkeys(r["source"] for r in rows_of("optimal.csv"))),
    )  # fmt: skip


@lru_cache(maxsize=256)
def _curve(name: str, answer: str, choices: tuple[tuple[str, str], ...]) -> tuple[Float[Array, "g"], Float[Array, "g"]]:
    """Ages of the score's range and the risk with optimal factors at each, made to rise."""
    score = catalogue()[name]
    entry = next(i for i in score.inputs if i.covariate == "age")
    low, high = max(entry.low, YOUNGEST), min(entry.high, 100.0)  # structure: a last age where the score names none
    ages = np.linspace(low, high, round(high - low) * 4 + 1)
    columns: dict[str, Float[Array, "g"]] = {"age": ages}
    columns |= {name: np.full(ages.shape[0], value) for name, value in optimal().items()}
    columns["cvd"] = np.zeros(ages.shape[0])
    made = evaluate_covariates(score, feed(score, columns, dict(choices)))
    chances = np.asarray(made.values[answer]) * (0.01 if _percent(score, answer) else 1.0)  # structure: per cent
    return ages, np.maximum.accumulate(chances)


def _percent(score: Score, answer: str) -> bool:
    return any(a.name == answer and a.scale == "percent" for a in score.answers)
