"""`optimise` against exact optima: quadratic, newsvendor, chance constraint, staffing; and what it must refuse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import gemel
from gemel.cli.bench_optimise import MEAN, SPREAD, Shelf
from gemel.core.derived import Derived
from gemel.core.errors import CardError, CollapseError, PlanError
from gemel.core.plan import Action, Schedule
from gemel.core.quantity import Setting
from gemel.core.space import Arrangement, Space, Variable, doses, policies, rates, settings
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.verbs.limits import Expectation, Limit, ever_above
from gemel.verbs.optimise import Search, optimise
from gemel.verbs.optimum import Candidate
from tests.laws.cases import BY_NAME, START, at
from tests.laws.conformance import MADE
from tests.laws.conformance.linear import RATE
from tests.verbs.test_policy import Fixed

FALSE_ALARM = 1e-6


def derived(name: str, compute: Any) -> Derived:
    return Derived(name, "1", compute, name, MADE)


def shelf(members: int = 512, seed: int = 3) -> Twin:
    return gemel.twin(Shelf(), Subject(id="shelf"), at=START, members=members, seed=seed)


def short(path: Any) -> Any:
    return np.asarray(path["short"])[:, -1]


def stock(path: Any) -> Any:
    return np.asarray(path["stock"])[:, -1]


SPARE = derived("saving", lambda path: -stock(path))
STOCK = doses("stock", [START], high=200.0, unit="1")
HOURLY = Search(every=1.0, population=24, generations=25, check=1024)
LAST = derived("last", lambda path: np.asarray(path["y"])[:, -1])


@pytest.mark.slow
def test_the_dose_that_aims_best_is_found_to_a_thousandth() -> None:
    """Of all doses at hour 2, (target - E[y without]) / exp(-2 RATE) makes E[(y - target)^2] at hour 4 least."""
    twin = BY_NAME["linear"].twin(512)
    target = 2.0
    still = gemel.forecast(twin, at(4), every=1.0).mean("y")[-1]
    aim = derived("closeness", lambda path: -np.square(np.asarray(path["y"])[:, -1] - target))
    told: list[tuple[int, Candidate]] = []
    search = replace(HOURLY, progress=lambda n, best: told.append((n, best)))
    found = optimise(twin, doses("push", [at(2)], high=5.0, unit="1"), at(4), aim, search=search)
    assert found.point["push"] == pytest.approx((target - still) / np.exp(-2 * RATE), rel=1e-3)
    assert found.feasible and found.interval[0] < found.expected < found.interval[1]
    assert [n for n, _ in told] == sorted(n for n, _ in told)
    assert told[-1][0] == found.evaluations and told[-1][1].point == found.point
    assert found.words.startswith(f"Best of {found.evaluations:,} plans tried: push")


@pytest.mark.slow
def test_two_rates_are_found_together() -> None:
    """Unit rates over hours 0-2 and 2-4 have known effects on y at 2 and at 4: two targets, two equations."""
    twin = BY_NAME["linear"].twin(64)
    still = gemel.forecast(twin, at(4), every=1.0).mean("y")
    full = (1.0 - np.exp(-2 * RATE)) / RATE  # of a unit rate over the last two hours
    targets = np.array([2.0, 2.5])
    exact = np.linalg.solve([[full, 0.0], [full * np.exp(-2 * RATE), full]], targets - still[[1, 3]])
    aim = derived("closeness", lambda path: -np.square(np.asarray(path["y"])[:, [1, 3]].mean(axis=0) - targets).sum()
                  * np.ones(path["y"].shape[0]))  # fmt: skip
    space = rates("push", [(at(0), at(2)), (at(2), at(4))], high=2.0, unit="/h")
    found = optimise(twin, space, at(4), aim, search=HOURLY)
    np.testing.assert_allclose([found.point["push_1"], found.point["push_2"]], exact, rtol=1e-2)


def test_the_newsvendor_s_stock_is_the_quantile_of_demand() -> None:
    profit = derived("profit", lambda path: 4.0 * np.minimum(short(path) + stock(path), stock(path)) - stock(path))
    twin = shelf(2048)
    found = optimise(twin, STOCK, at(1), profit, search=HOURLY)
    demand = np.asarray(twin.belief.theta)[:, 0]
    assert found.point["stock"] == pytest.approx(np.quantile(demand, 0.75), rel=2e-3)  # of the members
    assert found.point["stock"] == pytest.approx(
        MEAN + SPREAD * stats.norm.ppf(0.75), rel=2e-2
    )  # of the law, whose sample it is


@pytest.mark.slow
def test_a_chance_constraint_is_kept_with_the_least_that_keeps_it() -> None:
    """The least stock with P(short) <= 5 % is the 95 % quantile; the bound asks for a little more, never for less."""
    limit = Limit(derived("short", lambda path: (short(path) > 0).astype(float)), 0.05)
    found = optimise(shelf(2048), STOCK, at(1), SPARE, limits=[limit], search=HOURLY)
    exact = MEAN + SPREAD * stats.norm.ppf(0.95)
    assert found.feasible and exact * 0.99 < found.point["stock"] < exact * 1.04
    assert found.checks[0].met and "P(short) is" in found.words and "within 5.00%" in found.words


@pytest.mark.slow
def test_plans_claimed_to_keep_a_limit_keep_it_as_often_as_claimed() -> None:
    """40 twins of 512 members, 15 stocks each: the true probability exceeds the limit in at most one of twenty."""
    limit = Limit(derived("short", lambda path: (short(path) > 0).astype(float)), 0.1)
    space = doses("stock", [START], low=116.0, high=137.0, step=1.5, unit="1")
    claimed = wrong = 0
    for seed in range(40):
        found = optimise(shelf(512, seed), space, at(1), SPARE, limits=[limit], search=Search(check=2048, every=1.0))
        claimed += found.feasible
        wrong += found.feasible and stats.norm.sf((float(found.point["stock"]) - MEAN) / SPREAD) > 0.1
    assert claimed > 30 and stats.binom.sf(wrong - 1, claimed, 0.05) > FALSE_ALARM, (wrong, claimed)


def test_the_best_is_compared_with_the_plan_that_was_named() -> None:
    usual = Schedule("usual", (Action(START, "stock", dose=100.0),))
    aim = derived("closeness", lambda path: -np.abs(stock(path) - 60.0))
    space = doses("stock", [START], high=100.0, step=20.0, unit="1")
    found = optimise(shelf(64), space, at(1), aim, search=replace(HOURLY, against=usual))
    assert found.comparison.differences[0].against == "usual" and found.comparison.differences[0].mean == 40.0
    assert "40 above 'usual'; better than that in 100% of possible courses" in found.words


def test_an_expectation_may_be_limited() -> None:
    limit = Expectation(derived("short", short), 20.0)
    found = optimise(shelf(2048), STOCK, at(1), SPARE, limits=[limit], search=HOURLY)
    assert found.feasible and MEAN - 20.5 < float(found.point["stock"]) < MEAN - 16.0  # a fifth of the limit at most


def test_where_nothing_keeps_the_limits_the_closest_plan_says_so() -> None:
    limit = Limit(derived("short", lambda path: (short(path) > 0).astype(float)), 0.01)
    space = doses("stock", [START], high=110.0, step=10.0, unit="1")
    found = optimise(shelf(512), space, at(1), SPARE, limits=[limit], search=HOURLY)
    assert not found.feasible and found.point["stock"] == 110.0 and found.ties == ()
    assert found.words.startswith("No plan was shown to keep the limits; the closest of 12 plans tried: stock 110")
    assert "not shown to be within 1.00%" in found.words


def test_steps_and_choices_are_searched_whole_and_found_exactly() -> None:
    """(n - 7.4)^2 over whole n under one of two plans, one of which does nothing."""
    space = Space(
        (Variable("n", low=0.0, high=20.0, step=1.0), Variable("how", choices=("do", "wait"))),
        lambda point: doses("stock", [START], high=20.0, unit="1").make({"stock": point["n"]})
        if point["how"] == "do" else Schedule(f"wait {point['n']}"),
    )  # fmt: skip
    aim = derived("closeness", lambda path: -np.square(stock(path) - 7.4))
    found = optimise(shelf(64), space, at(1), aim, search=HOURLY)
    assert found.point == {"n": 7.0, "how": "do"} and found.evaluations == 42 and found.ties == ()


def test_a_large_stepped_space_is_searched_by_evolution_and_stays_on_its_steps() -> None:
    aim = derived("closeness", lambda path: -np.square(stock(path) - 61.3))
    space = doses("stock", [START], high=1000.0, step=0.5, unit="1")
    found = optimise(shelf(64), space, at(1), aim, search=HOURLY)
    assert found.point["stock"] == 61.5 and found.evaluations < space.count


@dataclass(frozen=True)
class Roster(Shelf):
    """A shelf whose restocking is a setting: at night it gets 30, by day 60."""

    settings = (Setting("roster", ("night", "day"), "night"),)

    def prepare(self, settings: Any, assets: Any) -> Any:
        return {"night": 30.0, "day": 60.0}[settings["roster"]]

    def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
        end, reads = super().run(state, theta, drive, fixed, key)
        return end, reads - fixed


def test_the_model_s_own_settings_can_be_chosen() -> None:
    twin = gemel.twin(Roster(), Subject(id="ward"), at=START, members=64)
    found = optimise(twin, settings(twin.model.settings, Schedule("on")), at(1), derived("filled", lambda p: -short(p)),
                     search=HOURLY)  # fmt: skip
    assert found.point == {"roster": "day"} and found.arrangement == Arrangement(Schedule("on"), {"roster": "day"})
    assert found.comparison.differences[0].mean == pytest.approx(30.0)  # against the twin as it is: night


@dataclass(frozen=True)
class Threshold(Fixed):
    """Pushes where the reading is below `below`."""

    name: str = "threshold"
    below: float = 0.0

    def act(self, reading: Any, memory: Any, clock: Any) -> Any:
        return np.where(reading < self.below, 1.0, 0.0), np.zeros_like(reading), memory


def test_a_policy_s_parameters_can_be_chosen() -> None:
    twin = BY_NAME["linear"].twin(64)
    below = Variable("below", low=-20.0, high=20.0, step=10.0)
    space = policies([below], lambda point: Threshold(name=f"below {point['below']:g}", below=float(point["below"])))
    found = optimise(twin, space, at(4), LAST, search=HOURLY)
    assert found.point["below"] in (10.0, 20.0)  # both always push
    assert [t.point["below"] for t in found.ties] == [20.0 if found.point["below"] == 10.0 else 10.0]


def test_plans_that_cannot_be_told_apart_are_named() -> None:
    """Doses at hours 0 and 1 that leave the same at hour 4: a line of equals, which only luck would rank."""
    twin = BY_NAME["linear"].twin(64)
    aim = derived("closeness", lambda path: -np.square(np.asarray(path["y"])[:, -1] - 2.0))
    found = optimise(twin, doses("push", [at(0), at(1)], high=3.0, unit="1"), at(4), aim, search=HOURLY)
    assert 1 <= len(found.ties) <= 5 and "As good within what this sample can tell" in found.words
    kept = np.exp(-RATE * np.array([4.0, 3.0]))
    best = kept @ [found.point["push_1"], found.point["push_2"]]
    for tie in found.ties:
        assert kept @ [tie.point["push_1"], tie.point["push_2"]] == pytest.approx(best, abs=0.25)


def test_what_cannot_be_answered_is_refused() -> None:
    with pytest.raises(CardError, match="associational"):
        optimise(BY_NAME["history"].twin(), doses("x", [at(0)], high=1.0, unit="1"), at(1), LAST)
    with pytest.raises(PlanError, match="at least 299 members without an event, this twin has 64"):
        optimise(BY_NAME["linear"].twin(), doses("push", [at(0)], high=1.0, unit="1"), at(1), LAST,
                 limits=[Limit(ever_above("y", 9.0, "1"), 0.01)])  # fmt: skip
    with pytest.raises(PlanError, match="sets 'pull'"):
        optimise(BY_NAME["linear"].twin(), doses("pull", [at(0)], high=1.0, unit="1"), at(1), LAST)


def test_members_that_fail_under_a_plan_count_against_its_limits() -> None:
    """A shelf whose large stocks break half of the members: a limit keeps away from them, no limit does not."""

    @dataclass(frozen=True)
    class Brittle(Shelf):
        def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
            end, reads = super().run(state, theta, drive, fixed, key)
            broken = (np.asarray(theta)[:, 0] > MEAN) & (end["stocked"] > 50.0)
            return end, np.where(broken[:, None, None], np.nan, reads)

    twin = replace(shelf(512), model=Brittle())
    space = doses("stock", [START], high=100.0, step=10.0, unit="1")
    most = derived("stocked", stock)
    never = Limit(derived("never", lambda path: np.zeros(path["short"].shape[0])), 0.2)
    assert optimise(twin, space, at(1), most, search=HOURLY).point["stock"] == 100.0
    assert optimise(twin, space, at(1), most, limits=[never], search=HOURLY).point["stock"] == 50.0


def test_a_plan_that_no_member_survives_is_never_chosen_and_a_space_of_them_is_refused() -> None:
    @dataclass(frozen=True)
    class Deadly(Shelf):
        def run(self, state: Any, theta: Any, drive: Any, fixed: Any, key: Any) -> Any:
            end, reads = super().run(state, theta, drive, fixed, key)
            return end, np.where((end["stocked"] > 50.0)[:, None, None], np.nan, reads)

    twin = replace(shelf(64), model=Deadly())
    most, space = derived("stocked", stock), doses("stock", [START], high=100.0, step=10.0, unit="1")
    assert optimise(twin, space, at(1), most, search=HOURLY).point["stock"] == 50.0
    with pytest.raises(PlanError, match="every member failed under each"):
        optimise(twin, doses("stock", [START], low=60.0, high=100.0, step=10.0, unit="1"), at(1), most, search=HOURLY)
    everything = Schedule("everything", (Action(START, "stock", dose=100.0),))
    with pytest.raises(CollapseError, match="fails under 'everything'"):
        optimise(twin, space, at(1), most, search=replace(HOURLY, against=everything))
