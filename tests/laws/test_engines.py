"""Laws of engines: against exact filters, conjugate posteriors and planted trouble.

Monte Carlo is judged over `SEEDS` independent twins: (mean over seeds - exact) / standard error is Student t with
SEEDS - 1 degrees of freedom, and `far` sets its threshold so that a right engine fails one run of a test in a million.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import gemel
from gemel import forecast, observe, observe_all
from gemel.core.errors import CapabilityError, CollapseError
from gemel.core.fact import Below, Count
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Prior, Quantity
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.coupling.wire import wire
from gemel.engines.enkf import EnsembleKalman
from gemel.engines.particle import TemperedParticle
from gemel.numerics.flow import Flow
from tests.laws.cases import BY_NAME, at, give, read
from tests.laws.conformance import MADE, card, law, ward
from tests.laws.conformance.coupled import City
from tests.laws.conformance.hazard import SCALE, SHAPE
from tests.laws.kalman import MEAN, SPREAD, Exact, kalman

SEEDS, MEMBERS = 16, 1024
FALSE_ALARM = 1e-6
READINGS = {1: 1.6, 2: 1.3, 3: 1.9, 5: 2.0, 6: 1.7, 8: 1.2}
DOSES = {2: 0.8}


def far(estimates: Any, exact: float, checks: int) -> float:
    """How many thresholds the mean over seeds lies from the exact value: above 1 is an alarm."""
    values = np.asarray(estimates, dtype=float)
    error = values.std(ddof=1) / np.sqrt(values.size)
    limit = stats.t.ppf(1.0 - FALSE_ALARM / (2 * checks), values.size - 1)
    return float(abs(values.mean() - exact) / (error * limit))


def twins(engine: Any, name: str = "linear", members: int = MEMBERS) -> list[Twin]:
    return [BY_NAME[name].twin(members, seed=1000 + s, engine=engine) for s in range(SEEDS)]


def facts() -> list[Any]:
    return [*(read("test:y", h, y) for h, y in READINGS.items()),
            *(give("test:push", h, "1", dose=d) for h, d in DOSES.items())]  # fmt: skip


def moments(twin: Twin) -> tuple[Any, Any]:
    """Weighted mean and covariance of (x, level, offset)."""
    w = twin.belief.weights()[0]
    leaves = (twin.belief.state["x"], twin.parameter("level"), twin.belief.state["level_drift"])
    z = np.stack([np.asarray(leaf) for leaf in leaves])
    mean = z @ w
    return mean, ((z - mean[:, None]) * w) @ (z - mean[:, None]).T


def judge(seen: list[Twin], exact: Exact) -> dict[str, float]:
    found = [moments(t) for t in seen]
    table = {
        f"mean {n}": far([m[i] for m, _ in found], exact.mean[i], 7) for i, n in enumerate(("x", "level", "offset"))
    }
    table |= {f"variance {n}": far([c[i, i] for _, c in found], exact.covariance[i, i], 7)
              for i, n in enumerate(("x", "level", "offset"))}  # fmt: skip
    evidence = [float(t.evidence.log_evidence[0]) for t in seen if t.evidence is not None]
    return table | {"evidence": far(evidence, exact.log_evidence, 7)}


def test_the_oracle_agrees_with_one_big_gaussian() -> None:
    """The Kalman recursion against conditioning the joint normal law of all readings at once, by brute force sampling
    of its linear map: exact to rounding."""
    exact = kalman(READINGS, 8, DOSES)
    a = np.exp(-0.3)
    move = np.array([[a, 1 - a, 1 - a], [0, 1, 0], [0, 0, 1]])
    # every unknown as a column: level, then (kick of x, kick of offset) of each hour
    basis, shift, rows, offsets = np.zeros((3, 17)), np.zeros(3), [], []
    basis[:2, 0], shift[:2] = SPREAD, MEAN
    for hour in range(8):
        basis[0, 1 + 2 * hour], basis[2, 2 + 2 * hour] = 0.15, 0.1
        basis, shift = move @ basis, move @ (shift + np.array([DOSES.get(hour, 0.0), 0, 0]))
        if hour + 1 in READINGS:
            rows.append(basis[0].copy())
            offsets.append(READINGS[hour + 1] - shift[0])
    h, d = np.array(rows), np.array(offsets)
    total = h @ h.T + 0.25**2 * np.eye(len(d))
    gain = basis @ h.T @ np.linalg.inv(total)
    np.testing.assert_allclose(exact.mean, shift + gain @ d, rtol=1e-10)
    np.testing.assert_allclose(exact.covariance, basis @ basis.T - gain @ total @ gain.T, atol=1e-12)
    assert exact.log_evidence == pytest.approx(stats.multivariate_normal(np.zeros(len(d)), total).logpdf(d), abs=1e-10)


@pytest.mark.parametrize("engine", [EnsembleKalman(shrink=False), TemperedParticle()], ids=["enkf", "particle"])
def test_a_linear_gaussian_twin_equals_the_kalman_filter(engine: Any) -> None:
    seen = observe_all(twins(engine), [facts()] * SEEDS)
    table = judge(seen, kalman(READINGS, 8, DOSES))
    assert max(table.values()) < 1.0, table
    mean, covariance = moments(seen[0])
    exact = kalman(READINGS, 8, DOSES)
    assert np.all(np.abs(mean - exact.mean) < 0.5 * np.sqrt(np.diag(exact.covariance)))  # and each twin is close
    assert np.all(np.abs(np.diag(covariance) / np.diag(exact.covariance) - 1.0) < 0.5)


@pytest.mark.parametrize("engine", [EnsembleKalman(), TemperedParticle()], ids=["enkf", "particle"])
def test_unequal_weights_are_honoured(engine: Any) -> None:
    """Weights proportional to exp(tilt level) make a normal prior N(mean, v) the normal prior N(mean + tilt v, v)."""
    tilt = 1.0
    tilted = [
        replace(t, belief=replace(t.belief, logw=tilt * t.parameter("level")))
        for t in twins(engine, members=2 * MEMBERS)
    ]
    seen = observe_all(tilted, [facts()] * SEEDS)
    exact = kalman(READINGS, 8, DOSES, mean=MEAN + tilt * SPREAD**2)
    table = judge(seen, exact)
    assert max(table.values()) < 1.0, table
    naive = kalman(READINGS, 8, DOSES)
    assert far([moments(t)[0][1] for t in seen], naive.mean[1], 1) > 1.0  # the test can tell the two apart


def test_facts_in_two_calls_equal_facts_in_one() -> None:
    early, late = ([f for f in facts() if (f.at <= at(3)) == first] for first in (True, False))
    for engine in (EnsembleKalman(), TemperedParticle()):
        twin = BY_NAME["linear"].twin(256, engine=engine)
        one = observe(twin, facts())
        two = observe(observe(twin, early), late)
        np.testing.assert_allclose(one.belief.theta, two.belief.theta, rtol=1e-12)  # kernels of two lengths: round-off


def test_two_readings_at_one_instant_count_as_two() -> None:
    """Two readings of sd 0.25 at once tell what one of sd 0.25 / sqrt 2 tells; luck shared between them would not."""
    both = [read("test:y", 1, 1.8, entity="a"), read("test:y", 1, 1.8, entity="b")]
    for engine in (EnsembleKalman(), TemperedParticle()):
        seen = observe_all(twins(engine), [both] * SEEDS)
        sharp = observe_all(twins(EnsembleKalman()), [[read("test:y", 1, 1.8, sd=0.25 / np.sqrt(2.0))]] * SEEDS)
        for i in range(2):
            a, b = (np.array([moments(t)[1][i, i] for t in group]) for group in (seen, sharp))
            # both groups have the same members before the readings; 6 standard errors: 1e-8 each, 4 checks
            assert abs(a.mean() - b.mean()) < 6.0 * np.hypot(a.std(ddof=1), b.std(ddof=1)) / np.sqrt(SEEDS)


LIMIT = 0.6


def censored() -> tuple[float, float, float]:
    """Exact mean and variance of x, and log evidence, after y < LIMIT at hour 1 (a truncated normal for y)."""
    prior = kalman({}, 1, {})
    m, p = float(prior.mean[0]), float(prior.covariance[0, 0])
    total = p + 0.25**2
    alpha = (LIMIT - m) / np.sqrt(total)
    ratio = stats.norm.pdf(alpha) / stats.norm.cdf(alpha)
    mean = m - p / np.sqrt(total) * ratio
    variance = p - p**2 / total * ratio * (ratio + alpha)
    return mean, variance, float(stats.norm.logcdf(alpha))


def test_a_censored_reading_is_weighed_exactly_by_the_particle_filter() -> None:
    seen = observe_all(twins(TemperedParticle()), [[read("test:y", 1, Below(LIMIT))]] * SEEDS)
    mean, variance, evidence = censored()
    assert far([moments(t)[0][0] for t in seen], mean, 3) < 1.0
    assert far([moments(t)[1][0, 0] for t in seen], variance, 3) < 1.0
    assert far([t.evidence.log_evidence[0] for t in seen if t.evidence], evidence, 3) < 1.0


def test_a_censored_reading_moves_the_ensemble_kalman_filter_the_right_way() -> None:
    """Not exact: the filter moves each member outside the interval to its nearest edge.  It goes most of the way of the
    exact shift and not beyond it, and members that already agree stay where they are."""
    seen = observe_all(twins(EnsembleKalman()), [[read("test:y", 1, Below(LIMIT))]] * SEEDS)
    before = kalman({}, 1, {}).mean[0]
    exact, _, _ = censored()
    shift = np.mean([moments(t)[0][0] for t in seen]) - before
    assert 0.5 < shift / (exact - before) < 1.1
    calm = observe_all(twins(EnsembleKalman()), [[read("test:y", 1, Below(99.0))]] * SEEDS)
    still = observe_all(twins(EnsembleKalman()), [[]] * SEEDS, until=at(1))
    for a, b in zip(calm, still, strict=True):  # free and bound of an unbounded quantity: not even round-off
        np.testing.assert_array_equal(a.belief.theta, b.belief.theta)


@dataclass(frozen=True)
class Brittle:
    """y = level; a member above 1.5 fails after an hour."""

    card = card("Brittle")
    parameters = (Quantity("level", "1", prior=law("normal", 1.0, 0.5)),)
    prior = JointPrior(parameters)
    covariates = smooth = inputs = settings = ()
    observables = (Quantity("y", "1", code="test:y", noise=Noise("normal", MADE, sd=0.2)),)

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Any, covariates: Any, rate: Any, fixed: Any, key: Any) -> dict[str, Any]:
        return {}

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        level = np.where(np.asarray(theta) > 1.5, np.nan, np.asarray(theta))
        return state, np.repeat(level[:, None], drive.output.shape[1], axis=1)


@pytest.mark.parametrize("engine", [EnsembleKalman(), TemperedParticle()], ids=["enkf", "particle"])
def test_a_failing_member_is_counted_and_not_fatal(engine: Any) -> None:
    twin = gemel.twin(Brittle(), Subject(id="s"), at=at(0), members=256, engine=engine, seed=3)
    broken = int(np.sum(twin.belief.theta[:, 0] > 1.5))
    assert 20 < broken < 60
    quiet = observe(twin, until=at(1))
    assert quiet.evidence is not None and quiet.evidence.failed[0] == broken  # also where nothing was read
    assert forecast(twin, at(1)).failed == broken
    seen = observe(twin, [read("test:y", 1, 1.2)])
    assert seen.evidence is not None
    w = seen.belief.weights()[0]
    assert np.all(np.isfinite(seen.belief.theta)) and abs(w @ seen.belief.theta[:, 0] - 1.15) < 0.15
    assert np.isfinite(seen.evidence.log_evidence[0])
    again = observe(seen, [read("test:y", 2, 1.2)])
    assert again.evidence is not None and again.evidence.failed[0] < broken
    lost = replace(twin, belief=replace(twin.belief, theta=twin.belief.theta + 10.0))
    with pytest.raises(CollapseError, match="every member has failed"):
        observe(lost, [read("test:y", 1, 1.2)])


def test_a_belief_that_readings_leave_empty_raises() -> None:
    twin = BY_NAME["linear"].twin(256, engine=TemperedParticle())
    with pytest.raises(CollapseError, match="survive the readings"):
        observe(twin, [read("test:y", 1, 60.0, sd=0.001)])


def test_the_kalman_filter_refuses_counts() -> None:
    with pytest.raises(CapabilityError, match="count"):
        observe(BY_NAME["hazard"].twin(engine="enkf"), BY_NAME["hazard"].facts)


COUNTS = {2: 0, 5: 1, 6: 0, 10: 3, 15: 2, 20: 1}


def test_counts_give_the_conjugate_posterior() -> None:
    """gamma(shape, scale) prior, Poisson counts over known hours: gamma(shape + events, 1 / (1 / scale + hours)); log
    evidence in closed form.  Alive until hour 20 but for the counted events: what was not seen counts as well."""
    readings = [read("test:event", h, Count(n)) for h, n in COUNTS.items()]
    seen = observe_all(twins(TemperedParticle(), "hazard"), [readings] * SEEDS)
    shape, rate = SHAPE + sum(COUNTS.values()), 1.0 / SCALE + max(COUNTS)
    means = [float(t.belief.weights()[0] @ t.parameter("rate")) for t in seen]
    squares = [float(t.belief.weights()[0] @ (t.parameter("rate") - m) ** 2) for t, m in zip(seen, means, strict=True)]
    assert far(means, shape / rate, 3) < 1.0
    assert far(squares, shape / rate**2, 3) < 1.0
    spans = np.diff([0, *COUNTS])
    from scipy.special import gammaln

    exact = SHAPE * np.log(1.0 / SCALE) - gammaln(SHAPE) + gammaln(shape) - shape * np.log(rate)
    exact += sum(n * np.log(d) - gammaln(n + 1.0) for n, d in zip(COUNTS.values(), spans, strict=True))
    assert far([t.evidence.log_evidence[0] for t in seen if t.evidence], float(exact), 3) < 1.0


def test_a_ward_is_learned_from_its_counts() -> None:
    """Truth is one member of another twin.  A calibrated filter covers it with its 90 % interval in fewer than two of
    four trials with chance 0.004; the seeds are fixed, and a filter that collapses covers none.  Weighing 4,096
    members by all readings leaves 0.36, 0.83, 0.96 and 0.45 of the prior's width: full beds hide who would come."""
    case, covered, narrower = BY_NAME["ward"], 0, 0
    for s in range(4):
        truth = case.twin(1, seed=500 + s)
        path = forecast(truth, at(24), every=4.0)
        total = np.round(path.paths[0, :, path.column("admitted")])
        grown = np.diff(total, prepend=0.0)
        readings = [read("test:admitted", 4.0 * (j + 1), Count(int(n))) for j, n in enumerate(grown)]
        twin = case.twin(512, seed=900 + s, engine=TemperedParticle())
        seen = observe(twin, readings)
        row, before = seen.summary()[0], twin.summary()[0]
        covered += row["low"] <= float(truth.belief.theta[0, 0]) <= row["high"]
        narrower += row["high"] - row["low"] < 0.9 * (before["high"] - before["low"])
        assert seen.evidence is not None and seen.evidence.ancestors[0] > 10
    assert narrower == 4 and covered >= 2


def test_what_is_seen_in_the_ward_tells_about_the_city() -> None:
    """Members are possible worlds of all parts: a long line at the ward makes a catching city likelier."""
    parts = {"city": Flow(City()), "ward": ward.model}
    model = wire(parts, {("ward", "referrals"): ("city", "admissions")}, exchange=4.0)
    twin = gemel.twin(model, Subject(id="s"), at=at(0), members=512, seed=2, engine=TemperedParticle())
    before = forecast(twin, at(48), every=48.0)
    line = before.paths[:, -1, before.column("ward_waiting")]
    low, high = (observe(twin, [read("ward_waiting", 48, float(np.quantile(line, q)), sd=2.0)]) for q in (0.1, 0.9))
    worlds = [np.asarray(t.belief.state["city_infected"]) for t in (low, high)]
    means = [t.belief.weights()[0] @ w for t, w in zip((low, high), worlds, strict=True)]
    assert means[0] + 3.0 * worlds[0].std() / np.sqrt(50) < means[1]  # at least 50 worlds survive each reading


def test_a_prior_that_is_fixed_stays_fixed() -> None:
    fixed = replace(Brittle.parameters[0], prior=Prior("fixed", (1.1,), MADE))
    model: Any = type("Still", (Brittle,), {"parameters": (fixed,), "prior": JointPrior((fixed,))})()
    for engine in (EnsembleKalman(), TemperedParticle()):
        twin = gemel.twin(model, Subject(id="s"), at=at(0), members=64, engine=engine)
        assert np.all(observe(twin, [read("test:y", 1, 1.3)]).belief.theta == 1.1)
