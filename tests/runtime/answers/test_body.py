"""A body map says what is known of each region, and never more."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gemel.core.clock import HOUR, MINUTE
from gemel.core.fact import Exact, Observation
from gemel.core.subject import Subject
from gemel.domains.health.healthmap import health_map
from gemel.domains.health.healthmap.example import NOW, person
from gemel.runtime.answers.body import Found, Seen, body, live_row
from gemel.runtime.answers.body_shapes import BodyAlert, LiveRow

SENSOR = "loinc:99504-3"
SEEN = Seen("p.m", "m", "silent", "", "glucose", SENSOR, "glucose (sensor)")


def readings(count: int, last: int, step: int = 5 * MINUTE) -> list[Observation]:
    times = [last - step * k for k in reversed(range(count))]
    return [
        Observation(id=f"g{t}", code=SENSOR, value=Exact(100.0), unit="mg/dL", at=t, recorded=t) for t in times
    ]  # fmt: skip


def alert(severity: str) -> tuple[str, BodyAlert]:
    told = {"id": "a", "title": "Low", "state": "raised", "reason": "53 mg/dL", "raised": "", "twin": ""}
    return SENSOR, BodyAlert(severity=severity, **told)


@pytest.mark.parametrize(("age", "old"), [(9 * MINUTE, False), (11 * MINUTE, True)])
def test_a_reading_is_old_after_twice_the_usual_step(age: int, old: bool) -> None:
    row = live_row(SEEN, readings(20, NOW - age), NOW, "UTC")
    assert row.step_minutes == 5.0 and row.old is old and row.value == 100.0


def test_what_lies_ahead_of_now_or_was_never_read_is_not_the_newest() -> None:
    row = live_row(SEEN, readings(3, NOW + HOUR, HOUR), NOW, "UTC")
    assert row.age_minutes == 0.0
    never = live_row(SEEN, [], NOW, "UTC")
    assert never.value is None and never.at is None and never.old


def test_a_watched_reading_is_calm_until_an_alert_rings_or_it_grows_old() -> None:
    subject = Subject(id="p")
    fresh, stale = (live_row(SEEN, readings(20, NOW - age), NOW, "UTC") for age in (MINUTE, HOUR))

    def state(row: LiveRow = fresh, alerts: Sequence[tuple[str, BodyAlert]] = (), watched: str = SENSOR) -> str:
        shape = body(subject, Found(None, "no date of birth", [row], alerts, frozenset({watched})), NOW)
        return next(r.state for r in shape.regions if r.id == "pancreas")

    assert state() == "calm"
    assert state(watched="another") == "none"
    assert state(stale) == "none"
    assert state(alerts=[alert("warning")]) == "watch"
    assert state(alerts=[alert("warning"), alert("critical")]) == "act"


def test_regions_hold_what_the_health_map_says_and_a_sex_has_its_own_organs() -> None:
    record = person(0)
    found = health_map(record, members=64)
    shape = body(record.subject, Found(found, "", [], [], frozenset()), NOW)
    by_id = {r.id: r for r in shape.regions}
    assert record.subject.sex == "female" and "ovaries" in by_id and "prostate" not in by_id
    shown = {m.name for r in shape.regions for m in r.markers}
    assert shown == {m.covariate for organ in found.organs for m in organ.markers}
    assert [r.median for r in shape.top] == [r.median for r in found.top]
    assert by_id["thyroid"].state == "none" and by_id["kidneys"].state != "none"
    for region in shape.regions:
        assert all(not a.recommended or b.recommended for b, a in zip(region.risks, region.risks[1:], strict=False))
