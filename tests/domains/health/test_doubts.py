"""A diary that is wrong: on a virtual person of another model, whose glucose this one did not make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.fact import Exact, Fact, Instant, Intervention, Observation
from gemel.core.plan import Action, Schedule
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.domains.health.doubts import BACK, Doubted, doubts, silences, untold, versions
from gemel.domains.health.sensor_grid import GLUCOSE_CODE
from gemel.verbs.create import twin
from gemel.verbs.forecast import forecast
from gemel.verbs.observe import observe

START = instant("2026-03-02T00:00:00Z")
SUBJECT = Subject(id="someone", zone="UTC")
NOW, MEAL = START + 14 * HOUR, START + 12 * HOUR + 30 * MINUTE


@dataclass(frozen=True)
class Day:
    """What a virtual person of `hovorka` did and what the sensor read, and glucose in the hour after."""

    facts: tuple[Fact, ...]
    later: float


def reading(at: Instant, value: float) -> Observation:
    return Observation(id=f"cgm{at}", code=GLUCOSE_CODE, value=Exact(value), unit="mg/dL", at=at, recorded=at)


def eaten(at: Instant, grams: float) -> Intervention:
    return Intervention(id=f"meal{at}", code="gemel:carbohydrate", at=at, recorded=at, unit="g", dose=grams)


def bolus(at: Instant, units: float) -> Intervention:
    return Intervention(id="bolus", code="gemel:rapid-insulin", at=at, recorded=at, unit="[IU]", dose=units)


def pumped() -> Intervention:
    return Intervention(id="b", code="gemel:rapid-insulin", at=START, recorded=START, unit="[IU]/h", rate=0.9)


@cache
def day(grams: float) -> Day:
    """A breakfast that is logged with its bolus, and a lunch of so many grams without one."""
    own = twin("hovorka", SUBJECT, at=START, rates={"insulin": 0.9}, covariates={"weight": 75.0}, members=2, seed=4)
    acts = [Action(START + 7 * HOUR, "carbs", dose=40.0), Action(START + 7 * HOUR, "insulin", dose=4.0)]
    acts += [Action(MEAL, "carbs", dose=grams)] if grams else []
    made = forecast(own, NOW + HOUR, Schedule("day", tuple(acts)), every=1 / 12)
    seen = np.asarray(made.readings)[0, :, 0].tolist()
    told: list[Fact] = [pumped(), eaten(START + 7 * HOUR, 40.0)]
    told.append(bolus(START + 7 * HOUR, 4.0))
    told += [reading(int(at), value) for at, value in zip(made.times, seen, strict=True) if at <= NOW]
    return Day(tuple(told), float(np.asarray(made.paths)[0, -1, 0]))


@cache
def morning(facts: tuple[Fact, ...]) -> Twin:
    """A twin that has seen the day up to two hours ago."""
    known = {"weight": 75.0, "basal": 0.9}
    own = twin("replaybg", SUBJECT, at=START, rates={"insulin": 0.9}, covariates=known, members=64)
    return observe(own, [f for f in facts if f.at <= NOW - BACK], until=NOW - BACK)


def looked(facts: tuple[Fact, ...]) -> Doubted:
    return doubts(morning(facts), [f for f in facts if f.at > NOW - BACK], until=NOW, rate=untold(facts, NOW))


@pytest.mark.slow
def test_a_meal_nobody_wrote_down_is_found_timed_and_in_the_forecast() -> None:
    own = day(60.0)
    found = looked(own.facts)
    first = found.doubts[0]
    assert first.kind == "a meal nobody wrote down" and first.probability > 0.5
    assert abs(first.at - MEAL) <= 30 * MINUTE and 20.0 <= first.grams <= 120.0
    plain = observe(morning(own.facts), [f for f in own.facts if f.at > NOW - BACK], until=NOW)
    inside = [float(np.mean(np.asarray(t.belief.state["gut"]))) for t in (found.twin, plain)]
    assert inside[0] > 2.0 * inside[1]  # the members' guts hold a lunch, not the rest of a breakfast only
    assert found.reasons[0].startswith("a meal nobody wrote down, about") and found.twin.now == NOW


@pytest.mark.slow
def test_a_day_as_recorded_raises_no_doubt() -> None:
    assert looked(day(0.0).facts).doubts == ()
    own = day(60.0)
    assert all(one.kind != "a meal nobody wrote down" for one in looked((*own.facts, eaten(MEAL, 60.0))).doubts)


@pytest.mark.slow
def test_an_entry_of_ten_times_the_carbohydrate_is_in_doubt() -> None:
    facts = (*day(0.0).facts, eaten(MEAL, 100.0))
    kinds = {one.kind for one in looked(facts).doubts}
    assert "a logged meal not eaten" in kinds


def test_versions_name_every_error_once_and_no_likelier_than_assumed() -> None:
    meal = eaten(MEAL, 40.0)
    named = dict(versions((NOW - BACK, NOW), [meal, pumped()], 0.8))
    told = [doubt.kind for doubt, _ in named.values() if doubt is not None]
    assert told.count("a meal nobody wrote down") == 8 * 3 and told.count("a logged meal of another size") == 2
    assert told.count("a logged meal not eaten") == 1 and told.count("a meal logged early") == 1
    assert told.count("a meal logged late") == 1  # an hour before the entry lies before the two hours
    entries = [np.exp(v.log_prior) for d, v in named.values() if d is not None and "logged" in d.kind]
    assert sum(entries) <= 0.2 and named["as recorded"][1].log_prior == 0.0
    assert all(pumped() in version.facts for _, version in named.values())


def test_a_silent_sensor_is_told_with_its_age_and_its_gaps() -> None:
    seen = [reading(NOW - k * 5 * MINUTE, 100.0) for k in range(12, 60)] + [reading(NOW - 10 * HOUR, 100.0)]
    age, gaps = silences(seen, NOW)
    assert "60 min old" in age and "once in the last 24 h, 5.1 h together" in gaps
    assert silences([reading(NOW - k * 5 * MINUTE, 100.0) for k in range(288)], NOW) == []
    assert "no sensor reading" in silences([], NOW)[0]


def test_who_logs_no_meal_is_taken_to_eat_nonetheless() -> None:
    meals: list[Fact] = [eaten(NOW - k * 6 * HOUR, 30.0) for k in range(1, 29)]
    first = reading(NOW - 7 * 24 * HOUR, 100.0)
    assert untold([first], NOW) == 4.0 and untold([first, *meals], NOW) == pytest.approx(0.8)
    assert untold([first, *meals[:14]], NOW) == pytest.approx(2.0)
