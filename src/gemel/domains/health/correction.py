"""A diabetes twin's forecasts, corrected by what their mechanism has left unexplained in this person so far.

Every local midnight a lesson is learned for each horizon and way of asking from all forecasts whose truth has come, and
holds for the day.  Columns are those of `verbs.history` for sensor glucose, rapid and long-acting insulin and
carbohydrate; where meals and boluses are announced, also the announced doses and how far the announcement moves the
mechanism's forecast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ...core.array import Array
from ...core.clock import DAY, HOUR, MINUTE, local_clock
from ...core.fact import Instant
from ...core.forecast import Forecast
from ...verbs.history import Doses, History, columns, planned
from ...verbs.residual import Cases, Spread, corrected, enough, learn_residual, said
from .sensor_grid import SensorGrid

__all__ = ["INPUT_CODES", "corrections", "days_of", "history_of"]

INPUT_CODES = ("gemel:rapid-insulin", "gemel:long-acting-insulin", "gemel:carbohydrate")
"""Inputs whose doses are told to the correction."""

Made = Mapping[str, Mapping[int, Forecast]]
"""Forecasts by mode and index of their origin in the grid."""


def corrections(grid: SensorGrid, made: Made, horizons: Sequence[int], first: int) -> Made:
    """The forecasts from grid index `first` on, corrected; their outputs stand at the `horizons` [min].  A day before
    whose midnight too little was known keeps the mechanism's own."""
    origins = np.array(sorted(set(made["past"]) & set(made["announced"])), dtype=np.int64)
    history = history_of(grid)
    base, days, wanted = columns(history, origins), days_of(history, origins), origins >= first
    plain = [made["past"][k].mean("glucose") for k in origins.tolist()]
    new: dict[str, dict[int, Forecast]] = {}
    for mode, forecasts in made.items():
        chosen = [forecasts[k] for k in origins.tolist()]
        moved = np.array([f.mean("glucose") for f in chosen]) - np.array(plain) if mode == "announced" else None
        before = [said(chosen, "glucose", h) for h in range(len(horizons))]
        after: list[Spread] = []
        for minutes, spread in zip(horizons, before, strict=True):
            span = minutes * MINUTE
            told = () if moved is None else (planned(history.given, history.times[origins], span), moved)
            x = np.concatenate([base, *told], axis=1)
            after.append(_taught(_asked(grid, origins, span, (x, spread)), days, wanted))
        new[mode] = {
            k: corrected(chosen[i], "glucose", _row(before, i), _row(after, i))
            for i, k in enumerate(origins.tolist())
            if k >= first
        }
    return new


def history_of(grid: SensorGrid) -> History:
    """The record as the columns are made of it."""
    return History(grid.start, grid.step, grid.glucose, tuple(_doses(grid, c) for c in INPUT_CODES), grid.subject.zone)


def _doses(grid: SensorGrid, code: str) -> Doses:
    found = sorted((a.at, a.dose) for a in grid.acts if a.code == code and a.dose is not None)
    return Doses(np.array([at for at, _ in found], dtype=np.int64), np.array([amount for _, amount in found]))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Cases of every origin (truth NaN where none was read) and when each truth came."""

    cases: Cases
    known: Int[Array, "n"]
    made: Int[Array, "n"]


def _asked(
    grid: SensorGrid, origins: Int[Array, "n"], span: Instant, told: tuple[Float[Array, "n f"], Spread]
) -> _Asked:
    times = grid.times[origins]
    target = origins + span // grid.step
    inside = target < grid.glucose.shape[0]
    truth = np.where(inside, np.asarray(grid.glucose)[np.where(inside, target, 0)], np.nan)
    return _Asked(Cases(*told, truth, (times - grid.start) // DAY), times + span, times)


def _taught(asked: _Asked, days: Int[Array, "n"], wanted: Bool[Array, "n"]) -> Spread:
    """What is said after correction at every wanted origin, each by the lesson of the midnight before it."""
    cases, spread = asked.cases, asked.cases.spread
    mean, half = np.array(spread.mean), np.array(spread.half)
    whole = np.isfinite(cases.columns).all(axis=1) & np.isfinite(cases.truth)
    for day in np.unique(days[wanted]):
        today = wanted & (days == day)
        known = whole & (asked.known < asked.made[days == day].min()) & (days < day)
        past = _take(cases, known)
        if not enough(past):
            continue
        now = learn_residual(past).read(cases.columns[today], Spread(spread.mean[today], spread.half[today]))
        mean[today], half[today] = now.mean, now.half
    return Spread(mean, half)


def _take(cases: Cases, which: Bool[Array, "n"]) -> Cases:
    spread = Spread(cases.spread.mean[which], cases.spread.half[which])
    return Cases(cases.columns[which], spread, cases.truth[which], cases.day[which])


def _row(spreads: Sequence[Spread], i: int) -> Spread:
    return Spread(np.array([s.mean[i] for s in spreads]), np.array([s.half[i] for s in spreads]))


def days_of(history: History, origins: Int[Array, "n"]) -> Int[Array, "n"]:
    """The local day of each origin."""
    times = history.times[origins]
    hours = local_clock(times.tolist(), history.zone)[:, 0]
    return np.round((times - hours * HOUR) / DAY).astype(np.int64)
