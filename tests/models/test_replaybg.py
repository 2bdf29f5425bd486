import json
from math import exp, log
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gemel.core.quantity import names
from gemel.models.patient.replaybg import ReplayBG
from gemel.models.patient.replaybg import model as flow
from gemel.numerics.start import jax_numpy
from tests.models.paths import clock, dosed, doses, follow, rates

GOLD = json.loads((Path(__file__).parents[1] / "gold" / "replaybg_reference.json").read_text())
MEMBER = ReplayBG()
PERSON = SimpleNamespace(**GOLD["parameters"], long_half_life=17.0, meal=1.0)


def population(size: int, seed: int) -> SimpleNamespace:
    """Persons spread over the priors, without using the sampler under test elsewhere."""
    draw = np.random.default_rng(seed)
    kd, kempt = draw.uniform(0.02, 0.06, size), draw.uniform(0.05, 0.4, size)
    return SimpleNamespace(
        Gb=draw.uniform(95, 145, size), SG=draw.uniform(0.01, 0.05, size), p2=draw.uniform(0.01, 0.015, size),
        SI_morning=draw.uniform(2e-4, 3e-3, size), SI_day=draw.uniform(2e-4, 3e-3, size),
        SI_night=draw.uniform(2e-4, 3e-3, size), kd=kd, ka2=kd * draw.uniform(0.2, 0.9, size), kempt=kempt,
        kabs=kempt * draw.uniform(0.01, 0.9, size), long_half_life=draw.uniform(8, 30, size),
        weight=draw.uniform(50, 110, size), basal=draw.uniform(0.3, 1.8, size),
        meal=draw.uniform(0.5, 1.5, size),
    )  # fmt: skip


def unrest(state: dict[str, Any], p: Any, u: Any, hour: float = 0.0) -> float:
    """Largest change per hour of any compartment, relative to its content (or to 1)."""
    change = MEMBER.field(SimpleNamespace(**state), p, u, clock(hour))
    return max(float(np.max(np.abs(change[name]) / np.maximum(np.abs(state[name]), 1.0))) for name in change)


def test_under_the_usual_basal_glucose_rests_at_gb() -> None:
    p = population(200, 1)
    u = rates(insulin=p.basal)
    state = MEMBER.start(p, u, clock(0.0))
    np.testing.assert_allclose(state["glucose"], p.Gb, rtol=1e-12)
    assert unrest(state, p, u) < 1e-9  # rounding of 60 * 180 mg/dL


@pytest.mark.parametrize("share", [0.9, 1.1, 1.3, 2.0, 5.0])
def test_the_start_is_a_fixed_point_under_another_rate(share: float) -> None:
    p = population(200, 2)
    u = rates(insulin=0.4 * share * p.basal, long_acting=0.6 * share * p.basal)
    for hour in (0.0, 8.0, 14.0):
        state = MEMBER.start(p, u, clock(hour))
        exists = state["glucose"] < 599.0
        if share > 1.0:
            assert exists.all()
            assert (state["glucose"] < p.Gb).all()
        some = SimpleNamespace(**{k: v[exists] for k, v in vars(p).items()})
        kept = {k: v[exists] for k, v in state.items()}
        assert unrest(kept, some, rates(insulin=u.insulin[exists], long_acting=u.long_acting[exists]), hour) < 1e-7


def test_without_rest_the_start_is_at_the_ceiling() -> None:
    p = SimpleNamespace(**{**vars(PERSON), "SI_night": 5e-3})
    assert MEMBER.start(p, rates(insulin=0.01), clock(0.0))["glucose"] == 600.0


def test_someone_on_injections_starts_at_gb_with_the_usual_basal_in_the_depot() -> None:
    state = MEMBER.start(PERSON, rates(), clock(0.0))
    assert state["glucose"] == pytest.approx(PERSON.Gb, rel=1e-12)
    assert unrest(state, PERSON, rates(long_acting=PERSON.basal)) < 1e-9
    daily = 24 * PERSON.basal * 1000 / PERSON.weight  # given once a day, the depot must swing around its mean
    assert state["depot"] == pytest.approx(daily * 17.0 / 24.0 / log(2.0), rel=1e-12)


def test_the_path_agrees_with_an_independent_implementation() -> None:
    """The peer's delay of insulin is a pure shift, so here boluses enter `sub1` late and `wait` carries only basal."""
    p, delay = PERSON, GOLD["insulin_delay_minutes"]

    def given(events: list[list[float]], minute: float, shift: float) -> float:
        flow_rate = sum(amount / (b - a) for a, b, amount in events if a + shift <= minute < b + shift)
        return 60.0 * 1000.0 * flow_rate / p.weight

    def extra(_: dict[str, Any], hours: float) -> dict[str, float]:
        bolus = given(GOLD["boluses_from_to_minute_IU"], 60 * hours, delay)
        return {"sub1": bolus, "stomach1": given(GOLD["meals_from_to_minute_g"], 60 * hours, 0.0)}

    edges = [m + s for a, b, _ in GOLD["boluses_from_to_minute_IU"] for m in (a, b) for s in (delay,)]
    edges += [m for a, b, _ in GOLD["meals_from_to_minute_g"] for m in (a, b)]
    edges += [60 * (h - GOLD["start_hour"]) for h in (11, 17)]
    u = rates(insulin=p.basal)
    states = follow(
        MEMBER, MEMBER.start(p, u, clock(6.0)), p, u, [m / 60 for m in GOLD["minutes"]],
        start_hour=GOLD["start_hour"], cuts=[m / 60 for m in edges], extra=extra,
    )  # fmt: skip
    mine = np.array([s["interstitial"] for s in states])
    assert min(GOLD["limit"]) < 60.0 < 200.0 < max(GOLD["limit"])  # the scenario reaches the risk's floor and a peak
    # extrapolated to step zero the peer still errs by order h^2, h = 1/16 min
    np.testing.assert_allclose(mine, GOLD["limit"], atol=0.001)
    # backward Euler at 1 min, a first-order method, moves a peak of 100 mg/dL by about 2 %
    np.testing.assert_allclose(mine, GOLD["one_minute"], atol=2.5)


def test_a_runge_kutta_step_of_one_minute_is_exact_enough() -> None:
    u = rates(insulin=PERSON.basal)
    state = dosed(MEMBER, MEMBER.start(PERSON, u, clock(6.0)), PERSON, doses(insulin=8.0, carbs=75.0))
    fine = [s["interstitial"] for s in follow(MEMBER, state, PERSON, u, [0.5, 1.0, 2.0, 4.0], start_hour=6.0)]
    leaves, h, coarse = tuple(state), MEMBER.step, []

    def slope(y: np.ndarray) -> np.ndarray:
        change = MEMBER.field(SimpleNamespace(**dict(zip(leaves, y, strict=True))), PERSON, u, clock(7.0))
        return np.array([change[name] for name in leaves])

    y = np.array([state[name] for name in leaves])
    for k in range(1, 241):
        a = slope(y)
        b = slope(y + h / 2 * a)
        c = slope(y + h / 2 * b)
        y = y + h / 6 * (a + 2 * b + 2 * c + slope(y + h * c))
        if k in (30, 60, 120, 240):
            coarse.append(y[leaves.index("interstitial")])
    np.testing.assert_allclose(coarse, fine, atol=1e-4)


def test_of_every_meal_the_fraction_f_reaches_plasma() -> None:
    u = rates(insulin=PERSON.basal)
    rest = MEMBER.start(PERSON, u, clock(0.0))
    state = dosed(MEMBER, rest, PERSON, doses(carbs=50.0)) | {"absorbed": 0.0}

    class Counted:
        @staticmethod
        def field(x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
            return MEMBER.field(x, p, u, env) | {"absorbed": 60.0 * 0.9 * p.kabs * x.gut * p.weight / 1000.0}

    (end,) = follow(Counted, state, PERSON, u, [48.0])  # type: ignore[arg-type]
    assert end["absorbed"] == pytest.approx(0.9 * 50.0, rel=1e-8)


@pytest.mark.parametrize("kind", ["insulin", "long_acting"])
def test_of_every_injection_all_insulin_is_cleared_from_plasma(kind: str) -> None:
    p = SimpleNamespace(**{**vars(PERSON), "long_half_life": 6.0})
    u = rates(insulin=p.basal)
    rest = MEMBER.start(p, u, clock(0.0))
    state = dosed(MEMBER, rest, p, doses(**{kind: 2.0})) | {"cleared": 0.0}

    class Counted:
        @staticmethod
        def field(x: Any, q: Any, u: Any, env: Any) -> dict[str, Any]:
            above = x.plasma_insulin - rest["plasma_insulin"]
            return MEMBER.field(x, q, u, env) | {"cleared": 60.0 * 0.127 * above * q.weight / 1000.0}

    (end,) = follow(Counted, state, p, u, [240.0])  # type: ignore[arg-type]
    assert end["cleared"] == pytest.approx(2.0, rel=1e-8)


def test_a_meal_raises_and_a_bolus_lowers_the_sensor_reading() -> None:
    u = rates(insulin=PERSON.basal)
    rest = MEMBER.start(PERSON, u, clock(6.0))

    def after(hours: float, **given: float) -> float:
        (end,) = follow(MEMBER, dosed(MEMBER, rest, PERSON, doses(**given)), PERSON, u, [hours], start_hour=6.0)
        return float(MEMBER.emit(SimpleNamespace(**end), PERSON, clock(0.0))["glucose"])

    assert after(1.0, carbs=50.0) > PERSON.Gb + 30.0
    assert after(2.0, insulin=2.0) < after(2.0, insulin=1.0) < PERSON.Gb - 5.0
    assert after(2.0, carbs=50.0, insulin=5.0) < after(2.0, carbs=50.0)
    assert after(36.0, carbs=50.0, insulin=5.0) == pytest.approx(PERSON.Gb, abs=0.5)


def test_insulin_acts_more_strongly_in_hypoglycaemia() -> None:
    """With insulin action X and no gut glucose, glucose' = SG Gb - (SG + risk X) G: the risk follows from the field."""

    def risk(glucose: float) -> float:
        state = MEMBER.start(PERSON, rates(insulin=PERSON.basal), clock(0.0)) | {"glucose": glucose, "action": 0.01}
        change = MEMBER.field(SimpleNamespace(**state), PERSON, rates(insulin=PERSON.basal), clock(0.0))["glucose"]
        return (PERSON.SG * PERSON.Gb - change / 60.0) / glucose / 0.01 - PERSON.SG / 0.01

    def formula(glucose: float) -> float:
        return 1.0 + 10.0 * 1.4407 * (log(glucose) ** 0.8124 - log(PERSON.Gb) ** 0.8124) ** 2

    assert risk(200.0) == pytest.approx(1.0)
    assert risk(PERSON.Gb) == pytest.approx(1.0)
    assert risk(80.0) == pytest.approx(formula(80.0))
    assert risk(40.0) == pytest.approx(formula(60.0)) == pytest.approx(risk(59.0))


def test_insulin_sensitivity_follows_the_local_clock() -> None:
    u = rates(insulin=2 * PERSON.basal)
    hours = (0.0, 3.99, 4.0, 10.99, 11.0, 16.99, 17.0, 23.9)
    shift = [float(MEMBER.start(PERSON, u, clock(h))["action"]) for h in hours]
    night, morning, day = (getattr(PERSON, f"SI_{name}") for name in ("night", "morning", "day"))
    expected = np.array([night, night, morning, morning, day, day, night, night])
    np.testing.assert_allclose(np.array(shift) / shift[0], expected / night)


def test_half_of_a_long_acting_dose_is_left_after_the_half_life() -> None:
    u = rates(insulin=PERSON.basal)
    state = dosed(MEMBER, MEMBER.start(PERSON, u, clock(0.0)), PERSON, doses(long_acting=20.0))
    (end,) = follow(MEMBER, state, PERSON, u, [PERSON.long_half_life])
    assert state["depot"] == pytest.approx(20.0 * 1000 / 75.0)
    assert end["depot"] == pytest.approx(state["depot"] / 2, rel=1e-8)


def test_rapid_insulin_waits_eight_minutes_on_average() -> None:
    u = rates(insulin=PERSON.basal)
    rest = MEMBER.start(PERSON, u, clock(0.0))
    (end,) = follow(MEMBER, dosed(MEMBER, rest, PERSON, doses(insulin=3.0)), PERSON, u, [8.0 / 60.0])
    assert end["wait"] - rest["wait"] == pytest.approx(3.0 * 1000 / 75.0 / exp(1.0), rel=1e-8)


@pytest.mark.parametrize("share", [0.9, 1.0, 1.2])
def test_the_derivative_of_the_resting_glucose_survives_tracing(share: float) -> None:
    jax = pytest.importorskip("jax")
    env = clock(0.0)._replace(xp=jax_numpy())

    def resting(gb: Any, xp_env: Any) -> Any:
        p = SimpleNamespace(**{**vars(PERSON), "Gb": gb})
        return MEMBER.start(p, rates(insulin=share * p.basal), xp_env)["glucose"]

    slope = jax.grad(lambda gb: resting(gb, env))(119.13)
    h = 1e-4
    numeric = (resting(119.13 + h, clock(0.0)) - resting(119.13 - h, clock(0.0))) / (2 * h)
    assert float(slope) == pytest.approx(float(numeric), rel=1e-5)


def test_what_is_declared_is_what_the_equations_use() -> None:
    state = MEMBER.start(PERSON, rates(insulin=PERSON.basal), clock(0.0))
    assert set(state) == set(names(MEMBER.smooth))
    assert set(vars(PERSON)) == set(names(MEMBER.parameters)) | set(names(MEMBER.covariates))
    assert hash(ReplayBG()) == hash(ReplayBG()) and flow.member == MEMBER
    assert MEMBER.prior.order == (("ka2", "kd"), ("kabs", "kempt"))
