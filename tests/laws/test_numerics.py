"""Laws of the flow lifter: order of the method, agreement with plain Python and with other solvers."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from math import pi
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gemel
from gemel import forecast, observe
from gemel.core.fact import Count
from gemel.core.plan import Action, Schedule
from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift, Noise, Quantity, bound, free
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.numerics.flow import Flow
from tests.laws.cases import BY_NAME, CASES, at, read
from tests.laws.conformance import MADE, card, law
from tests.laws.conformance.linear import Linear


@dataclass(frozen=True)
class Tide:
    """A pendulum pushed by the hour of the day, with an array leaf: nonlinear, smooth, and it looks at the clock."""

    card = card("Tide")
    parameters = (
        Quantity(
            "pull",
            "1",
            low=0.0,
            prior=law("lognormal", 0.0, 0.2),
            drift=Drift("ou", 0.3, MADE, every=2.0, tau=6.0),
        ),
    )
    prior = JointPrior(parameters)
    covariates = (Quantity("drag", "1", low=0.0, prior=law("uniform", 0.05, 0.2)),)
    smooth = (
        Quantity("angle", "1"), Quantity("speed", "1"),
        Quantity("pair", "1", low=0.0, shape=(2,), drift=Drift("occasion", 0.1, MADE)),
    )  # fmt: skip
    observables = (Quantity("y", "1", noise=Noise("normal", MADE, sd=0.1)),)
    inputs = (Quantity("push", "1", dose_unit="1"),)
    settings = ()
    step = 0.25

    def start(self, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"angle": 1.0 + 0.0 * p.pull, "speed": 0.0, "pair": env.xp.ones(2)}

    def field(self, x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
        wave = env.xp.cos(2.0 * pi * env.hour / 6.0)
        pair = env.xp.stack([x.pair[1] - x.pair[0], env.xp.sin(x.angle) ** 2 * x.pair[0] - x.pair[1]])
        return {
            "angle": x.speed,
            "speed": u.push + wave - p.pull * env.xp.sin(x.angle) - p.drag * x.speed,
            "pair": pair,
        }

    def dose(self, x: Any, p: Any, d: Any, env: Any) -> dict[str, Any]:
        return {"speed": x.speed + d.push}

    def emit(self, x: Any, p: Any, env: Any) -> dict[str, Any]:
        return {"y": x.angle + 0.1 * x.pair[0] + 0.01 * env.hour}


def at_step(member: type, step: float, tolerance: float = 0.05) -> Any:
    """The same equations with another step, as another class: models are values."""
    return Flow(type(f"{member.__name__}{step}", (member,), {"step": step})(), tolerance=tolerance)


def of(model: Any, members: int = 8, **more: Any) -> Twin:
    return gemel.twin(model, Subject(id="s"), at=at(0), members=members, seed=1, **more)


@pytest.mark.parametrize(("member", "step"), [(Tide, 0.25), (Linear, 1.0)], ids=["tide", "linear"])
def test_runge_kutta_is_of_fourth_order(member: type, step: float) -> None:
    """Halving the step divides the error by 16: log2 of the ratio of successive differences is 4, at least 3.8."""
    models = [at_step(member, s, tolerance=1e6) for s in (step, step / 2, step / 4)]
    ends = [forecast(of(m), at(12), every=4.0).paths for m in models]
    first, second = (np.abs(a - b).max() for a, b in ((ends[0], ends[1]), (ends[1], ends[2])))
    assert second > 1e-13  # above round-off, so that the ratio means something
    assert np.log2(first / second) > 3.8


FLOWS = [(c.name, c.model, c) for c in CASES if isinstance(c.model, Flow)]


@pytest.mark.parametrize(("model", "case"), [(m, c) for _, m, c in FLOWS], ids=[n for n, _, _ in FLOWS])
def test_the_kernel_equals_plain_python(model: Any, case: Any) -> None:
    """1e-10 relative: ten thousand roundings of a few thousand steps, a millionth of any sensor's error."""
    compare_paths(case.twin(3), case.twin(3, engine="enkf"), model, case.plan(2, 2.0), 2.0)


def test_the_kernel_equals_plain_python_where_everything_drifts() -> None:
    plan = Schedule("push", (Action(at(0.5), "push", dose=0.3), Action(at(1.1), "push", rate=0.2, until=at(3))))
    fast = of(Flow(Tide()), 3)
    compare_paths(fast, fast, Flow(Tide()), plan, 5.0)


def compare_paths(fast: Twin, plain: Twin, model: Any, plan: Schedule, hours: float) -> None:
    slow_model = replace(model, solver="numpy")
    keys, fixed = plain.keys, plain.fixed
    b, r = plain.belief, np.tile(np.array(plain.cursor.rates), (plain.members, 1))
    start = slow_model.init(b.theta, b.covariates, r, fixed, keys)
    for name, leaf in fast.belief.state.items():
        np.testing.assert_allclose(np.asarray(leaf), start[name], rtol=1e-10, atol=1e-14, err_msg=name)
    slow = replace(plain, model=slow_model, belief=replace(b, state=start))
    one, two = (forecast(t, at(hours), plan, every=0.5) for t in (fast, slow))
    np.testing.assert_allclose(one.paths, two.paths, rtol=1e-10, atol=1e-10)
    assert np.ptp(one.paths) > 0
    ends = [observe(t, plan.interventions(model.inputs), until=at(hours)).belief.state for t in (fast, slow)]
    for name, leaf in ends[0].items():
        scale = np.abs(np.asarray(leaf)).max()
        np.testing.assert_allclose(np.asarray(leaf), ends[1][name], rtol=1e-10, atol=1e-10 * scale, err_msg=name)


def test_plain_python_takes_part_in_every_verb() -> None:
    case = BY_NAME["linear"]
    slow: Any = replace(case.model, solver="numpy")  # type: ignore[type-var]
    fast_twin, slow_twin = case.twin(16), replace(case, model=slow).twin(16)
    a, b = (observe(t, case.facts) for t in (fast_twin, slow_twin))
    np.testing.assert_allclose(a.belief.theta, b.belief.theta, rtol=1e-9)  # a filter in between: gains of gains


@dataclass(frozen=True)
class Stiff:
    """x' = -k (x - cos t), t a leaf that counts hours; from x = k (k cos t + sin t) / (k^2 + 1), its exact answer."""

    card = card("Stiff")
    parameters = (Quantity("pace", "/h", prior=law("uniform", 490.0, 510.0)),)
    prior = JointPrior(parameters)
    covariates = inputs = settings = ()
    smooth = (Quantity("x", "1"), Quantity("t", "h"))
    observables = (Quantity("y", "1", noise=Noise("normal", MADE, sd=0.1)),)
    step = 0.25

    def start(self, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"x": p.pace**2 / (p.pace**2 + 1.0), "t": 0.0}

    def field(self, x: Any, p: Any, u: Any, env: Any) -> dict[str, Any]:
        return {"x": -p.pace * (x.x - env.xp.cos(x.t)), "t": 1.0}

    def dose(self, x: Any, p: Any, d: Any, env: Any) -> dict[str, Any]:
        return {}

    def emit(self, x: Any, p: Any, env: Any) -> dict[str, Any]:
        return {"y": x.x}


def test_the_stiff_solver_takes_what_runge_kutta_fails() -> None:
    """A Runge-Kutta step of 0.25 h is 45 times too long: its members fail and say so.  Kvaerno's solver is within its
    tolerance of the exact answer, and so is Runge-Kutta at steps 125 times as short."""
    with pytest.raises(gemel.GemelError, match="every member has failed"):
        forecast(of(Flow(Stiff()), 4), at(3), every=1.0)
    twin = of(Flow(Stiff(), solver="kvaerno5", tolerance=1e-8), 4)
    paths = forecast(twin, at(3), every=1.0).paths[:, :, 0]
    k, t = twin.belief.theta, np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(paths, k * (k * np.cos(t) + np.sin(t)) / (k**2 + 1), atol=1e-6)
    fine = forecast(of(at_step(Stiff, 0.002), 4), at(3), every=1.0).paths[:, :, 0]
    np.testing.assert_allclose(paths, fine, atol=1e-6)


def test_the_adaptive_solver_agrees_with_runge_kutta() -> None:
    plan = Schedule("push", (Action(at(0.5), "push", dose=0.3),))
    fixed, adaptive = (
        forecast(of(m, 4), at(5), plan, every=1.0).paths
        for m in (at_step(Tide, 0.03125), Flow(Tide(), solver="tsit5", tolerance=1e-9))
    )
    np.testing.assert_allclose(fixed, adaptive, rtol=1e-7, atol=1e-7)  # RK4 at 1/32 h errs by 1e-8


def test_solvers_load_nothing_until_they_are_used() -> None:
    heavy = "{'jax', 'diffrax', 'numba', 'scipy'} & set(sys.modules)"
    code = f"import sys, gemel.numerics.flow, gemel.numerics.slow, gemel.coupling.wire; assert not {heavy}, {heavy}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


SUPPORTS = [(-np.inf, np.inf), (0.0, np.inf), (-np.inf, 3.0), (-2.0, 5.0)]


@pytest.mark.parametrize(("low", "high"), SUPPORTS)
@given(z=st.floats(-15.0, 15.0))
def test_bound_undoes_free_and_stays_inside(low: float, high: float, z: float) -> None:
    """Round-off of a position near an edge is a relative 2e-16 of e^15 = 3e6 there: 1e-8 in free space."""
    q = Quantity("q", "1", low=low, high=high)
    value = bound(q, np.array(z))
    assert low < value < high
    assert free(q, np.asarray(value)) == pytest.approx(z, abs=1e-8)
    assert bound(q, np.asarray(free(q, np.asarray(value)))) == pytest.approx(float(value), rel=1e-12, abs=1e-12)


def test_a_batch_of_two_lengths_gives_each_twin_its_own_inputs() -> None:
    """The shorter twin's segments are padded with its own last inputs, so nothing changes at its end."""
    case = BY_NAME["mmc"]
    twins = [case.twin(8, seed=s) for s in (1, 2)]
    long = [read("census", h, Count(h), "1") for h in (1, 2, 3)]
    together = gemel.observe_all(twins, [long, []], until=at(4))
    alone = [observe(t, f, until=at(4)) for t, f in zip(twins, (long, []), strict=True)]
    for a, b in zip(together, alone, strict=True):
        for name, leaf in a.belief.state.items():
            np.testing.assert_array_equal(np.asarray(leaf), np.asarray(b.belief.state[name]), err_msg=name)
