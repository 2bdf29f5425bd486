"""One made-up person with everything measured, and the map of the same person with gaps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gemel.core.fact import Exact, Instant, Observation, Status
from gemel.domains.health.healthmap import HealthMap, health_map
from gemel.domains.health.healthmap.example import NOW, person

Make = Callable[..., Observation]


@pytest.fixture(scope="session")
def observation() -> Make:
    """An observation of a code, by default now, final and its own record."""

    def make(
        code: str, value: float, unit: str, at: Instant = NOW, status: Status = Status.FINAL, name: str = ""
    ) -> Observation:
        return Observation(
            id=name or f"Observation/{code}@{at}", code=code, value=Exact(value), unit=unit, at=at, recorded=at,
            status=status,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def gaps() -> HealthMap:
    """A man of 55 without laboratory values."""
    return health_map(person(15, lambda name: name in ("sbp", "dbp", "bmi", "smoker", "diabetes")), region="us")
