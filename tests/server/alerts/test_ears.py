"""What the ears make of what is said: only what can change an alert is passed on."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.ledger import LEVELS
from gemel.server.alerts.book import Key
from gemel.server.alerts.ears import Ears
from gemel.server.alerts.judge import Finding, Speaker
from gemel.server.alerts.rules import Rules
from gemel.server.hub import Event
from gemel.server.live_news import ForecastNews
from tests.server.alerts.test_judge import rule

NOW = instant("2026-03-01T12:00:00Z")
BELIEF = rule(name="low-now", kind="belief", within_minutes=0.0, probability=0.5, clear=0.2)
DRIFT = rule(name="drift", kind="drift")


def ears(*rules: Any, open: frozenset[Key] = frozenset()) -> tuple[Ears, list[Finding]]:
    said: list[Finding] = []
    return Ears(Rules(version="t", rule=tuple(rules)), open.__contains__, said.append), said


def told(mean: float, now: tuple[float, float, float] = (100.0, 70.0, 130.0), issued: int = NOW) -> Event:
    values = [NormalDist(mean, 20).inv_cdf(q) for q in LEVELS]
    news = ForecastNews(
        model="m", version="1", standing="advisory", issued=issued, minutes=(30, 60, 90, 120),
        quantiles={"glucose": [values] * 4, "lactate": [[0.0] * len(LEVELS)] * 4}, now={"glucose": now},
        units={"glucose": "mg/dL", "lactate": "mmol/L"}, ledger=(), stale="",
    )  # fmt: skip
    return Event(number=1, kind="forecast", subject="p", twin="t", at=NOW, data=news)


def heard(own: Ears, event: Event) -> None:
    own.forecast(event, event.data, NOW)


def test_a_forecast_that_neither_calls_nor_concerns_an_open_alert_makes_no_finding() -> None:
    own, said = ears(rule())
    heard(own, told(120.0))
    assert said == [] and own.heard == {"p"}
    own, said = ears(rule(), open=frozenset({("low", "p", "t")}))
    heard(own, told(120.0))
    assert [(f.rule, f.over) for f in said] == [("low", True)]


def test_a_forecast_of_long_ago_says_nothing() -> None:
    own, said = ears(rule(expire_minutes=30.0))
    heard(own, told(40.0, issued=NOW - 31 * MINUTE))
    assert said == []
    heard(own, told(40.0, issued=NOW - 30 * MINUTE))
    assert len(said) == 1


def test_a_belief_is_judged_by_what_is_believed_now_and_not_by_what_is_foretold() -> None:
    own, said = ears(BELIEF)
    heard(own, told(40.0, now=(100.0, 71.0, 130.0)))
    assert said == []
    heard(own, told(140.0, now=(60.0, 50.0, 69.0)))
    (finding,) = said
    assert finding.rule == "low-now" and "now" in finding.reason
    assert finding.strength == pytest.approx(0.95)  # all that is told lies below 70


def test_a_drift_alarm_of_another_observable_is_none_of_this_rule() -> None:
    own, said = ears(DRIFT)
    speaker = Speaker(subject="p", twin="t", model="m")
    own.drift(speaker, {"lactate": "since ..."}, NOW)
    assert said == []
    own.drift(speaker, {"glucose": "since 2026-03-01 glucose readings lie further above"}, NOW)
    assert [(f.holds, f.reason[:10]) for f in said] == [(True, "since 2026")]


def test_silence_is_found_once_and_only_of_what_was_a_stream() -> None:
    from gemel.core.fact import Exact, Observation
    from gemel.core.writing import Write

    quiet = rule(name="quiet", kind="silence", silence_minutes=45.0, stream=3)
    own, said = ears(quiet)

    def sent(subject: str, n: int) -> Write:
        facts = tuple(
            Observation(id=f"{subject}{k}", code="loinc:99504-3", value=Exact(1.0), unit="mg/dL",
                        at=NOW + k * MINUTE, recorded=NOW)
            for k in range(n)
        )  # fmt: skip
        return Write(subject=subject, facts=facts)

    own.readings([sent("stream", 3), sent("once", 2)], NOW)
    own.silences(NOW + 46 * MINUTE)  # the first reading is older than that, the last is not
    assert said == []
    own.silences(NOW + HOUR)
    own.silences(NOW + 2 * HOUR)
    assert [f.subject for f in said] == ["stream"]
