"""The law of a cloud, and tempering with moves on a game whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gemel.core.belief import Belief
from gemel.core.draws import member_keys, normal, purpose
from gemel.engines.cloud import Cloud
from gemel.engines.temper import Played, Tempering, effective, log_sum


def belief(x: Any) -> Belief:
    rows = x.shape[0]
    return Belief(x, np.zeros((rows, 0)), {}, np.zeros(rows), 0, np.zeros((rows, 0)))


def test_scores_of_a_cloud_are_normal_and_lead_back_to_its_points() -> None:
    luck = np.random.default_rng(1)
    x = np.stack([luck.gamma(2.0, size=400), luck.uniform(size=400), np.full(400, 3.0)], axis=1)
    cloud = Cloud.of(x, np.full(400, 1.0 / 400))
    assert cloud.varies.tolist() == [True, True, False]
    z = cloud.score(x)
    np.testing.assert_allclose(cloud.point(z), x, rtol=1e-9)
    np.testing.assert_allclose(np.sort(z[:, 0]), stats.norm.ppf((np.arange(400) + 0.5) / 400), atol=1e-9)
    far = np.array([[40.0, 0.5, 3.0]])
    assert cloud.log_density(cloud.score(far))[0] == -np.inf
    assert not cloud.inside(far[:, :1], np.array([True, False, False]))[0]
    assert cloud.inside(x[:, :2], np.array([True, True, False])).all()


def test_a_cloud_keeps_what_hangs_together_and_its_weights() -> None:
    luck = np.random.default_rng(2)
    a = luck.normal(size=500)
    x = np.stack([a, 0.8 * a + 0.6 * luck.normal(size=500)], axis=1)
    weights = np.exp(0.5 * a)
    cloud = Cloud.of(x, weights / weights.sum())
    z = np.array([[1.0, 1.0], [1.0, -1.0]])
    exact = stats.multivariate_normal([0, 0], [[1.0, 0.8], [0.8, 1.0]]).logpdf(z)
    assert float(np.diff(cloud.log_density(z))[0]) == pytest.approx(float(np.diff(exact)[0]), rel=0.25)
    assert float(cloud.score(np.array([[0.5, 0.4]]))[0, 0]) == pytest.approx(0.0, abs=0.15)  # tilted by exp(a/2)


@dataclass(frozen=True)
class Line:
    """y = x + luck: the start is a number, its luck is keyed, the reading is exact to `sd`."""

    y: float
    sd: float
    noise: float

    def play(self, start: Belief, luck: Any) -> tuple[Belief, Any]:
        end = np.asarray(start.theta) + self.noise * normal(luck, purpose("line"), np.uint64(0))[:, None]
        return replace(start, theta=end), stats.norm.logpdf(self.y, end[:, 0], self.sd)

    def columns(self, start: Belief) -> tuple[Any, Any]:
        return np.asarray(start.theta), np.array([True])

    def changed(self, start: Belief, columns: Any) -> Belief:
        return replace(start, theta=columns)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_sharp_reading_is_let_in_without_losing_the_posterior(noise: float) -> None:
    """Prior N(0, 1), reading 2 with sd 0.05: posterior of start and end in closed form.  512 units of which about a
    third are independent: standard error of the mean below 0.1 sd, so half an sd is five of them."""
    game, key = Line(2.0, 0.05, noise), member_keys(3, 512)
    start = belief(normal(key, purpose("start"), np.uint64(0))[:, None])
    end, logl = game.play(start, key)
    left = Tempering()(game, Played(start, end, key, logl), np.zeros((1, 512)), np.array([7]), key)
    total = 1.0 + noise**2 + 0.05**2
    mean, sd = 2.0 / total, np.sqrt(1.0 - 1.0 / total)
    w = np.exp(left.logw[0] - log_sum(left.logw)[0])
    x = np.asarray(left.played.start.theta)[:, 0]
    assert abs(w @ x - mean) < 0.5 * sd and 0.7 < np.sqrt(w @ (x - w @ x) ** 2) / sd < 1.35
    assert float(left.gained[0]) == pytest.approx(float(stats.norm.logpdf(2.0, 0.0, np.sqrt(total))), abs=0.5)
    assert left.done[0] == 1.0 and left.distinct[0] > 200 and effective(left.logw)[0] >= 256
    replayed, again = game.play(left.played.start, left.played.luck)
    np.testing.assert_array_equal(again, left.played.logl)  # what was moved is what was played
    np.testing.assert_array_equal(replayed.theta, left.played.end.theta)


def test_a_reading_out_of_reach_leaves_nobody_distinct() -> None:
    game, key = Line(30.0, 0.01, 0.0), member_keys(3, 256)
    start = belief(normal(key, purpose("start"), np.uint64(0))[:, None])
    end, logl = game.play(start, key)
    left = Tempering()(game, Played(start, end, key, logl), np.zeros((1, 256)), np.array([7]), key)
    assert left.distinct[0] < 5 or left.done[0] < 1.0


def test_what_one_twin_needs_does_not_depend_on_another() -> None:
    game, key = Line(2.0, 0.05, 0.5), np.concatenate([member_keys(3, 128), member_keys(4, 128)])
    start = belief(normal(key, purpose("start"), np.uint64(0))[:, None])
    end, logl = game.play(start, key)
    both = Tempering()(game, Played(start, end, key, logl), np.zeros((2, 128)), np.array([7, 9]), key)
    rows = np.arange(128)
    alone = Played(start, end, key, logl).take(rows)
    one = Tempering()(game, alone, np.zeros((1, 128)), np.array([7]), key[:128])
    np.testing.assert_array_equal(np.asarray(both.played.end.theta)[:128], one.played.end.theta)
    np.testing.assert_array_equal(both.logw[:1], one.logw)
