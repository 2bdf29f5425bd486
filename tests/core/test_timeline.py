"""Which records of a subject hold, and what was known when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.clock import HOUR
from gemel.core.fact import (
    Above,
    Below,
    Between,
    Count,
    Exact,
    Intervention,
    Level,
    Observation,
    Status,
    bounds,
)
from gemel.core.subject import Subject
from gemel.core.timeline import Timeline, facts_hash

SUBJECT = Subject(id="s")


def seen(
    id: str, at: int, value: float = 1.0, recorded: int | None = None, status: Status = Status.FINAL
) -> Observation:
    known = at if recorded is None else recorded
    return Observation(id=id, code="x", value=Exact(value), unit="1", at=at, recorded=known, status=status)


def line(*facts: Any) -> Timeline:
    return Timeline(SUBJECT, facts)


def test_facts_come_in_the_order_they_happened() -> None:
    assert [f.id for f in line(seen("b", 2), seen("a", 2), seen("c", 1))] == ["c", "a", "b"]


def test_a_later_record_of_the_same_id_replaces_the_earlier_in_any_order() -> None:
    old, new = seen("a", 1, 5.0, recorded=1), seen("a", 2, 6.0, recorded=9, status=Status.AMENDED)
    for facts in ((old, new), (new, old)):
        held = list(line(*facts))
        assert held == [new] and len(line(*facts)) == 1


def test_of_two_records_made_at_once_the_one_added_last_holds() -> None:
    one, two = seen("a", 1, 5.0), seen("a", 1, 6.0)
    assert list(line(one, two)) == [two]


def test_withdrawn_and_ordered_facts_do_not_hold_but_are_kept() -> None:
    wrong = seen("a", 1, recorded=5, status=Status.ENTERED_IN_ERROR)
    order = seen("b", 1, status=Status.ORDERED)
    preliminary = seen("c", 1, status=Status.PRELIMINARY)
    facts = line(seen("a", 1), wrong, order, preliminary)
    assert [f.id for f in facts] == ["c"] and len(facts.facts) == 4


def test_what_was_known_then_is_not_what_is_known_now() -> None:
    facts = line(seen("a", 1, 5.0, recorded=2), seen("a", 1, 6.0, recorded=8), seen("late", 1, recorded=9))
    assert list(facts.as_of(1)) == []
    assert [f.value for f in facts.as_of(5).observations()] == [Exact(5.0)]
    assert [f.value for f in facts.as_of(8).observations()] == [Exact(6.0)]
    assert {f.id for f in facts.as_of(9)} == {"a", "late"}


def test_a_withdrawal_does_not_reach_into_what_was_known_before_it() -> None:
    facts = line(seen("a", 1, recorded=1), seen("a", 1, recorded=7, status=Status.ENTERED_IN_ERROR))
    assert len(facts.as_of(6)) == 1 and len(facts.as_of(7)) == 0


@given(st.lists(st.integers(0, 20)), st.integers(0, 20), st.integers(0, 20))
def test_between_is_open_on_the_left_and_closed_on_the_right(times: list[int], start: int, end: int) -> None:
    facts = line(*(seen(str(n), at) for n, at in enumerate(times)))
    assert [f.at for f in facts.between(start, end)] == sorted(t for t in times if start < t <= end)


def test_observations_and_interventions_are_told_apart() -> None:
    act = Intervention(id="i", code="d", at=3, recorded=3, unit="mg", dose=1.0)
    facts = line(seen("a", 1)).add([act])
    assert facts.interventions() == (act,) and [f.id for f in facts.observations()] == ["a"]


@given(st.permutations([seen("a", 1), seen("b", 2), seen("b", 3, recorded=9), seen("c", 2)]))
def test_the_hash_of_the_facts_that_hold_does_not_depend_on_their_arrival(facts: list[Observation]) -> None:
    expected = facts_hash(line(seen("a", 1), seen("c", 2), seen("b", 3, recorded=9)))
    assert facts_hash(line(*facts)) == expected
    assert facts_hash([]) != expected != facts_hash([seen("a", 1)])


def test_facts_survive_the_wire() -> None:
    act = Intervention(id="i", code="d", at=3, recorded=4, unit="mg/h", rate=1.0, until=HOUR)
    values = (Exact(1.0), Below(2.0), Above(3.0), Between(1.0, 2.0), Level("II"), Count(3))
    facts: list[Any] = [act, *(msgspec.structs.replace(seen("o", 1), value=v) for v in values)]
    decode = msgspec.json.Decoder(list[Observation | Intervention]).decode
    assert decode(msgspec.json.encode(facts)) == facts


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(Exact(2), 2.0, 2.0), (Count(3), 3.0, 3.0), (Below(1), -float("inf"), 1.0), (Above(1), 1.0, float("inf")),
     (Between(1, 2), 1.0, 2.0)],
)  # fmt: skip
def test_a_value_says_an_interval(value: Any, low: float, high: float) -> None:
    assert bounds(value) == (low, high)


def test_a_category_says_no_interval() -> None:
    assert all(v != v for v in bounds(Level("yes")))


@pytest.mark.parametrize("more", [{}, {"dose": 1.0, "rate": 2.0}])
def test_an_intervention_is_a_dose_or_a_rate(more: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="either a dose or a rate"):
        Intervention(id="i", code="d", at=3, recorded=4, unit="mg", **more)
