"""A day lived again: exactly the same where nothing changed, and in the right direction where something did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gemel.core.clock import DAY
from gemel.core.errors import CollapseError, PlanError
from gemel.core.quantity import names
from gemel.domains.health.diabetes.adjust import Change, Limits, adjust, live
from gemel.domains.health.diabetes.crowd import STEP
from gemel.domains.health.diabetes.fidelity import START, Lives, lives
from gemel.domains.health.diabetes.personal import Personal, personal
from gemel.domains.health.diabetes.replay import Given, Replay, branches, course, looked_back, relive
from gemel.domains.health.diabetes.therapy import Therapy


@pytest.fixture(scope="module")
def made() -> Lives:
    return lives(1, 2, 3)


@pytest.fixture(scope="module")
def fit(made: Lives) -> Personal:
    return personal(made.new_twin(0, 6), made.facts(0, 576), START + 2 * DAY)


@pytest.fixture(scope="module")
def replay(made: Lives, fit: Personal) -> Replay:
    return looked_back(made.new_twin(0, 6), fit.twin, made.facts(0, 288), START + DAY)


def therapy(made: Lives) -> Therapy:
    return Therapy(((0.0, float(made.basal[0])),), float(made.pumps.ratio[0]), float(made.pumps.factor[0]))


def test_the_same_therapy_gives_back_the_day(made: Lives, replay: Replay) -> None:
    """Rounding of 288 steps, which equations may amplify on the way: 4e-8 mg/dL was seen, a millionth is allowed."""
    np.testing.assert_allclose(relive(replay, replay.given), replay.glucose, rtol=0.0, atol=1e-6)
    same = live(replay, therapy(made), [Change()])[0]
    np.testing.assert_allclose(same.glucose.T, replay.glucose, rtol=0.0, atol=1e-6)


def test_the_course_is_the_sensors_within_its_error(made: Lives, replay: Replay) -> None:
    truth = np.asarray(made.course.glucose)[0, 0, :288]
    assert np.sqrt(np.mean((np.asarray(replay.glucose)[:, 0] - truth)[12:] ** 2)) < 5.0  # the readings' own sd


def test_more_insulin_lowers_and_more_food_raises_every_member(replay: Replay) -> None:
    inputs = names(replay.twin.model.inputs)
    for name, amount, side in (("insulin", 1.0, -1.0), ("carbs", 20.0, 1.0)):
        dose = np.array(replay.given.dose)
        dose[120, inputs.index(name)] += amount
        moved = relive(replay, Given(replay.given.rate, dose)) - replay.glucose
        assert np.abs(moved[:120]).max() < 1e-8
        assert np.all(side * moved[144] > 0.5)


def test_a_branch_without_change_and_surprise_is_the_plain_equations(replay: Replay) -> None:
    rate, dose = (np.asarray(a)[None, 100:124] for a in (replay.given.rate, replay.given.dose))
    found = branches(replay, {100: np.repeat(dose, 2, axis=0)}, {100: np.repeat(rate[:, 0], 2, axis=0)})[100]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    still = replace(replay, surprise={k: np.where(np.arange(288)[:, None] < 100, e, 0.0)
                                      for k, e in replay.surprise.items()})  # fmt: skip
    np.testing.assert_allclose(found[0], relive(still, replay.given)[123], rtol=1e-10)


def test_what_is_proposed_is_within_a_step_and_no_worse_than_now(made: Lives, replay: Replay) -> None:
    found = adjust(replay, therapy(made), Limits(step=0.1))
    change = found.best.change
    for factor in (*change.basal, change.ratio, change.factor):
        assert factor in (0.9, 1.0, 1.1)
    assert replay.weights @ found.best.utility >= replay.weights @ found.present.utility
    before, after = (x.chance_low(replay.weights, 4.0) for x in (found.present, found.best))
    assert after <= max(0.1, before)


def test_a_fitted_twin_stands_at_the_present_with_members_that_differ(fit: Personal) -> None:
    assert np.isfinite(fit.rmse) and fit.readings > 150 and min(fit.mode.values()) > 0.0
    assert fit.twin.now == START + 2 * DAY and fit.twin.members == 6
    spread = fit.twin.parameter("meal").std()
    assert 0.0 < spread < 0.5


def test_a_record_without_readings_or_of_another_length_is_refused(made: Lives, replay: Replay) -> None:
    with pytest.raises(CollapseError, match="no exact glucose"):
        course(np.full(10, np.nan))
    with pytest.raises(PlanError, match="one for each"):
        relive(replay, Given(replay.given.rate[:5], replay.given.dose[:5]))
    with pytest.raises(CollapseError, match="too short"):
        personal(made.new_twin(0, 6), made.facts(0, 200), START + 200 * STEP)
