"""A population in which missing covariates are filled in: how they are spread and how they hang together.

A Gaussian copula (Sklar's theorem): each covariate, at the person's age and sex, has its own distribution, and the
normal scores z = Phi^-1(F(x)) of one person are jointly normal with correlation matrix R of their sex.  A yes-or-no
covariate is yes where its score exceeds Phi^-1(1 - share).

Source of every number: NHANES 2017-2018, public-use files of the US National Center for Health Statistics, 5,569
examined adults of 20 years and over, exam weights; `tables/README.md` says how the tables were computed.  Distributions
are quantiles at seven ages, linear between these and, in z, between quantiles.  So the population is that
of the United States in 2017 and 2018: for people elsewhere the filled-in values are those of a US resident.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import CapabilityError
from ....core.quantity import Source
from .bell import quantile

__all__ = ["SOURCE", "YOUNGEST", "Population", "population", "rows_of"]

SOURCE = Source(
    "https://wwwn.cdc.gov/nchs/nhanes/continuousnhanes/default.aspx?BeginYear=2017",
    "NHANES 2017-2018, 5,569 adults; weighted quantiles by age and sex, correlations of normal scores by sex",
)
YOUNGEST = 20.0  # structure: age [a] at which the survey's adults begin
"""Years of age below which nothing is filled in."""
_RANGE = 4.0  # structure: normal scores are kept within +-4, one person in 16,000


@cache
def rows_of(table: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a table beside this module."""
    text = files("gemel.domains.health.healthmap").joinpath("tables", table).read_text(encoding="utf-8")
    return tuple(MappingProxyType(row) for row in csv.DictReader(text.splitlines()))


@dataclass(frozen=True, slots=True)
class Population:
    """People of one age and sex.  `names` are the numbers, then the `flags`; R is their correlation matrix.

    `quantiles` (numbers by levels) at normal scores `levels`; `shares` of yes per flag.
    """

    names: tuple[str, ...]
    flags: tuple[str, ...]
    levels: Float[Array, "q"]
    quantiles: Float[Array, "k q"]
    shares: Float[Array, "f"]
    correlation: Float[Array, "d d"]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Numbers, then flags: the axes of R."""
        return self.names + self.flags

    def score(self, name: str, value: float) -> float:
        """The normal score of a number, within +-4."""
        column = self.quantiles[self.names.index(name)]
        return float(np.clip(_line(np.array([value]), column, self.levels)[0], -_RANGE, _RANGE))

    def value(self, name: str, z: Float[Array, "n"]) -> Float[Array, "n"]:
        """The number at each normal score; never below a tenth of the lowest tabulated quantile."""
        column = self.quantiles[self.names.index(name)]
        return np.maximum(_line(z, self.levels, column), 0.1 * column[0])

    def threshold(self, flag: str) -> float:
        """The normal score above which the answer is yes."""
        return float(quantile(np.array(1.0 - self.shares[self.flags.index(flag)])))


def _line(x: Float[Array, "n"], knots: Float[Array, "q"], values: Float[Array, "q"]) -> Float[Array, "n"]:
    """Linear between the knots and, with the slope of the last two, beyond them."""
    inside = np.interp(x, knots, values)
    below = values[0] + (x - knots[0]) * (values[1] - values[0]) / (knots[1] - knots[0])
    above = values[-1] + (x - knots[-1]) * (values[-1] - values[-2]) / (knots[-1] - knots[-2])
    return np.where(x < knots[0], below, np.where(x > knots[-1], above, inside))


@cache
def _tables(sex: str) -> tuple[tuple[str, ...], tuple[str, ...], Array, Array, Array, Array, Array]:
    """Names, flags, band centres, levels, quantiles (age, name, level), shares (age, flag) and R of one sex."""
    numbers = [row for row in rows_of("population_quantiles.csv") if row["sex"] == sex]
    yes = [row for row in rows_of("population_flags.csv") if row["sex"] == sex]
    ages = sorted({float(row["age"]) for row in numbers})
    names = tuple(dict.fromkeys(row["covariate"] for row in numbers))
    flags = tuple(dict.fromkeys(row["covariate"] for row in yes))
    shown = [column for column in numbers[0] if column[0] == "p" and column[1].isdigit()]
    levels = quantile(np.array([float(column[1:]) / 100.0 for column in shown]))
    spread = np.empty((len(ages), len(names), len(shown)))
    for row in numbers:
        spread[ages.index(float(row["age"])), names.index(row["covariate"])] = [float(row[c]) for c in shown]
    shares = np.empty((len(ages), len(flags)))
    for row in yes:
        shares[ages.index(float(row["age"])), flags.index(row["covariate"])] = float(row["share"])
    return names, flags, np.array(ages), levels, spread, shares, _correlation(sex, names + flags)


def _correlation(sex: str, names: tuple[str, ...]) -> Float[Array, "d d"]:
    matrix = np.eye(len(names))
    place: Mapping[str, int] = {name: i for i, name in enumerate(names)}
    for row in rows_of("population_correlations.csv"):
        if row["sex"] == sex:
            i, j = place[row["covariate"]], place[row["other"]]
            matrix[i, j] = matrix[j, i] = float(row["r"])
    values, vectors = np.linalg.eigh(matrix)
    repaired = (vectors * np.maximum(values, 1e-3)) @ vectors.T  # structure: rounding may leave a negative eigenvalue
    scale = np.sqrt(np.diag(repaired))
    return repaired / np.outer(scale, scale)


@cache
def population(sex: str, age: float) -> Population:
    """The people of this sex ('female' or 'male') and age [a].

    Raises CapabilityError for a sex or age the survey has no adults of: then nothing is filled in.
    """
    if sex not in ("female", "male") or age < YOUNGEST:
        raise CapabilityError(
            f"no population to fill gaps from for sex '{sex}' at {age:.0f} years: it holds women and men from "
            f"{YOUNGEST:.0f} years; measure what is missing"
        )
    names, flags, ages, levels, spread, shares, correlation = _tables(sex)
    held = float(np.clip(age, ages[0], ages[-1]))
    right = int(np.clip(np.searchsorted(ages, held), 1, len(ages) - 1))
    part = (held - ages[right - 1]) / (ages[right] - ages[right - 1])
    return Population(
        names, flags, levels, (1 - part) * spread[right - 1] + part * spread[right],
        (1 - part) * shares[right - 1] + part * shares[right], correlation,
    )  # fmt: skip
