"""Draws of durations: the quantile against scipy's, every law against its own mean, inversion against its formula."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special, stats

from gemel.core.clock import HOUR
from gemel.core.draws import mix
from gemel.core.errors import SupportError
from gemel.models.hospital import durations as d
from gemel.models.hospital.interpreter_arrivals import span_of
from gemel.numerics.des.laws import NAMES, normal_quantile

LAWS = {
    "fixed": (d.fixed(0.7), None), "exponential": (d.exponential(2.0), stats.expon(scale=2.0)),
    "lognormal": (d.lognormal(2.0, 0.8), stats.lognorm(math.sqrt(math.log(1.64)), scale=2.0 / math.sqrt(1.64))),
    "gamma": (d.gamma(2.0, 0.5), stats.gamma(4.0, scale=0.5)),
    "gamma, wide": (d.gamma(2.0, 1.6), stats.gamma(1 / 2.56, scale=5.12)),
    "erlang": (d.erlang(1.5, 3), stats.gamma(3.0, scale=0.5)),
    "uniform": (d.uniform(1.0, 3.0), stats.uniform(1.0, 2.0)),
    "triangular": (d.triangular(1.0, 2.0, 5.0), stats.triang(0.25, 1.0, 4.0)),
    "weibull": (d.weibull(2.0, 1.5), stats.weibull_min(1.5, scale=2.0)),
    "normal": (d.normal(1.0, 0.8), stats.truncnorm(-1.25, math.inf, 1.0, 0.8)),
    "clipped": (d.clipped_normal(1.0, 0.8, 0.5), None), "folded": (d.folded_normal(0.5, 1.0), stats.foldnorm(0.5)),
    "empirical": (d.empirical([1.0, 2.0, 4.0], [1.0, 2.0, 1.0]), None), "poisson": (d.poisson(5.0, 0.1), None),
}  # fmt: skip
DRAWS = 3000


def draws(law: d.Duration) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.array([span_of(law, mix(np.uint64(7), np.uint64(n))) for n in range(DRAWS)]) / HOUR


def test_normal_quantile_is_scipys_to_rounding() -> None:
    p = np.concatenate(
        [10.0 ** -np.arange(1.0, 300.0, 3.0), np.linspace(0.01, 0.99, 197), 1 - 10.0 ** -np.arange(1.0, 15.0)]
    )
    ours = np.array([normal_quantile(float(x)) for x in p])
    np.testing.assert_allclose(ours, special.ndtri(p), rtol=5e-15, atol=1e-15)


@pytest.mark.parametrize("name", LAWS)
def test_draws_have_the_mean_and_shape_of_their_law(name: str) -> None:
    """The mean within 4 standard errors, Kolmogorov and Smirnov at 0.1 %: false alarm below 0.2 % a law."""
    law, exact = LAWS[name]
    x = draws(law)
    assert abs(x.mean() - law.mean) <= 4.0 * x.std() / math.sqrt(DRAWS) + 1e-9
    if exact is not None:
        assert law.mean == pytest.approx(exact.mean(), rel=1e-9)
        assert stats.kstest(x, exact.cdf).pvalue > 0.001


def test_every_law_of_the_kernel_is_tried_above() -> None:
    assert {law.law for law, _ in LAWS.values()} == set(NAMES)


@pytest.mark.parametrize(
    "make",
    [lambda: d.exponential(0.0), lambda: d.lognormal(-1.0, 0.5), lambda: d.uniform(2.0, 1.0), lambda: d.empirical([]),
     lambda: d.triangular(1.0, 0.5, 2.0), lambda: d.normal(-50.0, 1.0), lambda: d.fixed(math.nan)],
)  # fmt: skip
def test_a_law_that_cannot_be_is_refused(make: Callable[[], d.Duration]) -> None:
    with pytest.raises(SupportError):
        make()
