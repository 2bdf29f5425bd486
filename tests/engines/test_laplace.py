"""MAP and Laplace against exact posteriors: the Kalman filter, conjugate counts, truncation, and unknown sizes.

`far` (tests/laws/test_engines.py) judges Monte Carlo over independent twins at a false alarm of 1e-6 a test.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import gammaln

import gemel
from gemel import forecast, observe, observe_all
from gemel.core.errors import CapabilityError, CollapseError
from gemel.core.fact import Below, Count
from gemel.core.plan import Action, Schedule
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.engines.laplace import MapLaplace
from gemel.engines.nuts import Nuts
from gemel.engines.unknowns import flow_of
from gemel.engines.whiten import subject_of, whitened
from gemel.numerics.start import jax_numpy
from gemel.verbs.smooth import smooth
from tests.engines import counts, sized
from tests.laws.cases import BY_NAME, Case, at, give, read
from tests.laws.conformance.hazard import SCALE, SHAPE
from tests.laws.kalman import MEAN, SPREAD, kalman
from tests.laws.sbc import Study, alarm, ranked
from tests.laws.test_engines import (
    COUNTS,
    DOSES,
    LIMIT,
    READINGS,
    SEEDS,
    censored,
    facts,
    far,
    judge,
    moments,
    twins,
)
from tests.verbs.test_smooth import LOOK
from tests.verbs.test_smooth import exact as exact_past
from tests.verbs.test_smooth import seen as seen_past

MEMBERS = 512
FALSE_ALARM = 1e-6


def made_twins(model: Any, members: int = MEMBERS) -> list[Twin]:
    return [gemel.twin(model, Subject(id="s"), at=at(0), members=members, seed=40 + s, engine=MapLaplace())
            for s in range(SEEDS)]  # fmt: skip


def evidence_of(seen: list[Twin]) -> list[float]:
    return [float(t.evidence.log_evidence[0]) for t in seen if t.evidence is not None]


def test_with_an_exact_prior_mode_and_evidence_equal_the_kalman_filter() -> None:
    """Members whose mean and variance are those of the prior, so that almost nothing is left to chance."""
    twin = BY_NAME["linear"].twin(64, engine=MapLaplace())
    level = twin.parameter("level")
    level = MEAN + SPREAD * np.sqrt(63 / 64) * (level - level.mean()) / level.std()
    state = {**twin.belief.state, "x": level}
    seen = observe(replace(twin, belief=replace(twin.belief, theta=level[:, None], state=state)), facts())
    exact = kalman(READINGS, 8, DOSES)
    assert seen.evidence is not None and seen.evidence.ess[0] > 63.9  # variance of the log weights: at most 1e-4
    assert seen.evidence.log_evidence[0] == pytest.approx(exact.log_evidence, abs=6 * np.sqrt(1e-4 / 64))
    # 64 draws about the exact mean: 6 standard errors, a false alarm of 1e-8 in three checks
    assert np.all(np.abs(moments(seen)[0] - exact.mean) < 6.0 * np.sqrt(np.diag(exact.covariance) / 64))


def test_a_linear_gaussian_twin_equals_the_kalman_filter() -> None:
    table = judge(observe_all(twins(MapLaplace(), members=MEMBERS), [facts()] * SEEDS), kalman(READINGS, 8, DOSES))
    assert max(table.values()) < 1.0, table


@pytest.mark.slow
def test_counts_give_the_conjugate_posterior() -> None:
    readings = [read("test:event", h, Count(n)) for h, n in COUNTS.items()]
    seen = observe_all(made_twins(counts.model), [readings] * SEEDS)
    shape, rate = SHAPE + sum(COUNTS.values()), 1.0 / SCALE + max(COUNTS)
    means = [float(t.belief.weights()[0] @ t.parameter("rate")) for t in seen]
    squares = [float(t.belief.weights()[0] @ (t.parameter("rate") - m) ** 2) for t, m in zip(seen, means, strict=True)]
    assert far(means, shape / rate, 3) < 1.0
    assert far(squares, shape / rate**2, 3) < 1.0
    spans = np.diff([0, *COUNTS])
    exact = SHAPE * np.log(1.0 / SCALE) - gammaln(SHAPE) + gammaln(shape) - shape * np.log(rate)
    exact += sum(n * np.log(d) - gammaln(n + 1.0) for n, d in zip(COUNTS.values(), spans, strict=True))
    assert far(evidence_of(seen), float(exact), 3) < 1.0
    for twin in seen[:1]:  # a count read at the window's end is not counted again by the next
        later = observe(twin, [read("test:event", 24, Count(0))])
        again = float(later.belief.weights()[0] @ later.parameter("rate"))
        assert again == pytest.approx(shape / (rate + 4.0), rel=0.15)  # one twin: three sds of its mean


@pytest.mark.slow
def test_a_censored_reading_is_weighed_exactly() -> None:
    seen = observe_all(twins(MapLaplace(), members=MEMBERS), [[read("test:y", 1, Below(LIMIT))]] * SEEDS)
    mean, variance, evidence = censored()
    assert far([moments(t)[0][0] for t in seen], mean, 3) < 1.0
    assert far([moments(t)[1][0, 0] for t in seen], variance, 3) < 1.0
    assert far(evidence_of(seen), evidence, 3) < 1.0


def test_unknown_sizes_are_left_to_other_engines() -> None:
    twin = gemel.twin(sized.model, Subject(id="s"), at=at(0), members=64, engine=MapLaplace())
    with pytest.raises(CapabilityError, match=r"\['error', 'jolt'\]\) leave the density without a useful mode"):
        observe(twin, [read("test:y", 1, 1.0)])


@pytest.mark.slow
def test_a_linear_twin_looks_back_like_the_exact_smoother() -> None:
    back = [smooth(t, facts(), at=[at(h) for h in LOOK]) for t in twins(MapLaplace(), members=MEMBERS)]
    truth, checks = exact_past(), 2 * 3 * len(LOOK)
    for k, hour in enumerate(LOOK):
        found = [seen_past(one[k]) for one in back]
        mean, covariance = truth[hour]
        for i in range(3):
            assert far([m[i] for m, _ in found], mean[i], checks) < 1.0, (hour, i)
            assert far([v[i] for _, v in found], covariance[i, i], checks) < 1.0, (hour, i)
    assert {one[0].belief.at for one in back} == {at(LOOK[0])}


def test_twins_in_one_call_are_as_if_alone() -> None:
    pair = twins(MapLaplace(), members=64)[:2]
    news = [facts(), facts()[:4]]
    together = observe_all(pair, news, until=at(8))
    for twin, own, seen in zip(pair, news, together, strict=True):
        alone = observe(twin, own, until=at(8))
        np.testing.assert_allclose(
            alone.belief.theta, seen.belief.theta, rtol=1e-9
        )  # kernels of two lengths: round-off


def test_time_without_readings_leaves_the_prior_as_it_drifts() -> None:
    twin = BY_NAME["linear"].twin(2048, engine=MapLaplace())
    still, exact = observe(twin, until=at(8)), kalman({}, 8, {})
    assert still.evidence is not None and still.evidence.log_evidence[0] == pytest.approx(0.0, abs=1e-9)
    mean, covariance = moments(still)
    # 2048 members and their prior's own 2048: 6 standard errors of each, a false alarm of 1e-8
    assert np.all(np.abs(mean - exact.mean) < 6.0 * np.sqrt(2.0 * np.diag(exact.covariance) / 2048))
    np.testing.assert_allclose(np.diag(covariance), np.diag(exact.covariance), rtol=6.0 * np.sqrt(2 * 2 / 2048))
    assert forecast(still, at(10), every=1.0).failed == 0


def test_a_prior_stays_what_it_was_where_nothing_was_read() -> None:
    """Skewed margins, a correlation and a state that is a function of a parameter survive the map to N(0, I) and back;
    a parameter in which no member differs stays it, to the bit."""
    twin = BY_NAME["hovorka"].twin(4096)
    prior = whitened(twin.model, twin.belief)
    w = np.random.default_rng(1).normal(size=(4096, prior.place.shape[0]))
    made = subject_of(twin.model, prior, jax_numpy().asarray(w))
    for i, q in enumerate(twin.model.parameters):
        one, other = np.asarray(made.theta)[:, i], twin.parameter(q.name)
        low, high = np.quantile(other, [0.1, 0.9])
        # a quantile of 4,096 draws has a standard error of 0.005 in probability; the margin's own fit as much again
        assert abs(np.mean(one < low) - 0.1) < 0.04 and abs(np.mean(one < high) - 0.9) < 0.04, q.name
        assert low <= np.median(one) <= high
    np.testing.assert_array_equal(np.asarray(made.covariates), twin.belief.covariates)


def test_weights_that_cannot_be_trusted_are_refused() -> None:
    twin = BY_NAME["linear"].twin(64, engine=MapLaplace(floor=1.0))
    with pytest.raises(CollapseError, match=r"of 64 draws count .* use 'nuts'"):
        observe(twin, [read("test:y", 1, Below(LIMIT))])
    twin = BY_NAME["linear"].twin(64, engine=MapLaplace())
    lost = replace(twin, belief=replace(twin.belief, state={**twin.belief.state, "x": np.full(64, 1e308)}))
    with pytest.raises(CollapseError, match="fails for every subject"):
        observe(lost, [read("test:y", 1, 1.0)])


@pytest.mark.parametrize("engine", [MapLaplace(), Nuts()], ids=["laplace", "nuts"])
def test_what_cannot_be_differentiated_is_refused(engine: Any) -> None:
    with pytest.raises(CapabilityError, match="Differentiable"):
        BY_NAME["hazard"].twin(engine=engine)


def test_what_is_no_flow_is_refused() -> None:
    with pytest.raises(CapabilityError, match="cannot look inside"):
        flow_of(BY_NAME["hazard"].model)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear", "counts"])
def test_ranks_of_the_truth_are_uniform(name: str) -> None:
    case = BY_NAME["linear"] if name == "linear" else Case("counts", counts.model, ())
    study = (
        Study(case, {"y": (1.0, 2.0, 4.0, 7.0)}, leaves=("x", "level_drift"))
        if name == "linear"
        else Study(case, {"events": (2.0, 5.0, 6.0, 10.0)})
    )
    table = alarm(ranked(study, MapLaplace(), truths=128, members=128), FALSE_ALARM, 2)
    assert min(table.values()) > 1.0, table


@pytest.mark.slow
def test_a_day_made_by_another_glucose_model_is_fitted_with_members_that_count() -> None:
    """The truth is one person of the Hovorka model, the twin is ReplayBG: hundreds of unknowns, none the truth's.
    What the draws say of the last hours must agree with the sensor to what a sensor and a model are good for."""
    case = BY_NAME["hovorka"]
    acts = [give("gemel:carbohydrate", 1.0, "g", dose=50.0), give("gemel:rapid-insulin", 1.0, "[IU]", dose=5.0)]
    plan = Schedule(
        "meal", tuple(Action(a.at, q, dose=a.dose) for a, q in zip(acts, ("carbs", "insulin"), strict=True))
    )
    path = forecast(case.twin(1, seed=7), at(8), plan, every=0.25)
    truth = path.paths[0, :, path.column("glucose")]
    told = [read("loinc:99504-3", 0.25 * (j + 1), float(v), "mg/dL") for j, v in enumerate(truth)]
    asked = {"engine": MapLaplace(starts=1), "rates": {"insulin": 0.5}, "covariates": {"weight": 70.0}}
    twin = BY_NAME["replaybg"].twin(200, **asked)
    for hour, found in zip((3, 6), smooth(twin, [*acts, *told], at=[at(3), at(6)]), strict=True):
        assert found.evidence.ess[0] > 10 and found.evidence.failed[0] < 100
        believed = float(found.belief.weights()[0] @ np.asarray(found.belief.state["interstitial"]))
        assert abs(believed - truth[4 * hour - 1]) < 3.0 * 5.0  # three sds of the sensor's declared error
    assert abs(float(np.mean(twin.belief.state["interstitial"])) - truth[11]) > 30.0  # which the prior does not know
