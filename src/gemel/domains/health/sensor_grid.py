"""A glucose sensor's record on a regular grid: what forecasts and their baselines are scored on.

The window is 28 days from local midnight of the earliest record.  The grid is 5 min, or 15 min for a sensor that stores
a value every quarter of an hour; a grid point takes the nearest reading within half a step.  Such sensors also keep the
moments at which their wearer looked, so the plain median of the gaps can fall well under 15 min: the gap meant here is
the one a typical moment lies in (the median weighted by duration).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.clock import DAY, MINUTE, instant, zone
from ...core.errors import TimelineError
from ...core.fact import Exact, Fact, Instant, Intervention, Observation, bounds
from ...core.moments import nearest, typical_gap
from ...core.subject import Subject
from ...core.timeline import Timeline
from ...core.units import convert

__all__ = ["DAYS", "SensorGrid", "grid_step", "on_grid"]

DAYS = 28
"""Length of the window."""

GLUCOSE_CODE = "loinc:99504-3"


@dataclass(frozen=True, slots=True)
class SensorGrid:
    """A subject's window: glucose [mg/dL] at start + k step (NaN where nothing was near), and what was given in it."""

    subject: Subject
    start: Instant
    step: Instant
    glucose: Float[Array, "n"]
    acts: tuple[Intervention, ...]

    @property
    def times(self) -> Int[Array, "n"]:
        """The grid's instants."""
        return self.start + self.step * np.arange(self.glucose.shape[0], dtype=np.int64)

    def readings(self, first: int, last: int) -> list[Observation]:
        """The grid's values from index `first` up to, not including, `last`, as facts at the grid's instants."""
        return [
            Observation(
                id=f"grid-{k}", code=GLUCOSE_CODE, value=Exact(float(self.glucose[k])), unit="mg/dL",
                at=int(self.times[k]), recorded=int(self.times[k]),
            )
            for k in range(first, last)
            if np.isfinite(self.glucose[k])
        ]  # fmt: skip


def grid_step(times: Int[Array, "n"]) -> Instant:
    """15 min where a typical moment lies in a gap of 10 min or more between readings, else 5 min."""
    gaps = np.diff(np.unique(np.asarray(times, dtype=np.int64)))
    if gaps.size == 0:
        raise TimelineError("fewer than two glucose readings: no sampling gap to tell")
    return 15 * MINUTE if typical_gap(gaps) >= 10 * MINUTE else 5 * MINUTE  # structure: grids of sensors


def on_grid(subject: Subject, facts: Sequence[Fact], days: int = DAYS) -> SensorGrid:
    """The subject's first `days` days on the grid.  Raises TimelineError without glucose readings."""
    held = list(Timeline(subject, tuple(facts)))
    readings = [f for f in held if isinstance(f, Observation) and f.code == GLUCOSE_CODE]
    if not readings:
        raise TimelineError(f"subject '{subject.id}' has no sensor glucose ({GLUCOSE_CODE}) to forecast")
    start = _midnight(held[0].at, subject.zone)
    end = start + days * DAY
    inside = [(f.at, _mgdl(f)) for f in readings if start <= f.at < end]
    times, values = np.array([t for t, _ in inside], dtype=np.int64), np.array([v for _, v in inside])
    step = grid_step(times)
    points = start + step * np.arange((end - start) // step, dtype=np.int64)
    glucose = nearest(times, values, points, np.array([step // 2]))
    acts = tuple(f for f in held if isinstance(f, Intervention) and start <= f.at < end)
    return SensorGrid(subject, start, step, glucose, acts)


def _mgdl(reading: Observation) -> float:
    """A reading in mg/dL; one off the sensor's scale counts as the scale's end."""
    low, high = bounds(reading.value)
    value = low if np.isfinite(low) else high
    return float(convert(value, reading.unit, "mg/dL", analyte="glucose"))


def _midnight(at: Instant, tz: str) -> Instant:
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone(tz))
    return instant(local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None), tz=tz, repeated=0)
