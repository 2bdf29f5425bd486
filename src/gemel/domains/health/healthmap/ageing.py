"""How far an old reading still speaks for today.

The correlation between a reading and a later one falls with the years t between them: for blood pressure and
cholesterol in Framingham and Whitehall by one third at 5 years, by half at 15 and by two thirds at 25 (Clarke et al.,
Am. J. Epidemiol. 150:341, 1999, PMID 10453810, abstract).  The line through the logarithms of 2/3, 1/2 and 1/3 is
0.81 exp(-t / 28.9 a).  Its start, 0.81, is the variation from visit to visit, which is drawn apart with the CV of
`tables/variation.csv`; what is left is the ageing used here,

    rho(t) = exp(-t / 28.9 a).

No source was found for other covariates: they age by the same law, which is a choice, not a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ....core.clock import DAY
from ....core.fact import Instant
from ....core.quantity import Constant, Source
from .population import rows_of

__all__ = ["OLD", "STALE", "YEAR", "kept", "variation"]

_CLARKE = Source("PMID 10453810", "Clarke et al., Am. J. Epidemiol. 150:341-353, 1999, abstract")
_SELF_CORRELATION: Mapping[float, Constant] = MappingProxyType(
    {
        5.0: Constant(2 / 3, "1", _CLARKE),  # structure: years
        15.0: Constant(1 / 2, "1", _CLARKE),  # structure: years
        25.0: Constant(1 / 3, "1", _CLARKE),  # structure: years
    }
)
"""Correlation of a reading with one so many years later."""

YEAR: Instant = round(365.25 * DAY)
OLD: Instant = YEAR
"""A reading older than this is called old.  A choice of this project, not a guideline."""
STALE: Instant = 5 * YEAR
"""A reading older than this no longer colours an organ: five years, after which adults are asked to have their
lipids measured again (NCEP ATP III, NIH 02-5215, section III)."""


@cache
def _decay() -> Constant:
    """The time constant [a] of the least-squares line through the logarithms."""
    years = list(_SELF_CORRELATION)
    logs = [math.log(float(r)) for r in _SELF_CORRELATION.values()]
    middle, level = sum(years) / len(years), sum(logs) / len(logs)
    slope = sum((t - middle) * (g - level) for t, g in zip(years, logs, strict=True))
    return Constant(-sum((t - middle) ** 2 for t in years) / slope, "a", _CLARKE)


def kept(age: Instant) -> float:
    """The correlation between a reading of this age and one taken today, beyond the variation between visits."""
    return math.exp(-max(age, 0) / YEAR / float(_decay()))


@cache
def variation() -> Mapping[str, float]:
    """Coefficient of variation within a person from visit to visit, by covariate, where a source gives it."""
    return MappingProxyType({row["covariate"]: float(row["cv"]) for row in rows_of("variation.csv")})
