"""What a sensor's record of days says: the ambulatory glucose profile, time in ranges, variability and daily risk.

    profile        by time of day, over all days: the 5th, 25th, 50th, 75th and 95th percentile    (Bergenstal 2013)
    time in range  share of the readings, each counting the same, by the limits of `glucose`       (Battelino 2019)
    variability    SD of the readings (n - 1); CV = SD / mean; stable up to 36 %
    ADRR           mean over days of  rl(lowest reading) + rh(highest reading), rl and rh as in `glucose`;
                   low below 20, moderate below 40, else high                                      (Kovatchev 2006)

Sensors that also keep the moments at which their wearer looked are first thinned to one reading per step (`regular`),
else the moments of worry would count more.  A point of the profile pools the readings of half an hour to either side,
every quarter of an hour: a choice of this package, as the standard leaves smoothing open.  Mean amplitude of excursions
(MAGE) is left out: programs that compute it from sensor data disagree on what an excursion is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.clock import DAY, local_clock, text
from ...core.derived import Path
from ...core.errors import TimelineError
from ...core.quantity import Constant, Source
from .glucose import ABOVE_180, ABOVE_250, BELOW_54, BELOW_70, CONSENSUS, GMI, HBGI, LBGI, TIME_IN_RANGE
from .sensor_grid import grid_step

__all__ = ["STABLE", "TARGETS", "Ambulatory", "Day", "Profile", "ambulatory", "profile", "regular"]

DAILY_RISK: Final = Source("doi:10.2337/dc06-1085", "ADRR and its categories, as R iglu and gluvarpro document them")

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)  # structure: the percentiles the profile is made of
"""As sensor makers describe and draw them (doi:10.1089/dia.2013.0051)."""
POINTS: Final = 96
"""Points of the profile: every quarter of an hour."""
REACH: Final = 0.5
"""Hours to either side of a point whose readings it pools."""

STABLE: Final = Constant(36.0, "%", CONSENSUS)
"""CV up to which glucose counts as stable."""
ENOUGH_DAYS: Final = Constant(14.0, "d", CONSENSUS)
"""Days a profile should rest on."""
MODERATE_RISK: Final = Constant(20.0, "1", DAILY_RISK)
HIGH_RISK: Final = Constant(40.0, "1", DAILY_RISK)

TARGETS: Final[Mapping[str, tuple[str, Constant]]] = MappingProxyType({
    TIME_IN_RANGE.name: ("above", Constant(70.0, "%", CONSENSUS)),
    BELOW_70.name: ("below", Constant(4.0, "%", CONSENSUS)),
    BELOW_54.name: ("below", Constant(1.0, "%", CONSENSUS)),
    ABOVE_180.name: ("below", Constant(25.0, "%", CONSENSUS)),
    ABOVE_250.name: ("below", Constant(5.0, "%", CONSENSUS)),
})  # fmt: skip
"""What the consensus asks of most adults with type 1 or 2 diabetes; not of pregnant, old or frail people."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Percentiles of glucose [mg/dL] by local hour of day, shape (5, 96) (NaN where no reading was near), and how many
    readings each point pools."""

    hours: Float[Array, "t"]
    quantiles: Float[Array, "5 t"]
    readings: Int[Array, "t"]


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: the indices [first, last) of its readings, their mean [mg/dL] and time in range [%]."""

    date: date
    first: int
    last: int
    mean: float
    time_in_range: float


@dataclass(frozen=True, slots=True)
class Ambulatory:
    """The record in numbers: mean and sd [mg/dL], cv, GMI, shares and `coverage` [%], risk indices, days."""

    readings: int
    span_days: float
    coverage: float
    mean: float
    sd: float
    cv: float
    gmi: float
    shares: Mapping[str, float]
    lbgi: float
    hbgi: float
    adrr: float
    days: tuple[Day, ...]

    @property
    def enough(self) -> bool:
        """Whether the record is as long as a profile should rest on."""
        return self.span_days >= ENOUGH_DAYS.value - 0.5

    @property
    def daily_risk(self) -> str:
        """The category of ADRR."""
        if self.adrr < MODERATE_RISK.value:
            return "low"
        return "moderate" if self.adrr < HIGH_RISK.value else "high"


def regular(times: Int[Array, "n"], glucose: Float[Array, "n"]) -> tuple[Int[np.ndarray, "m"], Float[np.ndarray, "m"]]:
    """One reading per step of the sensor (5 or 15 min): the one nearest to the middle of the step.

    `times` [us] rise.  Raises TimelineError for fewer than two readings.
    """
    at, values = np.asarray(times), np.asarray(glucose, dtype=np.float64)
    step = grid_step(at)
    slot = at // step
    order = np.lexsort((np.abs(at - slot * step - step // 2), slot))
    kept = np.sort(order[np.flatnonzero(np.diff(slot[order], prepend=slot[0] - 1))])
    return at[kept], values[kept]


def ambulatory(times: Int[Array, "n"], glucose: Float[Array, "n"], zone: str) -> Ambulatory:
    """The record's numbers; `times` [us] rise by the sensor's step (`regular`), `glucose` is in mg/dL, days are those
    of the IANA `zone`.

    Coverage compares the readings with one per step.  Raises TimelineError for fewer than two readings.
    """
    values, at = np.asarray(glucose, dtype=np.float64), np.asarray(times)
    if len(values) < 2:
        raise TimelineError(f"{len(values)} glucose reading(s): a report needs at least two")
    step = grid_step(at)
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    score = _scores(values[None])
    days = _days(at, values, zone)
    extremes = np.array([[values[d.first : d.last].min(), values[d.first : d.last].max()] for d in days])
    daily = LBGI.compute(_path(extremes[:, :1])) + HBGI.compute(_path(extremes[:, 1:]))
    return Ambulatory(
        readings=len(values), span_days=float(at[-1] - at[0] + step) / DAY,
        coverage=min(100.0 * len(values) * step / float(at[-1] - at[0] + step), 100.0),  # structure: per cent
        mean=mean, sd=sd, cv=100.0 * sd / mean, gmi=score[GMI.name],  # structure: per cent
        shares={name: score[name] for name in TARGETS}, lbgi=score[LBGI.name], hbgi=score[HBGI.name],
        adrr=float(np.mean(daily)), days=days,
    )  # fmt: skip


def profile(times: Int[Array, "n"], glucose: Float[Array, "n"], zone: str) -> Profile:
    """The ambulatory glucose profile of the readings [mg/dL] at `times` [us], by the clock of the IANA `zone`."""
    clock = local_clock(np.asarray(times).tolist(), zone)[:, 0]
    hours = np.arange(POINTS) * 24.0 / POINTS
    away = np.abs((clock[None] - hours[:, None] + 12.0) % 24.0 - 12.0)  # structure: half a day
    near = away <= REACH
    values = np.asarray(glucose, dtype=np.float64)
    columns = [np.quantile(values[own], QUANTILES) if own.any() else np.full(len(QUANTILES), np.nan) for own in near]
    return Profile(hours, np.stack(columns, axis=1), near.sum(axis=1))


def _path(glucose: Float[np.ndarray, "r t"]) -> Path:
    """Readings as a path on which each counts the same."""
    return Path(np.arange(1.0, glucose.shape[1] + 1.0), {"glucose": glucose})


def _scores(glucose: Float[np.ndarray, "1 t"]) -> dict[str, float]:
    path = _path(glucose)
    asked = (TIME_IN_RANGE, BELOW_70, BELOW_54, ABOVE_180, ABOVE_250, GMI, LBGI, HBGI)
    return {d.name: float(np.asarray(d.compute(path))[0]) for d in asked}


def _days(at: Int[np.ndarray, "n"], values: Float[np.ndarray, "n"], zone: str) -> tuple[Day, ...]:
    """The local days with readings, in order."""
    dates = [date.fromisoformat(text(moment, zone)[:10]) for moment in at.tolist()]
    first = [k for k in range(len(dates)) if k == 0 or dates[k] != dates[k - 1]]
    return tuple(
        Day(dates[a], a, b, float(values[a:b].mean()), _scores(values[None, a:b])[TIME_IN_RANGE.name])
        for a, b in zip(first, [*first[1:], len(dates)], strict=True)
    )
