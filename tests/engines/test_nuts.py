"""NUTS against exact posteriors, and what it says of its chains."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import gemel
from gemel import observe
from gemel.core.errors import CollapseError
from gemel.core.fact import Count
from gemel.core.subject import Subject
from gemel.engines.nuts import Nuts
from gemel.numerics.flow import Flow
from tests.engines import counts, sized
from tests.laws.cases import BY_NAME, Case, at, read
from tests.laws.conformance.hazard import SCALE, SHAPE
from tests.laws.kalman import kalman
from tests.laws.test_engines import COUNTS, DOSES, READINGS, facts, moments

MEMBERS = 2048
FAR = float(stats.norm.isf(1e-6 / 12))
"""Two-sided threshold of a standard normal at a false alarm of 1e-6 in six checks of a test."""


@pytest.mark.slow
def test_a_linear_gaussian_twin_equals_the_kalman_filter() -> None:
    """Standard errors from the least effective size of the chains, and from the members that stand for the prior."""
    seen, exact = observe(BY_NAME["linear"].twin(MEMBERS, engine=Nuts()), facts()), kalman(READINGS, 8, DOSES)
    assert seen.evidence is not None
    ess = float(seen.evidence.ess[0])
    assert ess > 200 and seen.evidence.failed[0] == 0
    mean, covariance = moments(seen)
    variance = np.diag(exact.covariance)
    error = np.sqrt(variance * (1.0 / ess + 1.0 / MEMBERS))
    assert np.all(np.abs(mean - exact.mean) < FAR * error)
    assert np.all(np.abs(np.diag(covariance) / variance - 1.0) < FAR * np.sqrt(2.0 / ess + 2.0 / MEMBERS))


@pytest.mark.slow
def test_counts_give_the_conjugate_posterior() -> None:
    twin = Case("counts", counts.model, ()).twin(MEMBERS, engine=Nuts(draws=500))
    seen = observe(twin, [read("test:event", h, Count(n)) for h, n in COUNTS.items()])
    shape, rate = SHAPE + sum(COUNTS.values()), 1.0 / SCALE + max(COUNTS)
    assert seen.evidence is not None and isinstance(seen.model, Flow)
    own, ess = seen.parameter("rate"), float(seen.evidence.ess[0])
    error = np.sqrt(shape) / rate * np.sqrt(1.0 / ess + 1.0 / MEMBERS)
    assert abs(own.mean() - shape / rate) < FAR * error
    assert abs(own.var() / (shape / rate**2) - 1.0) < FAR * np.sqrt((2.0 + 6.0 / shape) * (1.0 / ess + 1.0 / MEMBERS))


@pytest.mark.slow
def test_unknown_sizes_of_noise_and_drift_are_learned_as_a_grid_of_kalman_filters_learns_them() -> None:
    luck = np.random.default_rng(8)
    values = 1.0 + np.cumsum(luck.normal(0.0, 0.3, 16)) * 0.5 + luck.normal(0.0, 0.25, 16)
    engine = Nuts(draws=500, warm=400)
    twin = gemel.twin(sized.model, Subject(id="s"), at=at(0), members=MEMBERS, seed=41, engine=engine)
    seen = observe(twin, [read("test:y", h + 1, float(v)) for h, v in enumerate(values)])
    assert seen.evidence is not None
    count = 1.0 / float(seen.evidence.ess[0]) + 1.0 / MEMBERS
    for name, (mean, sd) in sized.exact(values)[0].items():
        own = np.log(seen.parameter(name))
        assert abs(own.mean() - mean) < FAR * sd * np.sqrt(count), name
        assert abs(own.var() / sd**2 - 1.0) < FAR * np.sqrt(2.0 * count), name


@pytest.mark.slow
def test_chains_that_disagree_are_refused() -> None:
    """Two draws a chain without a warm-up cannot agree to a thousandth."""
    twin = BY_NAME["linear"].twin(64, engine=Nuts(draws=4, warm=0, doublings=1, limit=1.001))
    with pytest.raises(CollapseError, match="chains disagree, R-hat"):
        observe(twin, facts())
