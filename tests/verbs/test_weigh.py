"""Versions of what happened are weighed by Bayes' rule, and the belief holds each in its share."""

from __future__ import annotations

from math import exp, log, pi
from statistics import fmean, variance

import numpy as np
import pytest

from gemel import observe
from gemel.core.errors import PlanError
from gemel.core.fact import Fact
from gemel.core.twin import Twin
from gemel.verbs.forecast import forecast
from gemel.verbs.weigh import Version, weigh
from tests.laws.cases import BY_NAME, at, give, read
from tests.laws.conformance.linear import ERROR

PUSH = give("test:push", 0.25, "1", dose=0.8)


def case(members: int = 1024) -> Twin:
    return BY_NAME["linear"].twin(members)


def density(twin: Twin, facts: tuple[Fact, ...], value: float) -> float:
    """The log density of a reading at hour 1, from the mean and the variance of what is forecast."""
    made = forecast(observe(twin, facts, until=at(0.5)), at(1.0), every=0.5)
    told = np.asarray(made.paths)[:, -1, 0].tolist()
    size = variance(told) + ERROR**2
    return -0.5 * ((value - fmean(told)) ** 2 / size + log(2.0 * pi * size))


@pytest.mark.parametrize("value", [0.6, 1.0, 1.9])
def test_probabilities_are_those_of_bayes_rule(value: float) -> None:
    twin, seen = case(), read("test:y", 1.0, value)
    plain, pushed = Version("as told", log(0.7), (seen,)), Version("pushed", log(0.3), (seen, PUSH))
    found = weigh(twin, [plain, pushed], until=at(1.0))
    odds = exp(density(twin, (PUSH,), value) - density(twin, (), value)) * 0.3 / 0.7
    assert found.probability[1] == pytest.approx(odds / (1.0 + odds), abs=0.02)
    assert found.of(["pushed"]) == found.probability[1]


def test_members_are_of_each_version_in_its_share() -> None:
    twin, seen = case(1024), read("test:y", 1.0, 1.5)
    found = weigh(twin, [Version("a", 0.0, (seen,)), Version("b", 0.0, (seen, PUSH))], until=at(1.0))
    ours = set(np.asarray(found.twins[1].belief.state["x"]).tolist())
    share = np.mean([value in ours for value in np.asarray(found.twin.belief.state["x"]).tolist()])
    assert found.twin.members == twin.members and found.twin.now == at(1.0)
    assert share == pytest.approx(found.probability[1], abs=1.5 / twin.members)


def test_one_version_is_observed_as_it_is() -> None:
    twin, facts = case(1024), (read("test:y", 1.0, 1.2), PUSH)
    alone, plain = weigh(twin, [Version("only", -3.0, facts)], until=at(2.0)), observe(twin, facts, until=at(2.0))
    np.testing.assert_array_equal(np.asarray(alone.twin.belief.state["x"]), np.asarray(plain.belief.state["x"]))
    assert alone.probability.tolist() == [1.0] and alone.twin.cursor == plain.cursor


def test_an_untenable_version_leaves_no_member_and_no_version_is_an_error() -> None:
    twin, seen = case(1024), read("test:y", 1.0, 1.0)
    far = give("test:push", 0.25, "1", dose=50.0)
    found = weigh(twin, [Version("as told", 0.0, (seen,)), Version("far", 0.0, (seen, far))], until=at(1.0))
    assert found.probability[1] < 1e-9 and np.asarray(found.twin.belief.state["x"]).max() < 10.0
    with pytest.raises(PlanError, match="no version"):
        weigh(twin, [], until=at(1.0))


def test_versions_that_end_under_different_rates_are_refused() -> None:
    twin = case(1024)
    rate = give("test:push", 0.25, "/h", rate=1.0)
    with pytest.raises(PlanError, match="different rates"):
        weigh(twin, [Version("a", 0.0, ()), Version("b", 0.0, (rate,))], until=at(1.0))
