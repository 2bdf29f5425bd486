"""Options of the ensemble Kalman filter: the compiled scan, the transform, inflation that is learned, and reach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import gemel
from gemel import observe, observe_all
from gemel.core.errors import CollapseError, ShapeError
from gemel.core.fact import Below
from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift
from gemel.core.subject import Subject
from gemel.engines import fused
from gemel.engines.enkf import EnsembleKalman
from gemel.engines.local import gaspari_cohn, tapers
from gemel.engines.sweep import advance
from gemel.numerics.flow import Flow
from gemel.store import pack, unpack
from gemel.verbs.batch import join, split
from gemel.verbs.news import read as news
from gemel.verbs.news import window_of
from tests.engines.ring import SITES, LocalRing, Ring
from tests.laws.cases import BY_NAME, at, give, read
from tests.laws.conformance import MADE, linear
from tests.laws.kalman import kalman
from tests.laws.sbc import Study, lived
from tests.laws.test_engines import DOSES, READINGS, SEEDS, facts, far, moments, twins


def record(name: str) -> list[Any]:
    """A dozen hours of facts, some readings twice at an instant, one known only to be low, and inputs between them."""
    if name == "linear":
        plain = [read("test:y", 0.5 * k, 1.0 + 0.1 * (k % 3)) for k in range(1, 25)]
        return [*plain, read("test:y", 2.0, 1.3, entity="b"), read("test:y", 3.25, Below(2.0)),
                give("test:push", 3.2, "1", dose=0.5)]  # fmt: skip
    return [*(read("loinc:99504-3", k / 3.0, 140.0 + 20.0 * np.sin(k / 4.0), "mg/dL") for k in range(1, 25)),
            give("gemel:carbohydrate", 3.1, "g", dose=40.0),
            give("gemel:rapid-insulin", 3.1, "[IU]", dose=4.0)]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "inflate"), [("linear", 0.0), ("linear", 0.2), pytest.param("replaybg", 0.0, marks=pytest.mark.slow)]
)
def test_a_window_in_one_scan_equals_a_loop_over_its_readings(
    name: str, inflate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = [BY_NAME[name].twin(64, seed=s, engine=EnsembleKalman(inflate=inflate)) for s in (1, 2)]
    told = [record(name), record(name)[3:]]
    scanned = observe_all(group, told)
    monkeypatch.setattr(fused, "LONG", 10**9)
    for one, other in zip(scanned, observe_all(group, told), strict=True):
        np.testing.assert_allclose(one.belief.theta, other.belief.theta, rtol=1e-9)  # one compiled, one not: round-off
        for leaf, values in other.belief.state.items():
            np.testing.assert_allclose(one.belief.state[leaf], values, rtol=1e-9, atol=1e-12)
        assert one.evidence is not None and other.evidence is not None
        np.testing.assert_allclose(one.evidence.log_evidence, other.evidence.log_evidence, rtol=1e-9)
        assert one.now == other.now and one.evidence.failed == other.evidence.failed
        if inflate > 0.0:
            np.testing.assert_allclose(one.belief.inflation, other.belief.inflation, rtol=1e-9)


def test_a_member_that_fails_in_a_scan_takes_no_further_part() -> None:
    twin = BY_NAME["linear"].twin(64)
    state = dict(twin.belief.state)
    state["x"] = np.where(np.arange(64) < 5, np.nan, np.asarray(state["x"]))
    seen = observe(replace(twin, belief=replace(twin.belief, state=state)), record("linear"))
    assert seen.evidence is not None and seen.evidence.failed[0] == 5 and seen.evidence.ess[0] == 59
    assert np.isfinite(seen.evidence.log_evidence[0]) and np.isfinite(seen.belief.weights() @ seen.belief.theta)[0, 0]


@pytest.mark.parametrize("form", ["perturbed", "transform"])
def test_the_transform_is_the_kalman_filter_of_its_own_sample(form: Any) -> None:
    """One reading: means and covariances of the members move by the Kalman formulas of their sampled ones, to rounding
    with the transform, and only to the sampling error of cov(x, e), a few per cent, with perturbed readings."""
    twin = BY_NAME["linear"].twin(256, engine=EnsembleKalman(shrink=False, form=form))
    before, after = (np.stack([np.asarray(t.belief.state["x"]), t.parameter("level")])
                     for t in (observe(twin, until=at(1)), observe(twin, [read("test:y", 1, 1.9)])))  # fmt: skip
    prior = np.cov(before)
    gain = prior[:, 0] / (prior[0, 0] + linear.ERROR**2)
    mean = before.mean(axis=1) + gain * (1.9 - before[0].mean())
    covariance = prior - np.outer(gain, prior[0])
    np.testing.assert_allclose(after.mean(axis=1), mean, rtol=1e-9)
    off = np.max(np.abs(np.cov(after) / covariance - 1.0))
    assert off < 1e-9 if form == "transform" else 1e-3 < off < 0.5


def test_the_transform_equals_the_exact_filter() -> None:
    """At a false-alarm rate of 1e-6 over its six checks."""
    exact = kalman(READINGS, 8, DOSES)
    found = [moments(t) for t in observe_all(twins(EnsembleKalman(shrink=False, form="transform")), [facts()] * SEEDS)]
    table = {f"mean {i}": far([m[i] for m, _ in found], exact.mean[i], 6) for i in range(3)}
    table |= {f"variance {i}": far([c[i, i] for _, c in found], exact.covariance[i, i], 6) for i in range(3)}
    assert max(table.values()) < 1.0, table


@dataclass(frozen=True)
class Calm(linear.Linear):
    """The linear model in the belief that it is jolted half as much as it is."""

    parameters = (replace(linear.Linear.parameters[0], drift=Drift("walk", 0.5 * linear.WALK, MADE)),)
    prior = JointPrior(parameters)
    smooth = (replace(linear.Linear.smooth[0], drift=Drift("walk", 0.5 * linear.JOLT, MADE)),)


LIVES, LIFE, LEARNED = 32, 240, 120


def coverage(model: Any, inflate: float) -> tuple[float, Any]:
    """How many of the readings of the second half fell into the 90 % band predicted an hour before; and the factors."""
    _, seen = lived(Study(BY_NAME["linear"], {"y": tuple(range(1, LIFE + 1))}), LIVES, 77)
    engine = EnsembleKalman(inflate=inflate)
    group = [gemel.twin(model, Subject(id="s"), at=at(0), members=128, engine=engine, seed=5000 + i)
             for i in range(LIVES)]  # fmt: skip
    told = [[read("test:y", h + 1, float(y)) for h, y in enumerate(row)] for row in seen[:, :, 0]]
    window = window_of(group, [news(t, f, None) for t, f in zip(group, told, strict=True)])
    belief, key = join(group), np.concatenate([t.keys for t in group])
    luck, hits = np.random.default_rng(1), []
    for hour, step in enumerate(window.steps()):
        _, x = advance(model, belief, step, None, key)
        noisy = np.asarray(x)[:, 0] + linear.ERROR * luck.normal(size=belief.rows)
        low, high = np.quantile(noisy.reshape(LIVES, -1), [0.05, 0.95], axis=1)
        hits.append((low <= seen[:, hour, 0]) & (seen[:, hour, 0] <= high))
        belief = engine.assimilate(model, belief, step, None, key).belief
    return float(np.mean(hits[LEARNED:])), belief.inflation


@pytest.mark.slow
def test_learned_inflation_restores_the_coverage_of_a_twin_that_is_too_sure() -> None:
    """n = 3,840 readings of 32 lives; the standard error of a coverage, over lives, is about 0.005.  Planted: process
    noise of half the size.  The limits lie three standard errors and more from what is measured."""
    sure, _ = coverage(Flow(Calm()), 0.0)
    honest, factors = coverage(Flow(Calm()), 0.4)
    right, _ = coverage(linear.model, 0.4)
    assert sure < 0.855 and 0.867 < honest < 0.92 and 0.88 < right < 0.93, (sure, honest, right)
    assert np.mean(factors) > 1.2 and np.min(factors) >= 1.0


def test_an_inflation_factor_stays_with_its_twin() -> None:
    engine = EnsembleKalman(inflate=0.5)
    told = [[read("test:y", h, y) for h in range(1, 6)] for y in (9.0, 1.2)]
    group = observe_all([BY_NAME["linear"].twin(64, seed=s, engine=engine) for s in (1, 2)], told)
    wild, calm = (np.asarray(t.belief.inflation) for t in group)
    assert np.ptp(wild) == 0.0 and wild[0] > 1.5 > calm[0]
    back = split(join(group), [t.now for t in group])
    np.testing.assert_array_equal(back[0].inflation, wild)
    np.testing.assert_array_equal(unpack(pack(group[1].belief)).inflation, calm)
    assert group[0].belief.member(3).inflation is not None
    plain = BY_NAME["linear"].twin(64, seed=3, engine=engine)
    np.testing.assert_array_equal(join([group[0], plain]).inflation, np.concatenate([wild, np.ones(64)]))
    assert unpack(pack(plain.belief)).inflation is None


STEPS = 40


@pytest.mark.slow
def test_twenty_members_follow_a_ring_of_forty_only_with_reach() -> None:
    """Two rings, 40 readings in time; error of the ensemble mean over the second half.  Two states drawn at random lie
    about 5 apart, one reading is off by 1; measured 0.4 to 0.6 with reach, 4 to 5 without: the limits lie between."""
    born, hours = 240.0, [240.0 + 6.0 * (k + 1) for k in range(STEPS)]
    truth = observe(gemel.twin(Flow(Ring()), Subject(id="t"), at=at(0), members=2, seed=3), until=at(born))
    errors: dict[str, float] = {}
    for model in (Ring(), LocalRing()):
        engine, world = EnsembleKalman(shrink=False, inflate=0.2, form="transform"), truth
        if not isinstance(model, LocalRing):
            engine = EnsembleKalman(shrink=False)  # inflated, it does not even survive
        group = [gemel.twin(Flow(model), Subject(id="s"), at=at(0), members=20, engine=engine, seed=50 + i)
                 for i in range(2)]  # fmt: skip
        group = observe_all(group, [(), ()], until=at(born))
        luck, missed = np.random.default_rng(0), []
        for k, hour in enumerate(hours):
            world = observe(world, until=at(hour))
            x = np.asarray(world.belief.state["x"])
            noisy = x[:, ::2] + luck.normal(size=(2, SITES // 2))
            told = [[read(f"test:y{2 * j}", hour, float(y)) for j, y in enumerate(row)] for row in noisy]
            try:
                group = observe_all(group, told)
            except CollapseError:  # one way for a filter to say that it is lost
                missed.append(np.inf)
                break
            means = np.stack([np.asarray(t.belief.state["x"]).mean(axis=0) for t in group])
            if k >= STEPS // 2:
                missed.append(np.sqrt(np.mean((means - x) ** 2)))
        errors[type(model).__name__] = float(np.mean(missed))
    assert errors["LocalRing"] < 1.0 < 2.5 < errors["Ring"], errors


def test_gaspari_and_cohn_taper_from_one_to_nothing_without_a_step() -> None:
    half = 2.0
    distance = np.linspace(0.0, 5.0, 5001)
    weight = np.asarray(gaspari_cohn(distance, half))
    assert weight[0] == 1.0 and np.all(np.diff(weight) <= 1e-12) and np.all(weight[distance >= 2.0 * half] == 0.0)
    assert float(gaspari_cohn(np.array(half), half)) == pytest.approx(5.0 / 24.0)  # the value at half of its reach
    assert np.max(np.abs(np.diff(weight))) < 1e-3
    with pytest.raises(ShapeError, match="above 0"):
        gaspari_cohn(distance, 0.0)


def test_a_reach_that_names_what_is_not_there_is_refused() -> None:
    @dataclass(frozen=True)
    class Wrong(Ring):
        def reach(self, observable: str) -> dict[str, Any]:
            return {"z": 1.0}

    @dataclass(frozen=True)
    class Short(Ring):
        def reach(self, observable: str) -> dict[str, Any]:
            return {"x": np.ones(3)}

    for member, words in ((Wrong(), "names"), (Short(), "weights")):
        with pytest.raises(ShapeError, match=words):
            tapers(Flow(member), ())
    assert tapers(Flow(Ring()), ()) is None
