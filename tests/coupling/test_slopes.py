"""A coupling keeps how a part's prior depends on that part's covariates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import gemel
from gemel.core.prior import JointPrior, Slope
from gemel.core.subject import Subject
from gemel.coupling.parts import joint_prior
from tests.laws.cases import START
from tests.verbs.cohort import Line


def test_a_part_s_slope_is_renamed_with_it() -> None:
    class Sloped(Line):
        prior = JointPrior(Line.parameters, slopes=(Slope("level", "age", 0.1, 50.0),))

    assert joint_prior({"left": Sloped(), "right": Line()}).slopes == (Slope("left_level", "left_age", 0.1, 50.0),)


def test_a_new_twin_takes_its_place_in_the_population_from_its_covariates() -> None:
    prior = JointPrior(Line.parameters, slopes=(Slope("level", "age", 0.1, 50.0),))
    young, old = (
        gemel.twin(Line(), Subject(id="s"), at=START, members=64, prior=prior, covariates={"age": age})
        for age in (40.0, 70.0)
    )
    np.testing.assert_allclose(old.parameter("level") - young.parameter("level"), 3.0)
    plain = gemel.twin(Line(), Subject(id="s"), at=START, members=64, prior=replace(prior, slopes=()),
                       covariates={"age": 70.0})  # fmt: skip
    np.testing.assert_array_equal(plain.parameter("slope"), old.parameter("slope"))
