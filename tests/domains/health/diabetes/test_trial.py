"""Trials on virtual persons: common luck, a therapy that fits, and a loop against an independent run of the model."""

from __future__ import annotations

import numpy as np
import pytest

from gemel import forecast
from gemel.core.clock import instant
from gemel.core.errors import PlanError
from gemel.core.plan import Action, Schedule
from gemel.core.quantity import names
from gemel.core.registry import load_model
from gemel.core.subject import Subject
from gemel.domains.health.diabetes.crowd import Crowd
from gemel.domains.health.diabetes.loop import Pumps
from gemel.domains.health.diabetes.oref import Oref
from gemel.domains.health.diabetes.scenario import Scenario, diary
from gemel.domains.health.diabetes.titrate import LEAST, MOST, cohort
from gemel.domains.health.diabetes.trial import arms_of, run_trial
from gemel.verbs.create import twin

START = instant("2026-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def people() -> tuple[Crowd, Pumps]:
    return cohort(load_model("hovorka"), 4, START, 1)


def test_everybody_rests_at_the_target_and_needs_a_usual_amount(people: tuple[Crowd, Pumps]) -> None:
    crowd, pumps = people
    np.testing.assert_allclose(crowd.glucose(), 110.0, atol=1.0)
    weight = crowd.covariates[:, names(crowd.model.covariates).index("weight")]
    daily = (np.asarray(pumps.basal).sum(axis=1) + 200.0 / np.asarray(pumps.ratio)) / weight
    assert np.all((daily >= LEAST.value) & (daily <= MOST.value))


def test_two_arms_that_do_the_same_differ_in_nothing(people: tuple[Crowd, Pumps]) -> None:
    crowd, pumps = people
    first, second = arms_of(crowd, pumps, diary(4, Scenario(days=1), 1), [None, Oref()])
    from dataclasses import replace

    twice = run_trial(crowd, [first, replace(first, name="again"), second])
    np.testing.assert_array_equal(twice.glucose[0], twice.glucose[1])
    assert np.abs(twice.glucose[0] - twice.glucose[2]).max() > 1.0


def test_a_trial_step_by_step_is_a_forecast_under_the_same_schedule(people: tuple[Crowd, Pumps]) -> None:
    """One person's meals and boluses as a schedule of the ordinary forecast verb: the paths agree."""
    crowd, pumps = people
    own = diary(4, Scenario(days=1, rescue=0.0), 2)
    seen = run_trial(crowd, arms_of(crowd, pumps, own, [None]))
    one, basal = 2, float(pumps.basal[2, 0])
    alone = twin(crowd.model, Subject(id="p", zone="UTC"), at=START, rates={"insulin": basal}, members=2)
    person = crowd.take(np.array([one, one]))
    from dataclasses import replace

    alone = replace(
        alone, belief=replace(alone.belief, theta=person.theta, covariates=person.covariates, state=dict(person.state))
    )
    acts = [Action(START, "insulin", rate=basal)]
    for k in range(288):
        at = START + k * 300_000_000
        bolus, grams = seen.insulin[0, one, k] - basal / 12.0, seen.carbs[0, one, k]
        acts += [Action(at, "insulin", dose=float(bolus))] if bolus > 1e-9 else []
        acts += [Action(at, "carbs", dose=float(grams))] if grams > 0.0 else []
    path = forecast(alone, START + 288 * 300_000_000, Schedule("day", tuple(acts)), every=1 / 12)
    np.testing.assert_allclose(path.paths[0, :, 0], seen.glucose[0, one], rtol=1e-6)


def test_arms_of_one_name_or_of_other_persons_are_refused(people: tuple[Crowd, Pumps]) -> None:
    crowd, pumps = people
    day = diary(4, Scenario(days=1), 1)
    with pytest.raises(PlanError, match="different names"):
        run_trial(crowd, arms_of(crowd, pumps, day, [None, None]))
    with pytest.raises(PlanError, match="4 persons"):
        run_trial(crowd, arms_of(crowd, pumps, diary(3, Scenario(days=1), 1), [None]))
