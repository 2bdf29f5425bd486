"""Absolute risk among competing causes, against its closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gemel.domains.health.scores.hazards import Hazards, absolute_risk

FLAT = Hazards(
    "risk", "group", 20, 50, np.full((1, 70), 0.01), np.full((1, 70), 0.02), np.ones((1, 70)), "rr", "late", "start",
    "end",
)  # fmt: skip


def columns(start: float, end: float, rr: float = 1.0, late: float | None = None) -> dict[str, np.ndarray]:
    given = {"group": 0.0, "start": start, "end": end, "rr": rr, "late": rr if late is None else late}
    return {name: np.array([value]) for name, value in given.items()}


@pytest.mark.parametrize(("start", "end", "rr"), [(30, 40, 1.0), (30.5, 31.25, 2.0), (49.2, 89.9, 3.0)])
def test_constant_hazards_give_the_closed_form(start: float, end: float, rr: float) -> None:
    cause, other = 0.01 * rr, 0.02
    expected = cause / (cause + other) * (1 - np.exp(-(cause + other) * (end - start)))
    assert absolute_risk(FLAT, columns(start, end, rr))[0] == pytest.approx(expected, rel=1e-12)


def test_two_spans_add_up_with_survival_between() -> None:
    first, second = absolute_risk(FLAT, columns(30, 40))[0], absolute_risk(FLAT, columns(40, 50))[0]
    survived = np.exp(-0.03 * 10)
    assert absolute_risk(FLAT, columns(30, 50))[0] == pytest.approx(first + survived * second, rel=1e-12)


def test_the_late_relative_risk_counts_from_the_turn() -> None:
    assert absolute_risk(FLAT, columns(40, 50, 1.0, 9.0))[0] == absolute_risk(FLAT, columns(40, 50))[0]
    assert absolute_risk(FLAT, columns(50, 60, 9.0, 1.0))[0] == absolute_risk(FLAT, columns(50, 60))[0]


def test_death_from_other_causes_lowers_the_risk() -> None:
    deadly = replace(FLAT, mortality=np.full((1, 70), 0.2))
    assert absolute_risk(deadly, columns(30, 60))[0] < absolute_risk(FLAT, columns(30, 60))[0]


def test_a_missing_age_gives_no_risk() -> None:
    assert np.isnan(absolute_risk(FLAT, columns(np.nan, 40))[0])
