"""The population: its distributions invert, its correlations are correlations, and it ends where the survey ends."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.errors import CapabilityError
from gemel.domains.health.healthmap.bell import phi, quantile
from gemel.domains.health.healthmap.population import population


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("age", [20.0, 41.3, 67.5, 95.0])
def test_a_value_and_its_normal_score_are_one_another(sex: str, age: float) -> None:
    people = population(sex, age)
    z = np.array([-2.2, -0.7, 0.0, 0.4, 1.9])
    for name in people.names:
        back = [people.score(name, float(value)) for value in people.value(name, z)]
        assert np.allclose(back, z, atol=1e-9), name


def test_more_is_more() -> None:
    people = population("male", 55.0)
    z = np.linspace(-4.0, 4.0, 81)
    assert all((np.diff(people.value(name, z)) >= 0.0).all() for name in people.names)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_correlations_are_symmetric_and_positive_definite(sex: str) -> None:
    matrix = population(sex, 50.0).correlation
    assert np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1.0)
    assert np.linalg.eigvalsh(matrix)[0] > 0.01


def test_known_facts_of_the_survey_are_in_the_tables() -> None:
    """Pressure and the share of treated people rise with age; women have more HDL cholesterol and are less tall."""
    young, old, woman = population("male", 30.0), population("male", 70.0), population("female", 30.0)
    middle = np.zeros(1)
    assert old.value("sbp", middle)[0] > young.value("sbp", middle)[0] + 5.0
    assert old.shares[old.flags.index("bp_treated")] > 0.4 > young.shares[young.flags.index("bp_treated")]
    assert woman.value("hdl_cholesterol", middle)[0] > young.value("hdl_cholesterol", middle)[0]
    assert woman.value("height", middle)[0] < young.value("height", middle)[0]


def test_a_threshold_leaves_the_share_above_it() -> None:
    people = population("female", 62.0)
    for flag, share in zip(people.flags, people.shares, strict=True):
        assert 1.0 - phi(np.array(people.threshold(flag))) == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize(("sex", "age"), [("", 50.0), ("other", 50.0), ("female", 19.9)])
def test_who_was_not_surveyed_has_no_population(sex: str, age: float) -> None:
    with pytest.raises(CapabilityError, match="no population"):
        population(sex, age)


def test_the_normal_distribution_has_its_known_values() -> None:
    assert phi(np.array([0.0, 1.959964, -1.281552])) == pytest.approx([0.5, 0.975, 0.1], abs=1e-6)
    assert quantile(np.array([0.5, 0.975, 0.1])) == pytest.approx([0.0, 1.959964, -1.281552], abs=1e-5)
