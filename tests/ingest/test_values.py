"""The quick look at a number's limits says what the thorough one says."""

from __future__ import annotations

from math import nextafter

import pytest

from gemel.core.fact import Exact
from gemel.ingest.values import Limits, check, span

GLUCOSE = Limits("mg/dL", 10.0, 1000.0, "glucose")
WARM = Limits("Cel", 10.0, 47.0)


@pytest.mark.parametrize(
    ("limits", "unit"), [(GLUCOSE, "mg/dL"), (GLUCOSE, "mmol/L"), (WARM, "Cel"), (WARM, "[degF]"), (WARM, "K")]
)
def test_a_number_within_the_span_is_one_that_the_check_lets_pass(limits: Limits, unit: str) -> None:
    found = span(unit, limits)
    assert found is not None
    edges = [(end - found.shift) / found.scale for end in (limits.low, limits.high)]
    near = [x for edge in edges for x in (nextafter(edge, -1e9), edge, nextafter(edge, 1e9), edge - 1.0, edge + 1.0)]
    inside = [found.low <= x * found.scale + found.shift <= found.high for x in near]
    assert inside == [check(Exact(x), unit, limits, "it") is None for x in near] and True in inside and False in inside


def test_a_unit_that_does_not_convert_has_no_span() -> None:
    assert span("mmol/L", Limits("mg/dL", 0.0, 1.0)) is None and check(Exact(0.5), "mmol/L", WARM, "it") is not None
