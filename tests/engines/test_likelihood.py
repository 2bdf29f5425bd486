"""The differentiable likelihood: the same numbers as the particle filter's, and slopes that differences confirm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from gemel.core.belief import Belief
from gemel.core.drive import Drive
from gemel.core.errors import CapabilityError
from gemel.core.model import Window
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Quantity
from gemel.engines.likelihood import curvature, log_density, predicted, readings_of
from gemel.engines.particle import log_likelihood
from gemel.numerics.flow import Flow
from gemel.numerics.start import jax_numpy
from tests.laws.conformance import MADE, law
from tests.laws.conformance.linear import Linear

INF = np.inf
ERROR = Quantity("error", "1", low=0.0, prior=law("lognormal", -1.0, 0.5))


@dataclass(frozen=True)
class Many(Linear):
    parameters = (Quantity("level", "1", prior=law("normal", 1.0, 0.5)), ERROR)
    prior = JointPrior(parameters)
    observables = (
        Quantity("plain", "1", noise=Noise("normal", MADE, sd=0.3, relative=0.1)),
        Quantity("sized", "1", noise=Noise("normal", MADE, parameter="error")),
        Quantity("ratio", "1", low=0.0, noise=Noise("lognormal", MADE, sd=0.2)),
        Quantity("count", "1", low=0.0, noise=Noise("poisson", MADE)),
        Quantity("silent", "1"),
    )

    def emit(self, x: Any, p: Any, env: Any) -> dict[str, Any]:
        return {q.name: x.x for q in self.observables}


MODEL = Flow(Many())
READ = {  # observable: the intervals it is read as
    "plain": [(1.2, 1.2), (-INF, 0.7), (2.0, INF), (0.5, 0.9), (-INF, 0.1)],
    "sized": [(1.2, 1.2), (-INF, 0.7), (2.0, INF), (0.5, 0.9), (1.5, INF)],
    "ratio": [(1.2, 1.2), (0.2, 0.7), (2.0, INF), (0.5, 0.9), (1.0, 1.0)],
    "count": [(2.0, 2.0), (0.0, 0.0), (0.0, 3.0), (4.0, INF), (1.0, 2.0)],
}


def window(sd: float = np.nan) -> Window:
    """Five readings of every observable that has noise."""
    t, c = 5, len(MODEL.observables)
    low, high = np.full((1, t, c), np.nan), np.full((1, t, c), np.nan)
    for i, q in enumerate(MODEL.observables):
        for j, (a, b) in enumerate(READ.get(q.name, ())):
            low[0, j, i], high[0, j, i] = a, b
    zero = np.zeros((1, t, 0))
    drive = Drive(np.ones((1, t)), np.zeros((1, t, 4)), np.full((1, t), -1), zero, zero, np.zeros((1, 1, 0)),
                  np.arange(t)[None])  # fmt: skip
    return Window(drive, np.arange(t)[None], low, high, np.full((1, t, c), sd), (None,) * t)


def rows() -> tuple[Any, Any, Belief]:
    luck = np.random.default_rng(3)
    theta = np.stack([luck.normal(size=6), np.exp(luck.normal(-0.5, 0.3, size=6))], axis=1)
    paths = np.exp(luck.normal(0.0, 0.5, size=(6, 5, len(MODEL.observables))))
    return theta, paths, Belief(theta, np.zeros((6, 0)), {}, np.zeros(6), 0, np.zeros((6, 5)))


@pytest.mark.parametrize("sd", [np.nan, 0.4])
def test_it_is_the_likelihood_of_the_particle_filter(sd: float) -> None:
    jax_numpy()
    own, (theta, paths, belief) = window(sd), rows()
    readings = readings_of(MODEL, own, 0, 5)
    said = predicted(MODEL, readings, paths, theta, belief.read)
    one = np.asarray(log_density(MODEL, readings, *said)).sum(axis=2)
    other = np.stack([log_likelihood(MODEL, paths[:, j], belief, step) for j, step in enumerate(own.steps())], axis=1)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_an_interval_far_in_a_tail_keeps_its_slope() -> None:
    """log P(y < b) at a mean m of many sds s above b is about -(m - b)^2 / 2 s^2: it still says which way to go."""
    import jax

    jax_numpy()
    readings = readings_of(MODEL, window(0.01), 0, 5)
    theta, paths, belief = rows()
    location, size = predicted(MODEL, readings, paths, theta, belief.read)
    slope = np.asarray(jax.grad(lambda x: log_density(MODEL, readings, x, size).sum())(location))
    assert np.isfinite(slope).all()
    far = paths[:, 4, 0] > 0.5  # 40 sds: beyond what the particle filter tells from impossible
    assert far.sum() > 2
    np.testing.assert_allclose(slope[far, 4, 0], -(paths[far, 4, 0] - 0.1) / 0.01**2, rtol=2e-3)


def test_slopes_and_curvatures_are_those_of_differences() -> None:
    import jax

    jax_numpy()
    readings = readings_of(MODEL, window(), 0, 5)
    theta, paths, belief = rows()
    location, size = predicted(MODEL, readings, paths, theta, belief.read)

    def value(x: Any) -> Any:
        return np.asarray(log_density(MODEL, readings, x, size))

    slope, sized = (np.asarray(a) for a in jax.grad(
        lambda *x: log_density(MODEL, readings, *x).sum(), argnums=(0, 1))(location, size))  # fmt: skip
    h = 1e-4
    wider, tighter = (np.asarray(log_density(MODEL, readings, location, size + e)) for e in (h, -h))
    normal = [0, 1, 2]  # a count has no size
    np.testing.assert_allclose(sized[:, :, normal], ((wider - tighter) / (2 * h))[:, :, normal], rtol=1e-4, atol=1e-5)
    up, here, down = value(location + h), value(location), value(location - h)
    np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-5, atol=1e-6)
    bend, about_size = (np.asarray(a) for a in curvature(MODEL, readings, location, size))
    interval = np.asarray(readings.low != readings.high) & ~np.isnan(readings.low)
    np.testing.assert_allclose(
        bend[:, interval], np.maximum(-(up - 2 * here + down) / h**2, 0.0)[:, interval], atol=1e-4
    )
    assert np.all(bend[:, np.isnan(readings.low)] == 0.0) and np.all(about_size[:, interval] == 0.0)
    assert bend[0, 0, 3] == pytest.approx(1.0 / paths[0, 0, 3])  # Fisher's information of a Poisson mean
    assert about_size[0, 0, 1] == pytest.approx(2.0 / theta[0, 1] ** 2)  # and of a normal sd


def test_a_running_total_is_predicted_by_its_growth_since_it_was_read() -> None:
    jax_numpy()
    grown = replace(MODEL.observables[3], span="interval")
    model = Flow(type("Grown", (Many,), {"observables": (*MODEL.observables[:3], grown, MODEL.observables[4])})())
    own = window()
    own.low[0, 2, 3] = np.nan
    readings = readings_of(model, own, 0, 5)
    theta, paths, _ = rows()
    before = np.full((6, 5), 0.2)
    seen = np.asarray(predicted(model, readings, paths, theta, before)[0])[:, :, 3]
    total = paths[:, :, 3]
    expected = np.stack([total[:, 0] - 0.2, total[:, 1] - total[:, 0], total[:, 2] - total[:, 1],
                         total[:, 3] - total[:, 1], total[:, 4] - total[:, 3]], axis=1)  # fmt: skip
    np.testing.assert_allclose(seen, expected, rtol=1e-12)


def test_a_reading_without_any_noise_is_refused() -> None:
    own = window()
    own.low[0, 0, 4] = own.high[0, 0, 4] = 1.0
    with pytest.raises(CapabilityError, match="'silent' was read, but has no noise"):
        readings_of(MODEL, own, 0, 5)
