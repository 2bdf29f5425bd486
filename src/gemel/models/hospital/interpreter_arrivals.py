"""Arrivals and durations of `interpreter`: who comes when, and how long things take, from a declaration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from ...core.clock import HOUR
from ...core.draws import mix, purpose
from ...numerics.des.laws import draw, unit
from ...numerics.des.lines import NEVER
from ...numerics.des.steps import ARRIVAL_WORD, CLASS_WORD, PATIENT_WORD
from .durations import Duration
from .pathway import Source

__all__ = ["Door", "arrival", "door_of", "drawn", "span_of"]


@dataclass(eq=False)
class Door:
    """A source on its way: streams of draws, arrivals so far, the bucket of its rates and when that ends [us]."""

    own: Source
    arrivals: Any
    patients: Any
    made: int = 0
    bucket: int = 0
    edge: int = 0


def door_of(own: Source, key: np.uint64) -> Door:
    """A source before its first arrival."""
    stream = mix(key, purpose(f"source:{own.name}"))
    return Door(own, mix(stream, ARRIVAL_WORD), mix(stream, PATIENT_WORD), edge=round(own.bucket * HOUR))


def span_of(law: Duration, bits: Any) -> int:
    """One duration [us]."""
    kind, a, b, c, d = law.row()
    values = [x for share, value in law.values for x in (share, value * HOUR)]
    record = [kind, a, b, c, d]
    if values:
        record[1:3] = float(len(record)), float(len(record) + len(values))
    span = draw([*record, *values], 0, bits)
    return int(span + 0.5) if span < NEVER else NEVER


def drawn(shares: list[float], draws: Any, names: list[str]) -> str:
    """A class by its share."""
    last = max(k for k, share in enumerate(shares) if share > 0.0)
    below = [x / math.fsum(shares) for x in accumulate(shares)][:last]
    u = unit(mix(draws, CLASS_WORD)) if len(shares) > 1 else 0.0
    return next((name for name, b in zip(names, below, strict=False) if u <= b), names[last])


def arrival(door: Door, now: int) -> int | None:
    """When the next patient comes, or None."""
    own = door.own
    if own.listed:
        times = sorted(round(h * HOUR) for h, _ in own.listed)
        return times[door.made] if door.made < len(times) else None
    bits = mix(door.arrivals, np.uint64(door.made))
    if own.gap is not None:
        return now + span_of(own.gap, bits)
    width = round(own.bucket * HOUR)
    rates = [rate / HOUR for rate in own.rates]
    step = -math.log(unit(bits))
    if own.stale:
        return now + int(step / rates[now // width % len(rates)] + 0.5)
    time = now
    while any(rates):
        room = rates[door.bucket] * (door.edge - time)
        if step < room:
            return min(time + int(step / rates[door.bucket] + 0.5), door.edge)
        step, time, door.edge, door.bucket = step - room, door.edge, door.edge + width, door.bucket + 1
        if door.bucket == len(rates):
            if not own.repeats:
                return None
            door.bucket = 0
    return None
