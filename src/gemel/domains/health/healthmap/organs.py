"""Organ status: what was measured of an organ, against reference limits, over time, and how old it is.

Status is not risk: it says what the markers show today.  An organ takes the status of its worst marker that is recent
enough; one without any is `not measured`, grey, and never counts as well.

    in range       inside the reference limits
    borderline     outside them
    out of range   beyond the second limits, where the source has them
    old            the last reading is too old to say (`ageing.STALE`)
    not measured   no reading

Limits and their sources stand in `tables/markers.csv`.  A marker without limits there is compared with the central
95 % of people of the same age and sex (`population.py`), which is usual, not necessarily healthy: outside is at most
borderline, and where only high values matter (`side`), low ones are in range.  The slope is that of a straight line
through the readings of the last five years.  What changes from hour to hour keeps for a week only (`keeps`, in days, in
the table): a choice of this project.  All limits are adults': under 18 years a marker is shown without.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from ....core.clock import DAY
from ....core.errors import CapabilityError
from ....core.fact import Instant
from ....core.units import convert
from .ageing import OLD, STALE, YEAR
from .bell import phi
from .population import SOURCE, Population, population, rows_of
from .record import Chart, Reading, measured

__all__ = ["Marker", "Organ", "Slope", "Status", "organs"]

Status = Literal["in range", "borderline", "out of range", "old", "not measured", "no reference"]
_WORSE: Mapping[Status, int] = {
    "out of range": 5, "borderline": 4, "in range": 3, "no reference": 2, "old": 1, "not measured": 0,
}  # fmt: skip
ADULT = 18.0  # structure: age [a] from which the limits of the table hold; children are shown without
_CENTRAL = 1.96  # structure: normal score of the central 95 %
_FEWEST = 3  # structure: readings a slope needs


@dataclass(frozen=True, slots=True)
class Slope:
    """Change per year in the marker's unit, its standard error, and on how many readings it rests."""

    per_year: float
    error: float
    readings: int

    @property
    def words(self) -> str:
        """'rising' or 'falling' where the change is beyond two standard errors, else 'no clear trend'."""
        if abs(self.per_year) <= 2.0 * self.error:  # structure: about 95 %
            return "no clear trend"
        return "rising" if self.per_year > 0 else "falling"


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker of an organ.  `value`, `low` and `high` in `unit`; `centile` among US adults of this age and sex."""

    covariate: str
    about: str
    unit: str
    status: Status
    value: float | None
    at: Instant | None
    age_days: float | None
    aged: bool
    low: float | None
    high: float | None
    source: str
    centile: float | None
    slope: Slope | None


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ system and its markers, those measured first."""

    name: str
    status: Status
    markers: tuple[Marker, ...]


@dataclass(frozen=True, slots=True)
class _Limits:
    far_low: float
    low: float
    high: float
    far_high: float
    side: str
    keeps: Instant
    source: str


@cache
def _table() -> tuple[tuple[str, str, str, _Limits], ...]:
    """Organ, covariate, sex ('' for both) and limits in the covariate's unit."""
    return tuple((r["organ"], r["covariate"], r["sex"], _limits(r)) for r in rows_of("markers.csv"))


def _limits(row: Mapping[str, str]) -> _Limits:
    covariate = measured()[row["covariate"]]

    def read(name: str, otherwise: float) -> float:
        if not row[name]:
            return otherwise
        return float(convert(float(row[name]), row["unit"], covariate.unit, covariate.analyte))

    return _Limits(
        read("far_low", -math.inf), read("low", -math.inf), read("high", math.inf), read("far_high", math.inf),
        row["side"], round(float(row["keeps"]) * DAY) if row["keeps"] else STALE, row["source"],
    )  # fmt: skip


def organs(chart: Chart) -> tuple[Organ, ...]:
    """Every organ system of the table with its status, worst first."""
    try:
        people = population(chart.sex, chart.age)
    except CapabilityError:
        people = None
    markers: dict[str, list[Marker]] = {}
    for organ, covariate, sex, limits in _table():
        if not sex or sex == chart.sex:
            markers.setdefault(organ, []).append(_marker(chart, covariate, limits, people))
    found = [Organ(name, _worst(items), tuple(sorted(items, key=_order))) for name, items in markers.items()]
    return tuple(sorted(found, key=lambda o: -_WORSE[o.status]))


def _order(marker: Marker) -> int:
    return -_WORSE[marker.status]


def _worst(markers: Sequence[Marker]) -> Status:
    return max((m.status for m in markers), key=lambda status: _WORSE[status])


def _marker(chart: Chart, name: str, limits: _Limits, people: Population | None) -> Marker:
    covariate = measured()[name]
    reading = chart.newest(name)
    if chart.age < ADULT:
        limits = _Limits(-math.inf, -math.inf, math.inf, math.inf, limits.side, limits.keeps, "")
    if not limits.source and people is not None and name in people.names:
        column = people.value(name, np.array([-_CENTRAL, _CENTRAL]))
        low = -math.inf if limits.side == "high" else float(column[0])
        limits = _Limits(-math.inf, low, float(column[1]), math.inf, limits.side, limits.keeps, _usual(chart))
    low, high = (None if math.isinf(v) else v for v in (limits.low, limits.high))
    if reading is None:
        return Marker(
            name, covariate.about, covariate.unit, "not measured", None, None, None, False, low, high, limits.source,
            None, None,
        )  # fmt: skip
    age = chart.at - reading.at
    centile = None
    if people is not None and name in people.names:
        centile = float(phi(np.array(people.score(name, reading.value)))) * 100.0  # structure: per cent
    status: Status = "old" if age > limits.keeps else _status(reading.value, limits)
    return Marker(
        name, covariate.about, covariate.unit, status, reading.value, reading.at, age / DAY, age > OLD, low, high,
        limits.source, centile, _slope(chart, name),
    )  # fmt: skip


def _usual(chart: Chart) -> str:
    return f"central 95 % of US adults of this age and sex ({SOURCE.note.partition(',')[0]}): usual, not a health limit"


def _status(value: float, limits: _Limits) -> Status:
    if not limits.source:
        return "no reference"
    if value <= limits.far_low or value >= limits.far_high:
        return "out of range"
    return "borderline" if value < limits.low or value >= limits.high else "in range"


def _slope(chart: Chart, name: str) -> Slope | None:
    """The straight line through the readings of the last five years; None for too few or too short a time."""
    readings: list[Reading] = [r for r in chart.readings.get(name, ()) if chart.at - r.at <= STALE]
    if len(readings) < _FEWEST or readings[-1].at - readings[0].at < OLD:
        return None
    years = np.array([(r.at - readings[0].at) / YEAR for r in readings])
    values = np.array([r.value for r in readings])
    centred = years - years.mean()
    steepness = float(centred @ values / (centred @ centred))
    left = values - values.mean() - steepness * centred
    error = math.sqrt(float(left @ left) / max(len(readings) - 2, 1) / float(centred @ centred))
    return Slope(steepness, error, len(readings))
