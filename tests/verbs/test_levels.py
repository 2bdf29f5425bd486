"""Ordinal readings: a level says what its interval says, and a level nobody declared is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import gemel
from gemel import observe
from gemel.core.errors import SupportError
from gemel.core.fact import Asset, Between, Level
from gemel.core.quantity import Quantity
from gemel.core.subject import Subject
from gemel.engines.enkf import EnsembleKalman
from gemel.engines.particle import TemperedParticle
from gemel.numerics.flow import Flow
from gemel.runtime.fault import fault
from tests.laws.cases import at, read
from tests.laws.conformance.linear import Linear

LEVELS = (("low", -np.inf, 0.8), ("middle", 0.8, 1.4), ("high", 1.4, np.inf))


@dataclass(frozen=True)
class Graded(Linear):
    observables = (replace(Linear.observables[0], levels=LEVELS),)


def twin(engine: Any) -> gemel.Twin:
    return gemel.twin(Flow(Graded()), Subject(id="s"), at=at(0), members=256, engine=engine)


@pytest.mark.parametrize("engine", [EnsembleKalman(), TemperedParticle()], ids=["enkf", "particle"])
def test_a_level_says_what_its_interval_says(engine: Any) -> None:
    graded = observe(twin(engine), [read("test:y", 1, Level("high"))])
    between = observe(twin(engine), [read("test:y", 1, Between(1.4, np.inf))])
    np.testing.assert_array_equal(graded.belief.theta, between.belief.theta)
    np.testing.assert_array_equal(graded.belief.logw, between.belief.logw)
    low = observe(twin(engine), [read("test:y", 1, Level("low"))])
    means = [float(t.belief.weights()[0] @ t.parameter("level")) for t in (low, graded)]
    assert means[0] < 1.0 < means[1]


def test_a_level_nobody_declared_is_refused_with_those_there_are() -> None:
    odd, model = read("test:y", 1, Level("huge")), Flow(Graded())
    with pytest.raises(SupportError, match=r"huge.*test:y@1"):
        observe(twin("enkf"), [odd])
    assert "['low', 'middle', 'high']" in fault(model, odd) and fault(model, read("test:y", 1, Level("low"))) == ""
    plain = gemel.twin(Flow(Linear()), Subject(id="s"), at=at(0), members=64)
    with pytest.raises(SupportError, match="read as a number"):
        observe(plain, [read("test:y", 1, Level("low"))])
    with pytest.raises(SupportError, match="asset"):
        observe(plain, [read("test:y", 1, Asset("00" * 32))])


def test_levels_need_intervals_and_names_of_their_own() -> None:
    for levels in ((("a", 1.0, 1.0),), (("a", 2.0, 1.0),), (("a", 0.0, 1.0), ("a", 1.0, 2.0))):
        with pytest.raises(SupportError, match="level 'a'"):
            Quantity("y", "1", levels=levels)
