"""Laws of facts: what was recorded, not how it arrived, decides what a twin believes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from gemel import forecast, forecast_all, observe, observe_all
from gemel.core.clock import HOUR
from gemel.core.fact import Exact, Intervention, Observation, Status
from tests.laws.cases import BY_NAME, CASES, Case, at, give, read
from tests.laws.test_models import assert_same, bits

every_case = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])


@every_case
def test_facts_act_and_their_order_does_not_matter(case: Case) -> None:
    forward, backward = (observe(case.twin(), facts) for facts in (case.facts, case.facts[::-1]))
    assert_same(forward, backward)
    assert forward.cursor == backward.cursor and forward.cursor.used == len(case.facts)
    untouched = observe(case.twin(), until=forward.now)
    assert any(np.any(value != bits(untouched)[name]) for name, value in bits(forward).items())


@every_case
def test_a_withdrawn_fact_is_as_if_never_there(case: Case) -> None:
    last = case.facts[-1]
    wrong = msgspec.structs.replace(last, id="wrong", at=last.at)
    withdrawn = msgspec.structs.replace(wrong, recorded=wrong.recorded + HOUR, status=Status.ENTERED_IN_ERROR)
    assert_same(observe(case.twin(), case.facts), observe(case.twin(), (*case.facts, wrong, withdrawn)))


@pytest.mark.parametrize(
    "case", [c for c in CASES if any(isinstance(f, Intervention) for f in c.facts)], ids=lambda c: c.name
)
def test_an_ordered_dose_never_acts(case: Case) -> None:
    ordered = [msgspec.structs.replace(f, status=Status.ORDERED) for f in case.facts if isinstance(f, Intervention)]
    readings = [f for f in case.facts if isinstance(f, Observation)]
    none = observe(case.twin(), readings, until=at(6))
    assert_same(none, observe(case.twin(), [*readings, *ordered], until=at(6)))
    given = [f for f in case.facts if isinstance(f, Intervention)]
    assert np.any(bits(none)["theta"] != bits(observe(case.twin(), [*readings, *given], until=at(6)))["theta"])


UNITS = [
    ("linear", "test:y", 1.4, "1", 140.0, "%"),
    ("lag", "test:drug", 6.0, "mg", 6000.0, "ug"),
    ("hovorka", "loinc:99504-3", 180.156, "mg/dL", 10.0, "mmol/L"),
    ("history", "test:glucose", 180.156, "mg/dL", 10.0, "mmol/L"),
    ("census", "test:admission", 36.0, "h", 1.5, "d"),
    ("scores", "test:pressure", 150.0, "mm[Hg]", 15.0, "cm[Hg]"),
]


@pytest.mark.parametrize(("name", "code", "value", "unit", "other", "other_unit"), UNITS, ids=[u[0] for u in UNITS])
def test_the_unit_of_a_fact_does_not_matter(
    name: str, code: str, value: float, unit: str, other: float, other_unit: str
) -> None:
    case = BY_NAME[name]
    sd = 0.1 * value if name in ("linear", "lag", "hovorka") else None
    a = read(code, 1, value, unit, "x", sd=sd)
    b = read(code, 1, other, other_unit, "x", sd=None if sd is None else sd * other / value)
    one, two = (bits(observe(case.twin(), [f])) for f in (a, b))
    untouched = bits(observe(case.twin(), until=at(1)))
    assert any(np.any(value != untouched[leaf]) for leaf, value in one.items())
    for leaf, numbers in one.items():  # a conversion rounds once; the molar mass of glucose is held to 1e-5
        np.testing.assert_allclose(
            numbers, two[leaf], rtol=1e-4 if "glucose" in code or "loinc" in code else 1e-9, err_msg=leaf
        )


def test_an_observed_covariate_sharpens_every_score_and_they_agree() -> None:
    from tests.laws.conformance.scores import heart, stroke

    twin = BY_NAME["scores"].twin(512)
    known = observe(twin, [read("test:pressure", 1, 150.0, "mm[Hg]")])
    q = twin.model.covariates
    for score in (stroke, heart):
        before, after = (np.std(score.of_covariates(q, t.belief.covariates)) for t in (twin, known))
        assert after < 0.95 * before, score.name  # pressure is one of two or three unknowns
    logit = [np.log(v / (1 - v)) for v in (s.of_covariates(q, known.belief.covariates) for s in (stroke, heart))]
    age, ldl = known.belief.covariates[:, 0], known.belief.covariates[:, 2]
    np.testing.assert_allclose((logit[0] + 3.0 - 0.6) / 0.07, age - 60, atol=1e-9)  # one imputed age in both scores
    np.testing.assert_allclose((logit[1] + 2.5 - 0.45 - 0.4 * (ldl - 3.3)) / 0.06, age - 60, atol=1e-9)


def test_who_is_in_the_ward_has_not_left_and_elapsed_stay_is_respected() -> None:
    twin = BY_NAME["census"].twin(512)
    here = [read("test:admission", 0.5, stayed, "h", f"p{n}") for n, stayed in enumerate((0.0, 10.0, 60.0))]
    full = observe(twin, here)
    seen = forecast(full, at(40), every=1.0)
    assert np.all(forecast(full, at(0.501)).paths[:, 0, 0] >= 2.0)  # nobody known to be in leaves at once
    leaves, scale = np.asarray(full.belief.state["leaves"])[:, :3], full.belief.theta[:, 0]
    for n, stayed in enumerate((0.0, 10.0, 60.0)):  # mean of the law left after `stayed` hours: Weibull, shape 2
        left = leaves[:, n] - 0.5
        t = np.linspace(0.0, 150.0, 6000)
        survival = np.exp(-(((t[:, None] + stayed) / scale) ** 2) + (stayed / scale) ** 2)
        expected = np.trapezoid(survival, t, axis=0).mean()
        assert abs(left.mean() - expected) < 5.0 * left.std() / np.sqrt(512), n  # false alarm 6e-7 each
    gone = observe(full, [read("test:discharge", 2, 0.0, "1", "p1")])
    assert np.all(np.asarray(forecast(gone, at(2.001)).paths)[:, -1, 0] <= 2.0)
    assert seen.paths[:, -1, 0].mean() < seen.paths[:, 0, 0].mean()
    np.testing.assert_array_equal(  # another patient's arrival changes nobody's luck
        np.asarray(observe(twin, here[:1]).belief.state["leaves"])[:, 0], leaves[:, 0]
    )


def test_a_history_predictor_starts_from_its_last_reading_and_follows_the_trend() -> None:
    twin = observe(BY_NAME["history"].twin(), BY_NAME["history"].facts)
    path = forecast(twin, at(2.5), every=0.5).paths[:, :, 0]
    slope = (150.0 - 120.0) / 0.5
    usual = twin.belief.covariates[:, 0]
    expected = 150.0 + 0.8 * slope * (1 - np.exp(-1.0)) + 0.6 * (usual - 150.0) * (1 - np.exp(-0.25))
    np.testing.assert_allclose(path[:, -1], expected, rtol=1e-12)  # the same formula in another order


def test_the_lag_shifts_the_effect_and_nothing_else() -> None:
    twin = observe(BY_NAME["lag"].twin(), [give("test:pill", 0.0, "mg", dose=10.0)], until=at(0.25))
    seen = forecast(twin, at(8.0), every=0.25)
    lag, k = twin.belief.theta.T
    since = np.asarray(seen.hours)[None] + 0.25 - lag[:, None]
    expected = np.where(since >= 0, 10.0 * np.exp(-k[:, None] * np.maximum(since, 0.0)), 0.0)
    np.testing.assert_allclose(seen.paths[:, :, 0], expected, rtol=1e-10, atol=1e-12)


def test_landmarks_find_the_pose() -> None:
    from tests.laws.conformance.implant import placed

    case = BY_NAME["implant"]
    truth = np.array([[2.0, -3.0, 1.0, 0.05, -0.04, 0.08]])
    marks = placed(np.asarray(case.assets["points"])[:3], truth[:, :3], truth[:, 3:]).ravel()
    codes = [q.code or "" for q in case.model.observables]
    found = observe(case.twin(512), [read(c, 0, float(v), "mm") for c, v in zip(codes, marks, strict=True)])
    assert found.now == at(0)
    table = found.summary()
    for row, value in zip(table, truth[0], strict=True):  # three landmarks 0.5 mm apiece: 0.3 mm and 0.02 rad
        assert abs(row["mean"] - value) < (1.0 if row["unit"] == "mm" else 0.06), row
        assert row["high"] - row["low"] < (2.0 if row["unit"] == "mm" else 0.1), row


def test_twins_with_different_assets_do_not_share_a_call() -> None:
    from gemel.core.errors import CapabilityError

    case = BY_NAME["implant"]
    other = case.twin(assets={"points": 2.0 * np.asarray(case.assets["points"])})
    with pytest.raises(CapabilityError, match="assets"):
        observe_all([case.twin(), other], [case.facts, case.facts])


BATCH = ["linear", "lag", "census", "ward"]


@pytest.mark.parametrize("name", BATCH)
def test_64_twins_in_one_call_equal_64_single_calls(name: str) -> None:
    """Not all bits: sums over members run in another order in a batch, 1e-9 is 1e6 roundings.  Nothing may leak between
    twins, so every twin has other facts and another present."""
    case = BY_NAME[name]
    twins = [case.twin(16, seed=s) for s in range(64)]
    news: list[Any] = [[_shaken(f, s) for f in case.facts[: 1 + s % len(case.facts)]] for s in range(64)]
    together = observe_all(twins, news)
    alone = [observe(t, f) for t, f in zip(twins, news, strict=True)]
    for a, b in zip(together, alone, strict=True):
        assert a.cursor == b.cursor
        for leaf, value in bits(a).items():
            np.testing.assert_allclose(value, bits(b)[leaf], rtol=1e-9, atol=1e-9, err_msg=leaf)
    plans = [None] * 64
    for f, t in zip(forecast_all(alone, 2 * HOUR, plans, every=0.5), alone, strict=True):
        single = forecast(t, t.now + 2 * HOUR, every=0.5)
        np.testing.assert_allclose(f.readings, single.readings, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(f.times, single.times)


def _shaken(fact: Any, seed: int) -> Any:
    """The fact with a value of this twin's own."""
    if (
        isinstance(fact, Observation)
        and isinstance(fact.value, Exact)
        and fact.code.startswith(("test:y", "test:drug"))
    ):
        return msgspec.structs.replace(fact, value=Exact(fact.value.value * (1.0 + 0.01 * (seed % 7))))
    return fact
