"""How soon a planted misfit is heard, how rarely nothing is, and how soon bands hold again: on streams of known truth.

Errors are standard normal, one an hour, as a forecaster's are whose twin does not believe the sensor; the misfit is a
shift in their sd (+10 % of a level whose errors scatter by 5 % is a shift of 2), or noise of another size than the
model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.clock import DAY, HOUR
from ..runtime.ledger.alarm import FALSE_ALARM, evidence, fresh
from ..runtime.ledger.widen import factors

__all__ = ["Measured", "caught_within_a_day", "coverage_after_fifty", "false_alarms_per_1000_days"]

QUIET: Final = 14 * DAY // HOUR
"""Hours before the change."""
HALF: Final = NormalDist().inv_cdf(0.95)
"""Half-width of the 90 % band of a standard normal law."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its standard error, and how many streams or patient-days it rests on."""

    value: float
    error: float
    n: int


def caught_within_a_day(shift: float, streams: int = 200, seed: int = 0) -> Measured:
    """Share of streams whose alarm rings within 24 h of a lasting shift [sd]; one that rings before is not caught."""
    luck, caught = np.random.default_rng(seed), 0
    for _ in range(streams):
        errors = luck.normal(size=QUIET + DAY // HOUR)
        errors[QUIET:] += shift
        rung = _rung(errors, luck)
        caught += rung is not None and rung >= QUIET
    share = caught / streams
    return Measured(share, float(np.sqrt(share * (1.0 - share) / streams)), streams)


def false_alarms_per_1000_days(streams: int = 50, days: int = 60, memory: float = 0.0, seed: int = 0) -> Measured:
    """Alarms in streams in which nothing changes, each until its first; `memory` is the correlation of errors an hour
    apart."""
    luck, alarms, hours = np.random.default_rng(seed), 0, 0
    for _ in range(streams):
        errors = luck.normal(size=days * (DAY // HOUR))
        for k in range(1, errors.size):
            errors[k] = memory * errors[k - 1] + np.sqrt(1.0 - memory**2) * errors[k]
        rung = _rung(errors, luck)
        alarms += rung is not None
        hours += errors.size if rung is None else rung + 1
    thousands = hours * HOUR / FALSE_ALARM
    return Measured(alarms / thousands, float(np.sqrt(max(alarms, 1)) / thousands), hours * HOUR // DAY)


def coverage_after_fifty(
    noise: float, *, delay: int = 1, streams: int = 100, forecasts: int = 300, seed: int = 0
) -> Measured:
    """Share of truths 51 to `forecasts` inside the band shown as 90 %, when the noise is so many times the model's and
    a truth comes `delay` forecasts late; standard error over streams."""
    luck, shares = np.random.default_rng(seed), np.zeros(streams)
    for k in range(streams):
        misses = noise * np.abs(luck.normal(size=forecasts)) / HALF
        shown = np.concatenate([np.ones(delay), factors(misses)[: forecasts - delay]])
        shares[k] = np.mean((misses <= shown)[50:])
    return Measured(float(shares.mean()), float(shares.std(ddof=1) / np.sqrt(streams)), streams * (forecasts - 50))


def _rung(errors: NDArray[np.float64], luck: np.random.Generator) -> int | None:
    """Index of the error at which the alarm rings."""
    normal = NormalDist()
    pits = np.array([normal.cdf(error) for error in errors.tolist()])
    path, _ = evidence(fresh(np.clip(pits, 1e-12, 1.0 - 1e-12)), luck.uniform(size=errors.size))
    rung = np.flatnonzero(path >= FALSE_ALARM / HOUR)
    return int(rung[0]) if rung.size else None
