"""Looking back: beliefs about the past given what came later, against an exact smoother."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp
from typing import Any

import numpy as np
import pytest

from gemel import observe
from gemel.core.belief import Posterior
from gemel.core.errors import CapabilityError, TimelineError
from gemel.core.model import Engine, Smoother
from gemel.core.twin import Inference
from gemel.engines.enkf import EnsembleKalman
from gemel.engines.particle import TemperedParticle
from gemel.verbs.smooth import smooth
from tests.laws.cases import BY_NAME, at
from tests.laws.conformance.linear import ERROR, JOLT, RATE, WALK
from tests.laws.kalman import MEAN, SPREAD
from tests.laws.test_engines import DOSES, READINGS, facts, far, twins

LOOK = (1, 4, 8)


def exact() -> dict[int, tuple[Any, Any]]:
    """Mean and covariance of (x, level, offset) at every hour given all readings, by the backward recursion of Rauch,
    Tung and Striebel (1965, doi:10.2514/3.3166) on the filter of `laws.kalman`, written densely."""
    a = exp(-RATE)
    move = np.array([[a, 1 - a, 1 - a], [0, 1, 0], [0, 0, 1]])
    kick = move @ np.diag([JOLT**2, 0.0, WALK**2]) @ move.T
    m, p = np.array([MEAN, MEAN, 0.0]), SPREAD**2 * np.outer([1.0, 1.0, 0.0], [1.0, 1.0, 0.0])
    filtered, predicted = [(m, p)], []
    for hour in range(1, 9):
        push = np.array([DOSES.get(hour - 1, 0.0), 0.0, 0.0])
        m, p = move @ (m + push), move @ p @ move.T + kick
        predicted.append((m, p))
        if hour in READINGS:
            gain = p[0] / (p[0, 0] + ERROR**2)
            m, p = m + gain * (READINGS[hour] - m[0]), p - np.outer(gain, p[0])
        filtered.append((m, p))
    known = {8: filtered[8]}
    for hour in range(7, -1, -1):
        (m, p), (ahead, spread) = filtered[hour], predicted[hour]
        back = p @ move.T @ np.linalg.pinv(spread)
        later, width = known[hour + 1]
        known[hour] = (m + back @ (later - ahead), p + back @ (width - spread) @ back.T)
    return known


def seen(found: Posterior) -> tuple[Any, Any]:
    w = found.belief.weights()[0]
    z = np.stack([np.asarray(found.belief.state["x"]), np.asarray(found.belief.theta)[:, 0],
                  np.asarray(found.belief.state["level_drift"])])  # fmt: skip
    mean = z @ w
    return mean, ((z - mean[:, None]) ** 2) @ w


@pytest.mark.parametrize(
    "engine",
    [EnsembleKalman(shrink=False), EnsembleKalman(shrink=False, form="transform"), TemperedParticle()],
    ids=["enkf", "transform", "particle"],
)
def test_a_linear_twin_looks_back_like_the_exact_smoother(engine: Any) -> None:
    """Over SEEDS twins, at a false-alarm rate of 1e-6 for all checks of one engine."""
    back = [smooth(t, facts(), at=[at(h) for h in LOOK]) for t in twins(engine)]
    truth, checks = exact(), 2 * 3 * len(LOOK)
    for k, hour in enumerate(LOOK):
        found = [seen(one[k]) for one in back]
        mean, covariance = truth[hour]
        for i in range(3):
            assert far([m[i] for m, _ in found], mean[i], checks) < 1.0, (hour, i)
            assert far([v[i] for _, v in found], covariance[i, i], checks) < 1.0, (hour, i)
    assert {one[0].belief.at for one in back} == {at(LOOK[0])}
    later = [seen(smooth(t, [], at=[at(4)], until=at(8))[0])[0][0] for t in twins(engine)[:1]]
    assert abs(later[0] - truth[4][0][0]) > 0.1  # without the readings the past looks otherwise


@pytest.mark.parametrize("engine", [EnsembleKalman(), TemperedParticle()], ids=["enkf", "particle"])
def test_at_its_end_the_smoother_is_the_filter(engine: Any) -> None:
    twin = BY_NAME["linear"].twin(256, engine=engine)
    (last,) = smooth(twin, facts(), at=[at(8)])
    now = observe(twin, facts())
    np.testing.assert_allclose(last.belief.theta, now.belief.theta, rtol=1e-12)
    np.testing.assert_allclose(last.belief.state["x"], now.belief.state["x"], rtol=1e-12)
    assert now.evidence is not None and last.evidence.ancestors[0] == now.evidence.ancestors[0]


def test_the_particle_smoother_says_how_few_paths_are_left() -> None:
    twin = BY_NAME["linear"].twin(512, engine=TemperedParticle())
    early, late = smooth(twin, facts(), at=[at(1), at(6)])
    assert 2 <= early.evidence.ancestors[0] <= late.evidence.ancestors[0]
    assert early.evidence.ancestors[0] < 512
    lost = np.unique(np.asarray(early.belief.state["x"])).size
    assert lost <= early.evidence.ancestors[0]


def test_instants_come_back_in_the_order_asked_for_and_only_from_inside() -> None:
    twin = BY_NAME["linear"].twin(64)
    found = smooth(twin, facts(), at=[at(3), at(0), at(3)])
    assert [one.belief.at for one in found] == [at(3), at(0), at(3)]
    np.testing.assert_array_equal(found[0].belief.theta, found[2].belief.theta)
    assert smooth(twin, facts(), at=[]) == []
    with pytest.raises(TimelineError, match="stop"):
        smooth(twin, facts(), at=[at(-1)])


@dataclass(frozen=True)
class Forward:
    needs: tuple[type, ...] = ()

    def assimilate(self, model: Any, prior: Any, window: Any, fixed: Any, key: Any) -> Any:
        raise AssertionError("not asked")


def test_an_engine_that_cannot_look_back_says_so() -> None:

    twin = replace(BY_NAME["linear"].twin(64), inference=Inference(Forward()))
    assert isinstance(Forward(), Engine) and not isinstance(Forward(), Smoother)
    with pytest.raises(CapabilityError, match="look back"):
        smooth(twin, facts(), at=[at(1)])
