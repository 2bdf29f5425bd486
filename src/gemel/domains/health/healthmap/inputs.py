"""How a score is fed from covariates, and the one score the covariates themselves need: the filtration rate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ..scores import Score, catalogue, evaluate_covariates

__all__ = ["creatinine_of", "feed", "filtration"]

_EGFR = "ckdepi2021"
_LOW, _HIGH, _STEPS = 15.0, 2000.0, 800  # structure: grid of creatinine [umol/L]


def feed(
    score: Score, columns: Mapping[str, Float[Array, "r"]], choices: Mapping[str, str]
) -> Mapping[str, Float[Array, "r"]]:
    """What a score reads of these columns, its choices by their place among its own; a choice it lacks is missing."""
    rows = columns["age"].shape[0]
    own = {i.covariate: columns[i.covariate] for i in score.inputs if i.covariate in columns}
    for entry in score.inputs:
        word = choices.get(entry.covariate or entry.name)
        if entry.kind == "choice" and word is not None:
            place = float(entry.choices.index(word)) if word in entry.choices else np.nan
            own[entry.covariate or entry.name] = np.full(rows, place)
    return own


def filtration(creatinine: Float[Array, "n"], age: float, sex: str) -> Float[Array, "n"]:
    """eGFR [mL/min/1.73 m2] of these creatinines [umol/L], by CKD-EPI 2021 (Inker 2021, doi:10.1056/NEJMoa2102953)."""
    score = catalogue()[_EGFR]
    columns = {"creatinine": creatinine, "age": np.full(creatinine.shape[0], age)}
    made = evaluate_covariates(score, feed(score, columns, {"sex": sex}))
    return np.asarray(made.values[score.answers[0].name])


def creatinine_of(egfr: float, age: float, sex: str) -> float:
    """The creatinine [umol/L] that gives this eGFR [mL/min/1.73 m2]: the inverse of `filtration`, which falls."""
    grid, rates = _grid(round(age, 1), sex)
    return float(np.interp(-egfr, -rates, grid))


@lru_cache(maxsize=1024)
def _grid(age: float, sex: str) -> tuple[Float[Array, "g"], Float[Array, "g"]]:
    grid = np.geomspace(_LOW, _HIGH, _STEPS)
    return grid, filtration(grid, age, sex)
