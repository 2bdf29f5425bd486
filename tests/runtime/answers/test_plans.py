"""Plans as they are typed."""

from __future__ import annotations

import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.errors import PlanError
from gemel.core.plan import Action, Schedule
from gemel.runtime.answers.plans import action, assignments, plan

ZONE = "Europe/London"
NOW = instant("2026-07-01T17:00", tz=ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("insulin=4@+0", Action(NOW, "insulin", dose=4.0)),
        ("insulin=4", Action(NOW, "insulin", dose=4.0)),
        ("carbs=50 g@+15min", Action(NOW + 15 * MINUTE, "carbs", dose=50.0, unit="g")),
        ("insulin = 2.5 [IU] @ +1.5h", Action(NOW + 90 * MINUTE, "insulin", dose=2.5, unit="[IU]")),
        ("insulin=2@18:30", Action(NOW + 90 * MINUTE, "insulin", dose=2.0)),
        ("insulin=2@08:00", Action(NOW + 15 * HOUR, "insulin", dose=2.0)),
        ("insulin=2@2026-07-01T19:00", Action(NOW + 2 * HOUR, "insulin", dose=2.0)),
        ("insulin=0.6@+1h..+3h", Action(NOW + HOUR, "insulin", rate=0.6, until=NOW + 3 * HOUR)),
    ],
)
def test_action_reads_amount_unit_and_time(text: str, expected: Action) -> None:
    assert action(text, NOW, ZONE) == expected


@pytest.mark.parametrize("text", ["insulin", "=4", "insulin=four", "insulin=4.4.4@+0", "insulin=2@25:00"])
def test_what_is_no_action_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        action(text, NOW, ZONE)


def test_plan_has_a_name_and_actions_or_none() -> None:
    assert plan("nothing:", NOW, ZONE) == Schedule("nothing")
    both = plan("6 U: insulin=6@+0, carbs=50@18:30", NOW, ZONE)
    assert both.name == "6 U"
    assert [a.input for a in both.actions] == ["insulin", "carbs"]
    with pytest.raises(PlanError):
        plan("insulin=6@+0", NOW, ZONE)


def test_assignments_are_numbers_by_name() -> None:
    assert assignments(["a=1", "b = 2.5"], "rate") == {"a": 1.0, "b": 2.5}
    with pytest.raises(PlanError):
        assignments(["a"], "rate")
