"""How a table's lines become a score, and how a slip in one is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gemel.core.errors import SupportError
from gemel.domains.health.scores import evaluate
from gemel.domains.health.scores.reading import read_score

ENTRY: dict[str, Any] = {
    "title": "A score",
    "organ": "heart",
    "outcome": "an event",
    "sources": ["doi:10.0/x | table 1"],
    "inputs": "age a 40..79 | age today\nsex\nsmoker?\ntc = total_cholesterol mg/dL\nkind <one two>",
    "steps": "points = at_least(age, 0, 65, 2) + kind.two\nband = points >= 2",
    "answers": "points {score} points 10\nband 1 class <low high> | group",
    "domain": "not smoker | for those who do not smoke\n@band age < 70 | bands end at 70",
}


def test_inputs_take_what_they_do_not_say_from_the_covariate() -> None:
    age, sex, smoker, tc, kind = read_score("s", ENTRY).inputs
    assert (age.unit, age.low, age.high, age.about, age.required) == ("a", 40, 79, "age today", True)
    assert (sex.kind, sex.choices) == ("choice", ("female", "male"))
    assert (smoker.kind, smoker.required) == ("flag", False)
    assert (tc.covariate, tc.unit, tc.codes) == ("total_cholesterol", "mg/dL", ("loinc:2093-3",))
    assert (kind.covariate, kind.choices) == ("", ("one", "two"))


def test_answers_carry_unit_scale_horizon_and_labels() -> None:
    points, band = read_score("s", ENTRY).answers
    assert (points.unit, points.scale, points.horizon_years, points.outcome) == ("{score}", "points", 10, "an event")
    assert (band.labels, band.outcome) == (("low", "high"), "group")


def test_a_rule_of_one_answer_leaves_the_others_in_the_domain() -> None:
    score = read_score("s", ENTRY)
    rows = {"age": np.array([50.0, 75.0]), "sex": np.array(["male", "male"]), "smoker": np.zeros(2)}
    result = evaluate(score, {**rows, "tc": np.array([200.0, 200.0]), "kind": np.array([0, 1])})
    assert result.in_domain.tolist() == [True, True]
    assert result.valid("band").tolist() == [True, False] and result.valid("points").tolist() == [True, True]
    assert result.why(1, "band") == "bands end at 70" and result.why(1) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": "points = nonsense"}, "no column 'nonsense'"),
        ({"steps": "points: 1"}, "not 'name = expression'"),
        ({"answers": "lost {score} points"}, "answer 'lost' is no step"),
        ({"answers": "points {score} furlongs"}, "scale is one of"),
        ({"inputs": "age a 79..40"}, "proper name, range"),
        ({"inputs": "x = nobody mg/dL"}, "no covariate 'nobody'"),
        ({"inputs": "x furlong/fortnight"}, "furlong"),
        ({"domain": "age > 1"}, "needs words"),
        ({"linear": {"lp": {"by": ["sex"], "terms": ["age"], "rows": {"male": [1, 2]}}}}, "1 terms and 0 constants"),
        ({"linear": {"lp": {"by": ["sex"], "terms": ["age"], "rows": {"both": [1]}}}}, "both"),
    ],
)
def test_a_slip_is_named_with_the_entry(change: dict[str, Any], words: str) -> None:
    with pytest.raises(SupportError, match=words) as raised:
        read_score("slip", {**ENTRY, **change})
    assert "slip" in str(raised.value)


def test_a_stratum_without_coefficients_has_no_value() -> None:
    linear = {"lp": {"by": ["sex"], "terms": ["age"], "constants": ["c"], "rows": {"male": [2, 5]}}}
    entry = {
        **ENTRY,
        "inputs": "age\nsex",
        "linear": linear,
        "steps": "y = lp + c",
        "answers": "y 1 value",
        "domain": "",
    }
    result = evaluate(read_score("s", entry), {"age": np.array([3.0, 3.0]), "sex": np.array(["male", "female"])})
    assert result.values["y"][0] == 11 and result.refused.tolist() == [False, True]
