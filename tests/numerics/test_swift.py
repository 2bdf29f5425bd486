"""The form in which masses of twins are forecast: single precision, longer steps, a drive of one row for each twin."""

from __future__ import annotations

import numpy as np

from gemel.core.array import Array
from gemel.core.drive import Drive, stack
from gemel.numerics.flow import Flow, swift
from tests.laws.conformance.linear import Linear
from tests.numerics.test_trace import drive_of, twin_of

ROUNDING = 1e-5
"""A hundred times the grain of single precision (2^-23): a few dozen steps, in none of which errors grow."""


def read_of(model: Flow, drive: Drive) -> Array:
    twin, _ = twin_of("linear")
    _, read = model.run(twin.belief.state, twin.belief.theta, drive, twin.fixed, twin.keys)
    return np.asarray(read)


def test_single_precision_reads_what_double_precision_reads() -> None:
    twin, acts = twin_of("linear")
    drive = drive_of(twin, acts)
    quick = read_of(Flow(Linear(), precision="single"), drive)
    assert quick.dtype == np.float32
    exact = read_of(Flow(Linear()), drive)
    assert exact.dtype == np.float64
    assert np.allclose(quick, exact, rtol=ROUNDING, atol=ROUNDING * np.abs(exact).max())


def test_a_row_for_each_twin_and_a_row_for_each_member_are_one_drive() -> None:
    twin, acts = twin_of("linear")
    two = stack([drive_of(twin, acts), drive_of(twin, ())])
    model = swift(twin.model)
    rows = 2 * twin.members
    state = {name: np.concatenate([leaf, leaf]) for name, leaf in twin.belief.state.items()}
    theta, keys = np.tile(np.asarray(twin.belief.theta), (2, 1)), np.tile(twin.keys, 2)
    short = model.run(state, theta, two, twin.fixed, keys)[1]
    long = model.run(state, theta, two.spread(rows), twin.fixed, keys)[1]
    assert np.array_equal(short, long)
    assert not np.array_equal(np.asarray(short)[: twin.members], np.asarray(short)[twin.members :])


def test_only_flows_with_fixed_steps_have_a_swift_form() -> None:
    quick = swift(Flow(Linear()))
    assert isinstance(quick, Flow)
    assert (quick.precision, quick.stride) == ("single", 2)
    adaptive = Flow(Linear(), solver="tsit5")
    assert swift(adaptive) is adaptive
