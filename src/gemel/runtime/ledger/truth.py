"""The readings that forecasts are compared with: numbers of one observable in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.clock import HOUR
from ...core.fact import Count, Exact, Fact, Instant, Observation
from ...core.model import Model
from ...core.quantity import Quantity
from ...core.units import convert
from ..fault import fault

__all__ = ["LONGEST_REACH", "Readings", "readings"]

LONGEST_REACH: Final[Instant] = 48 * HOUR
"""How far from its target a truth may lie at most."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Instants, in order, and values in the observable's unit."""

    times: Int[Array, "n"]
    values: Float[Array, "n"]

    def until(self, at: Instant) -> Readings:
        """Those up to an instant."""
        end = int(np.searchsorted(np.asarray(self.times), at, side="right"))
        return Readings(self.times[:end], self.values[:end])

    def reach(self, ahead: Instant) -> Instant:
        """How far from its target the truth of a forecast so far ahead may lie: half the median gap between readings,
        at most half of the time ahead (a quarter where fewer than three readings tell no gap) and `LONGEST_REACH`."""
        if self.times.shape[0] < 3:
            return min(ahead // 4, LONGEST_REACH)
        gaps = np.sort(np.asarray(self.times[1:]) - np.asarray(self.times[:-1]))
        return min(int(gaps[(gaps.size - 1) // 2]) // 2, ahead // 2, LONGEST_REACH)


def readings(model: Model, quantity: Quantity, facts: Iterable[Fact]) -> Readings:
    """The readings of an observable among facts in order of time: exact numbers and counts that the model can use."""
    codes = {*quantity.codes, quantity.name}
    groups: dict[tuple[str, str], list[Observation]] = {}
    for fact in facts:
        if fact.code in codes and isinstance(fact, Observation) and isinstance(fact.value, (Exact, Count)):
            groups.setdefault((fact.code, fact.unit), []).append(fact)
    parts = [_numbers(model, quantity, group) for group in groups.values()]
    times = np.concatenate([np.zeros(0, dtype=np.int64), *(part.times for part in parts)])
    values = np.concatenate([np.zeros(0), *(part.values for part in parts)])
    order = np.argsort(times, kind="stable")
    return Readings(times[order], values[order])


def _numbers(model: Model, quantity: Quantity, group: Sequence[Observation]) -> Readings:
    """Readings of one code and unit.  What a model can use is an interval of values, so where it can use the least and
    the greatest of plain readings it can use those between."""
    raw = np.array([_value(fact) for fact in group])
    plain = all(fact.sd is None for fact in group) and bool(np.isfinite(raw).all())
    ends = [group[int(np.argmin(raw))], group[int(np.argmax(raw))]] if plain else group
    if any(fault(model, fact) for fact in ends):
        keep = np.array([not fault(model, fact) for fact in group])
        group, raw = [fact for fact, good in zip(group, keep, strict=True) if good], raw[keep]
    if not group:
        return Readings(np.zeros(0, dtype=np.int64), np.zeros(0))
    times = np.array([fact.at for fact in group], dtype=np.int64)
    if isinstance(group[0].value, Count):
        return Readings(times, raw)
    return Readings(times, convert(raw, group[0].unit, quantity.unit, quantity.analyte))


def _value(fact: Observation) -> float:
    return float(fact.value.n) if isinstance(fact.value, Count) else fact.value.value  # type: ignore[union-attr]
