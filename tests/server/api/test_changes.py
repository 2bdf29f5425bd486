"""What has changed: this time beside as long a time before."""

from __future__ import annotations

import asyncio
from typing import Any

from gemel.core.clock import HOUR, MINUTE
from gemel.core.fact import Below, Exact, Fact, Intervention, Observation
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.server.api.changes import changes_of

NOW = 1_780_000_000_000_000
CALLER = Caller(id="test")
SENSOR = "loinc:99504-3"


def reading(hours_ago: float, value: float) -> Observation:
    at = NOW - round(hours_ago * HOUR)
    return Observation(id=f"r{at}", code=SENSOR, value=Exact(value), unit="mg/dL", at=at, recorded=at)


def test_readings_are_averaged_on_either_side_of_the_same_hour_yesterday() -> None:
    facts: list[Fact] = [reading(40, 200.0), reading(30, 100.0), reading(20, 90.0), reading(1, 110.0)]
    (row,) = changes_of(Subject(id="p"), facts, NOW, 24.0).read
    assert (row.n, row.mean, row.low, row.high) == (2, 100.0, 90.0, 110.0)
    assert (row.n_before, row.mean_before) == (2, 150.0)
    assert row.value == 110.0 and row.age_minutes == HOUR / MINUTE


def test_what_is_older_or_still_ahead_is_left_out() -> None:
    assert changes_of(Subject(id="p"), [reading(49, 100.0), reading(-1, 100.0)], NOW, 24.0).read == []


def test_doses_are_summed_and_readings_without_a_number_only_counted() -> None:
    doses = [
        Intervention(id=f"d{h}", code="gemel:carbohydrate", at=NOW - h * HOUR, recorded=NOW, unit="g", dose=20.0)
        for h in (30, 5, 2)
    ]
    low = Observation(id="low", code=SENSOR, value=Below(40.0), unit="mg/dL", at=NOW - HOUR, recorded=NOW)
    told = changes_of(Subject(id="p"), [*doses, low], NOW, 24.0)
    (given,), (read,) = told.given, told.read
    assert (given.n, given.total, given.n_before, given.total_before) == (2, 40.0, 1, 20.0)
    assert (read.n, read.value, read.mean) == (1, None, None)


def test_the_route_knows_the_titles_of_codes(serving: Any) -> None:
    async def story() -> None:
        async with serving() as served:
            at = served.service.site.now() - MINUTE
            fact = Observation(id="x", code=SENSOR, value=Exact(100.0), unit="mg/dL", at=at, recorded=at)
            await served.service.inbox.put([Write(subject="p", enrol=Subject(id="p"), facts=(fact,))], CALLER)
            told = (await served.client.get("/api/subjects/p/changes?hours=2")).json()
            assert told["read"][0]["title"] == "glucose (sensor)"

    asyncio.run(story())
