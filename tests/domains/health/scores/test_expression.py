"""The little language of score tables: what it means, what it refuses, and what becomes of missing values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.errors import SupportError
from gemel.domains.health.scores.expression import compile_expression, names_in

X = {"x": np.array([1.0, 65.0, 75.0, np.nan]), "sex": np.array([0.0, 1.0, np.nan, 1.0])}
VOCABULARY = {"x": (), "sex": ("female", "male")}


def value(text: str) -> list[float]:
    with np.errstate(all="ignore"):
        return np.broadcast_to(compile_expression(text, VOCABULARY)(X), 4).tolist()


@given(st.floats(-50, 50), st.floats(0.1, 50), st.integers(-3, 3))
def test_arithmetic_agrees_with_python(a: float, b: float, n: int) -> None:
    columns = {"a": np.array([a]), "b": np.array([b])}
    text = f"-(a + b) * 2 - a / b + b ** {n}"
    assert compile_expression(text, {"a": (), "b": ()})(columns)[0] == pytest.approx(-(a + b) * 2 - a / b + b**n)


def test_steps_take_the_points_of_the_cut_that_is_reached() -> None:
    assert value("at_least(x, 0, 65, 1, 75, 2)")[:3] == [0, 1, 2]
    assert value("above(x, 0, 65, 1, 75, 2)")[:3] == [0, 0, 1]


def test_missing_stays_missing_in_arithmetic_and_makes_comparisons_false() -> None:
    assert np.isnan(value("at_least(x, 0, 65, 1)")[3]) and np.isnan(value("x + 1")[3])
    assert value("x > 0") == [1, 1, 1, 0]
    assert value("x != 1") == [0, 1, 1, 0]
    assert value("not (x > 70)") == [1, 1, 0, 1]
    assert value("default(x, 7)")[3] == 7
    assert value("given(x)") == [1, 1, 1, 0]


def test_a_choice_is_asked_by_name_and_picked_by_name() -> None:
    assert value("sex.female") == [1, 0, 0, 0]
    picked = value("pick(sex, female=10, male=20)")
    assert picked[:2] == [10, 20] and np.isnan(picked[2])


def test_chained_comparisons_and_logic_read_as_in_python() -> None:
    assert value("1 < x <= 65") == [0, 1, 0, 0]
    assert value("x == 1 or x == 75") == [1, 0, 1, 0]
    assert value("where(x >= 65 and sex.male, 5, 6)") == [6, 5, 6, 6]


def test_half_up_rounds_as_people_do() -> None:
    columns = {"x": np.array([0.5, 1.5, 2.5, -0.5])}
    assert compile_expression("half_up(x, 0)", {"x": ()})(columns).tolist() == [1, 2, 3, 0]


def test_recalibration_with_intercept_zero_and_slope_one_changes_nothing() -> None:
    risk = {"risk": np.linspace(0.01, 0.9, 9)}
    same = compile_expression("recalibrated(risk, 0, 1)", {"risk": ()})(risk)
    assert np.allclose(same, risk["risk"], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y + 1", "no column 'y'"),
        ("open(x)", "no function 'open'"),
        ("x.real", "never 'real'"),
        ("__import__('os')", "no function"),
        ("[x]", "List is not allowed"),
        ("x if x else 1", "IfExp is not allowed"),
        ("x +", "cannot be read"),
        ("sex.other", "never 'other'"),
        ("pick(sex, female=1)", "names each of"),
        ("x is x", "compare with"),
        ("True", "Constant is not allowed"),
    ],
)
def test_what_is_not_arithmetic_over_known_columns_is_refused_when_read(text: str, words: str) -> None:
    with pytest.raises(SupportError, match=words.replace("(", r"\(")):
        compile_expression(text, VOCABULARY)


@pytest.mark.parametrize("text", ["at_least(x, 0, 65)", "at_least(x, 0, 75, 1, 65, 2)"])
def test_steps_that_are_not_steps_are_refused(text: str) -> None:
    with pytest.raises(SupportError, match=r"cut|rise"):
        value(text)


def test_names_are_those_of_columns_not_of_functions() -> None:
    assert names_in("ln(x) + pick(sex, female=a, male=2) + sex.male") == {"x", "sex", "a"}
