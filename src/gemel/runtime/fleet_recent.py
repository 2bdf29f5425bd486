"""The readings a live twin has met in the last week, in few bytes: what tells the simple rules that a forecast in the
ledger is compared with.

Readings that come within four minutes of the last one kept are left out (the newest is always there), so that a device
that reads every second costs no more than one that reads every five minutes.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from ..core.clock import MINUTE
from ..core.fact import Instant
from .ledger.rows import RECALL
from .ledger.truth import Readings

__all__ = ["THIN", "Recent"]

THIN: Instant = 4 * MINUTE
"""Least time between two readings that are kept."""
SPARE = 256
"""Readings older than a week that may pile up before they are dropped."""


@dataclass(slots=True)
class Recent:
    """Readings of one observable in order of time."""

    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    newest: tuple[Instant, float] | None = None

    def add(self, at: Instant, value: float) -> None:
        """One more reading, later than all before."""
        self.newest = at, value
        if self.times and at - self.times[-1] < THIN:
            return
        self.times.append(at)
        self.values.append(value)
        if len(self.times) > SPARE and self.times[SPARE] <= at - RECALL:
            del self.times[:SPARE], self.values[:SPARE]

    def readings(self, at: Instant) -> Readings:
        """Those of the week before an instant."""
        times, values = np.array(self.times, dtype=np.int64), np.array(self.values, dtype=np.float64)
        if self.newest is not None and (not times.size or self.newest[0] > times[-1]):
            times, values = np.append(times, self.newest[0]), np.append(values, self.newest[1])
        keep = (times > at - RECALL) & (times <= at)
        return Readings(times[keep], values[keep])
