"""What an optimiser may choose from: named variables, and how a choice of them becomes a plan (or settings, or both).

A `Variable` is real, stepped (doses come in half units, staff in whole people) or one of a list of choices.  A `Space`
turns a point, a value for each variable, into an `Arrangement`.  `doses`, `rates`, `policies` and `settings` are the
usual spaces; any function from a point to a plan makes another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import inf, isfinite
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from .array import Array
from .errors import SupportError
from .fact import Instant
from .plan import Action, Plan, Policy, Schedule
from .quantity import Setting
from .units import parse

__all__ = ["Arrangement", "Space", "Variable", "doses", "policies", "rates", "settings"]

Choice = str | int | float
Point = Mapping[str, Choice]
NOTHING: Mapping[str, Choice] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing to choose: a number of [low, high] in `unit` (UCUM), on a grid of `step` from `low` where that is above
    0, or one of `choices`."""

    name: str
    unit: str = "1"
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    choices: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        parse(self.unit)
        if self.choices:
            return
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high and self.step >= 0.0):
            raise SupportError(
                f"variable '{self.name}' may lie in [{self.low:g}, {self.high:g}] by steps of {self.step:g}: give "
                "finite bounds, low first, and a step >= 0, or choices"
            )

    @property
    def count(self) -> float:
        """How many values there are; infinite for a real number."""
        if self.choices:
            return float(len(self.choices))
        if self.low == self.high:
            return 1.0
        return float(np.floor((self.high - self.low) / self.step * (1.0 + 1e-12))) + 1.0 if self.step > 0.0 else inf

    @property
    def bounds(self) -> tuple[float, float]:
        """What an optimiser moves between: the value itself, or the number of a step or choice."""
        return (0.0, self.count - 1.0) if isfinite(self.count) else (self.low, self.high)

    def value(self, x: float) -> Choice:
        """The value at an optimiser's coordinate."""
        if self.choices:
            return self.choices[round(x)]
        return min(self.low + round(x) * self.step, self.high) if isfinite(self.count) else float(x)

    def text(self, value: Choice) -> str:
        """The value as it is read: 'bolus 3.5 [IU]'."""
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        return f"{self.name} {shown}" + (f" {self.unit}" if self.unit != "1" and not self.choices else "")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is tried: a plan, and the model's settings it changes."""

    plan: Plan
    settings: Mapping[str, Choice] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Space:
    """Variables and what a point of them means: `make(point)` gives a plan, or an arrangement."""

    variables: tuple[Variable, ...]
    make: Callable[[Point], Plan | Arrangement]

    def __post_init__(self) -> None:
        labels = [v.name for v in self.variables]
        if not labels or len(set(labels)) < len(labels):
            raise SupportError(f"a space needs variables of different names, got {labels}")

    @property
    def count(self) -> float:
        """How many points there are."""
        return float(np.prod([v.count for v in self.variables]))

    def point(self, x: Float[Array, "v"]) -> dict[str, Choice]:
        """The point at an optimiser's coordinates."""
        return {v.name: v.value(float(x[i])) for i, v in enumerate(self.variables)}

    def points(self) -> Iterator[Float[Array, "v"]]:
        """The coordinates of every point of a finite space, the last variable fastest."""
        for where in product(*(range(int(v.count)) for v in self.variables)):
            yield np.array(where, dtype=np.float64)

    def arrange(self, point: Point) -> Arrangement:
        """What the point means."""
        made = self.make(point)
        return made if isinstance(made, Arrangement) else Arrangement(made)

    def text(self, point: Point) -> str:
        """The point as it is read."""
        return ", ".join(v.text(point[v.name]) for v in self.variables)


def doses(
    input: str, at: Sequence[Instant], *, low: float = 0.0, high: float, unit: str, step: float = 0.0
) -> Space:  # fmt: skip
    """A dose of `input` at each of these instants, between `low` and `high` [unit]."""
    variables = tuple(
        Variable(input if len(at) == 1 else f"{input}_{k + 1}", unit, low, high, step) for k in range(len(at))
    )

    def make(point: Point) -> Plan:
        acts = [
            Action(when, input, dose=float(point[v.name]), unit=unit) for v, when in zip(variables, at, strict=True)
        ]
        return Schedule(_named(variables, point), tuple(acts))

    return Space(variables, make)


def rates(
    input: str, spans: Sequence[tuple[Instant, Instant]], *, low: float = 0.0, high: float, unit: str, step: float = 0.0
) -> Space:
    """A rate of `input` over each of these spans, between `low` and `high` [unit]."""
    variables = tuple(
        Variable(input if len(spans) == 1 else f"{input}_{k + 1}", unit, low, high, step) for k in range(len(spans))
    )

    def make(point: Point) -> Plan:
        acts = [
            Action(begin, input, rate=float(point[v.name]), until=end, unit=unit)
            for v, (begin, end) in zip(variables, spans, strict=True)
        ]
        return Schedule(_named(variables, point), tuple(acts))

    return Space(variables, make)


def policies(variables: Sequence[Variable], make: Callable[[Point], Policy]) -> Space:
    """A policy's parameters.  Policies read each member's own sensor, so they are tried one at a time."""
    return Space(tuple(variables), make)


def settings(offered: Sequence[Setting], plan: Plan) -> Space:
    """The model's own discrete choices (a roster, a triage rule) under one plan.

    Raises SupportError for a setting without choices.
    """
    for setting in offered:
        if not setting.choices:
            raise SupportError(f"setting '{setting.name}' lists no choices: make a Space with a Variable of its range")
    variables = tuple(Variable(s.name, choices=s.choices) for s in offered)
    return Space(variables, lambda point: Arrangement(plan, dict(point)))


def _named(variables: Sequence[Variable], point: Point) -> str:
    return ", ".join(v.text(point[v.name]) for v in variables)
