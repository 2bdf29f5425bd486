"""Burden figures of alerts counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.core.clock import MINUTE
from gemel.core.fact import Exact
from gemel.server.alerts.burden import burden, followed, share
from gemel.server.alerts.life import Alert, acted, elapsed, raised
from gemel.server.alerts.rules import Rules
from tests.server.alerts.test_judge import reading
from tests.server.alerts.test_life import RULE, finding

RULES = Rules(version="t", rule=(RULE,))


def alert(id: str, minute: float, **more: Any) -> Alert:
    return raised(RULE, finding(0.5, **more), id, round(minute * MINUTE))


def answered(one: Alert, after: float, action: str = "acknowledge") -> Alert:
    return acted(one, action, at=one.raised + round(after * MINUTE), by="nurse", why="")


def test_the_figures_are_those_counted_by_hand() -> None:
    ladder = alert("d", 400, subject="q")
    alerts = [
        answered(alert("a", 0), 2), answered(alert("b", 50), 8), answered(alert("c", 111), 4, "resolve"),
        elapsed(ladder, RULE, ladder.raised + 10 * MINUTE), alert("e", 120, silent=True),
    ]  # fmt: skip
    outcomes = {"a": True, "b": False, "c": True, "d": None, "e": False}
    every, own = burden(alerts, RULES, outcomes, patient_days=8)
    assert (every.rule, own.rule) == ("", RULE.name) and every.alerts == own.alerts
    assert (every.alerts, every.silent, every.per_patient_day) == (4, 1, 0.5)
    assert (every.answered.count, every.answered.n, every.median_minutes_to_answer) == (3, 4, 4.0)
    assert every.answered_soon.count == 2
    assert every.repeated.count == 1  # b came 50 min after a, c 61 min after b; d is another subject's
    assert every.escalated.count == 1
    assert (every.predictive_value.count, every.predictive_value.n, every.not_judged) == (2, 3, 1)
    assert (every.predictive_value_silent.count, every.predictive_value_silent.n) == (0, 1)


def test_no_alerts_make_no_shares_of_nothing() -> None:
    (every,) = burden([], RULES, {}, patient_days=0)
    assert every.per_patient_day is None and every.answered.share is None and every.median_minutes_to_answer is None


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", Stat Med 17:857, table I, method 3
    told = share(81, 263)
    assert (told.low, told.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    nothing = share(0, 20)
    assert (nothing.low, nothing.high) == (0.0, pytest.approx(0.1611, abs=5e-5))


def test_an_alert_is_followed_by_what_it_warned_of_only_within_its_window() -> None:
    own, now = alert("a", 10), 200 * MINUTE

    def came(*readings: tuple[float, float]) -> bool | None:
        facts = [reading(Exact(value), at=round(minute * MINUTE)) for minute, value in readings]
        return followed(own, RULE, facts, now)

    assert came((40, 69.0)) is True
    assert came((40, 71.0), (70, 66.0)) is True  # the window ends an hour after the alert
    assert came((10, 60.0), (40, 90.0), (71, 60.0)) is False
    assert came((71, 60.0)) is None
    assert came() is None
