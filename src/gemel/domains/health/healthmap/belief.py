"""One belief about a person's covariates, from which every score is drawn, so that all scores agree.

Members are possible versions of this person: weighted draws from

    p(covariates | age, sex, what was read and when, what is known to be yes or no).

In normal scores z (see `population.py`) the population is N(0, R).  A reading with score y and ageing rho (see
`ageing.py`) observes y = rho z + sqrt(1 - rho^2) e: a fresh one fixes z, an old one leaves it free in part, and the
others follow through R.  A known yes or no restricts its latent score to one side of its threshold: sequential
truncated draws with the importance weights of Geweke, Hajivassiliou and Keane (Hajivassiliou and Ruud, Handbook of
Econometrics 4, ch. 40, 1994).  A reading also carries the variation from visit to visit, where a source gives it.

Draws are keyed by (member, covariate) and nothing else: the same record gives the same bits, in whatever order it came,
and one reading more leaves all other draws in place.  What the population does not hold and nobody measured stays NaN,
and scores that need it are refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.draws import member_keys, normal, purpose, uniform
from ....core.errors import CapabilityError
from ....core.fact import Instant
from ..scores import covariates
from .ageing import YEAR, kept, variation
from .bell import phi, quantile
from .inputs import creatinine_of, filtration
from .population import Population, population
from .record import Chart

__all__ = ["MEMBERS", "CovariateBelief", "believe", "weighted_quantiles"]

MEMBERS = 512
"""Members of a belief unless told otherwise: the 2.5 % quantile then rests on some 13 of them."""
_ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "lipid_treated": ("statin",), "vascular_disease": ("myocardial_infarction", "peripheral_artery_disease"),
})  # fmt: skip
"""Yes where any of these is."""
_STRENGTH = ("measured", "stated", "derived", "imputed", "silent")  # structure: which origin a combination takes
_FIXED = 1e-9  # structure: variance below which a latent score counts as known


@dataclass(frozen=True, slots=True)
class CovariateBelief:
    """Weighted members.  `columns` by covariate in canonical units, shape (r,), NaN where nothing is known.

    `choices` are the words that hold for every member (sex, race).  `origin` says per covariate whether it was
    `measured`, `stated`, `silent` (taken as no), `imputed`, `derived` or `unknown`; `seed` is that of all draws.
    """

    columns: Mapping[str, Float[Array, "r"]]
    choices: Mapping[str, str]
    weights: Float[Array, "r"]
    origin: Mapping[str, str]
    seed: int

    @property
    def ess(self) -> float:
        """Effective sample size."""
        return float(1.0 / np.sum(np.square(self.weights)))

    def quantiles(self, name: str, levels: Sequence[float]) -> Float[Array, "q"]:
        """Weighted quantiles of a covariate."""
        return weighted_quantiles(self.columns[name], self.weights, levels)

    def draw(self, why: str) -> Float[Array, "r"]:
        """A standard normal draw per member for one further purpose."""
        return _normal(self.seed, self.weights.shape[0], why, "")


@lru_cache(maxsize=4096)
def _normal(seed: int, members: int, why: str, name: str) -> Float[Array, "r"]:
    """A standard normal draw per member, the same for everybody: people differ by what is known of them."""
    drawn = normal(member_keys(seed, members), purpose(why), _place(name))
    drawn.flags.writeable = False
    return drawn


@lru_cache(maxsize=4096)
def _uniform(seed: int, members: int, why: str, name: str) -> Float[Array, "r"]:
    drawn = uniform(member_keys(seed, members), purpose(why), _place(name))
    drawn.flags.writeable = False
    return drawn


def _place(name: str) -> np.uint64:
    """An entity number that depends on the name alone."""
    return np.uint64(int(purpose(name)) & 0x7FFFFFFF)  # structure: 31 bits of it


def weighted_quantiles(
    values: Float[Array, "r"], weights: Float[Array, "r"], levels: Sequence[float]
) -> Float[Array, "q"]:
    """Quantiles of weighted values, NaN left out, linear between the members' midpoints; NaN where none is left."""
    live = np.isfinite(values)
    if not live.any():
        return np.full(len(levels), np.nan)
    order = np.argsort(values[live], kind="stable")
    sorted_values, mass = values[live][order], weights[live][order]
    below = (np.cumsum(mass) - 0.5 * mass) / mass.sum()
    return np.interp(np.asarray(levels, dtype=np.float64), below, sorted_values)


def believe(chart: Chart, *, members: int = MEMBERS, seed: int = 0) -> CovariateBelief:
    """What the record says, and what it leaves open, about every covariate now."""
    columns: dict[str, Float[Array, "r"]] = {"age": np.full(members, chart.years)}
    choices = {**chart.traits, **({"sex": chart.sex} if chart.sex else {})}
    origin: dict[str, str] = {"age": "stated", **dict.fromkeys(choices, "stated")}
    weights = np.full(members, 1.0 / members)
    try:
        people = population(chart.sex, chart.age)
    except CapabilityError:
        people = None
    if people is not None:
        scores, weights = _scores(chart, people, seed, members)
        _draw(chart, people, scores, columns, origin)
    _given(chart, seed, columns, origin)
    _derived(chart, columns, origin)
    for name, covariate in covariates().items():
        origin.setdefault(name, "unknown")
        if covariate.kind != "choice":
            columns.setdefault(name, np.full(members, np.nan))
    return CovariateBelief(
        MappingProxyType(columns), MappingProxyType(choices), weights, MappingProxyType(origin), seed
    )


def _known(chart: Chart, people: Population) -> tuple[dict[int, float], dict[int, float]]:
    """Normal scores of the readings and their ageing, by axis of R."""
    scores: dict[int, float] = {}
    ageing: dict[int, float] = {}
    for axis, name in enumerate(people.names):
        reading = chart.newest(name) or (_creatinine(chart) if name == "creatinine" else None)
        if reading is None:
            continue
        value, at = reading if isinstance(reading, tuple) else (reading.value, reading.at)
        scores[axis] = people.score(name, value)
        ageing[axis] = kept(chart.at - at)
    return scores, ageing


def _creatinine(chart: Chart) -> tuple[float, Instant] | None:
    """Where only the eGFR was reported: the creatinine [umol/L] that gives it for this age and sex, and its date."""
    reading = chart.newest("egfr")
    if reading is None or not chart.sex:
        return None
    return creatinine_of(reading.value, chart.years, chart.sex), reading.at


def _scores(chart: Chart, people: Population, seed: int, members: int) -> tuple[Float[Array, "r d"], Float[Array, "r"]]:
    """Members' normal scores given readings, yes and no, and the members' weights."""
    size = len(people.dimensions)
    scores, ageing = _known(chart, people)
    mean, cover = np.zeros(size), people.correlation.copy()
    if scores:
        axes = list(scores)
        rho = np.array([ageing[a] for a in axes])
        y = np.array([scores[a] for a in axes])
        spread = rho[:, None] * cover[np.ix_(axes, axes)] * rho[None, :] + np.diag(1.0 - rho**2)
        gain = np.linalg.solve(spread + _FIXED * np.eye(len(axes)), rho[:, None] * cover[axes]).T
        mean, cover = gain @ y, cover - gain @ (rho[:, None] * cover[axes])
    means = np.tile(mean, (members, 1))
    logw = np.zeros(members)
    for flag in (f for f in people.flags if f in chart.flags):
        axis = people.dimensions.index(flag)
        side = 1.0 if chart.flags[flag].value else -1.0
        drawn, chance = _truncated(
            means[:, axis], cover[axis, axis], people.threshold(flag), side, _uniform(seed, members, "flag", flag)
        )
        logw += np.log(chance)
        slope = cover[:, axis] / cover[axis, axis]
        means += (drawn - means[:, axis])[:, None] * slope[None, :]
        cover = cover - np.outer(slope, cover[axis])
    noise = np.stack([_normal(seed, members, "covariate", name) for name in people.dimensions], axis=1)
    weights = np.exp(logw - logw.max())
    return means + np.einsum("rd,ed->re", noise, _root(cover)), weights / weights.sum()


def _truncated(
    mean: Float[Array, "r"], variance: float, threshold: float, side: float, luck: Float[Array, "r"]
) -> tuple[Float[Array, "r"], Float[Array, "r"]]:
    """Draws of N(mean, variance) above (side 1) or below (side -1) the threshold, and the chance of that side."""
    sd = math.sqrt(max(variance, _FIXED))
    edge = side * (mean - threshold) / sd
    chance = np.maximum(phi(edge), _FIXED)
    return mean + side * sd * -quantile(luck * chance), chance


def _root(cover: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """The Cholesky factor of a covariance in which known axes have variance 0: theirs are columns of zeros."""
    left, root = cover.copy(), np.zeros_like(cover)
    for axis in range(cover.shape[0]):
        pivot = left[axis, axis]
        if pivot > 2.0 * _FIXED:  # what a reading that is taken as it is leaves is _FIXED itself, give or take rounding
            root[:, axis] = left[:, axis] / math.sqrt(pivot)
            left -= np.outer(root[:, axis], root[:, axis])
    return root


def _draw(
    chart: Chart, people: Population, scores: Float[Array, "r d"],
    columns: dict[str, Float[Array, "r"]], origin: dict[str, str],
) -> None:  # fmt: skip
    """Turn normal scores into covariates."""
    for axis, name in enumerate(people.names):
        columns[name] = people.value(name, scores[:, axis])
        origin[name] = "measured" if name in chart.readings else "imputed"
    for axis, flag in enumerate(people.flags, start=len(people.names)):
        columns[flag] = (scores[:, axis] > people.threshold(flag)).astype(np.float64)
        origin[flag] = "imputed"


def _given(chart: Chart, seed: int, columns: dict[str, Float[Array, "r"]], origin: dict[str, str]) -> None:
    """Readings outside the population's axes, the variation of every reading from visit to visit, yes and no."""
    members = columns["age"].shape[0]
    for name in chart.readings:
        reading = chart.newest(name)
        assert reading is not None
        if name not in columns:
            columns[name] = np.full(members, reading.value)
            origin[name] = "measured"
        cv = variation().get(name, 0.0)
        if cv:
            columns[name] = columns[name] * np.exp(cv * _normal(seed, members, "visit", name))
    for name, flag in chart.flags.items():
        columns[name] = np.full(members, float(flag.value))
        origin[name] = "stated" if flag.stated else "silent"
    for name, answer in chart.answers.items():
        columns[name] = np.full(members, answer)
        origin[name] = "stated"


def _derived(chart: Chart, columns: dict[str, Float[Array, "r"]], origin: dict[str, str]) -> None:
    """eGFR from creatinine (CKD-EPI 2021), weight from height and body mass index, where they can be."""
    if "creatinine" in columns and chart.sex:
        columns["egfr"] = filtration(columns["creatinine"], chart.years, chart.sex)
        origin["egfr"] = "derived" if origin["creatinine"] == "imputed" and "egfr" not in chart.readings else "measured"
    _alias(chart, columns, origin)
    if "weight" not in columns and "bmi" in columns and "height" in columns:
        columns["weight"] = columns["bmi"] * (columns["height"] / 100.0) ** 2  # structure: centimetres in a metre
        origin["weight"] = "derived"


def _alias(chart: Chart, columns: dict[str, Float[Array, "r"]], origin: dict[str, str]) -> None:
    """What scores ask for under names of their own and the record answers under others."""
    rows = columns["age"].shape[0]
    for word in ("white", "black"):
        if "race" in chart.traits:
            columns[word] = np.full(rows, float(chart.traits["race"] == word))
            origin[word] = "stated"
    for name, parts in _ALIASES.items():
        known = [p for p in parts if p in columns]
        if known:
            columns[name] = np.max(np.stack([columns[p] for p in known]), axis=0)
            origin[name] = min((origin[p] for p in known), key=_STRENGTH.index)
    found = chart.flags.get("diabetes")
    if found is not None and found.value and found.at is not None:
        columns["age_at_diabetes"] = np.full(rows, chart.age - (chart.at - found.at) / YEAR)
        origin["age_at_diabetes"] = "stated"
