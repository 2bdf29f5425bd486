"""Hall 2011: balance at the start, energy kept equals energy stored, and the paper's rule of thumb."""

from __future__ import annotations

from math import log
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gemel
from gemel.core.clock import DAY, instant
from gemel.core.plan import Action, Schedule
from gemel.core.subject import Subject
from gemel.models.patient.body_weight import BodyWeight, model
from tests.models.paths import clock

MEMBER, ENV = BodyWeight(), clock(0.0)
WOMAN = SimpleNamespace(activity=1.5, weight=80.0, height=180.0, age=40.0, female=1.0)
MAN = SimpleNamespace(activity=1.5, weight=90.0, height=175.0, age=40.0, female=0.0)
NAMES = tuple(q.name for q in MEMBER.smooth)
YEAR = 365.0
START = instant("2026-01-01T00:00:00Z")


def eaten(kcal_per_day: float = 0.0, sodium: float = 0.0) -> SimpleNamespace:
    return SimpleNamespace(energy_change=kcal_per_day / 24.0, sodium_change=sodium / 24.0)


def slopes(y: np.ndarray, p: Any, u: Any) -> np.ndarray:
    """Change per day."""
    change = MEMBER.field(SimpleNamespace(**dict(zip(NAMES, y, strict=True))), p, u, ENV)
    return np.array([24.0 * change[name] for name in NAMES])


def begun(p: Any) -> np.ndarray:
    state = MEMBER.start(p, eaten(), ENV)
    return np.array([state[name] for name in NAMES])


def weight(y: np.ndarray) -> Any:
    return y[0] + y[1] + y[3] + 3.7 * y[2]


def followed(p: Any, u: Any, days: np.ndarray) -> np.ndarray:
    def change(_: float, y: np.ndarray) -> np.ndarray:
        return slopes(y, p, u)

    return solve_ivp(change, (0.0, days[-1]), begun(p), "LSODA", days, rtol=1e-8, atol=1e-8).y


def printed_by_woman(y: np.ndarray, kcal: float) -> list[float]:
    """The published equations for the woman of the package's guide, in kcal as that package has them, tissue by turns.

    F' and L' stand on both sides, so they are found as the two unknowns of two linear equations.
    """
    f, lean, g, ecf, at = y
    rmr = 9.99 * 80 + 625 * 1.8 - 4.92 * 40 - 161
    intake, habit = 1.5 * rmr + kcal, 1.5 * rmr
    ecf0, f0 = -4.0 + 5.98 * 1.8 + 0.167 * 80, 80 * (0.14 * 40 + 39.96 * log(80 / 1.8**2) - 102.01) / 100
    l0 = 80 - ecf0 - f0 - 3.7 * 0.5
    rf, rl, gf, gl, ef, el = 9440.727, 1816.444, 3.107075, 21.98853, 179.2543, 229.4455
    delta = (0.9 * 1.5 - 1) * rmr / 80
    k = habit - gl * l0 - gf * f0 - delta * 80
    stored = 0.5 * intake - 0.5 * habit * (g / 0.5) ** 2
    c = 10.4 * rl / rf
    p = c / (c + f)
    free = intake - stored - (k + gf * f + gl * lean + delta * (f + lean + ecf + 3.7 * g) + 0.1 * kcal + at / 4.184)
    a = np.array([[rf + (1 - p) * ef, (1 - p) * el], [p * ef, rl + p * el]])
    df, dl = np.linalg.solve(a, [(1 - p) * free, p * free])
    return [df, dl, stored / 4206.501, (-3000 * (ecf - ecf0) - 4000 * (1 - intake / habit)) / 3220,
            (0.14 * kcal * 4.184 - at) / 14]  # fmt: skip


@pytest.mark.parametrize("person", [WOMAN, MAN], ids=["woman", "man"])
def test_without_a_change_nobody_changes(person: Any) -> None:
    assert weight(begun(person)) == pytest.approx(person.weight, rel=1e-12)
    assert np.abs(slopes(begun(person), person, eaten())).max() < 1e-10


@pytest.mark.parametrize("kcal", [-800.0, -250.0, 400.0])
def test_the_equations_are_those_that_another_program_prints(kcal: float) -> None:
    luck = np.random.default_rng(1)
    for _ in range(5):
        y = begun(WOMAN) * luck.uniform(0.8, 1.2, 5) + np.array([0, 0, 0, 0, luck.normal(0, 100)])
        np.testing.assert_allclose(slopes(y, WOMAN, eaten(kcal)), printed_by_woman(y, kcal), rtol=2e-6, atol=1e-9)


def test_what_is_eaten_and_not_spent_is_stored() -> None:
    """rhoF F' + rhoL L' + rhoG G' is the intake less what is spent, whose parts are told apart by hand."""
    y = begun(MAN) * np.array([1.1, 0.97, 0.9, 1.02, 1.0]) + np.array([0, 0, 0, 0, -50.0])
    d = slopes(y, MAN, eaten(-500.0))
    rmr = 4.184 * (9.99 * 90 + 6.25 * 175 - 4.92 * 40 + 5)
    delta, change = (0.9 * 1.5 - 1) * rmr / 90, y - begun(MAN)
    more = -500.0 * 4.184
    spent = 1.5 * rmr + 13 * change[0] + 92 * change[1] + delta * (weight(y) - 90) + 0.1 * more + y[4]
    spent += 750 * d[0] + 960 * d[1]
    assert 39500 * d[0] + 7600 * d[1] + 17600 * d[2] == pytest.approx(1.5 * rmr + more - spent, rel=1e-9)


def test_100_kj_a_day_make_a_kilogram_half_of_it_in_a_year_and_nearly_all_in_three() -> None:
    """The paper's rule for an average overweight adult; it says 'about', hence a quarter either way."""
    days = np.linspace(0.0, 30 * YEAR, 3001)
    path = 90.0 - weight(followed(MAN, eaten(-100.0 / 4.184), days))
    total = path[-1]
    assert total == pytest.approx(1.0, rel=0.25)
    half, nearly = (days[np.argmax(path > part * total)] / YEAR for part in (0.5, 0.95))
    assert half == pytest.approx(1.0, rel=0.4) and nearly == pytest.approx(3.0, rel=0.4)


def test_who_has_more_fat_loses_more_in_the_end_and_takes_longer() -> None:
    """The paper's abstract."""
    heavy = SimpleNamespace(**{**vars(MAN), "weight": 120.0})
    days = np.linspace(0.0, 30 * YEAR, 1501)
    lost = [p.weight - weight(followed(p, eaten(-300.0), days)) for p in (MAN, heavy)]
    halves = [days[np.argmax(path > 0.5 * path[-1])] for path in lost]
    assert lost[1][-1] > lost[0][-1] and halves[1] > halves[0]


def test_salt_is_held_with_water_and_let_go() -> None:
    """3 g of sodium a day more hold a litre: zNa is 3 g/L/d."""
    held = followed(WOMAN, eaten(sodium=3000.0), np.array([0.0, 30.0]))[3]
    assert held[1] - held[0] == pytest.approx(1.0, rel=1e-6)


def test_a_twin_loses_weight_under_a_plan_as_an_independent_solver_says() -> None:
    known = {"weight": 80.0, "height": 180.0, "age": 40.0, "female": 1.0}
    twin = gemel.twin(model, Subject(id="s"), at=START, covariates=known, members=64, seed=2)
    plan = Schedule("less", (Action(START, "energy_change", rate=-500.0 / 24.0),))
    seen = gemel.forecast(twin, START + 365 * DAY, plan, every=73 * 24.0)
    assert seen.failed == 0
    for activity, path in list(zip(twin.parameter("activity"), seen.paths, strict=True))[:3]:
        person = SimpleNamespace(**{**known, "activity": activity})
        own = followed(person, eaten(-500.0), np.array([73.0, 146.0, 219.0, 292.0, 365.0]))
        np.testing.assert_allclose(path[:, 0], weight(own), rtol=1e-6)
        assert 5.0 < 80.0 - path[-1, 0] < 25.0
