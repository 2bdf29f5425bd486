"""Spaces of plans: variables, points, and what a point means."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from gemel.core.clock import HOUR
from gemel.core.errors import SupportError, UnitError
from gemel.core.plan import Schedule
from gemel.core.quantity import Setting
from gemel.core.space import Arrangement, Space, Variable, doses, rates, settings

START = 0


def test_a_stepped_variable_has_every_step_and_both_ends() -> None:
    v = Variable("bolus", "[IU]", 0.0, 5.0, 0.5)
    assert v.count == 11 and v.bounds == (0.0, 10.0)
    assert [v.value(x) for x in (0.0, 3.0, 10.0)] == [0.0, 1.5, 5.0]
    assert v.text(3.5) == "bolus 3.5 [IU]"
    tenths = Variable("x", low=0.0, high=0.3, step=0.1)
    assert tenths.count == 4 and tenths.value(3.0) <= 0.3  # three tenths, whatever rounding says


def test_a_real_variable_has_no_end_of_values_and_one_point_is_one() -> None:
    assert Variable("x", low=1.0, high=2.0).count == inf
    assert Variable("x", low=1.0, high=1.0).count == 1
    assert Variable("x", choices=("a", "b")).bounds == (0.0, 1.0)


def test_every_point_of_a_finite_space_is_listed_once() -> None:
    space = Space((Variable("n", low=1.0, high=3.0, step=1.0), Variable("how", choices=("a", "b"))),
                  lambda point: Schedule(str(point)))  # fmt: skip
    points = [space.point(x) for x in space.points()]
    assert space.count == 6 and points == [{"n": n, "how": h} for n in (1.0, 2.0, 3.0) for h in ("a", "b")]
    assert space.text(points[0]) == "n 1, how a"


def test_doses_and_rates_become_schedules() -> None:
    space = doses("pill", [START, START + HOUR], high=10.0, unit="mg")
    plan = space.arrange(space.point(np.array([2.0, 4.0]))).plan
    assert isinstance(plan, Schedule) and plan.name == "pill_1 2 mg, pill_2 4 mg"
    assert [(a.at, a.dose, a.unit) for a in plan.actions] == [(START, 2.0, "mg"), (START + HOUR, 4.0, "mg")]
    space = rates("drip", [(START, START + HOUR)], low=1.0, high=3.0, unit="mg/h")
    plan = space.arrange({"drip": 2.0}).plan
    assert isinstance(plan, Schedule) and plan.actions[0].rate == 2.0 and plan.actions[0].until == START + HOUR


def test_settings_are_chosen_under_one_plan() -> None:
    space = settings([Setting("triage", ("fifo", "sickest"), "fifo")], Schedule("as is"))
    assert space.arrange(space.point(np.array([1.0]))) == Arrangement(Schedule("as is"), {"triage": "sickest"})
    with pytest.raises(SupportError, match="lists no choices"):
        settings([Setting("beds", (), 8)], Schedule("as is"))


def test_a_space_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(SupportError, match="low first"):
        Variable("x", low=2.0, high=1.0)
    with pytest.raises(SupportError, match="finite bounds"):
        Variable("x", low=0.0, high=inf)
    with pytest.raises(UnitError):
        Variable("x", "parsec per fortnight", 0.0, 1.0)
    with pytest.raises(SupportError, match="different names"):
        Space((Variable("x"), Variable("x")), lambda point: Schedule("none"))
