"""An alert's life: who may do what when, and what time does by itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.clock import MINUTE
from gemel.server.alerts.judge import Finding
from gemel.server.alerts.life import ACTIONS, CLOSED, SYSTEM, Alert, acted, confirmed, elapsed, raised
from gemel.server.problem import Conflict
from tests.server.alerts.test_judge import rule

RULE = rule(escalate_minutes=(10.0, 20.0), expire_minutes=60.0)


def finding(chance: float, at: int = 0, **more: Any) -> Finding:
    """A judgement of the rule: 0.3 calls, 0.15 ends."""
    said = {"holds": chance >= 0.3, "over": chance <= 0.15, "strength": chance, "reason": f"P = {chance}"}
    return Finding(**{"rule": RULE.name, "subject": "p", "twin": "t", "model": "m", "at": at, **said, **more})


def new(**more: Any) -> Alert:
    return raised(RULE, finding(0.5, **more), "p.alert-1", 0)


def at(minutes: float) -> int:
    return round(minutes * MINUTE)


def test_an_alert_that_nobody_answers_climbs_the_ladder_and_no_further() -> None:
    alert = new()
    told = []
    for minute in range(0, 59):
        after = elapsed(alert, RULE, at(minute))
        if after is not alert:
            told.append((minute, after.state, after.rung))
        alert = after
    assert told == [(10, "escalated", 1), (20, "escalated", 2)]
    assert all(step.by == SYSTEM for step in alert.steps) and alert.acknowledged is None


def test_an_acknowledged_alert_stays_where_it_is() -> None:
    alert = acted(new(), "acknowledge", at=at(3), by="nurse", why="seen")
    assert elapsed(alert, RULE, at(59)) is alert
    assert (alert.acknowledged, alert.now.by, alert.now.why) == (at(3), "nurse", "seen")


def test_after_a_person_has_escalated_the_ladder_starts_from_there() -> None:
    alert = acted(new(), "escalate", at=at(9), by="nurse", why="needs a doctor")
    assert alert.rung == 1 and alert.acknowledged is None
    assert elapsed(alert, RULE, at(20)) is alert
    assert elapsed(alert, RULE, at(29)).rung == 2


def test_a_snooze_is_quiet_until_its_end_and_then_calls_again() -> None:
    alert = acted(new(), "snooze", at=at(1), by="nurse", why="eating", until=at(31))
    assert alert.acknowledged == at(1)
    quiet = confirmed(alert, finding(0.6), at(20))
    assert elapsed(quiet, RULE, at(30)).state == "snoozed"
    again = elapsed(quiet, RULE, at(31))
    assert (again.state, again.rung) == ("raised", 0)
    assert elapsed(again, RULE, at(40)) is again  # ten minutes from when it called again, not from the first time
    assert elapsed(again, RULE, at(41)).state == "escalated"


def test_what_was_over_before_the_snooze_ended_calls_nobody_again() -> None:
    alert = acted(new(), "snooze", at=at(1), by="nurse", why="", until=at(31))
    over = confirmed(alert, finding(0.1), at(20))
    assert over.state == "snoozed" and elapsed(over, RULE, at(31)).state == "resolved"
    back = confirmed(over, finding(0.4), at(25))
    assert elapsed(back, RULE, at(31)).state == "raised"


def test_an_alert_whose_rule_is_over_is_resolved_and_one_in_between_stays() -> None:
    alert = new()
    assert confirmed(alert, finding(0.2), at(5)) is alert
    assert confirmed(alert, finding(0.15), at(5)).state == "resolved"
    assert confirmed(alert, finding(0.4), at(5)).confirmed == at(5)


def test_an_alert_expires_when_its_rule_is_not_seen_to_hold_any_more() -> None:
    alert = confirmed(acted(new(), "acknowledge", at=at(3), by="nurse", why=""), finding(0.4), at(30))
    assert elapsed(alert, RULE, at(89)) is alert
    gone = elapsed(alert, RULE, at(90))
    assert gone.state == "expired" and not gone.open


def test_a_silent_entry_calls_nobody_until_the_model_may_speak() -> None:
    quiet = new(silent=True)
    assert (quiet.state, quiet.silent) == ("silent", True)
    assert elapsed(quiet, RULE, at(59)) is quiet
    for action in ACTIONS:
        with pytest.raises(Conflict, match="silent"):
            acted(quiet, action, at=at(1), by="nurse", why="", until=at(9))
    assert confirmed(quiet, finding(0.4, silent=True), at(5)).state == "silent"
    spoken = confirmed(quiet, finding(0.4), at(5))
    assert (spoken.state, spoken.silent) == ("raised", False)
    assert confirmed(quiet, finding(0.1, silent=True), at(5)).silent


def test_what_has_ended_cannot_be_changed() -> None:
    done = acted(new(), "resolve", at=at(1), by="nurse", why="juice given")
    for action in ACTIONS:
        with pytest.raises(Conflict, match="resolved"):
            acted(done, action, at=at(2), by="nurse", why="", until=at(9))


def test_a_snooze_needs_an_end_and_a_second_acknowledgement_is_refused() -> None:
    for until in (None, at(1)):
        with pytest.raises(Conflict, match="how long"):
            acted(new(), "snooze", at=at(1), by="nurse", why="", until=until)
    seen = acted(new(), "acknowledge", at=at(1), by="nurse", why="")
    with pytest.raises(Conflict, match="by nurse"):
        acted(seen, "acknowledge", at=at(2), by="doctor", why="")


MOVES = st.one_of(
    st.tuples(st.just("act"), st.sampled_from(sorted(ACTIONS))), st.tuples(st.just("judge"), st.floats(0, 1)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
)  # fmt: skip


@given(st.lists(MOVES, max_size=25))
def test_whatever_happens_history_only_grows_and_an_end_is_the_end(moves: list[tuple[str, Any]]) -> None:
    alert, now = new(), 0
    for kind, what in moves:
        before = alert
        now += at(1)
        match kind:
            case "act":
                try:
                    alert = acted(alert, what, at=now, by="x", why="", until=now + at(15))
                except Conflict:
                    continue
            case "judge" if alert.open:
                alert = confirmed(alert, finding(what), now)
            case "wait" if alert.open:
                now += at(what)
                alert = elapsed(alert, RULE, now)
            case _:
                pass
        assert alert.steps[: len(before.steps)] == before.steps and len(alert.steps) <= len(before.steps) + 1
        assert not (before.state in CLOSED and alert.steps != before.steps)
        assert [s.at for s in alert.steps] == sorted(s.at for s in alert.steps)
        assert msgspec.json.decode(msgspec.json.encode(alert), type=Alert) == alert
