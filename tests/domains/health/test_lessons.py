"""Lessons move a forecast made now: by what was learned, nowhere else, and without looking ahead."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from gemel.core.clock import DAY, HOUR, MINUTE, instant
from gemel.core.fact import Exact, Fact, Observation
from gemel.core.forecast import Forecast
from gemel.core.quantity import Quantity
from gemel.core.subject import Subject
from gemel.domains.health.backtest import Settings
from gemel.domains.health.correction import history_of
from gemel.domains.health.lessons import Lessons, correct, learn, origins_of
from gemel.domains.health.sensor_grid import GLUCOSE_CODE, on_grid
from gemel.verbs.history import columns
from gemel.verbs.residual import Cases, Lesson, Spread, learn_residual

START = instant("2026-03-02T00:00:00Z")
SUBJECT = Subject(id="someone", zone="UTC")
NOW = START + 3 * DAY
GLUCOSE = Quantity("glucose", "mg/dL", 0.0)


def record(until: int = NOW) -> list[Fact]:
    """A sensor's readings every 5 min, up and down about every two hours."""
    times = range(START, until + 1, 5 * MINUTE)
    values = [130.0 + 30.0 * np.sin(t / HOUR) for t in times]
    return [
        Observation(id=str(t), code=GLUCOSE_CODE, value=Exact(float(v)), unit="mg/dL", at=t, recorded=t)
        for t, v in zip(times, values, strict=True)
    ]


def forecast(hours: float = 6.0) -> Forecast:
    """A mechanism that says 130 mg/dL, give or take 10, at every quarter of an hour."""
    times = np.arange(NOW + 15 * MINUTE, NOW + round(hours * HOUR) + 1, 15 * MINUTE, dtype=np.int64)
    members = 130.0 + 10.0 * np.random.default_rng(1).standard_normal((200, 1))
    paths = np.repeat(members, times.shape[0], axis=1)[:, :, None]
    none = np.zeros((200, times.shape[0], 0))
    return Forecast(
        twin="t", model="m", plan="as is", issued=NOW, times=times, observables=(GLUCOSE,), paths=paths, readings=paths,
        weights=np.full(200, 1 / 200), inputs=(), amounts=none, covariates=(), covariate_values=np.zeros((200, 0)),
    )  # fmt: skip


@cache
def lesson(shift: float) -> Lesson:
    """Learned from forecasts whose truth lay `shift` higher, give or take 5 mg/dL."""
    pytest.importorskip("sklearn")
    luck = np.random.default_rng(0)
    x = columns(history_of(on_grid(SUBJECT, record())), np.arange(400, 800))
    mean = 130.0 + luck.standard_normal(400)
    truth = mean + shift + 5.0 * luck.standard_normal(400)
    return learn_residual(Cases(x, Spread(mean, np.full(400, 16.0)), truth, np.arange(400) // 50))


def moved(made: Forecast, after: Forecast, minutes: int) -> float:
    j = int(np.argmin(np.abs(np.asarray(made.times) - NOW - minutes * MINUTE)))
    return float(after.mean("glucose")[j] - made.mean("glucose")[j])


def test_a_forecast_moves_by_what_was_learned_in_proportion_between_and_not_beyond() -> None:
    made = forecast()
    after = correct(made, Lessons({60: lesson(12.0), 120: lesson(24.0)}, 400, NOW, "m"), SUBJECT, record())
    at = {minutes: moved(made, after, minutes) for minutes in (30, 60, 90, 120, 180, 240, 300)}
    assert at[60] == pytest.approx(12.0, abs=2.0) and at[120] == pytest.approx(24.0, abs=2.0)
    assert at[30] == pytest.approx(at[60] / 2.0) and at[90] == pytest.approx((at[60] + at[120]) / 2.0)
    assert at[180] == pytest.approx(at[120] / 2.0) and at[240] == at[300] == pytest.approx(0.0, abs=1e-9)


def test_members_keep_their_order_and_the_band_takes_the_learned_width() -> None:
    made = forecast()
    after = correct(made, Lessons({60: lesson(12.0)}, 400, NOW, "m"), SUBJECT, record())
    np.testing.assert_array_equal(np.argsort(made.paths[:, 3, 0]), np.argsort(after.paths[:, 3, 0]))
    low, high = after.quantile("glucose", (0.05, 0.95))[:, 3]
    assert 0.5 * (high - low) == pytest.approx(1.645 * 5.0, rel=0.25)  # the misses' own, not the mechanism's 16


def test_nothing_learned_or_an_hour_not_read_leaves_the_forecast_as_it_is() -> None:
    made = forecast()
    nothing = Lessons({}, 0, NOW, "m")
    assert correct(made, nothing, SUBJECT, record()) is made and nothing.told.startswith("not corrected")
    gap = [f for f in record() if not NOW - 40 * MINUTE < f.at < NOW - 20 * MINUTE]
    after = correct(made, Lessons({60: lesson(12.0)}, 400, NOW, "m"), SUBJECT, gap)
    np.testing.assert_allclose(after.paths, made.paths)


def test_what_comes_later_changes_neither_the_origins_nor_the_correction() -> None:
    later = record(NOW + 6 * HOUR)
    made, lessons = forecast(), Lessons({60: lesson(12.0)}, 400, NOW, "m")
    np.testing.assert_array_equal(
        correct(made, lessons, SUBJECT, later).paths, correct(made, lessons, SUBJECT, record()).paths
    )
    grid = on_grid(SUBJECT, record())
    assert origins_of(on_grid(SUBJECT, later), NOW) == origins_of(grid, NOW)
    assert max(origins_of(grid, NOW)) <= (NOW - START) // grid.step


def test_a_record_of_a_day_teaches_nothing_and_says_so() -> None:
    day = [f for f in record() if f.at <= START + DAY]
    lessons = learn(SUBJECT, day, START + DAY, Settings("replaybg-everyday", members=8))
    assert lessons.by_horizon == {} and "fewer than 200" in lessons.told
