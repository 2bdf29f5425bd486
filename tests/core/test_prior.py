"""The joint prior as data: what it ties must exist."""

from __future__ import annotations

import pytest

from gemel.core.errors import CapabilityError, SupportError
from gemel.core.prior import JointPrior, Slope
from gemel.core.quantity import Prior, Quantity, Source

HERE = Source("gemel:tests/core/test_prior.py")
A = Quantity("a", "1", prior=Prior("freenormal", (0.0, 1.0), HERE))
FIXED = Quantity("f", "1", prior=Prior("fixed", (1.0,), HERE))


def test_a_slope_of_an_undeclared_or_fixed_parameter_is_refused() -> None:
    with pytest.raises(SupportError, match="only \\['a'\\] are declared"):
        JointPrior((A,), slopes=(Slope("b", "weight", 0.1, 70.0),))
    with pytest.raises(SupportError, match="'f' is fixed"):
        JointPrior((A, FIXED), slopes=(Slope("f", "weight", 0.1, 70.0),))


def test_a_model_that_lacks_the_covariate_is_told_so() -> None:
    prior = JointPrior((A,), slopes=(Slope("a", "weight", 0.1, 70.0),))
    assert prior.covariates((Quantity("age", "a"), Quantity("weight", "kg"))) == (1,)
    with pytest.raises(CapabilityError, match="depends on 'weight', which this model does not know"):
        prior.covariates((Quantity("age", "a"),))


def test_a_normal_law_in_free_space_takes_two_numbers() -> None:
    with pytest.raises(SupportError, match="takes 2"):
        Prior("freenormal", (0.0,), HERE)
