"""Laws of `compare`: plans meet the same luck, so a difference between them is theirs and nothing else's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gemel import compare, forecast
from gemel.core.derived import Derived
from gemel.core.errors import CardError
from gemel.core.plan import Action, Schedule
from tests.laws.cases import BY_NAME, CASES, Case, at
from tests.laws.conformance import MADE

causal = [c for c in CASES if c.model.card.causal == "mechanistic" and c.model.observables]


def last_value(name: str) -> Derived:
    return Derived("last", "1", lambda path: np.asarray(path[name])[:, -1], "the last value", MADE)


@pytest.mark.parametrize("case", causal, ids=[c.name for c in causal])
def test_identical_plans_tie_exactly_and_nobody_wins(case: Case) -> None:
    first = case.plan(1, 4.0, "one")
    second = Schedule("two", first.actions)
    result = compare(case.twin(), [first, second], at(4), last_value(case.model.observables[0].name))
    assert result.winner is None and result.best == (0.5, 0.5) and result.expected[0] == result.expected[1]
    assert all(d.mean == d.low == d.high == 0.0 and d.probability == 0.5 for d in result.differences)
    assert result.verdict.startswith("No clear winner")


def test_a_dose_that_helps_every_member_wins_by_its_own_effect() -> None:
    """A dose of 1 two hours before the end leaves exp(-2 RATE) in every member, whatever its luck."""
    plans = [Schedule("wait"), Schedule("push", (Action(at(2), "push", dose=1.0),))]
    result = compare(BY_NAME["linear"].twin(), plans, at(4), last_value("y"))
    assert result.winner == "push"
    gap = next(d for d in result.differences if d.plan == "push")
    assert gap.mean == pytest.approx(np.exp(-0.6), rel=1e-5)  # RK4 at 1/8 h errs by 1e-7
    assert gap.high - gap.low < 1e-12


def test_pairing_beats_two_samples() -> None:
    """The spread of the paired difference is far below that of two runs with luck of their own."""
    case = BY_NAME["ward"]
    calm, busy = Schedule("calm"), Schedule("busy", (Action(at(0), "referrals", rate=1.0),))
    paired = compare(case.twin(256), [calm, busy], at(12), last_value("census")).utilities
    other = forecast(case.twin(256, seed=77), at(12), busy).paths[:, -1, 0]
    assert np.std(paired[1] - paired[0]) < 0.8 * np.std(other - paired[0])


def test_an_associational_model_is_not_asked_what_a_plan_would_cause() -> None:
    case: Any = BY_NAME["history"]
    with pytest.raises(CardError, match="associational"):
        compare(case.twin(), [Schedule("a"), Schedule("b")], at(1), last_value("glucose"))
