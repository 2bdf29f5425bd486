"""Backtest of the diabetes twin on real records: rolling-origin forecasts beside baselines on the same points.

The twin sees the first 70 % of a subject's 28 days, then goes on learning as each reading comes, and forecasts from
every grid point of the last 30 %.  Two modes: `past`, only what was recorded by the time of the forecast; `announced`,
meals and boluses inside the horizon known beforehand (basal changes never are).  A point is scored where every baseline
lag and the target exist.  `post_bolus` are forecasts made within the 3 h after a bolus.

With `correction`, what the mechanism leaves unexplained is learned each midnight from its own forecasts so far;
without, the twin is the model alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Bool, Int

from ...core.array import Array
from ...core.clock import DAY, HOUR, MINUTE
from ...core.drive import rate_steps
from ...core.fact import Fact, Instant, Intervention
from ...core.forecast import Forecast
from ...core.model import Engine, Model
from ...core.plan import Action, Schedule
from ...core.subject import Subject
from ...core.twin import Twin
from ...verbs.create import twin
from ...verbs.observe import observe
from ...verbs.rolling import Asked, roll
from ...verbs.score import Scored, of_forecasts, of_point, score
from .baselines import LAGS, lagged, linear, persistence, ridge_ar
from .correction import corrections
from .sensor_grid import DAYS, SensorGrid, on_grid

__all__ = ["HORIZONS", "Settings", "backtest", "pool"]

HORIZONS = (30, 60, 120)
TRAIN = 0.7  # structure: how the record is split
AFTER_BOLUS = 3 * HOUR
FORECASTERS = ("twin", "persistence", "linear", "ridge_ar")
INPUT_OF = {"gemel:rapid-insulin": "insulin", "gemel:long-acting-insulin": "long_acting", "gemel:carbohydrate": "carbs"}

Cases = dict[tuple[str, int, str], Scored]
"""Scored forecasts by (mode, horizon in minutes, forecaster), with `post` marks kept beside them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the twin is run: model and engine by name or value, members, seed, `stride`: forecast from every stride-th
    grid point, `days`: length of the window, and `correction`: whether what the mechanism leaves is learned."""

    model: Model | str = "replaybg-everyday"
    engine: Engine | str = "enkf"
    members: int = 256
    seed: int = 0
    stride: int = 1
    days: int = DAYS
    correction: bool = True


@dataclass(frozen=True, slots=True)
class SubjectCases:
    """One subject's scored forecasts and which of them were made after a bolus."""

    subject: str
    cases: Cases
    after_bolus: dict[tuple[str, int], Bool[Array, "n"]]
    note: str


def backtest(
    subject: Subject,
    facts: Sequence[Fact],
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SubjectCases:
    """Score one subject.  Raises TimelineError for a record without sensor glucose."""
    grid = on_grid(subject, facts, settings.days)
    n, minutes = grid.glucose.shape[0], grid.step // MINUTE
    train, lags = int(TRAIN * n), LAGS[minutes]
    complete = np.isfinite(lagged(grid.glucose, lags)).all(axis=1)
    origins = [k for k in range(train, n) if complete[k]][:: settings.stride]
    practice = _practice(grid, complete, train) if settings.correction else []
    found, note = _twin_forecasts(grid, settings, train, [*practice, *origins], progress)
    told = corrections(grid, found, HORIZONS, train) if settings.correction else found
    cases: Cases = {}
    after: dict[tuple[str, int], Any] = {}
    boluses = np.array([a.at for a in grid.acts if a.dose is not None and a.code == "gemel:rapid-insulin"])
    for h, horizon in enumerate(HORIZONS):
        ahead = horizon // minutes
        scored = [k for k in origins if k + ahead < n and np.isfinite(grid.glucose[k + ahead]) and k in found["past"]]
        index = np.array(scored, dtype=np.int64)
        truth = grid.glucose[index + ahead]
        block = (index * grid.step) // DAY
        guesses = {
            "persistence": persistence(grid.glucose, ahead),
            "linear": linear(grid.glucose, ahead, minutes),
            "ridge_ar": ridge_ar(grid.glucose, ahead, lags, train),
        }
        for mode in ("past", "announced"):
            made = [told[mode][k] for k in scored]
            cases[mode, horizon, "twin"] = of_forecasts(made, "glucose", h, truth, block)
            for name, guess in guesses.items():
                cases[mode, horizon, name] = of_point(np.asarray(guess)[index], truth, block)
            after[mode, horizon] = _after_bolus(grid.times[index], boluses)
    return SubjectCases(subject.id, cases, after, note)


def _practice(grid: SensorGrid, complete: Bool[Array, "n"], train: int) -> list[int]:
    """Origins of the training stretch from which forecasts are made to learn from: every quarter of an hour, once the
    twin has had two days to find its subject."""
    first, every = 2 * DAY // grid.step, max(1, 15 * MINUTE // grid.step)  # structure: how far apart cases lie
    return [k for k in range(first, train, every) if complete[k]]


def _twin_forecasts(
    grid: SensorGrid, settings: Settings, train: int, origins: Sequence[int], progress: Callable[[int, int], None]
) -> tuple[Mapping[str, Mapping[int, Forecast]], str]:
    """Forecasts from each origin in both modes, by grid index, and what went wrong on the way."""
    n, span = grid.glucose.shape[0], max(HORIZONS) * MINUTE
    index = {int(at): k for k, at in enumerate(grid.times)}
    asked = Asked(
        origins=[int(grid.times[k]) for k in origins],
        ahead=[h * MINUTE for h in HORIZONS],
        plans={"past": lambda own: None, "announced": lambda own: _announced(grid, own, span)},
        stops=[int(grid.times[k]) for k in range(0, train, DAY // grid.step)],
    )
    facts = [*grid.readings(0, n), *(_told_at_once(a) for a in grid.acts)]
    rolled = roll(lambda at: start_twin(grid, settings, train, at), facts, asked, progress)
    found = {mode: {index[at]: f for at, f in made.items()} for mode, made in rolled.forecasts.items()}
    return found, f"{rolled.restarts} restarts after a collapse" if rolled.restarts else ""


def _told_at_once(act: Intervention) -> Intervention:
    """The log of a meal or dose, as if it had been written when it happened: the sets do not tell when it was."""
    return msgspec.structs.replace(act, recorded=act.at)


def start_twin(grid: SensorGrid, settings: Settings, train: int, at: Instant) -> Twin:
    """A new twin at instant `at`, told the usual basal insulin of the training stretch.

    Its members start in a life with that basal, from a pump or as a depot of long-acting insulin; from then on the
    depot is filled by logged injections only.
    """
    usual = usual_basal(grid, train)
    source = "insulin" if any(a.rate is not None for a in grid.acts) else "long_acting"
    own = twin(
        settings.model,
        grid.subject,
        at=at,
        covariates={"basal": usual} if usual > 0 else {},
        rates={source: usual},
        engine=settings.engine,
        members=settings.members,
        seed=settings.seed,
    )
    if source == "insulin":
        return own
    stop = Intervention(id="start", code=source, at=at, recorded=at, unit="[IU]/h", rate=0.0)
    return observe(own, [stop])


def usual_basal(grid: SensorGrid, train: int) -> float:
    """Mean basal insulin [[IU]/h] up to grid point `train`: pump rate over time, or long-acting doses over time."""
    end = int(grid.times[train - 1])
    given = rate_steps([a for a in grid.acts if a.code == "gemel:rapid-insulin"])
    rates = [(at, rate) for at, rate in given if at < end]
    if rates:
        edges = np.array([at for at, _ in rates] + [end])
        return float(np.sum(np.array([r for _, r in rates]) * np.diff(edges)) / (end - edges[0]))
    doses = [a.dose for a in grid.acts if a.dose is not None and a.code == "gemel:long-acting-insulin" and a.at < end]
    return float(sum(doses) / ((end - grid.start) / HOUR))


def _announced(grid: SensorGrid, twin: Twin, span: int) -> Schedule:
    """Meals and boluses inside the horizon, as a plan."""
    coming = [a for a in grid.acts if twin.now < a.at < twin.now + span and a.dose is not None]
    return Schedule("announced", tuple(_action(a) for a in coming if a.code in INPUT_OF))


def _action(act: Intervention) -> Action:
    return Action(act.at, INPUT_OF[act.code], dose=act.dose, unit=act.unit)


def _after_bolus(times: Int[Array, "n"], boluses: Int[Array, "b"]) -> Bool[Array, "n"]:
    if boluses.size == 0:
        return np.zeros(times.shape[0], dtype=bool)
    last = np.searchsorted(boluses, times, side="right") - 1
    return (last >= 0) & (times - boluses[np.maximum(last, 0)] < AFTER_BOLUS)


def pool(subjects: Sequence[SubjectCases]) -> dict[str, Any]:
    """Scores over all subjects together: {mode: {horizon: {overall|post_bolus: {forecaster: scores}}}}."""
    result: dict[str, Any] = {}
    for mode in ("past", "announced"):
        result[mode] = {}
        for horizon in HORIZONS:
            overall = {who: score(_joined(subjects, mode, horizon, who, False)) for who in FORECASTERS}
            post = {who: score(_joined(subjects, mode, horizon, who, True)) for who in FORECASTERS}
            result[mode][str(horizon)] = {"overall": overall, "post_bolus": post}
    return result


def _joined(subjects: Sequence[SubjectCases], mode: str, horizon: int, who: str, post: bool) -> Scored:
    parts = [s.cases[mode, horizon, who] for s in subjects]
    if post:
        parts = [p.take(s.after_bolus[mode, horizon]) for s, p in zip(subjects, parts, strict=True)]
    return Scored.join(parts)
