from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from gemel import observe, twin
from gemel.core.clock import MINUTE
from gemel.core.fact import Exact, Observation
from gemel.core.quantity import names
from gemel.core.subject import Subject
from gemel.models.patient.hovorka import LEAST, MEAN, Hovorka, model
from tests.models.paths import clock, dosed, doses, follow, rates

MEMBER = Hovorka()
PERSON = SimpleNamespace(**{k: c.value for k, c in MEAN.items()}, kint=0.0933, long_half_life=17.0, weight=75.0)
MOLAR_MASS = 180.156  # g/mol, C6H12O6

# Hovorka et al. 2002: k12, ka1, ka2 [/min], St, Sd [1e-4 L/m[IU]/min], F01 [umol/kg/min] of six subjects
SIX_NAMES = ("k12", "ka1", "ka2", "St", "Sd", "F01")
SIX = np.array([
    [0.0343, 0.0031, 0.0752, 29.4, 0.9, 12.1], [0.0871, 0.0157, 0.0231, 18.7, 6.1, 7.5],
    [0.0863, 0.0029, 0.0495, 81.2, 20.1, 10.3], [0.0968, 0.0088, 0.0302, 86.1, 4.7, 11.9],
    [0.0390, 0.0007, 0.1631, 72.4, 15.3, 7.1], [0.0458, 0.0017, 0.0689, 19.1, 2.2, 9.2],
]) * np.array([1.0, 1.0, 1.0, 1e-4, 1e-4, 1e-3])  # fmt: skip


def as_printed(t: float, y: np.ndarray, insulin: float, carbs: float, w: float = 75.0) -> list[float]:
    """The paper's equations for the mean subject in the paper's whole-body units (min, mmol, mU, mmol/L), by number."""
    d1, d2, s1, s2, i, x1, x2, x3, q1, q2 = y
    vg, vi, tg, ti = 0.16 * w, 0.12 * w, 40.0, 55.0
    g = q1 / vg
    f01c = 0.0097 * w if g >= 4.5 else 0.0097 * w * g / 4.5
    fr = 0.003 * (g - 9.0) * vg if g >= 9.0 else 0.0
    kb1, kb2, kb3 = 51.2e-4 * 0.006, 8.2e-4 * 0.06, 520e-4 * 0.03
    return [
        0.8 * carbs * 1000 / MOLAR_MASS - d1 / tg, (d1 - d2) / tg,
        insulin - s1 / ti, (s1 - s2) / ti, s2 / (ti * vi) - 0.138 * i,
        -0.006 * x1 + kb1 * i, -0.06 * x2 + kb2 * i, -0.03 * x3 + kb3 * i,
        -(f01c / (vg * g) + x1) * q1 + 0.066 * q2 - fr + d2 / tg + 0.0161 * w * (1 - x3), x1 * q1 - (0.066 + x2) * q2,
    ]  # fmt: skip


def population(size: int, seed: int) -> SimpleNamespace:
    """Persons spread evenly over the declared supports, production above use (F01 < EGP0)."""
    draw = np.random.default_rng(seed)
    low_high = {q.name: (q.low, q.high) for q in MEMBER.parameters}
    values = {k: draw.uniform(*edges, size) for k, edges in low_high.items()}
    values["EGP0"] = draw.uniform(1.05 * values["F01"], low_high["EGP0"][1])
    return SimpleNamespace(**values, weight=draw.uniform(50, 110, size))


def level(state: dict[str, Any], p: Any = PERSON) -> Any:
    """What the sensor reads."""
    return MEMBER.emit(SimpleNamespace(**state), p, clock(0.0))["glucose"]


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.4, 0.7, 1.5])
def test_the_start_is_a_fixed_point_for_persons_all_over_the_supports(rate: float) -> None:
    p = population(500, 3)
    u = rates(insulin=0.5 * rate, long_acting=0.5 * rate)
    state = MEMBER.start(p, u, clock(0.0))
    change = MEMBER.field(SimpleNamespace(**state), p, u, clock(0.0))
    rests = np.asarray(state["interstitial"]) > LEAST.value
    worst = max(float(np.max((np.abs(change[k]) / np.maximum(np.abs(state[k]), 1.0))[rests])) for k in change)
    assert worst < 1e-10
    assert rests.sum() > 50 and (rests.all() or rate > 0.0)
    assert set(state) == set(change) == set(names(MEMBER.smooth))
    if rate == 0.0:
        assert (np.asarray(level(state, p)) > 9.0 * MOLAR_MASS / 10.0).all()  # only the kidneys bound it


def test_under_more_insulin_than_production_stands_everybody_still_starts_alive() -> None:
    """0.8 [IU]/h leave an eighth of the prior without production: nobody has no glucose, and free space no zero."""
    everyone = twin("hovorka", Subject(id="s"), at=0, rates={"insulin": 0.8}, members=64, seed=1)
    start = MOLAR_MASS / 10.0 * np.asarray(everyone.belief.state["interstitial"])
    assert start.min() == pytest.approx(MOLAR_MASS / 10.0 * LEAST.value) and (start > 20.0).mean() > 0.8
    read = Observation(id="r", code="loinc:99504-3", value=Exact(110.0), unit="mg/dL", at=5 * MINUTE, recorded=0)
    seen = observe(everyone, [read])
    assert seen.evidence is not None and seen.evidence.failed.sum() == 0
    assert np.isfinite(seen.belief.logw).all()


def test_a_person_without_insulin_rests_where_the_kidneys_balance_production() -> None:
    state = MEMBER.start(PERSON, rates(), clock(0.0))
    expected = 9.0 + (0.0161 - 0.0097) / (0.003 * 0.16)  # 22.3 mmol/L
    assert state["interstitial"] == pytest.approx(expected)


def test_the_resting_level_solves_the_equations_as_printed() -> None:
    """A root of the printed balance, found without this module's closed form."""

    def balance(g: float, milli: float) -> float:
        i = milli / (0.138 * 0.12 * 75.0)
        x1, x2, x3 = 51.2e-4 * i, 8.2e-4 * i, 520e-4 * i
        q1 = g * 0.16 * 75.0
        y = np.array([0.0, 0.0, milli * 55, milli * 55, i, x1, x2, x3, q1, x1 * q1 / (0.066 + x2)])
        return as_printed(0.0, y, milli, 0.0)[8]

    for rate in (0.3, 0.36, 0.42, 0.5):
        g = brentq(balance, 0.1, 40.0, args=(rate * 1000 / 60,), xtol=1e-13)
        assert MEMBER.start(PERSON, rates(insulin=rate), clock(0.0))["interstitial"] == pytest.approx(g, rel=1e-10)


def test_the_path_agrees_with_the_equations_as_printed() -> None:
    rate = float(MEMBER.basal(PERSON, 110.0, np))
    u = rates(insulin=rate)
    rest = MEMBER.start(PERSON, u, clock(0.0))
    state = dosed(MEMBER, rest, PERSON, doses(insulin=1.2, carbs=60.0))
    hours = [0.5, 1.0, 2.0, 4.0, 8.0]
    mine = [s["q1"] / PERSON.VG for s in follow(MEMBER, state, PERSON, u, hours)]
    w, i = 75.0, float(rest["insulin"])
    y0 = np.array([
        0.8 * 60.0 * 1000 / MOLAR_MASS, 0.0, rest["s1"] * w + 1200.0, rest["s2"] * w, i,
        51.2e-4 * i, 8.2e-4 * i, 520e-4 * i, rest["q1"] * w, rest["q2"] * w,
    ])  # fmt: skip
    printed = solve_ivp(
        as_printed, (0.0, 480.0), y0, method="LSODA", rtol=1e-11, atol=1e-11, t_eval=[60 * h for h in hours],
        args=(rate * 1000 / 60, 0.0),
    )  # fmt: skip
    np.testing.assert_allclose(mine, printed.y[8] / (0.16 * w), rtol=1e-7)  # kinks at 4.5 and 9 mmol/L bound the error
    assert max(mine) > 9.0 > 4.5  # the scenario reaches the renal branch


@pytest.mark.parametrize("target", [70.0, 100.0, 140.0, 200.0])
def test_the_basal_rate_holds_the_glucose_it_was_asked_for(target: float) -> None:
    rate = MEMBER.basal(PERSON, target, np)
    assert level(MEMBER.start(PERSON, rates(insulin=rate), clock(0.0))) == pytest.approx(target, rel=1e-9)


def test_the_sensor_follows_plasma_at_its_own_pace() -> None:
    u = rates(insulin=0.4)
    state = MEMBER.start(PERSON, u, clock(0.0))
    state["interstitial"] = state["interstitial"] + 3.0
    (end,) = follow(MEMBER, state, PERSON, u, [1.0])
    assert end["interstitial"] - end["q1"] / PERSON.VG == pytest.approx(3.0 * np.exp(-60.0 * 0.0933), rel=1e-5)


def test_half_of_a_long_acting_dose_is_left_after_the_half_life() -> None:
    u = rates(insulin=0.4)
    state = dosed(MEMBER, MEMBER.start(PERSON, u, clock(0.0)), PERSON, doses(long_acting=20.0))
    (end,) = follow(MEMBER, state, PERSON, u, [PERSON.long_half_life])
    assert end["depot"] == pytest.approx(20.0 * 1000 / 75.0 / 2, rel=1e-8)


def test_the_production_is_never_negative() -> None:
    state = MEMBER.start(PERSON, rates(insulin=0.4), clock(0.0)) | {"x3": 2.0, "x1": 0.0, "q2": 0.0, "q1": 0.16 * 5.0}
    change = MEMBER.field(SimpleNamespace(**state), PERSON, rates(insulin=0.4), clock(0.0))
    assert change["q1"] == pytest.approx(-60.0 * 0.0097)


def test_of_every_meal_the_available_fraction_reaches_plasma() -> None:
    u = rates(insulin=0.4)
    state = dosed(MEMBER, MEMBER.start(PERSON, u, clock(0.0)), PERSON, doses(carbs=50.0)) | {"absorbed": 0.0}

    class Counted:
        @staticmethod
        def field(x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
            grams = x.d2 / p.tmaxG * p.weight * MOLAR_MASS / 1000.0
            return MEMBER.field(x, p, u, env) | {"absorbed": 60.0 * grams}

    (end,) = follow(Counted, state, PERSON, u, [24.0])  # type: ignore[arg-type]
    assert end["absorbed"] == pytest.approx(0.8 * 50.0, rel=1e-5)  # molar mass here is rounded to six digits


@pytest.mark.parametrize("kind", ["insulin", "long_acting"])
def test_of_every_injection_all_insulin_is_cleared_from_plasma(kind: str) -> None:
    u = rates(insulin=0.4)
    rest = MEMBER.start(PERSON, u, clock(0.0))
    state = dosed(MEMBER, rest, PERSON, doses(**{kind: 0.5})) | {"cleared": 0.0}

    class Counted:
        @staticmethod
        def field(x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
            lost = p.ke * (x.insulin - rest["insulin"]) * p.VI * p.weight / 1000.0
            return MEMBER.field(x, p, u, env) | {"cleared": 60.0 * lost}

    (end,) = follow(Counted, state, PERSON, u, [600.0])  # type: ignore[arg-type]
    assert end["cleared"] == pytest.approx(0.5, rel=1e-7)


def test_a_meal_raises_and_a_bolus_lowers_the_sensor_reading() -> None:
    u = rates(insulin=MEMBER.basal(PERSON, 110.0, np))
    rest = MEMBER.start(PERSON, u, clock(0.0))

    def after(hours: float, **given: float) -> float:
        (end,) = follow(MEMBER, dosed(MEMBER, rest, PERSON, doses(**given)), PERSON, u, [hours])
        return float(level(end))

    assert after(1.0, carbs=50.0) > 140.0
    assert after(3.0, insulin=0.6) < after(3.0, insulin=0.3) < 105.0
    assert after(3.0, long_acting=6.0) < 109.0


def test_the_mean_subject_is_the_mean_of_the_six() -> None:
    """Two publications check one transcription: the 2004 means are the arithmetic means, rounded."""
    for name, values in zip(SIX_NAMES, SIX.T, strict=True):
        digits = {"ka1": 0.0006, "ka2": 0.009, "k12": 0.0012}.get(name, 5e-3 * MEAN[name].value)  # rounded in print
        assert MEAN[name].value == pytest.approx(values.mean(), abs=digits)


def test_the_priors_are_the_lognormal_laws_through_the_six() -> None:
    declared = {q.name: q for q in MEMBER.parameters}
    for name, values in zip(SIX_NAMES, SIX.T, strict=True):
        prior = declared[name].prior
        assert prior is not None
        assert prior.family == "lognormal"
        assert prior.arguments == pytest.approx((np.log(values).mean(), np.log(values).std(ddof=1)), rel=5e-3)
        assert (declared[name].low, declared[name].high) == pytest.approx((values.min(), values.max()))
    wide = {"ka3": (0.0304, 0.0235), "Se": (0.052, 0.0125 * sqrt(6))}
    for name, (mean, sd) in wide.items():
        prior = declared[name].prior
        assert prior is not None
        mu, s = prior.arguments
        assert np.exp(mu + s * s / 2) == pytest.approx(mean, rel=0.01)
        assert sqrt(np.exp(s * s) - 1) == pytest.approx(sd / mean, rel=0.01)


def test_what_is_declared_is_what_the_equations_use() -> None:
    assert set(vars(PERSON)) == set(names(MEMBER.parameters)) | set(names(MEMBER.covariates))
    assert hash(Hovorka()) == hash(Hovorka())
    assert model.member == MEMBER
