"""Absolute risk among competing causes, by single year of age: the form of the Gail model.

    risk(t1, t2) = sum_j [ r h1_j / (r h1_j + h2_j) ] S(j) [1 - exp(-(r h1_j + h2_j) d_j)],
    S(j) = exp(-sum_{k<j} (r h1_k + h2_k) d_k)

h1 is the incidence in a woman without risk factors, that is the composite incidence times 1 - attributable risk, h2
the mortality from other causes, r the relative risk at that age and d_j the part of year j between t1 and t2 (Gail et
al., J. Natl. Cancer Inst. 81:1879, 1989, eq. 5 and 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ....core.array import Array

__all__ = ["Hazards", "absolute_risk"]


@dataclass(frozen=True, slots=True)
class Hazards:
    """Hazards per year by age, one row per group.

    `by` is the choice whose code picks the row of `incidence` [1/a], `mortality` [1/a] (both (groups, years of age from
    `first_age`)) and `baseline` (1 - attributable risk, same shape).  `relative` names the step that holds the relative
    risk, and `late` the one that replaces it from the age `turn`; `start` and `end` the ages between which risk counts.
    """

    name: str
    by: str
    first_age: int
    turn: int
    incidence: Float[Array, "g y"]
    mortality: Float[Array, "g y"]
    baseline: Float[Array, "g y"]
    relative: str
    late: str
    start: str
    end: str


def absolute_risk(hazards: Hazards, columns: Mapping[str, Float[Array, "..."]]) -> Float[Array, "n"]:
    """Risk between the two ages, as a fraction, shape (n,); NaN where group, ages or relative risk are missing."""
    group, start, end = (np.asarray(columns[name]) for name in (hazards.by, hazards.start, hazards.end))
    early, late = np.asarray(columns[hazards.relative]), np.asarray(columns[hazards.late])
    ages = hazards.first_age + np.arange(hazards.incidence.shape[1])
    missing = np.isnan(group + start + end + early + late)
    row = np.where(missing, 0, group).astype(np.intp)
    relative = np.where(ages >= hazards.turn, late[:, None], early[:, None])
    part = np.clip(np.minimum(end[:, None], ages + 1) - np.maximum(start[:, None], ages), 0.0, 1.0)
    cause = relative * hazards.baseline[row] * hazards.incidence[row]
    total = cause + hazards.mortality[row]
    spent = total * part
    before = np.cumsum(spent, axis=1) - spent
    risk = (cause / total * np.exp(-before) * -np.expm1(-spent)).sum(axis=1)
    return np.where(missing, np.nan, risk)
