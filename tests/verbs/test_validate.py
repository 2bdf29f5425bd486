"""Rolling validation of the linear twin on a life that it describes, on one it does not, and on hand-made records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gemel
from gemel.core.clock import HOUR
from gemel.core.errors import CapabilityError, TimelineError
from gemel.core.fact import Instant, Observation
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.verbs.baselines import baselines, dressed, ridge
from gemel.verbs.cases import Event, Question, cases_of
from gemel.verbs.rolling import Asked, roll
from gemel.verbs.validate import validate
from tests.laws.cases import BY_NAME, at, read
from tests.laws.conformance.linear import ERROR, JOLT, RATE, WALK

DAYS = 6
QUESTION = Question("y", (1 * HOUR, 3 * HOUR), train=0.3, every=HOUR, events=(Event("low", low=0.7),))


def life(seed: int, error: float = ERROR) -> list[Observation]:
    """Hourly readings of a subject that follows the model's own law, simulated apart from it in plain Python."""
    luck = np.random.default_rng(seed)
    level = luck.normal(1.0, 0.5)
    x, walk, facts = level, 0.0, []
    for hour in range(24 * DAYS):
        x, walk = x + JOLT * luck.normal(), walk + WALK * luck.normal()
        x = level + walk + (x - level - walk) * np.exp(-RATE)
        facts.append(read("test:y", hour + 1, float(x + error * luck.normal())))
    return facts


def begin(subject: str = "s") -> Any:
    def make(when: Instant) -> Twin:
        return gemel.twin(BY_NAME["linear"].model, Subject(id=subject), at=when, members=128, seed=3)

    return make


@pytest.fixture(scope="module")
def subjects() -> list[Any]:
    return [cases_of(begin(f"s{k}"), life(k), QUESTION) for k in range(4)]


def test_a_twin_of_the_right_law_is_calibrated_and_beats_what_ignores_it(subjects: list[Any]) -> None:
    report = validate(subjects)
    near = report.horizons[0]
    assert near.scores["twin"]["n"] > 350 and near.hours == 1.0
    # about 400 forecasts in 20 blocks: the error of the coverage is near 0.017; 0.08 is beyond 4.5 of them
    assert near.scores["twin"]["cov90"] == pytest.approx(0.9, abs=0.08)
    assert len({s["n"] for s in near.scores.values()}) == 1  # all on the same points
    assert near.skill["persistence"]["rmse"].low > 0.0 and near.skill["climatology"]["crps"].low > 0.0
    assert near.skill["ridge_ar"]["crps"].high > -0.05  # the exact filter cannot be beaten by much by 12 lags
    assert sum(b.n * b.seen for b in near.pit) == pytest.approx(near.scores["twin"]["n"])
    assert 0.0 < near.brier["low"] < 0.25 and near.events["low"]
    assert {g.by for g in near.groups} == {"time of day", "subject"}
    lines = report.words()
    assert len(lines) == 2 and lines[0].startswith("1 h ahead (") and "90 % bands held" in lines[0]


def test_a_sensor_far_noisier_than_declared_is_found_out(subjects: list[Any]) -> None:
    noisy = validate([cases_of(begin(f"s{k}"), life(k, error=4 * ERROR), QUESTION) for k in range(2)])
    assert noisy.horizons[0].scores["twin"]["cov90"] < 0.75
    assert any(g.flag for g in noisy.horizons[0].groups) and "bands doubtful for" in noisy.words()[0]
    mixed = validate([replace(subjects[0], labels={"sensor": "old"}), replace(subjects[1], labels={"sensor": "new"})])
    assert {g.label for g in mixed.horizons[0].groups if g.by == "sensor"} == {"old", "new"}


def test_a_forecast_knows_only_what_was_recorded_by_its_issue() -> None:
    """A reading told two hours late is not used before, nor by a twin that has gone past it."""
    facts = life(0)[:24]
    late = [replace_recorded(f, f.recorded + (2 * HOUR if k == 10 else 0)) for k, f in enumerate(facts)]
    asked = Asked.plain([at(11), at(12.5)], [HOUR])
    without = roll(begin(), [f for k, f in enumerate(facts) if k != 10], asked).forecasts["as is"]
    given = roll(begin(), late, asked).forecasts["as is"]
    for when in asked.origins:
        np.testing.assert_array_equal(given[when].readings, without[when].readings)
    known = roll(begin(), facts, asked).forecasts["as is"]
    assert not np.array_equal(known[at(11)].readings, without[at(11)].readings)


def replace_recorded(fact: Observation, recorded: Instant) -> Observation:
    import msgspec

    return msgspec.structs.replace(fact, recorded=recorded)


def test_records_too_short_or_of_something_else_are_refused() -> None:
    with pytest.raises(TimelineError, match="has 6 readings of 'y': at least 10"):
        cases_of(begin(), life(0)[:6], QUESTION)
    with pytest.raises(CapabilityError, match="does not read 'mood'"):
        cases_of(begin(), life(0), replace(QUESTION, observable="mood"))
    with pytest.raises(CapabilityError, match="one unit"):
        validate([])


def test_baselines_are_what_their_names_say() -> None:
    past = np.array([[3.0, 2.0, 1.0], [5.0, 5.0, 5.0], [4.0, np.nan, 1.0]])
    hour, truth, train = np.array([0.5, 0.5, 13.0]), np.array([4.0, 6.0, 2.0]), np.array([True, True, False])
    found = baselines(past, hour, truth, train, 2.0)
    assert found["persistence"].tolist() == [3.0, 5.0, 4.0]
    assert found["linear"][:2].tolist() == [5.0, 5.0]
    assert found["climatology"].tolist() == [5.0, 5.0, 5.0]  # no reading at 13 h: the mean over the day
    assert np.isnan(found["ridge_ar"]).all()  # two complete rows cannot tell three weights


def test_ridge_finds_a_line_and_its_errors_dress_it() -> None:
    luck = np.random.default_rng(0)
    x = luck.normal(size=(400, 2)) * 10.0
    y = 2.0 * x[:, 0] - x[:, 1] + 5.0 + luck.normal(size=400)
    train = np.arange(400) < 300
    guess = ridge(x, y, train)
    assert np.std((guess - y)[300:]) == pytest.approx(1.0, abs=0.2)
    spread: Any = dressed(guess, y, train)
    inside = np.mean((np.quantile(spread, 0.05, axis=0) <= y) & (y <= np.quantile(spread, 0.95, axis=0)))
    assert inside == pytest.approx(0.9, abs=0.06)
    assert dressed(guess, y, np.arange(400) < 10) is None
