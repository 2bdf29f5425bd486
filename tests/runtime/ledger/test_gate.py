"""Who may speak: silence until it is earned, silence again when it is lost, every switch on record."""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from gemel.core.clock import DAY, HOUR
from gemel.core.errors import StoreError
from gemel.core.ledger import LEVELS, SCORE, IssuedForecast, Kind
from gemel.runtime import Site
from gemel.runtime.ledger.gate import ChangePlan, Figures, figures_of, judge, read_plan
from gemel.runtime.ledger.rivals import capital
from tests.runtime.world import START, SUBJECT, TANK, create, reading

KIND = Kind("ward 3", "insulin", "1", "glucose", "mg/dL")
PLAN = read_plan()
GOOD = Figures(n=300, days=10, coverage=0.91, skill=0.2, error=0.05)


def test_the_plan_that_ships_has_the_three_parts_of_a_change_control_plan() -> None:
    assert "silent" in PLAN.modification.description and PLAN.protocol.minimum_forecasts >= 100
    assert PLAN.protocol.coverage_90_low < 0.9 < PLAN.protocol.coverage_90_high
    assert all(len(text) > 50 for text in (PLAN.impact.benefit, PLAN.impact.risk, PLAN.impact.mitigation))


@pytest.mark.parametrize("text", ["version = 1", "nonsense", 'version = "1"\n[protocol]\nminimum_forecasts = "many"\n'])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(StoreError, match="no change-control plan"):
        read_plan(path)
    with pytest.raises(StoreError, match=r"missing\.toml"):
        read_plan(tmp_path / "missing.toml")


def test_a_record_that_meets_the_plan_earns_a_voice() -> None:
    found = judge(PLAN, {(KIND, HOUR): GOOD}, [])
    assert found.standing == "advisory" and found.figures["glucose +60 min skill at least"] == pytest.approx(
        0.1178, abs=1e-3
    )


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        (Figures(150, 10, 0.91, 0.2, 0.05), "150 of 200 scored forecasts"),
        (Figures(300, 5, 0.91, 0.2, 0.05), "5 of 7 days"),
        (Figures(300, 10, 0.80, 0.2, 0.05), "80.0% inside the 90 % band"),
        (Figures(300, 10, 0.99, 0.2, 0.05), "99.0% inside the 90 % band"),
        (Figures(300, 10, 0.91, 0.05, 0.05), "not shown to be above 0"),
        (Figures(300, 10, 0.91, 0.2, float("nan")), "not shown to be above 0"),
    ],
)
def test_one_kind_that_falls_short_keeps_the_model_silent_and_is_named(figures: Figures, why: str) -> None:
    found = judge(PLAN, {(KIND, HOUR): GOOD, (KIND, 2 * HOUR): figures}, [])
    assert found.standing == "silent" and found.why.startswith("glucose +120 min: ") and why in found.why


def test_an_open_alarm_or_no_record_is_silence() -> None:
    assert "open drift alarm: t: since noon" in judge(PLAN, {(KIND, HOUR): GOOD}, ["t: since noon"]).why
    assert judge(PLAN, {}, []).standing == "silent"


def test_figures_are_over_all_twins_and_a_day_of_one_is_not_a_day_of_another() -> None:
    rows = np.zeros(4, dtype=SCORE)
    rows["target"], rows["inside90"] = np.array([0, 1, 2, 3]) * DAY, [1, 1, 1, 0]
    rows["error"], rows["persistence"] = [1.0, 2.0, 1.0, 2.0], [2.0, 2.0, 2.0, 3.0]
    both = figures_of([rows, rows])
    assert (both.n, both.days, both.coverage) == (8, 4, 0.75) and both.skill == pytest.approx(1 - 6 / 9)
    assert both.error == pytest.approx(figures_of([rows]).error / np.sqrt(2), rel=0.15)  # twice the blocks


STEADY = "tests.runtime.tank:steady"
EASY = ChangePlan(
    version="test", modification=PLAN.modification, impact=PLAN.impact,
    protocol=type(PLAN.protocol)(
        minimum_forecasts=40, minimum_days=2, coverage_90_low=0.7, coverage_90_high=1.0, confidence=0.95,
        allow_open_alarm=False, challenger_capital=20.0, challenger_pairs=30,
    ),
)  # fmt: skip


def live(site: Site, clock: dict[str, int], twins: dict[str, tuple[str, float]], hours: int) -> None:
    """Hourly readings that scatter by 25 around 105; each twin (its model, and where it thinks the middle lies) has
    forecast each of them an hour ahead, with the right spread."""
    luck = np.random.default_rng(11)
    values = 105.0 + 25.0 * luck.normal(size=hours)
    times = [START + k * HOUR for k in range(1, hours + 1)]
    site.take_in("s-1", [reading(at, v) for at, v in zip(times, values.tolist(), strict=True)])
    clock["now"] = times[-1] + HOUR
    for twin, (model, middle) in twins.items():
        law = NormalDist(middle, 25.0)
        quantiles = {f"{p:g}": law.inv_cdf(p) for p in LEVELS}
        rows = [
            IssuedForecast(
                id=f"{twin}{at}", twin=twin, subject="s-1", model=model, model_version="1", plan="as is",
                issued=at - HOUR, target=at, observable="level", unit="mg/dL", quantiles=quantiles, facts_hash="",
                site=site.name, last=last, usual=105.0, reach=HOUR // 2,
            )
            for at, last in zip(times[1:], values[:-1].tolist(), strict=True)
        ]  # fmt: skip
        site.store.issue(rows, site.caller)
        assert site.score(twin).rows.size == hours - 1


def test_a_model_is_silent_until_reviewed_good_and_silent_again_when_its_next_version_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.runtime import tank

    clock = {"now": START}
    with Site.open(":memory:", now=lambda: clock["now"], name="ward 3", plan=EASY) as site:
        site.enrol(SUBJECT)
        create(site, members=16)
        assert site.status(TANK).standing == "silent" and site.review(TANK).why == "no forecast has been scored yet"
        live(site, clock, {"t": (TANK, 105.0)}, 60)
        assert site.status(TANK).standing == "silent" and site.store.switches(site.caller) == []
        judged = site.review(TANK)
        assert judged.standing == "advisory", judged.why
        now = site.status(TANK)
        assert (now.standing, now.by, now.since) == ("advisory", "local", clock["now"])
        assert site.forecast("t", clock["now"] + HOUR).standing == "advisory"
        site.review(TANK)
        (switch,) = site.store.switches(site.caller)
        assert (switch.before, switch.after, switch.plan, switch.site) == ("silent", "advisory", "test", "ward 3")
        assert switch.figures["level +60 min forecasts"] >= 40.0
        monkeypatch.setattr(tank, "model", tank.newer)
        assert (site.status(TANK).version, site.status(TANK).standing) == ("2", "silent")


def test_a_better_challenger_is_promoted_on_record_and_the_champion_falls_silent() -> None:
    """The champion, let speak by an easy plan, thinks the middle lies 15 too high; the challenger knows better."""
    clock = {"now": START}
    with Site.open(":memory:", now=lambda: clock["now"], plan=EASY) as site:
        site.enrol(SUBJECT)
        create(site, "old", members=16)
        site.create(STEADY, SUBJECT.id, at=START, members=16, engine=site.load("old").inference.live, id="new")
        live(site, clock, {"old": (TANK, 120.0), "new": (STEADY, 105.0)}, 400)
        assert site.review(TANK).standing == "advisory"
        met = site.challenge(TANK, STEADY)
        assert met.pairs == 399 and met.better > 0.03 and met.capital >= 20.0
        events = [(s.event, s.model, s.before, s.after) for s in site.store.switches(site.caller)]
        assert events[1:] == [
            ("champion", STEADY, TANK, STEADY),
            ("standing", STEADY, "silent", "advisory"),
            ("standing", TANK, "advisory", "silent"),
        ]
        assert "replaced by" in site.status(TANK).why
        back = site.challenge(STEADY, TANK)
        assert back.better < 0 and back.capital < 1.0 and len(site.store.switches(site.caller)) == len(events)


def test_models_without_a_subject_in_common_do_not_meet() -> None:
    with Site.open(":memory:", plan=EASY) as site:
        site.enrol(SUBJECT)
        create(site, members=16)
        assert site.challenge(TANK, STEADY).pairs == 0 and site.store.switches(site.caller) == []


def test_betting_on_an_equal_wins_twentyfold_in_at_most_one_of_twenty() -> None:
    """400 contests of equals, 300 forecasts each, looked at after every one: more than 33 would be 1 in 1,000."""
    luck = np.random.default_rng(12)
    wins = sum(capital(luck.gamma(2.0, 1.0, 300), luck.gamma(2.0, 1.0, 300)).max() >= 20.0 for _ in range(400))
    assert wins <= 33
    better = capital(luck.gamma(2.0, 1.0, 300), 0.6 * luck.gamma(2.0, 1.0, 300))
    assert better[-1] > 20.0
    assert capital(np.zeros(3), np.zeros(3)).tolist() == [1.0, 1.0, 1.0]
