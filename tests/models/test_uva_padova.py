"""The 13-compartment structure: balances, rest, the stomach, and an independent solver of the printed equations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gemel.cli.simulate_uva import trajectory
from gemel.cli.uva_example import GLUCOSE_AT_REST, example_person
from gemel.core.clock import MINUTE
from gemel.core.errors import PlanError, SupportError
from gemel.models.patient.uva_day import Day, bites, schedule
from gemel.models.patient.uva_padova import START, STATES, TABLE, UvaPadova, basal, person
from gemel.numerics.member import Env

ROW = example_person()
P = SimpleNamespace(**{name.replace(" ", ""): value for name, value in ROW.items()})
MEMBER = person(ROW).member
ENV = Env(0.0, 0.0, 0.0, 0.0, np, None)
QUIET = SimpleNamespace(insulin=0.0, carbs=0.0, first_bite=0.0, bite=0.0)
NAMES = [q.name for q in STATES]


def state(seed: int = 3, **own: float) -> SimpleNamespace:
    """Some amounts, none of them zero, with a meal under way."""
    draw = np.random.default_rng(seed).uniform(0.5, 1.5, len(NAMES))
    scale = [2e4, 1e4, 8e3, 400.0, 150.0, 6.0, 50.0, 90.0, 80.0, 4.0, 90.0, 80.0, 250.0]
    values = dict(zip(NAMES, draw * scale, strict=True)) | {"meal": 6e4}
    return SimpleNamespace(**(values | own))


def slopes(x: SimpleNamespace, **rates: float) -> dict[str, Any]:
    """Change per minute."""
    per_hour = MEMBER.field(x, P, SimpleNamespace(**(vars(QUIET) | rates)), ENV)
    return {name: value / 60.0 for name, value in per_hour.items()}


def printed(t: float, x: np.ndarray, grams: float, units: float, size: float) -> list[float]:
    """The equations as the papers print them, per minute, by number; `size` is the meal's in mg."""
    q = x[0] + x[1]
    kgut = P.kmax
    if size > 0:
        a, c = 5 / (2 * size * (1 - P.b)), 5 / (2 * size * P.d)
        bend = np.tanh(a * (q - P.b * size)) - np.tanh(c * (q - P.d * size)) + 2
        kgut = P.kmin + (P.kmax - P.kmin) / 2 * bend
    egp = max(P.kp1 - P.kp2 * x[3] - P.kp3 * x[8], 0)
    renal = P.ke1 * (x[3] - P.ke2) if x[3] > P.ke2 else 0.0
    use = (P.Vm0 + P.Vmx * x[6]) * x[4] / (P.Km0 + x[4])
    ra, level = P.f * P.kabs * x[2] / P.BW, x[5] / P.Vi
    return [
        1000 * grams - P.kmax * x[0], P.kmax * x[0] - kgut * x[1], kgut * x[1] - P.kabs * x[2],
        egp + ra - P.Fsnc - renal - P.k1 * x[3] + P.k2 * x[4], P.k1 * x[3] - P.k2 * x[4] - use,
        -(P.m2 + P.m4) * x[5] + P.m1 * x[9] + P.ka1 * x[10] + P.ka2 * x[11],
        P.p2u * (level - P.Ib - x[6]), P.ki * (level - x[7]), P.ki * (x[7] - x[8]),
        P.m2 * x[5] - (P.m1 + P.m30) * x[9], units * 6000 / P.BW - (P.ka1 + P.kd) * x[10],
        P.kd * x[10] - P.ka2 * x[11], P.ksc * (x[3] - x[12]),
    ]  # fmt: skip


def test_under_basal_insulin_a_person_rests() -> None:
    table = trajectory(ROW, Day(120, basal(ROW) / 60.0))
    assert table[0, 14] == pytest.approx(GLUCOSE_AT_REST, rel=1e-12)
    assert np.allclose(table[:, 1:], table[0, 1:], rtol=1e-10, atol=1e-9)


def test_a_day_of_meals_and_boluses_agrees_with_an_independent_solver() -> None:
    day = Day(300, basal(ROW) / 60.0, ((20, 23.0), (22, 6.0), (90, 40.0)), ((20, 2.5), (90, 4.0)), ((150, 200, 0.0),))
    x = np.array([ROW[c] for c in START])
    size, before, rows = 0.0, 0.0, [x]
    for minute, grams in enumerate(bites(day.meals, day.minutes)):
        if grams > 0:
            size = (size if before > 0 else x[0] + x[1]) + 1000 * grams
        before = grams
        driven = (grams, day.insulin(minute), size)
        x = solve_ivp(printed, (0, 1), x, args=driven, method="DOP853", rtol=1e-10, atol=1e-10).y[:, -1]
        rows.append(x)
    table = trajectory(ROW, day)
    assert table[:, 14].max() > GLUCOSE_AT_REST + 30.0  # something happened
    assert np.allclose(table[:, 1:14], np.array(rows)[::5], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_made_or_lost_beyond_what_the_equations_name(seed: int) -> None:
    x = state(seed)
    d = slopes(x, insulin=3.0, carbs=120.0)
    assert d["x1"] + d["x2"] + d["x3"] == pytest.approx(2000.0 - P.kabs * x.x3)
    lost = P.m4 * x.x6 + P.m30 * x.x10
    assert d["x6"] + d["x10"] + d["x11"] + d["x12"] == pytest.approx(3.0 / 60.0 * 6000.0 / P.BW - lost)
    made = max(P.kp1 - P.kp2 * x.x4 - P.kp3 * x.x9, 0.0) + P.f * P.kabs * x.x3 / P.BW
    used = P.Fsnc + max(P.ke1 * (x.x4 - P.ke2), 0.0) + (P.Vm0 + P.Vmx * x.x7) * x.x5 / (P.Km0 + x.x5)
    assert d["x4"] + d["x5"] == pytest.approx(made - used)


def emptying(content: float, meal: float) -> float:
    """kgut [/min], from the flow out of a stomach that holds only liquid."""
    return -slopes(state(x1=0.0, x2=content, meal=meal))["x2"] / content


def test_the_stomach_empties_slowly_half_way_through_a_meal_and_at_full_rate_without_one() -> None:
    full, half, nearly_empty = (emptying(part * 5e4, 5e4) for part in (1.0, 0.5, 0.001))
    assert P.kmin < half < 0.35 * P.kmax < full <= P.kmax
    assert half < nearly_empty <= P.kmax
    assert emptying(5e4, 0.0) == pytest.approx(P.kmax)


@pytest.mark.parametrize(("b", "d"), [(0.8, 0.2), (0.69, 0.16), (0.999999, 1e-6), (0.5, 5.0)])
def test_emptying_is_the_published_law_for_any_stomach_and_never_overflows(b: float, d: float) -> None:
    """kmin + (kmax - kmin)/2 (tanh(a (q - b D)) - tanh(c (q - d D)) + 2), to a billionth of the range."""
    p, meal = SimpleNamespace(**(vars(P) | {"b": b, "d": d})), 5e4
    left = np.concatenate([np.linspace(0.0, 1.5, 301), b + np.linspace(-1, 1, 81) * (1 - b), d * np.linspace(0, 2, 81)])
    x = SimpleNamespace(**(vars(state()) | {"x1": 0.0 * left, "x2": left * meal, "meal": meal + 0.0 * left}))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        change = MEMBER.field(x, p, QUIET, ENV)["x3"] / 60.0 + P.kabs * x.x3
    rising, falling = 5 / (2 * meal * (1 - b)), 5 / (2 * meal * d)
    bend = np.tanh(rising * (x.x2 - b * meal)) - np.tanh(falling * (x.x2 - d * meal)) + 2
    expected = p.kmin + (p.kmax - p.kmin) / 2 * bend
    some = left > 0
    np.testing.assert_allclose((change / np.where(some, x.x2, 1.0))[some], expected[some], atol=1e-9 * p.kmax)


def test_production_stops_at_zero_and_kidneys_start_at_their_threshold() -> None:
    flooded = slopes(state(x4=P.ke2 - 1.0, x9=1e4, x3=0.0, x5=0.0))
    assert flooded["x4"] == pytest.approx(-P.Fsnc - P.k1 * (P.ke2 - 1.0))
    spilling = slopes(state(x4=P.ke2 + 100.0, x9=1e4, x3=0.0, x5=0.0))
    assert spilling["x4"] == pytest.approx(-P.Fsnc - P.k1 * (P.ke2 + 100.0) - 100.0 * P.ke1)


def test_a_compartment_below_zero_stays_where_it_is() -> None:
    for name in ("x4", "x5", "x6", "x10", "x11", "x12", "x13"):
        assert slopes(state(**{name: -1e-9}))[name] == 0.0
        assert slopes(state(**{name: 1e-9}))[name] != 0.0


def test_doses_reach_skin_and_stomach_and_set_the_size_of_the_meal() -> None:
    x = state(meal=9e4)
    given = MEMBER.dose(x, P, SimpleNamespace(**(vars(QUIET) | {"insulin": 2.0})), ENV)
    assert given["x11"] - x.x11 == pytest.approx(2.0 * 6000.0 / P.BW) and given["meal"] == 9e4
    eaten = MEMBER.dose(x, P, SimpleNamespace(**(vars(QUIET) | {"carbs": 30.0})), ENV)
    assert eaten["x1"] - x.x1 == pytest.approx(3e4) and eaten["meal"] == pytest.approx(x.x1 + x.x2 + 3e4)
    begun = MEMBER.dose(x, P, SimpleNamespace(**(vars(QUIET) | {"first_bite": 5.0})), ENV)
    assert begun["x1"] == x.x1 and begun["meal"] == pytest.approx(x.x1 + x.x2 + 5e3)
    assert MEMBER.dose(x, P, SimpleNamespace(**(vars(QUIET) | {"bite": 5.0})), ENV)["meal"] == pytest.approx(9.5e4)


def test_one_member_holds_the_row_and_shows_what_is_asked_for() -> None:
    assert isinstance(MEMBER, UvaPadova)
    assert [q.name for q in MEMBER.observables] == ["glucose"]
    assert len(MEMBER.parameters) == len(TABLE) + len(START)
    values = {q.name: q.prior.arguments[0] for q in MEMBER.parameters if q.prior is not None}
    assert values["kmax"] == ROW["kmax"] and values["x0_4"] == ROW["x0_ 4"]


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("kmax", None, "lacks"),
        ("b", 1.0, "between 0 and 1"),
        ("BW", 0.0, "above 0"),
        ("kp1", float("nan"), "0 or more"),
    ],
)
def test_a_row_no_person_can_have_is_refused(column: str, value: float | None, told: str) -> None:
    row = {k: v for k, v in (ROW | {column: value}).items() if v is not None}
    with pytest.raises(SupportError, match=told):
        person(row)


def test_a_meal_is_eaten_at_five_grams_a_minute_and_a_later_one_joins_the_queue() -> None:
    assert bites(((3, 12.0),), 8) == [0.0, 0.0, 0.0, 5.0, 5.0, 2.0, 0.0, 0.0]
    assert bites(((0, 7.0), (1, 6.0)), 4) == [5.0, 5.0, 3.0, 0.0]
    assert sum(bites(((2, 33.5), (2, 1.0), (4, 9.25)), 30)) == pytest.approx(43.75)


def test_a_pause_of_a_minute_begins_a_new_meal_and_insulin_changes_only_where_it_changes() -> None:
    plan = schedule(Day(12, 0.02, ((0, 6.0), (3, 4.0)), ((3, 1.0), (3, 0.5)), ((6, 8, 0.5), (7, 9, 0.0))), 0)
    sizes = [(a.at // MINUTE, a.input, a.dose) for a in plan.actions if a.dose is not None]
    assert sizes == [(0, "first_bite", 5.0), (1, "bite", 1.0), (3, "first_bite", 4.0)]
    insulin = {a.at // MINUTE: round((a.rate or 0.0) / 60.0, 12) for a in plan.actions if a.input == "insulin"}
    assert insulin == {0: 0.02, 3: 1.52, 4: 0.02, 6: 0.01, 7: 0.0, 9: 0.02}


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"basal": -1.0}, {"meals": ((-1, 5.0),)}, {"boluses": ((3, -2.0),)}])
def test_a_day_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        Day(**({"minutes": 10, "basal": 0.01} | wrong))


def test_glucose_that_falls_to_nothing_stays_at_nothing() -> None:
    table = trajectory(ROW, Day(240, basal(ROW) / 60.0, boluses=((0, 60.0),)))
    plasma = table[:, 15]
    assert -1e-3 < plasma.min() < 0.0  # the step in which it gets there ends a little below
    assert (plasma[np.argmin(plasma > 0.0) :] == plasma[-1]).all()
