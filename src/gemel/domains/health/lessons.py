"""What a diabetes twin's past forecasts teach for its next one: `correction`, for a forecast made now.

`learn` lives the record again, as far back as four weeks: a twin goes through it as it came and forecasts every half
hour what happens as things are; from what became of these forecasts a lesson is learned for each horizon.  `correct`
moves a new forecast by it.  Between horizons shift and width are in proportion to the time; beyond the last they fade
over as long again, and the mechanism's own remains.

A lesson is an association of this person's past under plans of its own: it belongs to forecasts of what happens as
things are, never to a comparison of plans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.clock import DAY, MINUTE
from ...core.fact import Fact, Instant
from ...core.forecast import Forecast
from ...core.subject import Subject
from ...core.twin import Twin
from ...verbs.history import columns
from ...verbs.residual import Cases, Lesson, Spread, corrected, enough, learn_residual, said
from ...verbs.rolling import Asked, roll
from .backtest import HORIZONS, Settings, start_twin
from .correction import days_of, history_of
from .sensor_grid import DAYS, SensorGrid, on_grid

__all__ = ["Lessons", "correct", "learn", "origins_of"]

EVERY: Instant = 30 * MINUTE  # structure: how far apart cases lie
"""How far apart the forecasts lie that are learned from."""
SETTLED: Instant = 2 * DAY
"""How long the twin has to find its subject before it is learned from."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """By horizon [min] what was learned and from how many forecasts; horizons with too few are absent.  `upto` is when
    the last fact was known that it rests on, `model` the card's title and version."""

    by_horizon: Mapping[int, Lesson]
    cases: int
    upto: Instant
    model: str

    @property
    def told(self) -> str:
        """In words, for a forecast's reasons."""
        if not self.by_horizon:
            return "not corrected: fewer than 200 past forecasts on five days to learn from"
        return f"corrected by what {self.cases} past forecasts of {self.model} left unexplained in this person"


def origins_of(grid: SensorGrid, now: Instant) -> list[int]:
    """Grid points at which a past forecast is made: every half hour once settled, where the last hour was read."""
    history, step = history_of(grid), max(1, EVERY // grid.step)
    last = min(int((now - grid.start) // grid.step), grid.glucose.shape[0] - 1)
    asked = np.arange(SETTLED // grid.step, last + 1, step, dtype=np.int64)
    return asked[np.isfinite(columns(history, asked)).all(axis=1)].tolist() if asked.size else []


def learn(subject: Subject, facts: Sequence[Fact], now: Instant, settings: Settings) -> Lessons:
    """The lessons of the four weeks up to `now`.  MissingExtraError without scikit-learn, TimelineError for a record
    without sensor glucose."""
    grid = _recent(subject, facts, now)
    origins = origins_of(grid, now)
    rolled = _rolled(grid, settings, origins, now) if origins else {}
    made = [rolled[int(grid.times[k])] for k in origins if int(grid.times[k]) in rolled]
    index = np.array([k for k in origins if int(grid.times[k]) in rolled], dtype=np.int64)
    found: dict[int, Lesson] = {}
    most = 0
    for output, minutes in enumerate(HORIZONS):
        cases = _cases(grid, index, made, (output, minutes), now)
        if cases is not None and enough(cases):
            found[minutes], most = learn_residual(cases), max(most, cases.truth.shape[0])
    model = made[0].model if made else str(settings.model)
    return Lessons(found, most, now, model)


def _recent(subject: Subject, facts: Sequence[Fact], now: Instant) -> SensorGrid:
    """The record's last four weeks on the grid; the last day is the present's."""
    begin = now - (DAYS - 1) * DAY
    return on_grid(subject, [f for f in facts if begin <= f.at <= now])


def _rolled(grid: SensorGrid, settings: Settings, origins: Sequence[int], now: Instant) -> Mapping[Instant, Forecast]:
    last = int((now - grid.start) // grid.step) + 1
    stops = [int(grid.times[k]) for k in range(0, min(last, grid.glucose.shape[0]), DAY // grid.step)]
    asked = Asked.plain([int(grid.times[k]) for k in origins], [h * MINUTE for h in HORIZONS], stops)
    known = [*grid.readings(0, min(last, grid.glucose.shape[0])), *grid.acts]

    def begin(at: Instant) -> Twin:
        return start_twin(grid, settings, min(last, grid.glucose.shape[0]), at)

    return roll(begin, known, asked).forecasts["as is"]


def _cases(
    grid: SensorGrid, origins: Int[Array, "n"], made: Sequence[Forecast], which: tuple[int, int], now: Instant
) -> Cases | None:
    """Forecasts of one horizon (output, minutes) whose truth is known; None where there is none."""
    output, minutes = which
    target = origins + minutes * MINUTE // grid.step
    good = (target < grid.glucose.shape[0]) & (target * grid.step + grid.start <= now)
    truth = np.where(good, np.asarray(grid.glucose)[np.where(good, target, 0)], np.nan)
    known = np.flatnonzero(np.isfinite(truth))
    if known.size == 0:
        return None
    history = history_of(grid)
    return Cases(
        columns(history, origins[known]), said([made[i] for i in known.tolist()], "glucose", output), truth[known],
        days_of(history, origins[known]),
    )  # fmt: skip


def correct(made: Forecast, lessons: Lessons, subject: Subject, facts: Sequence[Fact]) -> Forecast:
    """The forecast moved by the lessons; as it was where nothing was learned or the last hour was not read throughout.

    `made` needs an output at each horizon.  Facts later than the forecast's issue are not looked at.
    """
    now = made.issued
    grid = _recent(subject, facts, now)
    present = min((now - grid.start + grid.step // 2) // grid.step, grid.glucose.shape[0] - 1)
    row = columns(history_of(grid), np.array([present]))
    ahead = (np.asarray(made.times) - now) / MINUTE
    before = _spread(made)
    anchors, shift, stretch = [0.0], [0.0], [0.0]
    for minutes, lesson in sorted(lessons.by_horizon.items()):
        j = int(np.argmin(np.abs(ahead - minutes)))
        was = Spread(before.mean[j : j + 1], before.half[j : j + 1])
        new = lesson.read(row, was)
        anchors.append(float(minutes))
        shift.append(float(new.mean[0] - was.mean[0]))
        stretch.append(float(np.log(new.half[0] / was.half[0])))
    if len(anchors) == 1:
        return made
    anchors, shift, stretch = [*anchors, 2.0 * anchors[-1]], [*shift, 0.0], [*stretch, 0.0]
    moved, wider = (np.interp(ahead, anchors, line) for line in (shift, stretch))
    return corrected(made, "glucose", before, Spread(before.mean + moved, before.half * np.exp(wider)))


def _spread(made: Forecast) -> Spread:
    """What the forecast said at each of its outputs."""
    every = [said([made], "glucose", j) for j in range(made.times.shape[0])]
    mean: Float[Array, "t"] = np.concatenate([one.mean for one in every])
    return Spread(mean, np.concatenate([one.half for one in every]))
