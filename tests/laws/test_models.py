"""Laws of every model, registered or made up, through the same verbs that a user calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gemel import forecast, observe
from gemel.core.draws import member_keys
from gemel.core.model import Conserving
from gemel.core.plan import Action, Schedule
from gemel.core.quantity import names
from gemel.core.registry import available
from gemel.core.twin import Twin
from gemel.numerics.sample import draw
from tests.laws.cases import BY_NAME, CASES, Case, at

every_case = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
with_inputs = pytest.mark.parametrize("case", [c for c in CASES if c.most], ids=[c.name for c in CASES if c.most])


def bits(twin: Twin) -> dict[str, Any]:
    belief = twin.belief
    leaves = {f"state:{name}": np.asarray(leaf) for name, leaf in belief.state.items()}
    return leaves | {name: np.asarray(getattr(belief, name)) for name in ("theta", "covariates", "logw", "read")}


def assert_same(a: Twin, b: Twin) -> None:
    for name, value in bits(a).items():
        np.testing.assert_array_equal(value, bits(b)[name], err_msg=name)


def test_every_registered_model_is_a_case() -> None:
    built_in = {name for name, where in available("models").items() if where.startswith("gemel.")}
    assert built_in <= set(BY_NAME)


@every_case
def test_one_member_equals_row_0_of_64(case: Case) -> None:
    one, many = case.twin(1), case.twin(64)
    np.testing.assert_array_equal(one.belief.theta[0], many.belief.theta[0])
    plan = case.plan(3)
    alone, among = (forecast(t, at(6), plan, every=1.0) for t in (one, many))
    if case.name != "coupled":
        np.testing.assert_array_equal(alone.paths[0], among.paths[0])
        np.testing.assert_array_equal(alone.readings[0], among.readings[0])
    else:  # a part of one row takes the kernel for inputs that all rows share, whose multiplications fuse elsewhere
        np.testing.assert_allclose(alone.paths[0], among.paths[0], rtol=1e-12)
        np.testing.assert_allclose(alone.readings[0], among.readings[0], rtol=1e-12)


@every_case
def test_two_half_runs_equal_one_run(case: Case) -> None:
    """Bit for bit where a lifter runs the model; to the rounding of an exponential for an author's closed form."""
    acts = case.plan(4).interventions(case.model.inputs)
    whole = observe(case.twin(), acts, until=at(6))
    early, late = ([a for a in acts if (a.at < at(3)) == first] for first in (True, False))
    halves = observe(observe(case.twin(), early, until=at(3)), late, until=at(6))
    for name, value in bits(whole).items():
        if case.lifted:
            np.testing.assert_array_equal(value, bits(halves)[name], err_msg=name)
        else:
            np.testing.assert_allclose(value, bits(halves)[name], rtol=1e-12, atol=1e-12, err_msg=name)


@every_case
def test_same_seed_gives_the_same_bits_and_another_seed_others(case: Case) -> None:
    first, again, other = (forecast(case.twin(seed=s), at(2), every=1.0) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.readings, again.readings)
    if first.readings.shape[2]:
        assert np.any(first.readings != other.readings) or case.name == "census"  # nobody is in yet


@with_inputs
@pytest.mark.parametrize("hours", [1.5, 1.2345])
def test_a_cut_without_effect_changes_no_luck(case: Case, hours: float) -> None:
    """On the step grid not a bit changes; off it the same noise meets a path that differs by the step error alone."""
    q = next(q for q in case.model.inputs if q.name in case.most)
    doses = q.dose_unit is not None
    cut = Schedule("cut", (Action(at(hours), q.name, dose=0.0 if doses else None, rate=None if doses else 0.0),))
    plain, cut_in_two = (forecast(case.twin(), at(4), plan, every=1.0) for plan in (None, cut))
    if hours == 1.5 and case.lifted:
        np.testing.assert_array_equal(plain.paths, cut_in_two.paths)
        np.testing.assert_array_equal(plain.readings, cut_in_two.readings)
    else:  # an RK4 step cut in two errs by less than 1e-6 of the value, 1e-5 at a kink; new luck differs by whole sds
        np.testing.assert_allclose(plain.paths, cut_in_two.paths, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(plain.readings, cut_in_two.readings, rtol=1e-5, atol=1e-6)


@every_case
@pytest.mark.parametrize("seed", range(3))
def test_random_plans_stay_finite_and_inside_the_support(case: Case, seed: int) -> None:
    twin = case.twin(seed=100 + seed)
    seen = forecast(twin, at(6), case.plan(seed), every=0.5)
    assert seen.failed == 0
    assert np.isfinite(seen.readings).all()
    for i, q in enumerate(case.model.observables):
        assert np.all((seen.paths[:, :, i] >= q.low) & (seen.paths[:, :, i] <= q.high)), q.name
    end = observe(twin, case.plan(seed).interventions(case.model.inputs), until=at(6)).belief.state
    for q in case.model.smooth:
        leaf = np.asarray(end[q.name])
        assert np.all((leaf >= q.low) & (leaf <= q.high)), q.name


@every_case
def test_the_start_lies_strictly_inside_the_support_of_what_engines_move(case: Case) -> None:
    """Free space has no place for a value on the edge: such a member fails at the first reading.  A prior may hold a
    few persons who cannot live under the rates given, no more than one in ten."""
    state = case.twin().belief.state
    for q in case.model.smooth:
        leaf = np.asarray(state[q.name])
        assert np.mean((leaf > q.low) & (leaf < q.high)) >= 0.9, q.name


@every_case
def test_prior_draws_hold_support_and_order(case: Case) -> None:
    prior = case.model.prior
    theta = draw(prior, member_keys(7, 4096))
    assert names(prior.quantities) == names(case.model.parameters)
    for i, q in enumerate(prior.quantities):
        assert np.all((theta[:, i] >= q.low) & (theta[:, i] <= q.high)), q.name
    for small, large in prior.order:
        labels = names(prior.quantities)
        assert np.all(theta[:, labels.index(small)] < theta[:, labels.index(large)])


@pytest.mark.parametrize("case", [c for c in CASES if isinstance(c.model, Conserving)], ids=lambda c: c.name)
def test_totals_change_by_what_is_given_and_nothing_else(case: Case) -> None:
    twin = case.twin()
    still = observe(twin, until=at(6))
    model: Any = case.model
    before, after = (np.asarray(model.totals(t.belief.state, t.belief.theta)) for t in (twin, still))
    np.testing.assert_allclose(before, after, rtol=1e-12, atol=1e-12)  # round-off of a few additions


def test_a_lagged_dose_is_never_lost() -> None:
    case = BY_NAME["lag"]
    plan = case.plan(1)
    acts = plan.interventions(case.model.inputs)
    model: Any = case.model
    given = sum(a.dose or 0.0 for a in plan.actions)
    for hours in (5.6, 9.0):
        twin = observe(case.twin(), acts, until=at(hours))
        total = model.totals(twin.belief.state, twin.belief.theta)
        np.testing.assert_allclose(total, given, rtol=1e-12)  # round-off of a few additions


@every_case
def test_a_model_is_equal_and_hashes_by_value(case: Case) -> None:
    import copy

    twin = copy.copy(case.model)
    assert twin == case.model and hash(twin) == hash(case.model)
