"""What a record tells at each of its moments, as rows of numbers from which a correction can be learned.

Columns, for an observable on a regular grid: the readings of the last hour, newest first; means over the last 2, 4, 8
and 24 h; sine and cosine of the local hour at one, two and three turns a day; and for each input how much of what was
given is acting, as (s/tau) exp(1 - s/tau) s hours after a dose for tau of half an hour, one and two hours.  Nothing
here looks past its moment but `planned`, which sums up doses already known for a stretch ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ..core.array import Array
from ..core.clock import HOUR, local_clock
from ..core.fact import Instant

__all__ = ["Doses", "History", "columns", "planned"]

PACES = (0.5, 1.0, 2.0)  # structure: how fast what was given may act [h]
SPANS = (2, 4, 8, 24)  # structure: stretches whose mean is told [h]
TURNS = (1, 2, 3)  # structure: harmonics of the day
FADED = 12.0  # structure: hours after which a dose of the slowest pace has gone


@dataclass(frozen=True, slots=True)
class Doses:
    """What was given of one input: instants in order, and amounts."""

    times: Int[Array, "e"]
    amounts: Float[Array, "e"]


@dataclass(frozen=True, slots=True)
class History:
    """Readings at start + k step (NaN where there was none), the doses of each input, and the subject's zone."""

    start: Instant
    step: Instant
    values: Float[Array, "n"]
    given: tuple[Doses, ...]
    zone: str

    @property
    def times(self) -> Int[Array, "n"]:
        """The grid's instants."""
        return self.start + self.step * np.arange(self.values.shape[0], dtype=np.int64)

    @property
    def lags(self) -> int:
        """Readings in an hour, at least two."""
        return max(2, HOUR // self.step)


def columns(history: History, at: Int[Array, "q"]) -> Float[Array, "q f"]:
    """The columns at grid points `at`; NaN where a reading of the last hour is missing."""
    k, lags = np.asarray(at), history.lags
    padded = np.concatenate([np.full(lags - 1, np.nan), np.asarray(history.values)])
    recent = np.stack([padded[k + lags - 1 - back] for back in range(lags)], axis=1)
    times = history.times[k]
    angle = 2.0 * np.pi * local_clock(times.tolist(), history.zone)[:, 0] / 24.0
    turns = [wave(turn * angle) for turn in TURNS for wave in (np.sin, np.cos)]
    means = [_trailing(history, hours)[k] for hours in SPANS]
    acting = [_acting(times, doses, pace) for doses in history.given for pace in PACES]
    return np.concatenate([recent, np.stack([*turns, *means, *acting], axis=1)], axis=1)


def planned(given: Sequence[Doses], times: Int[Array, "q"], span: Instant) -> Float[Array, "q f"]:
    """Per input the doses in (t, t + span), and their first and second moment in hours left of the span."""
    left, right = np.asarray(times), np.asarray(times) + span
    parts: list[Array] = []
    for doses in given:
        for power in (0, 1, 2):
            parts.append(_moments(doses, left, right, power))
    return np.stack(parts, axis=1)


def _moments(doses: Doses, left: Int[Array, "q"], right: Int[Array, "q"], power: int) -> Float[Array, "q"]:
    first = np.searchsorted(doses.times, left, side="right")
    last = np.searchsorted(doses.times, right, side="left")
    return np.array(
        [
            float(np.sum(doses.amounts[a:b] * ((end - doses.times[a:b]) / HOUR) ** power))
            for a, b, end in zip(first, last, right, strict=True)
        ]
    )


def _trailing(history: History, hours: int) -> Float[Array, "n"]:
    """Mean of the readings of the last hours at every grid point; 0 where there was none."""
    values = np.asarray(history.values)
    seen, width = np.isfinite(values), max(1, int(hours * HOUR // history.step))
    total, count = (np.concatenate([[0.0], np.cumsum(x)]) for x in (np.where(seen, values, 0.0), seen))
    last = np.arange(values.shape[0]) + 1
    first = np.maximum(last - width, 0)
    return (total[last] - total[first]) / np.maximum(count[last] - count[first], 1.0)


def _acting(times: Int[Array, "q"], doses: Doses, pace: float) -> Float[Array, "q"]:
    """How much of the doses up to each instant is acting."""
    found = np.zeros(np.asarray(times).shape[0])
    for at, amount in zip(doses.times.tolist(), np.asarray(doses.amounts).tolist(), strict=True):
        hours = (times - at) / HOUR
        now = (hours >= 0.0) & (hours < FADED)
        found[now] += amount * (hours[now] / pace) * np.exp(1.0 - hours[now] / pace)
    return found
