"""Where a hospital is going: many members from the census of this minute, read on a grid of hours.

Each member draws what is left of every stay, and its own luck from then on; the spread of members is the forecast's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from ...core.array import Array
from ...core.clock import HOUR
from ...core.draws import member_keys
from ...models.hospital.census import Patient, present
from ...models.hospital.compiled import Compiled
from ...numerics.des.layout import ORIGIN, fresh
from ...numerics.des.run import run

__all__ = ["Ahead", "ahead"]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Units in use and patients waiting of each resource (q) at each hour (t) in each member (r)."""

    hours: tuple[float, ...]
    used: Int64[Array, "r t q"]
    waiting: Int64[Array, "r t q"]

    def quantiles(self, shares: Sequence[float]) -> Float[Array, "n t q"]:
        """Quantiles over members of units in use and patients waiting together: the beds that are wanted."""
        return np.quantile(np.asarray(self.used) + np.asarray(self.waiting), np.asarray(shares), axis=0)

    def exceeds(self, beds: int, resource: int) -> Float[Array, "t"]:
        """P(more beds are wanted than there are), by hour."""
        wanted = np.asarray(self.used)[:, :, resource] + np.asarray(self.waiting)[:, :, resource]
        return (wanted > beds).mean(axis=0)


def ahead(
    own: Compiled, patients: Sequence[Patient], hours: Sequence[float], *, members: int = 1000, seed: int = 0,
    start_hour: float = 0.0, threads: int | None = None,
) -> Ahead:  # fmt: skip
    """Forecast from a census; `start_hour` is where in the week or day now is, for rates and rosters."""
    keys = member_keys(seed, members)
    start = fresh(own.tables, patients=max(64, 2 * len(patients)))  # structure: room at first, grown when needed
    np.asarray(start.s)[:, ORIGIN] = round(start_hour * HOUR)
    cuts = [round(h * HOUR) for h in hours]
    made = run(own.tables, keys, cuts, start=start, present=present(own, patients, keys), threads=threads)
    return Ahead(tuple(hours), np.asarray(made.usage)[..., 2], np.asarray(made.usage)[..., 3])
