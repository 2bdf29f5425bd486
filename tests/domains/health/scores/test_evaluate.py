"""Evaluation over rows: what is read, what is refused, what is only marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gemel.core.errors import ShapeError, SupportError
from gemel.domains.health.scores import catalogue, evaluate, evaluate_covariates, find

GOFF = {
    "age": 55.0, "total_cholesterol": 213.0, "hdl_cholesterol": 50.0, "sbp": 120.0, "bp_treated": 0.0, "smoker": 0.0,
    "diabetes": 0.0,
}  # fmt: skip


def columns(rows: int, **changed: Any) -> dict[str, Any]:
    return {name: np.full(rows, value) for name, value in GOFF.items()} | changed


def pce(rows: int = 1, **changed: Any) -> Any:
    given = {"sex": np.array(["male"] * rows), "race": np.array(["white"] * rows)} | changed
    return evaluate(find("pce2013"), columns(rows, **given))


def test_the_worked_example_of_the_pooled_cohort_paper() -> None:
    """Goff 2014, worked example: 2.1 % white and 3.0 % black women; white men 5.3 % there, 5.4 % with all digits."""
    sexes, races = np.array(["female", "female", "male", "male"]), np.array(["white", "black", "white", "black"])
    risks = pce(4, sex=sexes, race=races).values["risk_10y"]
    assert np.round(100 * risks, 1).tolist() == [2.1, 3.0, 5.4, 6.1]


def test_words_and_numbers_are_read_alike() -> None:
    as_words = {name: np.array([str(value)], dtype=object) for name, value in GOFF.items()}
    flags = {"smoker": np.array(["No"], dtype=object), "diabetes": np.array(["FALSE"], dtype=object)}
    given = as_words | flags | {"sex": np.array([" Male "]), "race": np.array(["WHITE"])}
    assert evaluate(find("pce2013"), given).values["risk_10y"][0] == pce().values["risk_10y"][0]


@pytest.mark.parametrize("blank", ["", "NA", "nan", None])
def test_a_blank_required_input_refuses_its_row_only(blank: Any) -> None:
    result = pce(2, sbp=np.array(["120", blank], dtype=object))
    assert result.refused.tolist() == [False, True]
    assert np.isnan(result.values["risk_10y"][1]) and result.reasons == ("", "missing: sbp")


def test_what_cannot_be_read_is_refused_with_what_would_do() -> None:
    result = pce(2, smoker=np.array(["maybe", "1"], dtype=object), race=np.array(["white", "martian"]))
    assert result.refused.all()
    assert "smoker cannot be read" in result.reasons[0] and "white, black" in result.reasons[1]
    assert pce(sbp=np.array([np.inf])).refused[0] and pce(smoker=np.array([0.5])).refused[0]


def test_outside_the_published_range_the_value_is_given_and_marked() -> None:
    result = pce(2, age=np.array([39.0, 40.0]))
    assert np.isfinite(result.values["risk_10y"]).all()
    assert result.in_domain.tolist() == [False, True]
    assert result.reasons[0] == "age outside 40 to 79 a"


def test_a_disease_the_score_was_not_made_for_is_outside_and_an_unknown_one_is_not() -> None:
    result = pce(3, cvd=np.array([1.0, 0.0, np.nan]))
    assert result.in_domain.tolist() == [False, True, True]


def test_the_published_missing_term_stands_for_a_missing_optional_input() -> None:
    given = columns(2, sex=np.array(["male"] * 2), statin=np.zeros(2), egfr=np.full(2, 90.0))
    given["model"] = np.array(["uacr", "uacr"])
    result = evaluate(find("prevent_cvd"), given | {"uacr": np.array([np.nan, 10.0])})
    risks = result.values["risk_10y"]
    assert not result.refused.any() and risks[0] != risks[1]


def test_without_a_model_prevent_takes_the_one_its_inputs_allow() -> None:
    given = columns(4, sex=np.array(["female"] * 4), statin=np.zeros(4), egfr=np.full(4, 90.0))
    inputs = {"uacr": np.array([np.nan, 9, np.nan, 9]), "hba1c": np.array([np.nan, np.nan, 6, 6])}
    left = evaluate(find("prevent_cvd"), given | inputs).values["risk_30y"]
    named = {"model": np.array(["base", "uacr", "hba1c", "full"])}
    right = evaluate(find("prevent_cvd"), given | inputs | named).values["risk_30y"]
    assert np.array_equal(left, right) and len(set(left.tolist())) == 4


def test_an_equation_without_a_finite_value_refuses() -> None:
    zero = {"age": np.array([50.0]), "ast": np.array([30.0]), "alt": np.array([30.0]), "platelets": np.array([0.0])}
    result = evaluate(find("fib4"), zero)
    assert result.refused[0] and "has no value" in result.reasons[0]


def test_canonical_covariates_give_the_same_as_the_scores_own_units() -> None:
    own = pce(total_cholesterol=np.array([193.35]), hdl_cholesterol=np.array([38.67]))
    shared = {n: np.array([v]) for n, v in GOFF.items()} | {"sex": np.array(["male"]), "race": np.array(["white"])}
    shared |= {"total_cholesterol": np.array([5.0]), "hdl_cholesterol": np.array([1.0])}
    result = evaluate_covariates(find("pce2013"), shared)
    assert result.values["risk_10y"][0] == pytest.approx(own.values["risk_10y"][0], rel=1e-4)


def test_rows_do_not_influence_one_another() -> None:
    ages = np.array([45.0, 61.0, 78.0])
    together = pce(3, age=ages).values["risk_10y"]
    assert together.tolist() == [pce(age=np.array([a])).values["risk_10y"][0] for a in ages]


def test_columns_of_unequal_length_are_an_error() -> None:
    with pytest.raises(ShapeError, match="unequal length"):
        pce(2, sbp=np.array([120.0]))


def test_what_is_not_shipped_is_not_evaluated_and_says_why() -> None:
    with pytest.raises(SupportError, match=r"qrisk3.*not shipped.*disclaimer"):
        evaluate(find("qrisk3"), {"age": np.array([50.0])})


def test_no_rows_give_no_answers() -> None:
    for score in list(catalogue().values())[:5]:
        if score.steps:
            empty = {i.name: np.empty(0) for i in score.inputs}
            assert all(len(v) == 0 for v in evaluate(score, empty).values.values())
