"""Weights, resampling and what a belief says when nothing is left of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.belief import Belief, systematic
from gemel.core.errors import CollapseError


def belief(logw: list[float]) -> Belief:
    n = len(logw)
    state = {"a": np.arange(n), "b": np.arange(2.0 * n).reshape(n, 2)}
    return Belief(np.arange(float(n))[:, None], np.zeros((n, 0)), state, np.array(logw), 0, np.zeros((n, 1)))


def test_weights_are_those_of_each_twin_and_survive_large_logs() -> None:
    b = belief([1000.0, 1000.0 + np.log(3.0), -1000.0, -np.inf])
    np.testing.assert_allclose(b.weights(2), [[0.25, 0.75], [1.0, 0.0]], rtol=1e-12)
    np.testing.assert_allclose(b.ess(2), [1.6, 1.0], rtol=1e-12)
    assert b.rows == 4


def test_a_twin_without_a_living_member_collapses() -> None:
    with pytest.raises(CollapseError, match="every member has failed"):
        belief([0.0, 0.0, -np.inf, -np.inf]).weights(2)


def test_taking_members_takes_all_of_them() -> None:
    taken = belief([0.0, -1.0, -2.0]).take(np.array([2, 2, 0]))
    assert taken.theta[:, 0].tolist() == [2.0, 2.0, 0.0]
    assert taken.state["a"].tolist() == [2, 2, 0] and taken.state["b"][0].tolist() == [4.0, 5.0]
    assert taken.logw.tolist() == [0.0, 0.0, 0.0]
    assert belief([0.0, -1.0]).member(1).theta.tolist() == [[1.0]]


@given(
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30).filter(lambda w: sum(w) > 0.1),
    st.floats(1e-6, 1 - 1e-6),
)
def test_systematic_resampling_copies_each_member_as_often_as_its_weight_to_within_one(
    weights: list[float], offset: float
) -> None:
    w = np.array(weights) / sum(weights)
    copies = np.bincount(systematic(w, offset), minlength=w.size)
    assert copies.sum() == w.size
    assert np.all(np.abs(copies - w.size * w) < 1.0 + 1e-9)  # round-off of the running sum


def test_equal_weights_are_left_as_they_are() -> None:
    for n in (2, 3, 7, 100, 1024):
        assert systematic(np.full(n, 1.0 / n), 0.5).tolist() == list(range(n))
