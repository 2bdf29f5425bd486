"""Draws from joint priors: free-space normals, correlations, covariates and orderings."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy import stats

from gemel.core.draws import member_keys
from gemel.core.prior import JointPrior, Slope
from gemel.core.quantity import Prior, Quantity, Source, free
from gemel.numerics.sample import draw

HERE = Source("gemel:tests/numerics/test_sample.py")
FALSE_ALARM = 1e-6
KEYS = member_keys(3, 4096)
WEIGHT = Quantity("weight", "kg", low=0.0)


def normal(name: str, mean: float, sd: float, low: float = -inf, high: float = inf) -> Quantity:
    return Quantity(name, "1", low=low, high=high, prior=Prior("freenormal", (mean, sd), HERE))


@pytest.mark.parametrize(("low", "high"), [(-inf, inf), (0.0, inf), (-inf, 3.0), (0.0, 3.0)])
def test_a_free_normal_is_normal_in_free_space_whatever_its_support(low: float, high: float) -> None:
    q = normal("x", 0.4, 0.7, low, high)
    z = free(q, draw(JointPrior((q,)), KEYS)[:, 0])
    assert stats.kstest(z, "norm", args=(0.4, 0.7)).pvalue > FALSE_ALARM


def test_without_bounds_it_is_the_normal_prior_to_rounding() -> None:
    plain = Quantity("x", "1", prior=Prior("normal", (0.4, 0.7), HERE))
    np.testing.assert_allclose(
        draw(JointPrior((normal("x", 0.4, 0.7),)), KEYS), draw(JointPrior((plain,)), KEYS), rtol=1e-9, atol=1e-9
    )


def test_covariates_move_each_member_by_its_own_amount_and_nothing_else() -> None:
    a, b = normal("a", 0.0, 0.5, low=0.0), normal("b", 1.0, 0.3)
    prior = JointPrior((a, b), correlation=(("a", "b", 0.6),))
    weight = np.linspace(50.0, 100.0, 4096)[:, None]
    slopes = (Slope("a", "weight", 0.02, 70.0), Slope("a", "weight", 0.01, 60.0))
    moved = draw(JointPrior((a, b), correlation=prior.correlation, slopes=slopes), KEYS, known=(WEIGHT,),
                 covariates=weight)  # fmt: skip
    still = draw(prior, KEYS)
    np.testing.assert_array_equal(moved[:, 1], still[:, 1])
    np.testing.assert_allclose(
        np.log(moved[:, 0] / still[:, 0]), 0.02 * (weight[:, 0] - 70.0) + 0.01 * (weight[:, 0] - 60.0), atol=1e-12
    )


def test_an_ordering_holds_after_the_covariates_have_moved_the_marginals() -> None:
    small, large = normal("small", 0.0, 0.5, low=0.0), normal("large", 0.3, 0.5, low=0.0)
    prior = JointPrior((small, large), order=(("small", "large"),), slopes=(Slope("small", "weight", 0.05, 70.0),))
    drawn = draw(prior, KEYS, known=(WEIGHT,), covariates=np.full((4096, 1), 80.0))
    assert np.all(drawn[:, 0] < drawn[:, 1])
    # exact conditioning: the difference in free space is normal(-0.3 + 0.5, sqrt(0.5)), cut at zero
    gap = np.log(drawn[:, 0] / drawn[:, 1])
    law = stats.truncnorm(-inf, -0.2 / np.sqrt(0.5), loc=0.2, scale=np.sqrt(0.5))
    assert stats.kstest(gap, law.cdf).pvalue > FALSE_ALARM
