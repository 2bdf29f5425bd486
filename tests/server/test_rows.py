from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.errors import GemelError
from gemel.core.fact import Intervention, Observation
from gemel.server.rows import EARLIEST, LATEST, Row, exactly, fact_of, instant_of

INSTANTS = st.integers(EARLIEST, LATEST)


@given(INSTANTS)
def test_an_instant_written_out_is_read_as_the_same(at):
    assert instant_of(exactly(at)) == at


@given(INSTANTS, st.floats(allow_nan=False, allow_infinity=False), INSTANTS)
def test_a_reading_becomes_the_fact_it_says(at, value, came):
    fact = fact_of(Row(code="c", at=at, value=value, unit="mg/dL"), came)
    assert isinstance(fact, Observation)
    assert (fact.at, fact.recorded, fact.value.value, fact.unit) == (at, came, value, "mg/dL")


def test_the_same_reading_has_the_same_id_and_another_of_its_instant_amends_it():
    one, again, other = (fact_of(Row(code="c", at=5, value=v), came) for v, came in ((1, 7), (1, 7), (2, 9)))
    assert one == again and one.id == other.id
    assert fact_of(Row(code="c", at=5, value=1, entity="bed 2"), 7).id != one.id
    assert fact_of(Row(code="c", at=5, value=1, source="pump"), 7).id != one.id


def test_what_was_given_is_an_intervention_with_its_end():
    fact = fact_of(Row(code="i", at=0, rate=0.9, until="1970-01-01T01:00:00Z", unit="[IU]/h"), 1)
    assert isinstance(fact, Intervention) and (fact.rate, fact.until) == (0.9, 3_600_000_000)


@pytest.mark.parametrize(
    "row",
    [
        Row(code="c", at=0, value=float("nan")), Row(code="c", at=0, value=float("inf")),
        Row(code="c", at=0, dose=float("nan")), Row(code="c", at=0), Row(code="c", at=0, dose=1.0, rate=1.0),
        Row(code="c", at=0, dose=1.0, value=1.0), Row(code="", at=0, value=1.0),
        Row(code="c", at=LATEST + 1, value=1.0), Row(code="c", at=0, value=1.0, recorded=EARLIEST - 1),
        Row(code="c", at="yesterday", value=1.0), Row(code="c", at="2026-01-01T00:00:00", value=1.0),
    ],
)  # fmt: skip
def test_what_is_no_fact_is_refused_with_a_reason(row):
    with pytest.raises(GemelError):
        fact_of(row, 0)
