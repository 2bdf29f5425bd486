"""Facts hold plain numbers, whatever they were made of."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from gemel.core.fact import Above, Below, Between, Count, Exact, Fact, Intervention, Observation, Value
from gemel.core.timeline import facts_hash


def reading(value: Value, at: int = 1) -> Observation:
    return Observation(id="a", code="test:x", value=value, unit="mg", at=at, recorded=at, sd=2)


def given(dose: float | None = None, rate: float | None = None) -> Intervention:
    return Intervention(id="a", code="test:x", unit="mg", at=1, recorded=1, until=np.int64(9), dose=dose, rate=rate)


def pairs() -> list[tuple[Fact, Fact]]:
    """The same fact in Python's floats, and in whole or numpy numbers."""
    one = np.float64(5.0)
    values = [
        (Exact(5.0), Exact(5)),
        (Exact(5.0), Exact(one)),
        (Below(5.0), Below(5)),
        (Above(5.0), Above(one)),
        (Between(4.0, 5.0), Between(4, one)),
        (Count(5), Count(np.int64(5))),
    ]
    facts: list[tuple[Fact, Fact]] = [(reading(a), reading(b, np.int64(1))) for a, b in values]
    return [*facts, (given(dose=5.0), given(dose=5)), (given(rate=5.0), given(rate=one))]


@pytest.mark.parametrize(("plain", "other"), pairs(), ids=str)
def test_a_number_of_any_kind_makes_the_same_fact_with_the_same_hash(plain: Fact, other: Fact) -> None:
    assert other == plain and facts_hash([other]) == facts_hash([plain])
    for encode, decode in (
        (msgspec.json.encode, msgspec.json.decode),
        (msgspec.msgpack.encode, msgspec.msgpack.decode),
    ):
        assert encode(other) == encode(plain)
        assert decode(encode(other), type=Observation | Intervention) == plain


def test_text_is_no_number() -> None:
    with pytest.raises(ValueError, match="LOW"):
        Exact("LOW")
