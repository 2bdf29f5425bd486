"""Independent replications of a declared hospital, read over the time after its warm-up.

A mean wait is that of everybody who was served after the warm-up, whenever they asked; who still waits at the end is
not counted.  Each replication has its own key, so it is the same however many there are and whatever is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from ...core.array import Array
from ...core.clock import HOUR
from ...core.draws import member_keys
from ...models.hospital.compiled import Compiled
from ...models.hospital.deadlock import can_lock, locked
from ...numerics.des.run import run

__all__ = ["Window", "replicate"]


@dataclass(frozen=True)
class Window:
    """What was counted between the warm-up and the end, replication by replication."""

    hospital: Compiled
    tally: Int64[Array, "r s k 3"]
    usage: Int64[Array, "r q 5"]
    arrived: Int64[Array, "r"]
    records: Int64[Array, "r n"]
    hours: float
    locked: Int64[Array, "r"]
    """1 for a replication that ends with patients who wait for one another for ever."""

    def mean(self, step: str, classes: tuple[str, ...] = ()) -> Float[Array, "r"]:
        """Mean time [h] of a step over these classes (default: all): the wait of a Seize, the time of a Delay, the
        whole stay of an Exit; NaN where it never happened."""
        times, total, _ = self._sums(step, classes)
        with np.errstate(invalid="ignore"):
            return total / times / HOUR

    def times(self, step: str, classes: tuple[str, ...] = ()) -> Int64[Array, "r"]:
        """How often a step was done."""
        return self._sums(step, classes)[0]

    def total(self, step: str, classes: tuple[str, ...] = ()) -> Float[Array, "r"]:
        """Total time of a step [h]."""
        return self._sums(step, classes)[1] / HOUR

    def otherwise(self, step: str, classes: tuple[str, ...] = ()) -> Int64[Array, "r"]:
        """How often patients reneged, were turned away or were interrupted at a step."""
        return self._sums(step, classes)[2]

    def used(self, resource: str) -> Float[Array, "r"]:
        """Mean units of a resource in use."""
        return self.usage[:, self.hospital.resources[resource], 0] / (self.hours * HOUR)

    def queue(self, resource: str) -> Float[Array, "r"]:
        """Mean patients waiting for a resource."""
        return self.usage[:, self.hospital.resources[resource], 1] / (self.hours * HOUR)

    def _sums(self, step: str, classes: tuple[str, ...]) -> Any:
        chosen = [self.hospital.classes[name] for name in classes or self.hospital.classes]
        return np.moveaxis(np.asarray(self.tally)[:, self.hospital.steps[step]][:, chosen].sum(axis=1), -1, 0)


def replicate(
    hospital: Compiled, replications: int, *, seed: int = 0, warmup: float = 0.0, hours: float,
    threads: int | None = None,
) -> Window:  # fmt: skip
    """Run from empty, through `warmup` hours that do not count, for `hours` that do."""
    cuts = [round(warmup * HOUR), round((warmup + hours) * HOUR)]
    watched = can_lock(hospital)
    keys = member_keys(seed, replications)
    made = run(hospital.tables, keys, cuts, kept=(0, 1), end=watched, threads=threads)
    locks = np.array([made.end is not None and bool(locked(hospital, made.end, row)) for row in range(replications)])
    records = np.asarray(made.members)[:, 1] - np.asarray(made.members)[:, 0]
    usage = np.asarray(made.usage)[:, 1] - np.asarray(made.usage)[:, 0]
    return Window(
        hospital, hospital.tally(records), usage, hospital.arrivals(records), records, hours, locks.astype(np.int64)
    )
