"""The state of a subject: from alerts, the age of its readings and what may be said of it."""

from __future__ import annotations

from typing import Any

from gemel.core.clock import MINUTE, SECOND
from gemel.server.alerts.view import AlertView
from gemel.server.board_entries import Entry, Spoken, Stream, judged, stale
from gemel.server.board_outlook import Outlook, Risk

NOW = 10**15


def stream(every: int, last: int, count: int = 8) -> Stream:
    own = Stream("c", "u")
    for k in range(count):
        own.add(NOW - last - (count - 1 - k) * every, float(k), "u")
    return own


def entry(last: int = MINUTE, probability: float = 0.0, standing: str = "advisory") -> Entry:
    own = Entry(1, "s", "person")
    own.streams["c"] = stream(5 * MINUTE, last)
    own.show(own.streams["c"])
    risk = Risk(0, probability, 60.0)
    told = Outlook("x", "u", (1.0, 0.0, 2.0), 0, ((30.0, 0.0, 1.0, 2.0),), risk, None)
    own.twins["t"] = Spoken("t", "m", "M", "patient", {"c": "x"}, standing=standing, outlook=told)
    return own


def alert(severity: str = "critical", state: str = "raised", **more: Any) -> AlertView:
    told: dict[str, Any] = {
        "id": severity, "rule": "r", "title": f"a {severity} one", "severity": severity, "state": state,
        "silent": False, "subject": "s", "twin": "t", "model": "m", "raised": "", "since": "", "answered": None,
        "rung": 0, "reason": "", "strength": 1.0, "evidence": {}, "steps": [],
    }  # fmt: skip
    return AlertView(**told | more)


def state(own: Entry) -> tuple[str, str]:
    found = judged(own, NOW, {0: 0.15})
    return found[0], found[1]


def test_a_reading_is_old_after_twice_the_usual_time_between_two() -> None:
    assert not stale(stream(5 * MINUTE, 10 * MINUTE), NOW) and stale(stream(5 * MINUTE, 11 * MINUTE), NOW)
    assert not stale(stream(SECOND, 59 * SECOND), NOW) and stale(stream(SECOND, 61 * SECOND), NOW)


def test_one_gap_does_not_change_what_is_usual() -> None:
    own = stream(MINUTE, 30 * MINUTE)
    own.add(NOW, 1.0, "u")
    assert own.every == MINUTE


def test_a_late_reading_does_not_become_the_newest() -> None:
    own = stream(MINUTE, 0)
    assert not own.add(NOW - MINUTE // 2, 99.0, "u") and own.value == 7.0


def test_calm_needs_fresh_readings_and_a_voice() -> None:
    assert state(entry()) == ("calm", "calm")
    assert state(entry(last=20 * MINUTE)) == ("none", "old")
    assert state(entry(standing="silent")) == ("none", "silent")
    alone = entry()
    alone.twins.clear()
    assert state(alone) == ("none", "no-twin")
    assert state(Entry(1, "s", "person")) == ("none", "no-readings")


def test_a_limit_that_is_near_is_watched_but_not_by_a_silent_model() -> None:
    assert state(entry(probability=0.2)) == ("watch", "risk")
    assert state(entry(probability=0.9, standing="silent")) == ("none", "silent")


def test_an_open_critical_alert_calls_for_action_until_somebody_has_answered() -> None:
    own = entry()
    own.alerts = {"w": alert("warning"), "c": alert("critical")}
    assert judged(own, NOW, {0: 0.15}) == ("act", "alert", "a critical one")
    own.alerts["c"] = alert("critical", "acknowledged")
    assert state(own) == ("watch", "alert")


def test_an_alert_on_readings_counts_even_where_they_are_old_and_a_silent_one_never_does() -> None:
    old = entry(last=20 * MINUTE)
    old.alerts["c"] = alert()
    assert state(old) == ("act", "alert")
    quiet = entry()
    quiet.alerts = {"c": alert(silent=True), "i": alert("info")}
    assert state(quiet) == ("calm", "calm")


def test_of_a_twins_observables_the_one_that_is_read_is_told() -> None:
    own = entry()
    twin = Spoken("w", "m", "M", "hospital", {"c": "census"})
    assert own.told(twin, {"waiting": 1, "census": 2}) == "census"
    assert own.told(twin, {"waiting": 1}) == "waiting" and own.told(twin, {}) == ""
