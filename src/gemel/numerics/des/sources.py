"""Who comes, and when: piecewise Poisson processes, renewal processes and lists of arrivals.

A Poisson source turns exponential steps of its cumulative rate into times, so it is exact across every change of rate.
`stale` draws the whole gap with the rate in force at the last arrival, as some published models do by mistake.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.draws import mix
from .laws import draw, unit
from .layout import (
    ARRIVAL_STREAM,
    ARRIVE,
    BUCKET,
    BUCKETS,
    EDGE,
    GAP,
    KIND,
    LISTED,
    LISTED_AT,
    LISTED_END,
    MADE,
    NOW,
    ONCE,
    ORIGIN,
    POISSON,
    RATES,
    STALE,
    STATE,
    WIDTH,
)  # fmt: skip
from .lines import NEVER, soon

__all__ = ["first_arrival", "next_arrival"]


def first_arrival(t: Any, f: Any, s: Any, e: Any, a: Any) -> None:
    """Set a source going."""
    x = t[a + STATE]
    origin = s[ORIGIN] if t[a + KIND] != ONCE else 0
    s[x + BUCKET] = origin // t[a + WIDTH] % t[a + BUCKETS]
    s[x + EDGE] = t[a + WIDTH] - origin % t[a + WIDTH]
    next_arrival(t, f, s, e, a)


def next_arrival(t: Any, f: Any, s: Any, e: Any, a: Any) -> None:
    """Ask for the source's next arrival, if there is one."""
    x, kind = t[a + STATE], t[a + KIND]
    if kind == LISTED:
        place = t[a + LISTED_AT] + 2 * s[x + MADE]
        time = t[place] if place < t[a + LISTED_END] else -1
    else:
        bits = mix(np.uint64(s[x + ARRIVAL_STREAM]), np.uint64(s[x + MADE]))
        if kind == POISSON or kind == ONCE:
            time = _poisson(t, f, s, a, -math.log(unit(bits)))
        else:
            if kind == STALE:
                bucket = (s[NOW] + s[ORIGIN]) // t[a + WIDTH] % t[a + BUCKETS]
                gap = -math.log(unit(bits)) / f[t[a + RATES] + bucket]
            else:
                gap = draw(f, t[a + GAP], bits)
            time = s[NOW] + np.int64(gap + 0.5) if gap < NEVER else -1
    if time >= 0:
        soon(s, e, time, 0, ARRIVE, a)


def _poisson(t: Any, f: Any, s: Any, a: Any, step: float) -> Any:
    """When the cumulative rate has grown by `step`; -1 for never."""
    x, buckets = t[a + STATE], t[a + BUCKETS]
    bucket, edge, time = s[x + BUCKET], s[x + EDGE], s[NOW]
    empty = 0
    rate = f[t[a + RATES] + bucket]
    room = rate * (edge - time)
    while step >= room:
        step -= room
        time = edge
        edge += t[a + WIDTH]
        bucket += 1
        if bucket == buckets:
            if t[a + KIND] == ONCE:
                return -1
            bucket = 0
        empty = 0 if rate > 0.0 else empty + 1
        if empty > buckets:
            return -1
        rate = f[t[a + RATES] + bucket]
        room = rate * (edge - time)
    s[x + BUCKET], s[x + EDGE] = bucket, edge
    return min(time + np.int64(step / rate + 0.5), edge)
