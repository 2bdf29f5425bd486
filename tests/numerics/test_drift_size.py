"""The size of a drift as a parameter: the same numbers as a declared size, in every lifter, and checked first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import gemel
from gemel import forecast, observe
from gemel.core.draws import member_keys
from gemel.core.drive import Drive
from gemel.core.errors import SupportError
from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift, Noise, Quantity
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.numerics.flow import Flow
from gemel.numerics.jump_pack import drift_starts, given_by_segment
from tests.laws.cases import at, give
from tests.laws.conformance import MADE, law
from tests.laws.conformance.linear import JOLT, Linear

SWAY, TAU = 0.3, 6.0


def size(family: str, *arguments: float, **more: Any) -> Quantity:
    return Quantity("size", "1", **{"low": 0.0, "prior": law(family, *arguments)} | more)


def moving(drift: Drift, jolt: Drift, own: Quantity) -> Any:
    """The linear model with these drifts of its level and its state, and one more parameter."""
    parameters = (replace(Linear.parameters[0], drift=drift), own)
    smooth = (replace(Linear.smooth[0], drift=jolt),)
    fields = {"parameters": parameters, "prior": JointPrior(parameters), "smooth": smooth}
    return dataclass(frozen=True)(type("Moving", (Linear,), fields))()


def of(member: Any, seed: int = 3, **more: Any) -> Twin:
    return gemel.twin(Flow(member, **more), Subject(id="s"), at=at(0), members=8, seed=seed)


@pytest.mark.parametrize("kind", ["walk", "ou", "occasion"])
def test_a_size_that_is_a_parameter_moves_as_the_declared_size_does(kind: Any) -> None:
    declared = Drift(kind, SWAY, MADE, every=2.0, tau=TAU)
    told = Drift(kind, 99.0, MADE, every=2.0, tau=TAU, parameter="size")
    still = Drift("walk", 0.0, MADE)
    one, other = (of(moving(d, still, size("fixed", SWAY))) for d in (declared, told))
    paths = [forecast(t, at(6), every=1.0).paths for t in (one, other)]
    np.testing.assert_allclose(*paths, rtol=1e-13)  # a product of two constants is rounded before or after
    np.testing.assert_allclose(one.belief.state["level_drift"], other.belief.state["level_drift"], rtol=1e-13)
    assert np.ptp(paths[0]) > 0.1


def test_every_member_wanders_by_its_own_size_in_the_kernel_as_in_plain_python() -> None:
    sized = Drift("walk", JOLT, MADE, parameter="size")
    member = moving(Drift("ou", 0.3, MADE, tau=TAU, parameter="size"), sized, size("lognormal", -1.0, 1.0))
    fast, slow = of(member), of(member, solver="numpy")
    one, two = (forecast(t, at(5), every=0.5).paths for t in (fast, slow))
    np.testing.assert_allclose(one, two, rtol=1e-10)  # thousands of roundings
    tiny = of(moving(sized, sized, size("fixed", 1e-9)))
    assert np.ptp(forecast(tiny, at(5), every=5.0).paths - tiny.parameter("level")[:, None, None]) < 1e-6


def test_two_half_runs_equal_one_run_with_a_size_of_each_member() -> None:
    sized = Drift("walk", JOLT, MADE, parameter="size")
    twin = of(moving(sized, sized, size("lognormal", -1.0, 1.0)))
    acts = [give("test:push", 1.0, "1", dose=0.5)]
    whole = observe(twin, acts, until=at(6))
    halves = observe(observe(twin, acts, until=at(3)), until=at(6))
    for name, leaf in whole.belief.state.items():
        np.testing.assert_array_equal(leaf, halves.belief.state[name])


def test_an_event_model_honours_the_size_of_a_drift() -> None:
    own = size("fixed", SWAY)
    declared = Quantity("rate", "/h", low=0.0, drift=Drift("ou", SWAY, MADE, tau=TAU))
    told = replace(declared, drift=Drift("ou", 99.0, MADE, tau=TAU, parameter="size"))
    theta, key = np.tile([2.0, SWAY], (5, 1)), member_keys(1, 5)
    zero = np.zeros((1, 4, 0))
    drive = Drive(np.full((1, 4), 3.6e9), np.zeros((1, 4, 4)), np.arange(4)[None], zero, zero, np.zeros((1, 1, 0)),
                  np.array([[3]]))  # fmt: skip
    starts = [drift_starts((q, own), theta, key) for q in (declared, told)]
    np.testing.assert_array_equal(starts[0]["rate_drift"], starts[1]["rate_drift"])
    given = [given_by_segment((q, own), theta, drive, s, key)[0] for q, s in zip((declared, told), starts, strict=True)]
    np.testing.assert_array_equal(*given)
    assert np.ptp(given[0][:, :, 0]) > 0.1


@pytest.mark.parametrize(
    ("own", "says"),
    [
        (size("fixed", 1.0, low=-1.0), "low >= 0"),
        (size("fixed", 1.0, drift=Drift("walk", 0.1, MADE)), "no drift of its own"),
        (replace(size("fixed", 1.0), name="other"), "none of"),
    ],
)
def test_a_size_must_be_a_steady_positive_parameter_of_the_model(own: Quantity, says: str) -> None:
    with pytest.raises(SupportError, match=says):
        Flow(moving(Drift("walk", 1.0, MADE), Drift("walk", 1.0, MADE, parameter="size"), own))


def test_a_noise_may_not_name_a_parameter_that_is_not_there() -> None:
    read = (Quantity("y", "1", noise=Noise("normal", MADE, parameter="size")),)
    with pytest.raises(SupportError, match="noise of 'y' is sized by 'size'"):
        Flow(type("Wrong", (Linear,), {"observables": read})())
