"""Durations of a declared hospital: how long a service, a stay, a gap or a patience lasts [h].

Each is a law with its numbers; the functions below make one from the figures a report prints (mean, coefficient of
variation).  lognormal: log-variance ln(1 + cv²), log-mean ln(mean) minus half of that.  gamma: shape 1/cv², scale
mean·cv².  How they are drawn is told in `numerics.des.laws`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.clock import HOUR
from ...core.errors import SupportError
from ...numerics.des.laws import NAMES

__all__ = [
    "Duration",
    "clipped_normal",
    "empirical",
    "erlang",
    "exponential",
    "fixed",
    "folded_normal",
    "gamma",
    "lognormal",
    "normal",
    "poisson",
    "triangular",
    "uniform",
    "weibull",
]

LEAST_SHARE = 1e-18
"""Probability beyond which a Poisson tail is cut off."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A law of durations: its name in `NAMES`, its numbers [h where they are times], its mean [h], and, of an empirical
    one, rows of cumulative share and value [h]."""

    law: str
    numbers: tuple[float, ...]
    mean: float
    values: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.law not in NAMES or not all(math.isfinite(x) for x in self.numbers):
            raise SupportError(f"no law '{self.law}' with {self.numbers}: one of {', '.join(NAMES)}, finite numbers")

    def row(self) -> tuple[float, float, float, float, float]:
        """Number of the law and what `numerics.des.laws.draw` takes [us]; an empirical law's rows start at 0."""
        us = float(HOUR)
        a, b, c, d = (*self.numbers, 0.0, 0.0, 0.0, 0.0)[:4]
        match self.law:
            case "lognormal":
                a += math.log(us)
            case "gamma":
                b *= us
            case "weibull":
                a *= us
            case "normal":
                a, b = a * us, b * us
            case "empirical":
                a, b = 0.0, float(len(self.values))
            case _:
                a, b, c = a * us, b * us, c * us
        return float(NAMES.index(self.law)), a, b, c, d

    def times(self, factor: float) -> Duration:
        """The law of a duration `factor` times as long."""
        n = self.numbers
        match self.law:
            case "lognormal":
                numbers = (n[0] + math.log(factor), *n[1:])
            case "gamma":
                numbers = (n[0], n[1] * factor)
            case "weibull":
                numbers = (n[0] * factor, *n[1:])
            case "normal":
                numbers = (n[0] * factor, n[1] * factor, *n[2:])
            case "empirical":
                numbers = n
            case _:
                numbers = tuple(x * factor for x in n)
        values = tuple((share, value * factor) for share, value in self.values)
        return Duration(self.law, numbers, self.mean * factor, values)


def _positive(law: str, **numbers: float) -> None:
    for name, value in numbers.items():
        if not (math.isfinite(value) and value > 0.0):
            raise SupportError(f"{law}: {name} is {value:g}: give a finite number above 0")


def fixed(mean: float) -> Duration:
    """Always the same [h]."""
    if not (math.isfinite(mean) and mean >= 0.0):
        raise SupportError(f"fixed: mean is {mean:g}: give a finite number of hours, not below 0")
    return Duration("fixed", (mean,), mean)


def exponential(mean: float) -> Duration:
    """Memoryless, of this mean [h]."""
    _positive("exponential", mean=mean)
    return Duration("exponential", (mean,), mean)


def lognormal(mean: float, cv: float) -> Duration:
    """Lognormal of this mean [h] and coefficient of variation."""
    if cv == 0.0:
        return fixed(mean)
    _positive("lognormal", mean=mean, cv=cv)
    variance = math.log1p(cv * cv)
    return Duration("lognormal", (math.log(mean) - variance / 2.0, math.sqrt(variance)), mean)


def gamma(mean: float, cv: float) -> Duration:
    """Gamma of this mean [h] and coefficient of variation."""
    if cv == 0.0:
        return fixed(mean)
    _positive("gamma", mean=mean, cv=cv)
    return Duration("gamma", (1.0 / cv**2, mean * cv**2), mean)


def erlang(mean: float, phases: int) -> Duration:
    """The sum of so many exponential phases, of this mean [h] in all."""
    _positive("erlang", mean=mean, phases=float(phases))
    return Duration("gamma", (float(phases), mean / phases), mean)


def uniform(low: float, high: float) -> Duration:
    """Any time between these [h] alike."""
    if not 0.0 <= low <= high:
        raise SupportError(f"uniform: {low:g} to {high:g}: give 0 <= low <= high")
    return Duration("uniform", (low, high), (low + high) / 2.0)


def triangular(low: float, mode: float, high: float) -> Duration:
    """Between low and high [h], most likely at mode."""
    if not (0.0 <= low <= mode <= high and low < high):
        raise SupportError(f"triangular: {low:g}, {mode:g}, {high:g}: give 0 <= low <= mode <= high")
    return Duration("triangular", (low, mode, high), (low + mode + high) / 3.0)


def weibull(scale: float, shape: float) -> Duration:
    """Weibull of this scale [h] and shape."""
    _positive("weibull", scale=scale, shape=shape)
    return Duration("weibull", (scale, 1.0 / shape), scale * math.gamma(1.0 + 1.0 / shape))


def normal(mean: float, sd: float, low: float = 0.0, high: float = math.inf) -> Duration:
    """Normal with this mean and sd [h], before it is cut to between low and high (what lies outside is drawn anew)."""
    _positive("normal", sd=sd)
    below, above = _share((low - mean) / sd), _share((high - mean) / sd)
    if low < 0.0 or not above > below:
        raise SupportError(f"normal({mean:g}, {sd:g}) has nothing between {low:g} and {high:g} h: move the limits")
    density = _density((low - mean) / sd) - _density((high - mean) / sd)
    return Duration("normal", (mean, sd, below, above - below), mean + sd * density / (above - below))


def clipped_normal(mean: float, sd: float, low: float = 0.0) -> Duration:
    """Normal with this mean and sd [h]; what lies below `low` is set to it."""
    _positive("clipped_normal", sd=sd)
    if low < 0.0:
        raise SupportError(f"clipped_normal: low is {low:g}: a duration is not below 0")
    z = (low - mean) / sd
    return Duration("clipped", (mean, sd, low), mean + sd * (z * _share(z) + _density(z)))


def folded_normal(mean: float, sd: float) -> Duration:
    """The size of a normal number of this mean and sd [h], its sign dropped."""
    _positive("folded_normal", sd=sd)
    z = mean / sd
    return Duration("folded", (mean, sd), 2.0 * sd * _density(z) + mean * (1.0 - 2.0 * _share(-z)))


def empirical(values: Sequence[float], weights: Sequence[float] | None = None) -> Duration:
    """One of these times [h], with these weights (default: alike)."""
    shares = [1.0] * len(values) if weights is None else list(weights)
    total = math.fsum(shares)
    if not values or len(shares) != len(values) or min(values) < 0.0 or min(shares) < 0.0 or not total > 0.0:
        raise SupportError("empirical: give at least one time, none below 0, and a weight of each, not all 0")
    pairs = sorted(zip(values, shares, strict=True))
    rows: list[tuple[float, float]] = []
    below = 0.0
    for value, share in pairs:
        below += share / total
        rows.append((below, float(value)))
    rows[-1] = (1.0, rows[-1][1])
    return Duration("empirical", (), math.fsum(v * w for v, w in pairs) / total, tuple(rows))


def poisson(mean: float, unit: float) -> Duration:
    """A Poisson-distributed whole number, of this mean, of units [h] (minutes: 1/60)."""
    _positive("poisson", mean=mean, unit=unit)
    most = math.ceil(mean + 10.0 * math.sqrt(mean)) + 30  # structure: far beyond any tail that matters
    shares = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1.0)) for k in range(most)]
    held = [(k * unit, share) for k, share in enumerate(shares) if share > LEAST_SHARE]
    return empirical([value for value, _ in held], [share for _, share in held])


def _share(z: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _density(z: float) -> float:
    return math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi) if math.isfinite(z) else 0.0
