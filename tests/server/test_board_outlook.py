"""What a forecast means on the overview, against distributions whose quantiles are known."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.clock import MINUTE
from gemel.core.ledger import LEVELS
from gemel.server.alerts.judge import Row
from gemel.server.alerts.rules import Rule
from gemel.server.board_outlook import Outlook, outlook_of

MINUTES = (30, 60, 90, 120)


def rule(**more: Any) -> Rule:
    told: dict[str, Any] = {
        "name": "low", "title": "Low ahead", "kind": "forecast", "severity": "warning", "source": "a test",
        "observable": "x", "side": "below", "limit": 70.0, "unit": "mg/dL", "within_minutes": 120, "probability": 0.3,
    }  # fmt: skip
    return Rule(**told | more)


def outlook(means: tuple[float, ...], *rules: Rule, sd: float = 10.0, now: float = 100.0) -> Outlook:
    """Of a forecast that is normal about these means at each horizon."""
    rows = [
        Row(observable="x", unit="mg/dL", target=m * MINUTE, levels=LEVELS,
            values=tuple(NormalDist(mean, sd).inv_cdf(q) for q in LEVELS))
        for m, mean in zip(MINUTES, means, strict=True)
    ]  # fmt: skip
    return outlook_of(rules or (rule(),), rows, (now, now - 5.0, now + 5.0), 0)


def test_the_risk_is_the_probability_at_the_likeliest_horizon_within_the_rule() -> None:
    risk = outlook((100.0, 80.0, 75.0, 60.0), rule(within_minutes=60)).risk
    assert risk is not None and risk.minutes == 60
    assert risk.probability == pytest.approx(NormalDist(80.0, 10.0).cdf(70.0), abs=0.01)


def test_the_next_event_is_when_the_median_crosses_the_limit() -> None:
    coming = outlook((100.0, 80.0, 60.0, 50.0)).coming
    assert coming is not None and coming.minutes == pytest.approx(75.0, abs=0.5)  # halfway from 80 to 60
    assert coming.probability == pytest.approx(NormalDist(50.0, 10.0).cdf(70.0), abs=0.011)


def test_a_limit_that_is_passed_already_is_passed_now_and_one_passed_soon_before_the_first_horizon() -> None:
    passed, soon = outlook((60.0,) * 4, now=65.0).coming, outlook((60.0,) * 4, now=76.0).coming
    assert passed is not None and passed.minutes == 0
    assert soon is not None and 0 < soon.minutes < 30


def test_nothing_is_expected_where_no_limit_is_passed_more_likely_than_not() -> None:
    assert outlook((100.0, 90.0, 80.0, 71.0)).coming is None


def test_of_several_limits_the_one_passed_first_is_told() -> None:
    low, high = rule(), rule(name="high", side="above", limit=180.0)
    assert (told := outlook((150.0, 190.0, 150.0, 40.0), low, high).coming) is not None and told.rule == 1


def test_the_rule_nearest_to_calling_is_told_by_its_own_probability() -> None:
    """A rare limit that calls at 2 % is nearer than a common one that calls at 90 %."""
    often, seldom = rule(probability=0.9), rule(name="very low", limit=54.0, probability=0.02)
    risk = outlook((80.0, 75.0, 75.0, 75.0), often, seldom).risk
    assert risk is not None and risk.rule == 1


def test_a_rule_in_another_unit_is_converted_and_one_that_cannot_be_is_left_out() -> None:
    same = rule(limit=3.885, unit="mmol/L", analyte="glucose")
    mixed = outlook((60.0,) * 4, same)
    assert mixed.risk is not None and mixed.risk.probability == pytest.approx(NormalDist(60, 10).cdf(70.0), abs=0.01)
    lost = outlook((60.0,) * 4, rule(unit="kg"))
    assert lost.risk is None and lost.coming is None


@pytest.mark.parametrize(("middle", "trend"), [(100, 0), (104, 0), (108, 1), (118, 2), (92, -1), (80, -2)])
def test_a_trend_is_told_against_the_spread(middle: float, trend: int) -> None:
    """The 90 % band of sd 10 is 16.4 wide on each side: a change of 8 is half of it, of 18 more than all of it."""
    assert outlook((middle,) * 4).trend == trend


@given(st.floats(0.1, 1000.0), st.lists(st.floats(10.0, 400.0), min_size=4, max_size=4))
def test_what_is_told_does_not_depend_on_the_unit_of_the_spread(sd: float, means: list[float]) -> None:
    own = outlook((means[0], means[1], means[2], means[3]), sd=sd)
    assert own.risk is not None and 0.0 <= own.risk.probability <= 1.0 and own.trend in (-2, -1, 0, 1, 2)
    assert (own.coming is not None) == any(mean < 70.0 - 1e-6 * sd for mean in means) or min(
        abs(mean - 70.0) for mean in means
    ) < 0.01 * sd
    for _, low, middle, high in own.ahead:
        assert low <= middle <= high
