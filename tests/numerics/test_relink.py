"""Copies of functions see other globals, and the fingerprint changes with anything they use."""

import math

import pytest

from gemel.core.errors import CapabilityError
from gemel.numerics.relink import fingerprint, relink

RATE = 2.0


def helper(x: float) -> float:
    return math.sqrt(x) * RATE


def rule(x: float) -> float:
    return helper(x) + 1.0


def again(x: float) -> float:
    return again(x - 1.0)


def made(factor: float, inner=helper):
    def scaled(x: float) -> float:
        return factor * inner(x)

    return scaled


def same(copy):
    return copy


def test_a_copy_sees_what_it_is_given_and_the_original_does_not() -> None:
    assert relink(rule, same)(4.0) == rule(4.0) == 5.0
    assert relink(rule, same, {"helper": lambda x: -x})(4.0) == -3.0
    assert rule(4.0) == 5.0


def test_every_helper_is_finished_once() -> None:
    finished = []
    relink(made(3.0), lambda copy: finished.append(copy.__name__) or copy)
    assert sorted(finished) == ["helper", "scaled"]


def test_a_recursion_is_refused_by_name() -> None:
    with pytest.raises(CapabilityError, match="'again' calls itself"):
        relink(again, same)


def test_the_fingerprint_changes_with_a_constant_a_helper_and_a_closure(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(rule)
    assert fingerprint(rule) == before
    assert len({fingerprint(made(1.0)), fingerprint(made(2.0)), before}) == 3
    monkeypatch.setitem(globals(), "RATE", 3.0)
    assert fingerprint(rule) != before
    monkeypatch.setitem(globals(), "RATE", 2.0)
    assert fingerprint(rule) == before
    monkeypatch.setitem(globals(), "helper", lambda x: math.sqrt(x) * RATE + 0.0)
    assert fingerprint(rule) != before
