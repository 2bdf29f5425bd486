"""A quantity is declared once, with unit, support, code, prior, drift and noise; everything else reads it there.

Engines work in free space, where every quantity is an unbounded real: `free` maps a value there, `bound` maps it
back.  No bounds: x.  One bound: log of the distance to it.  Two bounds: logit of the position between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal

import numpy as np
from jaxtyping import Float

from .array import Array, Namespace
from .errors import SupportError
from .units import parse

__all__ = [
    "Constant",
    "Drift",
    "Noise",
    "Prior",
    "Quantity",
    "Setting",
    "Source",
    "bound",
    "check_sizes",
    "free",
    "names",
]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number comes from: a locator someone else can follow (DOI, standard, file), down to table or equation."""

    locator: str
    note: str = ""

    def __post_init__(self) -> None:
        if not self.locator.strip():
            raise SupportError(
                "a Source needs a locator (a DOI with table or equation number, a standard, a data file)"
            )


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed number of a model, with UCUM unit and source."""

    value: float
    unit: str
    source: Source

    def __post_init__(self) -> None:
        parse(self.unit)

    def __float__(self) -> float:
        return self.value


Family = Literal["normal", "lognormal", "sqrtnormal", "freenormal", "uniform", "gamma", "fixed"]
_PRIOR_ARITY = {
    "normal": 2, "lognormal": 2, "sqrtnormal": 2, "freenormal": 2, "uniform": 2, "gamma": 2, "fixed": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prior:
    """A marginal distribution, truncated to the quantity's support.

    normal(mean, sd); lognormal(mean, sd of the log); sqrtnormal(mean, sd of the square root); freenormal(mean, sd),
    normal in free space, where nothing is cut off; uniform(low, high); gamma(shape, scale); fixed(value).
    """

    family: Family
    arguments: tuple[float, ...]
    source: Source

    def __post_init__(self) -> None:
        if len(self.arguments) != _PRIOR_ARITY[self.family]:
            raise SupportError(
                f"prior '{self.family}' takes {_PRIOR_ARITY[self.family]} argument(s), got {len(self.arguments)}"
            )


@dataclass(frozen=True, slots=True)
class Drift:
    """How a quantity wanders, in free space, on the epoch grid: every `every` hours a keyed step is taken.

    walk: sd grows as `sd` * sqrt(hours).  ou: stationary sd `sd`, correlation exp(-hours / `tau`).
    occasion: redrawn with sd `sd` at every grid point (between-occasion variability).
    On a parameter the sum of value and drift is what the model sees; on a smooth state the step is process noise.
    `parameter` names a model parameter whose value replaces `sd`, so that the size itself can be learned.
    """

    kind: Literal["walk", "ou", "occasion"]
    sd: float
    source: Source
    every: float = 1.0
    tau: float = inf
    parameter: str | None = None

    def __post_init__(self) -> None:
        if self.sd < 0 or self.every <= 0 or self.tau <= 0 or (self.kind == "ou" and not isfinite(self.tau)):
            raise SupportError(
                f"drift '{self.kind}' needs sd >= 0, every > 0 h and, for ou, a finite tau > 0 h: {self}"
            )


@dataclass(frozen=True, slots=True)
class Noise:
    """Likelihood of a reading given the observable's value mu.

    normal: sd = sqrt(`sd`^2 + (`relative` mu)^2).  lognormal: `sd` is the sd of the log.  poisson: a count of
    mean mu.  `parameter` names a model parameter that replaces `sd`; an observation's own instrument sd replaces both.
    """

    family: Literal["normal", "lognormal", "poisson"]
    source: Source
    sd: float = 0.0
    relative: float = 0.0
    parameter: str | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """One named, measured or hidden number (or array of numbers) of a subject.

    `unit` is UCUM; an input's `unit` is that of its rate per hour and `dose_unit` that of an instant dose.  `low` and
    `high` bound the support, both exclusive in free space.  `code` is 'system:code' (loinc, snomed, rxnorm, mdc,
    gemel); `also` lists further codes whose facts this quantity accepts.  `analyte` ties mass to amount of substance.
    `span` 'interval' marks an observable that is a running total: a reading is compared with the increment since the
    reading before.  `levels` are the categories an ordinal reading may name, each with the interval (low, high) of the
    quantity's own scale that it stands for.
    """

    name: str
    unit: str
    low: float = -inf
    high: float = inf
    code: str | None = None
    also: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    prior: Prior | None = None
    drift: Drift | None = None
    noise: Noise | None = None
    span: Literal["instant", "interval"] = "instant"
    dose_unit: str | None = None
    analyte: str | None = None
    about: str = ""
    levels: tuple[tuple[str, float, float], ...] = ()

    def __post_init__(self) -> None:
        parse(self.unit)
        if self.dose_unit is not None:
            parse(self.dose_unit)
        if not self.name.isidentifier():
            raise SupportError(f"quantity name '{self.name}' must be a Python identifier")
        if not self.low < self.high:
            raise SupportError(f"quantity '{self.name}': low {self.low} must be below high {self.high}")

        for name, low, high in self.levels:
            if not low < high or [own for own, *_ in self.levels].count(name) > 1:
                raise SupportError(
                    f"level '{name}' of '{self.name}' needs low {low} below high {high}, and its own name"
                )

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code whose facts this quantity accepts."""
        return ((self.code,) if self.code else ()) + self.also

    def level(self, name: str, where: str = "") -> tuple[float, float]:
        """The interval a level stands for; SupportError naming the levels there are for one that is not among them."""
        for own, low, high in self.levels:
            if own == name:
                return low, high
        known = f"one of {[own for own, *_ in self.levels]}" if self.levels else f"a number [{self.unit}]"
        raise SupportError(f"'{self.name}' is read as {known}, got level '{name}'{f' ({where})' if where else ''}")

    def check(self, value: float, where: str = "") -> float:
        """Return `value` if it lies inside the support; raise SupportError naming both otherwise."""
        if not self.low <= value <= self.high:
            place = f" ({where})" if where else ""
            raise SupportError(
                f"{self.name} {value:g} {self.unit}{place} is outside [{self.low:g}, {self.high:g}] {self.unit}: "
                "correct the value or its unit"
            )
        return value


@dataclass(frozen=True, slots=True)
class Setting:
    """A discrete choice of a model (a roster, a triage rule, an implant size) with its default."""

    name: str
    choices: tuple[str | int | float, ...]
    default: str | int | float
    about: str = ""


def names(quantities: Sequence[Quantity]) -> tuple[str, ...]:
    """The names, in declared order."""
    return tuple(q.name for q in quantities)


def check_sizes(parameters: Sequence[Quantity], others: Sequence[Quantity]) -> None:
    """Every size of drift or noise that `parameters` and `others` tie to a parameter must name one whose support is
    positive and which does not drift itself; SupportError otherwise."""
    known = {q.name: q for q in parameters}
    for q in (*parameters, *others):
        for what, name in (("drift", q.drift and q.drift.parameter), ("noise", q.noise and q.noise.parameter)):
            if name is None:
                continue
            if name not in known:
                raise SupportError(f"the {what} of '{q.name}' is sized by '{name}', which is none of {tuple(known)}")
            if known[name].low < 0.0 or known[name].drift is not None:
                raise SupportError(
                    f"'{name}' sizes the {what} of '{q.name}': give it low >= 0 (it has {known[name].low:g}) "
                    "and no drift of its own"
                )


def free(quantity: Quantity, value: Float[Array, "..."], xp: Namespace = np) -> Float[Array, "..."]:
    """Map values inside the support onto the whole real line."""
    low, high = quantity.low, quantity.high
    if isfinite(low) and isfinite(high):
        return xp.log(value - low) - xp.log(high - value)
    if isfinite(low):
        return xp.log(value - low)
    if isfinite(high):
        return -xp.log(high - value)
    return value


def bound(quantity: Quantity, z: Float[Array, "..."], xp: Namespace = np) -> Float[Array, "..."]:
    """Map the real line back into the support: the inverse of `free`."""
    low, high = quantity.low, quantity.high
    if isfinite(low) and isfinite(high):
        return low + (high - low) / (1.0 + xp.exp(-z))
    if isfinite(low):
        return low + xp.exp(z)
    if isfinite(high):
        return high - xp.exp(-z)
    return z
