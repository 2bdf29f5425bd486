"""Judging a rule: probabilities are those of the distribution that the quantiles are of, and never surer."""

from __future__ import annotations

from math import inf
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.clock import MINUTE
from gemel.core.fact import Above, Below, Between, Exact, Level, Observation, Status
from gemel.core.ledger import LEVELS
from gemel.server.alerts.judge import Row, Speaker, judge_forecast, judge_reading, judge_rows, probability
from gemel.server.alerts.rules import Rule

GLUCOSE = NormalDist(90.0, 20.0)
SPEAKER = Speaker(subject="p", twin="t", model="m")


def rule(**more: Any) -> Rule:
    """Glucose below 70 mg/dL within an hour."""
    given = {"name": "low", "title": "Low", "kind": "forecast", "severity": "warning", "source": "made up",
             "observable": "glucose", "codes": ("loinc:99504-3",), "side": "below", "limit": 70.0, "unit": "mg/dL",
             "analyte": "glucose", "within_minutes": 60, "probability": 0.3, "clear": 0.15}  # fmt: skip
    return Rule(**{**given, **more})


def row(minutes: float, spread: NormalDist = GLUCOSE, unit: str = "mg/dL", scale: float = 1.0) -> Row:
    """Quantiles of a normal distribution so far ahead of instant 0."""
    values = tuple(spread.inv_cdf(q) * scale for q in LEVELS)
    return Row(observable="glucose", unit=unit, target=round(minutes * MINUTE), levels=LEVELS, values=values)


def reading(value: Any, unit: str = "mg/dL", **more: Any) -> Observation:
    """A sensor reading."""
    return Observation(
        **{"id": "g", "code": "loinc:99504-3", "value": value, "unit": unit, "at": 0, "recorded": 0, **more}
    )


@pytest.mark.parametrize("limit", [60.0, 70.0, 85.0, 90.0, 110.0, 120.0])
def test_the_probability_below_a_limit_is_that_of_the_distribution(limit: float) -> None:
    values = [GLUCOSE.inv_cdf(q) for q in LEVELS]
    # between two levels 5 % apart the error of drawing a line is below 0.4 % for a normal distribution
    assert probability("below", limit, LEVELS, values) == pytest.approx(GLUCOSE.cdf(limit), abs=0.004)
    assert probability("above", limit, LEVELS, values) == pytest.approx(1 - GLUCOSE.cdf(limit), abs=0.004)


def test_at_a_quantile_the_probability_is_its_level_exactly() -> None:
    values = [GLUCOSE.inv_cdf(q) for q in LEVELS]
    for level, value in zip(LEVELS, values, strict=True):
        assert probability("below", value, LEVELS, values) == level
        assert probability("above", value, LEVELS, values) == pytest.approx(1 - level)


def test_beyond_the_last_quantile_no_more_is_claimed_than_was_told() -> None:
    values = [50.0, 100.0, 150.0]
    assert probability("below", 10.0, (0.1, 0.5, 0.9), values) == 0.0
    assert probability("below", 999.0, (0.1, 0.5, 0.9), values) == 0.9
    assert probability("above", 999.0, (0.1, 0.5, 0.9), values) == 0.0
    assert probability("above", 10.0, (0.1, 0.5, 0.9), values) == pytest.approx(0.9)


def test_a_limit_that_a_sensor_is_stuck_at_counts_for_at_most_and_not_for_below() -> None:
    levels, stuck = (0.05, 0.3, 0.6, 0.95), [40.0, 40.0, 40.0, 120.0]
    assert probability("below", 40.0, levels, stuck) == 0.05
    assert probability("at-most", 40.0, levels, stuck) == 0.6
    assert probability("at-least", 40.0, levels, stuck) == pytest.approx(0.95)


@given(
    st.lists(st.floats(0, 500, width=16), min_size=2, max_size=8).map(sorted),
    st.floats(-10, 510, width=16),
)
def test_below_and_above_together_are_never_more_than_certain(values: list[float], limit: float) -> None:
    levels = [(k + 1) / (len(values) + 1) for k in range(len(values))]
    under, over = (probability(side, limit, levels, values) for side in ("below", "above"))
    assert 0.0 <= under <= 1.0 and 0.0 <= over <= 1.0 and under + over <= 1.0 + 1e-12
    assert under <= probability("at-most", limit, levels, values)
    assert under <= probability("below", limit + 1.0, levels, values)


def test_a_window_is_judged_by_its_likeliest_horizon_and_not_beyond_its_end() -> None:
    low = NormalDist(60, 20)
    rows = [row(30), row(60, NormalDist(75, 20)), row(120, low)]
    found = judge_rows(rule(), rows, 0)
    assert found is not None and found[1].target == 60 * MINUTE
    assert found[0] == pytest.approx(NormalDist(75, 20).cdf(70), abs=0.004)
    assert judge_rows(rule(within_minutes=120), rows, 0) == (pytest.approx(low.cdf(70), abs=0.004), rows[2])
    assert judge_rows(rule(observable="lactate"), rows, 0) is None


def test_a_forecast_in_mmol_is_judged_as_the_same_in_mg() -> None:
    told = judge_rows(rule(), [row(60, unit="mmol/L", scale=1 / 18.016)], 0)
    assert told is not None
    # the molar mass in use is 180.156 g/mol; 18.016 is a rounding of its tenth
    assert told[0] == pytest.approx(GLUCOSE.cdf(70), abs=0.005)


def test_between_its_two_limits_a_rule_neither_calls_nor_ends() -> None:
    def judged(mean: float) -> tuple[bool, bool]:
        finding = judge_forecast(rule(), [row(30, NormalDist(mean, 20))], 0, SPEAKER)
        assert finding is not None
        return finding.holds, finding.over

    assert judged(70.0) == (True, False)  # P = 50 %
    assert judged(86.0) == (False, False)  # P = 21 %
    assert judged(110.0) == (False, True)  # P = 2.3 %


def test_a_reading_calls_beyond_the_limit_and_ends_only_with_a_margin() -> None:
    low = rule(kind="reading", limit=54.0, margin=16.0)
    judged = {}
    for number in (53.9, 54.0, 69.9, 70.0):
        finding = judge_reading(low, reading(Exact(number)), "p")
        assert finding is not None
        judged[number] = finding.holds, finding.over
    assert judged == {53.9: (True, False), 54.0: (False, False), 69.9: (False, False), 70.0: (False, True)}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Below(40.0), (True, False)),  # 'LOW' on the sensor's screen
        (Below(100.0), (False, False)),  # may be either
        (Above(400.0), (False, True)),
        (Above(50.0), (False, False)),
        (Between(30.0, 50.0), (True, False)),
        (Between(50.0, 60.0), (False, False)),
        (Between(80.0, 90.0), (False, True)),
    ],
)
def test_of_an_interval_all_must_lie_beyond_to_call_and_back_to_end(value: Any, said: tuple[bool, bool]) -> None:
    finding = judge_reading(rule(kind="reading", limit=54.0, margin=16.0), reading(value), "p")
    assert finding is not None and (finding.holds, finding.over) == said


def test_readings_in_other_units_are_converted_and_those_that_mean_nothing_are_left_alone() -> None:
    low = rule(kind="reading", limit=54.0)
    found = judge_reading(low, reading(Exact(2.9), "mmol/L"), "p")  # 52.2 mg/dL
    assert found is not None and found.holds
    for fact in (
        reading(Exact(30.0), code="loinc:8867-4"), reading(Exact(30.0), "kg"), reading(Level("LOW")),
        reading(Exact(30.0), status=Status.ENTERED_IN_ERROR),
    ):  # fmt: skip
        assert judge_reading(low, fact, "p") is None


def test_a_rule_on_the_high_side_mirrors_one_on_the_low_side() -> None:
    high = rule(kind="reading", side="above", limit=250.0, margin=20.0)
    told = [judge_reading(high, reading(Exact(n)), "p") for n in (251.0, 250.0, 230.1, 230.0)]
    assert [(f.holds, f.over) for f in told if f] == [(True, False), (False, False), (False, False), (False, True)]
    stuck = judge_reading(high, reading(Above(400.0)), "p")
    assert stuck is not None and stuck.holds and stuck.evidence["value"] == 400.0 != inf
