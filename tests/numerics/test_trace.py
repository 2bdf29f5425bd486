"""The traced flow: the kernel's numbers when given the kernel's luck, and the same derivatives either way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gemel.core.draws import normal, purpose
from gemel.core.drive import Drive, cut, input_events
from gemel.core.errors import CapabilityError
from gemel.core.twin import Twin
from gemel.numerics.flow import Flow
from gemel.numerics.kernel import wanderers
from gemel.numerics.trace import course, due, roomy, traced
from gemel.verbs.batch import epoch_grid
from tests.laws.cases import BY_NAME, at
from tests.laws.conformance.linear import Linear
from tests.laws.test_numerics import Tide, of

HOURS = 4.0


def drive_of(twin: Twin, acts: Any) -> Drive:
    events, _ = input_events(twin.model.inputs, acts, np.array(twin.cursor.rates))
    outputs = [at(h) for h in np.arange(0.7, HOURS + 0.01, 1.1)]
    drive, _ = cut(
        twin.subject, (twin.now, at(HOURS)), outputs=outputs, events=events, rates=np.array(twin.cursor.rates),
        covariates=np.asarray(twin.belief.covariates), grid=epoch_grid(twin),
    )  # fmt: skip
    return drive


def lucky(twin: Twin, tick: Any) -> Any:
    """The kernel's own luck as an array (r, s, w)."""
    moving = [
        normal(twin.keys[:, None], purpose(f"drift:{q.name}"), tick[None]) for q, _ in wanderers(twin.model.member)
    ]
    return np.stack(moving, axis=2)


def twin_of(name: str) -> tuple[Twin, Any]:
    """A twin of this kind, and its plan: an explicit adaptive solver stands for those of diffrax."""
    if name == "tide":
        return of(Flow(Tide()), 8), ()
    linear = BY_NAME["linear"]
    acts = linear.plan(2, HOURS).interventions(linear.model.inputs)
    return (linear.twin(8) if name == "linear" else of(Flow(Linear(), solver="tsit5", tolerance=1e-9), 8)), acts


KINDS = [
    pytest.param("linear"),
    pytest.param("tide", marks=pytest.mark.slow),
    pytest.param("tsit5", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "mode"), [("linear", "forward"), ("linear", "reverse"), ("tide", "forward")])
def test_given_the_keyed_luck_the_traced_flow_equals_the_kernel(name: str, mode: Any) -> None:
    import jax

    twin, acts = twin_of(name)
    drive, model = drive_of(twin, acts), twin.model
    end, read = model.run(twin.belief.state, twin.belief.theta, drive, twin.fixed, twin.keys)
    way = course(model, drive)
    run = jax.jit(traced(model, twin.fixed, mode, int(way.counts.max())))
    noise = lucky(twin, way.tick[0])
    noise[:, ~due(model, way.tick[0])] = 1e3  # luck that no drift is due for is never looked at
    state, paths = run(twin.belief.state, twin.belief.theta, twin.belief.covariates, noise, way)
    np.testing.assert_allclose(paths[:, : drive.output.shape[1]], read, rtol=1e-12)  # two compilations: round-off
    for leaf, value in end.items():
        np.testing.assert_allclose(state[leaf], value, rtol=1e-11, atol=1e-13, err_msg=leaf)


@pytest.mark.parametrize("name", KINDS)
def test_forward_reverse_and_differences_agree(name: str) -> None:
    import jax

    twin, acts = twin_of(name)
    model, drive = twin.model, drive_of(twin, acts)
    way = course(model, drive)
    noise = lucky(twin, way.tick[0])[:1]
    b = twin.belief
    start, known = {n: np.asarray(leaf)[:1] for n, leaf in b.state.items()}, np.asarray(b.covariates)[:1]

    def last(mode: Any) -> Any:
        run = traced(model, twin.fixed, mode, int(way.counts.max()))
        return lambda theta, noise: run(start, theta, known, noise, way)[1][0, drive.output.shape[1] - 1, 0]

    theta = np.asarray(b.theta)[:1]
    forward = jax.jit(jax.jacfwd(last("forward"), argnums=(0, 1)))(theta, noise)
    backward = jax.jit(jax.grad(last("reverse"), argnums=(0, 1)))(theta, noise)
    for one, other in zip(forward, backward, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)  # an adaptive solver's own tolerance is 1e-9
    step, value = 1e-5, jax.jit(last("run" if name != "tsit5" else "reverse"))
    differ = (value(theta + step, noise) - value(theta - step, noise)) / (2 * step)
    assert float(forward[0].sum()) == pytest.approx(float(differ), rel=1e-4)  # differences: step^2, and solver noise
    assert np.all(np.asarray(forward[1])[0][~due(model, way.tick[0])] == 0.0)
    assert np.any(np.asarray(forward[1]) != 0.0)


def test_sizes_are_roomy_by_an_eighth_of_an_octave() -> None:
    assert [roomy(n) for n in (0, 1, 8, 9, 17, 289, 672)] == [1, 1, 8, 10, 20, 320, 768]


def test_plain_numpy_and_changing_covariates_are_refused() -> None:
    with pytest.raises(CapabilityError, match="numpy"):
        traced(Flow(Tide(), solver="numpy"), (), "forward")
    twin = of(Flow(Tide()), 2)
    drive = drive_of(twin, ())
    wide = np.repeat(np.asarray(drive.covariates), drive.dt.shape[1], axis=1)
    parts = (drive.dt, drive.clock, drive.tick, drive.rate, drive.dose)
    with pytest.raises(CapabilityError, match="covariates"):
        course(twin.model, Drive(*parts, covariates=wide, output=drive.output))
