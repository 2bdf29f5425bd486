"""Couplings: names, units, exchanges and clocks; the laws of models run over one in tests/laws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gemel
from gemel import observe
from gemel.core.errors import PlanError, ShapeError, SupportError, UnitError
from gemel.core.model import Model
from gemel.core.plan import Action, Schedule
from gemel.core.quantity import names
from gemel.core.subject import Subject
from gemel.coupling.wire import wire
from gemel.numerics.flow import Flow
from tests.laws.cases import BY_NAME, at, read
from tests.laws.conformance import census, coupled, lag, linear, scores, ward

PARTS = {"city": Flow(coupled.City()), "ward": ward.model}
TO_WARD = {("ward", "referrals"): ("city", "admissions")}


def test_a_coupling_is_a_model_with_its_parts_names_before_theirs() -> None:
    model = wire(PARTS, TO_WARD, exchange=2.0)
    assert isinstance(model, Model)
    assert names(model.parameters) == ("city_contacts", "ward_arrivals", "ward_stay")
    assert names(model.inputs) == ("city_caution",)
    assert names(model.observables)[0] == "city_prevalence" and names(model.observables)[-1] == "ward_admitted"
    assert model.card.causal == "mechanistic" and model.card.title == "City + Ward"
    assert wire({"a": scores.model, "b": ward.model}, {}, 1.0).card.causal == "association"


def test_a_coupling_hashes_by_value() -> None:
    one, two = wire(PARTS, TO_WARD, 2.0), wire(dict(PARTS), dict(TO_WARD), 2.0)
    assert one == two and hash(one) == hash(two) and one != wire(PARTS, TO_WARD, 4.0)


def test_a_running_total_is_sent_as_its_growth_per_hour_since_the_last_exchange() -> None:
    model = wire(PARTS, TO_WARD, exchange=2.0)
    twin = gemel.twin(model, Subject(id="s"), at=at(0), members=4, engine="particle")
    sent = [np.asarray(observe(twin, until=at(h)).belief.state["city_sent"]) for h in (2, 4)]
    state = observe(twin, until=at(5)).belief.state
    np.testing.assert_allclose(np.asarray(state["exchange_rate"])[:, 0], (sent[1] - sent[0]) / 2.0, rtol=1e-12)
    np.testing.assert_array_equal(np.asarray(state["ward_rate"]), state["exchange_rate"])  # each member its own
    assert np.all(np.asarray(state["exchange_due"]) == 3600e6)
    assert np.ptp(np.asarray(state["exchange_rate"])) > 0


def test_an_instant_observable_is_sent_from_the_start() -> None:
    """The second time the parts start under what the others showed the first time; totals wait for an exchange."""

    class Follower(linear.Linear):
        inputs = (replace(linear.Linear.inputs[0], unit="1"),)

    model = wire({"a": linear.model, "b": Flow(Follower())}, {("b", "push"): ("a", "y")}, 1.0)
    state = gemel.twin(model, Subject(id="s"), at=at(0), members=4).belief.state
    np.testing.assert_array_equal(np.asarray(state["exchange_rate"])[:, 0], np.asarray(state["a_x"]))
    assert np.all(np.asarray(state["b_x"]) != 0)
    twin = gemel.twin(coupled.model, Subject(id="s"), at=at(0), members=4, engine="particle")
    assert np.all(np.asarray(twin.belief.state["exchange_rate"]) == 0.0)  # nobody waits yet, nothing was sent yet


def test_parts_have_luck_of_their_own() -> None:
    """Two equal parts get different parameters and different process noise in every member."""
    twin = gemel.twin(wire({"a": linear.model, "b": linear.model}, {}, 1.0), Subject(id="s"), at=at(0), members=64)
    end = observe(twin, until=at(3)).belief
    assert abs(np.corrcoef(np.asarray(end.theta).T)[0, 1]) < 0.6  # 64 members: 0.6 is 5 sd from none
    drifts = [np.asarray(end.state[f"{part}_level_drift"]) for part in "ab"]
    assert abs(np.corrcoef(drifts)[0, 1]) < 0.6 and np.std(drifts[0]) > 0.05


def test_each_part_drifts_on_its_own_grid() -> None:
    """A part that drifts every hour does so also beside one that drifts every quarter: its ticks keep their numbers."""

    class Quick(linear.Linear):
        smooth = (replace(linear.Linear.smooth[0], drift=replace(linear.Linear.smooth[0].drift, every=0.25)),)
        parameters = (replace(linear.Linear.parameters[0], drift=None),)

    pair = wire({"a": linear.model, "quick": Flow(Quick())}, {}, 1.0)
    alone = wire({"a": linear.model}, {}, 1.0)
    ends = [observe(gemel.twin(m, Subject(id="s"), at=at(0), members=8), until=at(4)).belief for m in (pair, alone)]
    for leaf in ("a_x", "a_level_drift"):
        np.testing.assert_allclose(np.asarray(ends[0].state[leaf]), np.asarray(ends[1].state[leaf]), rtol=1e-12)


def test_doses_and_facts_reach_their_part_alone() -> None:
    model = wire({"drug": lag.model, "beds": census.model}, {}, 1.5)
    twin = gemel.twin(model, Subject(id="s"), at=at(0), members=8, engine="particle")
    given = Schedule("p", (Action(at(1), "drug_pill", dose=10.0),)).interventions(model.inputs)
    end = observe(twin, [*given, read("test:admission", 2.0, 3.0, "h", "ann")], until=at(9)).belief.state
    total = sum(np.asarray(end[f"drug_{leaf}"]) for leaf in ("central", "gone")) + np.asarray(end["drug_amount"]).sum(1)
    np.testing.assert_allclose(total, 10.0, rtol=1e-12)
    assert np.all(np.sum(np.asarray(end["beds_who"]) >= 0, axis=1) == 1)
    single = observe(BY_NAME["census"].twin(8), [read("test:admission", 2.0, 3.0, "h", "ann")], until=at(9))
    assert np.asarray(end["beds_came"])[0, 0] == np.asarray(single.belief.state["came"])[0, 0] == -1.0


@pytest.mark.parametrize(
    ("parts", "wires", "error"),
    [
        (PARTS, {("ward", "nurses"): ("city", "admissions")}, PlanError),
        (PARTS, {("ward", "referrals"): ("village", "admissions")}, PlanError),
        (PARTS, {("ward", "referrals"): ("city", "prevalence")}, UnitError),
        ({"city": PARTS["city"], "city_x": ward.model}, {}, ShapeError),
        ({"not a name": ward.model}, {}, SupportError),
    ],
)
def test_a_coupling_that_cannot_be_is_refused(parts: Any, wires: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        wire(parts, wires, 1.0)


def test_a_part_that_fails_fails_the_member_and_nobody_else() -> None:
    twin = gemel.twin(wire(PARTS, TO_WARD, 2.0), Subject(id="s"), at=at(0), members=8, engine="particle")
    state = dict(twin.belief.state)
    state["city_infected"] = np.where(np.arange(8) == 3, np.nan, np.asarray(state["city_infected"]))
    end = observe(replace(twin, belief=replace(twin.belief, state=state)), until=at(5))
    assert end.evidence is not None and end.evidence.failed[0] == 1
    assert np.isneginf(end.belief.logw[3]) and np.isfinite(np.asarray(end.belief.logw)[[0, 1, 2, 4]]).all()
