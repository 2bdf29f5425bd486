"""Declarations that cannot be right are refused where they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gemel.core.card import Card
from gemel.core.derived import Derived, Path
from gemel.core.errors import CapabilityError, CardError, GemelError, PlanError, SupportError, UnitError
from gemel.core.model import settle
from gemel.core.plan import Action, Policy, Schedule
from gemel.core.prior import JointPrior
from gemel.core.quantity import Constant, Drift, Prior, Quantity, Setting, Source, bound, free
from gemel.core.subject import Subject

HERE = Source("gemel:tests", "made up")


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Quantity("two words", "1"), SupportError, "identifier"),
        (lambda: Quantity("x", "furlongs per fortnight"), UnitError, "UCUM|unit"),
        (lambda: Quantity("x", "1", dose_unit="spoon"), UnitError, "UCUM|unit"),
        (lambda: Quantity("x", "1", low=1.0, high=1.0), SupportError, "low 1.0 must be below"),
        (lambda: Source("  "), SupportError, "locator"),
        (lambda: Constant(1.0, "??", HERE), UnitError, "UCUM|unit"),
        (lambda: Prior("normal", (1.0,), HERE), SupportError, "takes 2 argument"),
        (lambda: Drift("ou", 1.0, HERE), SupportError, "finite tau"),
        (lambda: Drift("walk", -1.0, HERE), SupportError, "sd >= 0"),
        (lambda: Drift("walk", 1.0, HERE, every=0.0), SupportError, "every > 0"),
        (lambda: JointPrior((Quantity("x", "1"),)), SupportError, "'x' has no prior"),
        (lambda: JointPrior((), order=(("a", "b"),)), SupportError, "only"),
        (lambda: settle((), {"beds": 3}), CapabilityError, "no setting 'beds'"),
        (
            lambda: settle((Setting("rule", ("a", "b"), "a"),), {"rule": "c"}),
            CapabilityError,
            "choose one of",
        ),
        (lambda: Subject(id="s", zone="Nowhere"), GemelError, "IANA"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        make()


def test_a_value_outside_its_support_is_named_with_its_limits_and_place() -> None:
    q = Quantity("glucose", "mg/dL", low=0.0, high=1000.0)
    assert q.check(0.0) == 0.0 and q.check(1000.0) == 1000.0
    for value in (1001.0, float("nan")):
        with pytest.raises(SupportError, match=r"glucose .* mg/dL \(Observation/1\) is outside \[0, 1000\] mg/dL"):
            q.check(value, "Observation/1")


def test_codes_are_the_own_and_the_accepted_ones() -> None:
    assert Quantity("x", "1", code="a:1", also=("b:2",)).codes == ("a:1", "b:2") and Quantity("x", "1").codes == ()


@pytest.mark.parametrize(("low", "high", "value", "z"), [
    (-np.inf, np.inf, 3.0, 3.0), (1.0, np.inf, 1.0 + np.e, 1.0), (-np.inf, 1.0, 1.0 - np.e, -1.0), (2.0, 4.0, 3.0, 0.0),
])  # fmt: skip
def test_free_space_is_identity_logarithm_or_logit(low: float, high: float, value: float, z: float) -> None:
    q = Quantity("x", "1", low=low, high=high)
    assert free(q, np.array(value)) == pytest.approx(z, abs=1e-15)
    assert bound(q, np.array(z)) == pytest.approx(value, rel=1e-15)


def test_settings_are_chosen_or_default() -> None:
    known = (Setting("rule", ("a", "b"), "a"), Setting("beds", (), 4))
    assert settle(known, {"beds": 9}) == {"rule": "a", "beds": 9}


def card(**changes: Any) -> Card:
    texts = {
        "title": "T",
        "version": "1",
        "intended_use": "u",
        "not_for": "n",
        "population": "p",
        "limits": "l",
    }
    return Card(**{**texts, "kind": "patient", "causal": "trial", "sources": (HERE,), **changes})


@pytest.mark.parametrize("field", ["title", "version", "intended_use", "not_for", "population", "limits"])
def test_a_card_with_an_empty_text_is_refused(field: str) -> None:
    assert card().licence == "Apache-2.0"
    with pytest.raises(CardError, match=f"'{field}' is empty"):
        card(**{field: "  "})


def test_a_card_without_a_source_is_refused() -> None:
    with pytest.raises(CardError, match="at least one Source"):
        card(sources=())


def test_a_schedule_speaks_the_inputs_units() -> None:
    inputs = (Quantity("insulin", "[IU]/h", low=0.0, dose_unit="[IU]"),)
    acts = Schedule("p", (Action(5, "insulin", dose=2.0), Action(6, "insulin", rate=1.0, until=9))).interventions(
        inputs
    )
    assert [(a.unit, a.dose, a.rate, a.until) for a in acts] == [
        ("[IU]", 2.0, None, None),
        ("[IU]/h", None, 1.0, 9),
    ]
    assert Schedule("p", (Action(5, "insulin", dose=2.0, unit="m[IU]"),)).interventions(inputs)[0].unit == "m[IU]"
    assert not isinstance(Schedule("p"), Policy)


@pytest.mark.parametrize(("action", "says"), [
    (Action(5, "heparin", dose=1.0), "sets 'heparin', but the model's inputs are"),
    (Action(5, "insulin"), "either a dose or a rate"),
        (Action(5, "insulin", dose=1.0, rate=1.0), "either a dose or a rate"),
])  # fmt: skip
def test_a_schedule_that_cannot_be_is_refused(action: Action, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        Schedule("p", (action,)).interventions((Quantity("insulin", "[IU]/h", dose_unit="[IU]"),))


def test_a_derived_value_reads_covariates_by_name_and_names_what_is_missing() -> None:
    bmi = Derived("bmi", "kg/m2", lambda p: p["weight"] / p["height"] ** 2, "body mass index", HERE)
    people = (Quantity("height", "m"), Quantity("weight", "kg"))
    np.testing.assert_allclose(bmi.of_covariates(people, np.array([[2.0, 80.0], [1.5, 45.0]])), [20.0, 20.0])
    with pytest.raises(KeyError, match="no 'age' here; there are"):
        Path(np.zeros(0), {})["age"]
