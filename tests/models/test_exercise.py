"""Roy and Parker 2007: rest, plateaus and thresholds of the printed equations, and an independent solver of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gemel
from gemel.core.clock import HOUR, instant
from gemel.core.plan import Action, Schedule
from gemel.core.subject import Subject
from gemel.models.patient.exercise import Exercise, model
from tests.models.paths import clock

MEMBER, ENV = Exercise(), clock(0.0)
PERSON = SimpleNamespace(Gb=100.0, basal=1.0)
START = instant("2026-03-02T08:00:00Z")
NAMES = [q.name for q in MEMBER.smooth]


def given(**more: float) -> SimpleNamespace:
    return SimpleNamespace(**({"insulin": 1.0, "exercise": 0.0, "glucose": 0.0} | more))


def printed(t: float, y: np.ndarray, u3: float, gb: float) -> list[float]:
    """The paper's equations by number, per minute, under 1 IU/h; y as in `NAMES`."""
    g, i, x, v, gprod, gup, ie, a, ggly = y
    u1, ib = 1e6 / 60, 1e6 / 60 * 0.098e-3 / 0.142
    late = (0.0108 if a >= -1.1521 * u3**2 + 87.471 * u3 else 0.0) if u3 > 0 else -ggly / 6.0
    return [
        -0.035 * (g - gb) - x * g + 70 / 117 * (gprod - ggly - gup), -0.142 * i + 0.098e-3 * u1 - ie,
        -0.05 * x + 2.8e-5 * (i - ib), -0.8 * v + 0.8 * u3, 0.00158 * v - 0.056 * gprod, 0.00195 * v - 0.0485 * gup,
        0.00125 * v - 0.075 * ie, u3 if u3 > 0 else -a, late,
    ]  # fmt: skip


def path(twin: Any, *bouts: tuple[float, float, float], hours: float = 4.0) -> Any:
    """Glucose every 15 min with bouts (from, to [h], %)."""
    at = [(START + round(a * HOUR), START + round(b * HOUR), v) for a, b, v in bouts]
    actions = tuple(Action(begin, "exercise", rate=v, until=end) for begin, end, v in at)
    return gemel.forecast(twin, START + round(hours * HOUR), Schedule("bouts", actions), every=0.25)


@pytest.fixture(scope="module")
def people() -> Any:
    return gemel.twin(
        model, Subject(id="s"), at=START, covariates={"basal": 1.0}, rates={"insulin": 1.0}, members=64, seed=1
    )


@pytest.mark.parametrize("rates", [{}, {"insulin": 1.5}, {"insulin": 0.5, "glucose": 3000.0}])
def test_the_start_is_at_rest(rates: dict[str, float]) -> None:
    state = MEMBER.start(PERSON, given(**rates), ENV)
    change = MEMBER.field(SimpleNamespace(**state), PERSON, given(**rates), ENV)
    assert max(abs(rate) for rate in change.values()) < 1e-9
    if not rates:
        assert state["glucose"] == pytest.approx(100.0) and state["insulin"] == pytest.approx(11.50, abs=0.01)


def test_effects_of_exercise_settle_where_the_equations_say() -> None:
    """At 40 %: production 40 a1/a2 = 1.129, uptake 40 a3/a4 = 1.608 mg/kg/min, removal 40 a5/a6 = 0.667."""
    state = MEMBER.start(PERSON, given(), ENV) | {
        "effort": 40.0, "production": 40 * 0.00158 / 0.056, "uptake": 40 * 0.00195 / 0.0485,
        "removal": 40 * 0.00125 / 0.075,
    }  # fmt: skip
    change = MEMBER.field(SimpleNamespace(**state), PERSON, given(exercise=40.0), ENV)
    assert max(abs(change[name]) for name in ("effort", "production", "uptake", "removal")) < 1e-12
    assert state["uptake"] > state["production"]


@pytest.mark.parametrize(("intensity", "minutes"), [(40.0, 41.4), (60.0, 18.3)])
def test_the_liver_fails_sooner_the_harder_the_exercise(intensity: float, minutes: float) -> None:
    """ATH/u3 = 87.471 - 1.1521 u3 minutes, eq. 13."""
    for spent, share in ((minutes - 3.0, 0.0), (minutes, 0.5), (minutes + 3.0, 1.0)):  # a ramp of 5 min about it
        state = MEMBER.start(PERSON, given(), ENV) | {"spent": intensity * spent}
        change = MEMBER.field(SimpleNamespace(**state), PERSON, given(exercise=intensity), ENV)
        assert change["failing"] / 60.0 == pytest.approx(0.0108 * share, abs=1e-4)


def test_an_hour_at_60_per_cent_runs_as_the_printed_equations_do(people: Any) -> None:
    """The paper's switch at ATH, here a ramp of 5 min about it, is what the 0.1 mg/dL are for."""
    seen = path(people, (0.5, 1.5, 60.0))
    assert seen.failed == 0
    for gb, mine in list(zip(people.parameter("Gb"), seen.paths[:, :, 0], strict=True))[:3]:
        y = np.array([gb, 1e6 / 60 * 0.098e-3 / 0.142, 0, 0, 0, 0, 0, 0, 0])
        theirs = []
        for k in range(16):
            u3 = 60.0 if 2 <= k < 6 else 0.0
            y = solve_ivp(printed, (0, 15), y, "RK45", args=(u3, gb), rtol=1e-9, atol=1e-9, max_step=0.5).y[:, -1]
            theirs.append(y[0])
        np.testing.assert_allclose(mine, theirs, atol=0.1)
        assert min(theirs) < gb - 5.0


def test_glucose_falls_further_the_longer_and_harder_one_exercises_and_comes_back(people: Any) -> None:
    rest, short, long, mild = (
        path(people, *bouts).paths[:, :, 0] for bouts in ((), ((0, 1, 60.0),), ((0, 2, 60.0),), ((0, 1, 30.0),))
    )
    np.testing.assert_allclose(rest, np.repeat(rest[:, :1], 16, axis=1), rtol=1e-9)
    assert (long.min(axis=1) < short.min(axis=1)).all() and (short.min(axis=1) < mild.min(axis=1)).all()
    assert (mild.min(axis=1) < rest[:, 0]).all()
    assert (np.abs(short[:, -1] - rest[:, -1]) < 5.0).all()
