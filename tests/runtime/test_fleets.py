"""A twin in a fleet is the twin that a site ticks alone, whatever comes and in whatever order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE
from gemel.core.fact import Exact, Fact, Level, Observation, Status
from gemel.core.ledger import LEVELS
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.core.writing import Write
from gemel.runtime import Site, fleet_outlook
from gemel.runtime.fleet import SIZES, crews, padded
from gemel.runtime.fleet_forecast import paths_of
from gemel.runtime.fleet_outlook import AHEAD, EVERY, Outlook
from gemel.runtime.fleet_recent import THIN, Recent
from gemel.runtime.fleets import Fleets, Moved
from gemel.runtime.ledger.truth import readings
from gemel.runtime.records import codes_of, trail
from gemel.verbs.forecast import forecast_all
from tests.runtime import tank
from tests.runtime.tank import Pull
from tests.runtime.world import (
    FAST,
    START,
    TANK,
    create,
    dose,
    held,
    history,
    new_site,
    open_site,
    rate,
    reading,
    same,
    undisturbed,
)

TIMID = Pull(far=20.0)


def send(site: Site, facts: Sequence[Fact], subject: str = "s-1") -> list[Moved]:
    """Make facts durable in one write, and let the fleets take in what waits."""
    writes = [Write(subject=subject, facts=tuple(facts))]
    fleets = site.fleets()
    fleets.arrive(zip(writes, site.store.commit(writes, site.caller), strict=True))
    return settle(fleets)


def settle(fleets: Fleets) -> list[Moved]:
    moved: list[Moved] = []
    while fleets.behind:
        moved += fleets.tick()
    return moved


def live(site: Site, facts: Sequence[Fact], portion: int = 3) -> Fleets:
    for k in range(0, len(facts), portion):
        send(site, facts[k : k + portion])
    return site.fleets()


def as_alone(site: Site, facts: Sequence[Fact], once: Twin, name: str = "t") -> None:
    """The twin stands where one stands that was ticked alone, bit by bit, on the same facts."""
    standing = site.standing(name)
    codes = codes_of(standing.twin.model)
    used = sorted((f for f in facts if f.code in codes), key=lambda f: (f.at, f.id))
    assert same(standing.twin, once)
    assert standing.facts_hash == trail(used, standing.since).at(standing.twin.now)
    assert not standing.stale


@pytest.mark.parametrize("portion", [1, 5, 40])
def test_a_twin_in_a_fleet_is_the_twin_ticked_alone(tmp_path: Path, portion: int) -> None:
    facts = history(4)
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        fleets = live(site, facts, portion)
        assert fleets.live == 1 and fleets.waiting == 0
        as_alone(site, facts, once)
        assert fleets.live == 0


def test_many_twins_of_a_kind_do_not_touch_one_another(tmp_path: Path) -> None:
    luck, count = random.Random(5), 7
    (tmp_path / "alone").mkdir()
    with new_site(tmp_path, ()) as site, open_site(tmp_path / "alone") as alone:
        told: dict[str, list[Fact]] = {}
        for k in range(count):
            name = f"p-{k}"
            for own in (site, alone):
                own.enrol(Subject(id=name, zone="UTC" if k % 2 else "Europe/London"))
                own.create(
                    TANK, name, at=START + k * 7 * MINUTE, members=32, seed=k, engine=FAST, rates={"flow": 2.0}, id=name
                )
            told[name] = [f for f in history(3, seed=k) if f.at > START + k * 7 * MINUTE]
            alone.take_in(name, told[name])
            alone.tick(name)
        queues = {name: list(facts) for name, facts in told.items()}
        while any(queues.values()):
            writes = []
            for name, queue in queues.items():
                some, queues[name] = queue[: (n := luck.randint(0, 6))], queue[n:]
                writes += [Write(subject=name, facts=tuple(some))] if some else []
            site.fleets().arrive(zip(writes, site.store.commit(writes, site.caller), strict=True))
            settle(site.fleets())
        assert site.fleets().live == count
        for name in told:
            as_alone(site, told[name], alone.load(name), name)


@pytest.mark.parametrize("seed", range(2))
def test_facts_in_any_order_end_in_the_same_belief(tmp_path: Path, seed: int) -> None:
    facts, luck = history(3), random.Random(seed)
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        left = luck.sample(facts, len(facts))
        while left:
            send(site, [left.pop() for _ in range(min(len(left), luck.randint(1, 7)))])
        as_alone(site, facts, once)


def test_two_readings_at_one_instant_are_taken_in_together(tmp_path: Path) -> None:
    at = START + 10 * MINUTE
    facts: list[Fact] = [reading(at, 100.0, id="a"), reading(at, 120.0, id="b"), reading(at + MINUTE, 90.0)]
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        live(site, facts, 3)
        as_alone(site, facts, once)


def test_a_dose_acts_from_its_instant_and_a_rate_ends_by_itself(tmp_path: Path) -> None:
    facts: list[Fact] = [
        reading(START + 5 * MINUTE, 100.0), dose(START + 6 * MINUTE, 20.0),
        rate(START + 7 * MINUTE, 9.0, START + 11 * MINUTE),
        reading(START + 8 * MINUTE, 130.0), reading(START + 70 * MINUTE, 120.0),
    ]  # fmt: skip
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        live(site, facts, 1)
        as_alone(site, facts, once)


def test_what_the_model_cannot_use_is_kept_once_and_only_time_passes(tmp_path: Path) -> None:
    facts: list[Fact] = [
        reading(START + 5 * MINUTE, 100.0), reading(START + 6 * MINUTE, -3.0),
        reading(START + 7 * MINUTE, 5.0, unit="kg"),
        reading(START + 8 * MINUTE, 0.0, value=Level("odd")), reading(START + 9 * MINUTE, 7.0, unit="mmol/L"),
    ]  # fmt: skip
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        live(site, facts, 1)
        as_alone(site, facts, once)
        rows = site.store.rejected(site.caller, "s-1")
        assert sorted(row.reason.partition(":")[0] for row in rows) == [
            "impossible value",
            "not a number",
            "wrong unit",
        ]
        assert site.account("t").refused == 3


@pytest.mark.parametrize(
    "change",
    [
        {"value": Exact(140.0)},
        {"status": Status.ENTERED_IN_ERROR},
        {"at": START + 4 * HOUR, "status": Status.FINAL},
        {"at": START + 61 * MINUTE},
    ],
)
def test_a_correction_counts_as_if_it_had_always_said_so(tmp_path: Path, change: dict[str, Any]) -> None:
    facts = history(3)
    first = next(f for f in facts if isinstance(f, Observation))
    better = held(first, **change)
    true = [
        better if f is first else f for f in facts if f is not first or better.status is not Status.ENTERED_IN_ERROR
    ]
    once = undisturbed(tmp_path / "once", true)
    with new_site(tmp_path) as site:
        fleets = live(site, facts)
        send(site, [better])
        assert fleets.live == 1  # it was set down again
        as_alone(site, true, once)


def test_beyond_the_budget_a_twin_goes_on_and_says_that_it_is_stale(tmp_path: Path) -> None:
    facts = history(9)
    with new_site(tmp_path, budget=3 * HOUR) as site:
        live(site, facts, 9)
        moved = send(site, [reading(START + 2 * HOUR + MINUTE, 150.0)])
        assert "stale until refit" in moved[-1].stale
        moved = send(site, [reading(facts[-1].at + MINUTE, 110.0)])
        assert moved[-1].present == facts[-1].at + MINUTE and moved[-1].stale
        assert site.fleets().tired() == ["t"]
        assert all(outlook.stale for outlook in site.fleets().forecast())


def test_a_belief_that_collapses_stays_with_the_site_and_stops_nobody(tmp_path: Path) -> None:
    with new_site(tmp_path, ()) as site:
        create(site, "t", engine=TIMID)
        site.enrol(Subject(id="s-2"))
        site.create(TANK, "s-2", at=START, members=64, seed=1, engine=TIMID, rates={"flow": 3.0}, id="u")
        for k in (1, 2):
            at = START + k * 10 * MINUTE
            writes = [
                Write(subject=s, facts=(reading(at, x),)) for s, x in (("s-1", 100.0), ("s-2", (100.0, 900.0)[k - 1]))
            ]
            site.fleets().arrive(zip(writes, site.store.commit(writes, site.caller), strict=True))
            settle(site.fleets())
        assert site.fleets().live == 1
        assert site.standing("t").twin.now == START + 20 * MINUTE and not site.stale("t")
        assert site.standing("u").twin.now == START + 10 * MINUTE and "off" in site.stale("u")


def test_a_fact_of_the_future_waits_for_its_time(tmp_path: Path) -> None:
    clock = [START + HOUR]
    with new_site(tmp_path, now=lambda: clock[0]) as site:
        send(site, [*history(1), reading(START + 2 * HOUR, 100.0)])
        fleets = site.fleets()
        assert not fleets.behind and fleets.waiting == 1
        clock[0] = START + 3 * HOUR
        assert [m.present for m in settle(fleets)] == [START + 2 * HOUR]


def test_a_verb_gets_the_twin_as_it_stands_and_the_next_reading_goes_on_from_there(tmp_path: Path) -> None:
    facts = history()
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        for k in range(0, len(facts), 5):
            send(site, facts[k : k + 5])
            assert site.load("t").now == max(f.at for f in facts[: k + 5])
        site.refit("t")
        as_alone(site, facts, once)


def test_a_twin_made_while_the_fleets_run_is_live_with_its_next_reading(tmp_path: Path) -> None:
    facts = history(2)
    with new_site(tmp_path) as site:
        live(site, facts)
        create(site, "late", at=facts[-1].at)
        moved = send(site, [reading(facts[-1].at + MINUTE, 100.0)])
        assert {m.twin for m in moved} == {"t", "late"} and site.fleets().live == 2


@pytest.mark.parametrize("stopped", [True, False])
def test_a_site_opened_again_goes_on_where_the_fleets_were(tmp_path: Path, stopped: bool) -> None:
    facts = history()
    once = undisturbed(tmp_path / "once", facts)
    half = len(facts) // 2
    with new_site(tmp_path) as site:
        fleets = live(site, facts[:half])
        if stopped:
            assert fleets.all_due() == 1 and fleets.save(10) == 0 and fleets.all_due() == 0
    with open_site(tmp_path) as site:
        live(site, facts[half:])
        as_alone(site, facts, once)


def test_a_checkpoint_of_a_fleet_is_enough_with_the_records_after_it(tmp_path: Path) -> None:
    facts = history()
    before, after = ([f for f in facts if (f.at <= START + 5 * HOUR) is early] for early in (True, False))
    with new_site(tmp_path) as site:
        fleets = live(site, before)
        fleets.all_due()
        fleets.save(10)
    with open_site(tmp_path) as site:
        site.fleets().wake("s-1")
        settle(site.fleets())
        assert site.fleets().live == 1
        asked: list[int] = []
        store, facts_of = site.store, site.store.facts
        store.facts = lambda subject, caller, *, after=0, as_of=None: (  # type: ignore[method-assign]
            asked.append(after) or facts_of(subject, caller, after=after, as_of=as_of)
        )
        send(site, after)
        assert not asked  # the fleet needs no record of the past


def test_twins_are_saved_once_an_hour_each_at_its_own_minute(tmp_path: Path) -> None:
    with new_site(tmp_path, ()) as site:
        names = [f"t{k}" for k in range(12)]
        for name in names:
            create(site, name)
        before = {name: site.store.latest(name, site.caller).at for name in names}  # type: ignore[union-attr]
        minutes: dict[str, set[int]] = {name: set() for name in names}
        for k in range(1, 141):
            send(site, [reading(START + k * MINUTE, 100.0)])
            site.fleets().save(100)
            for name in names:
                found = site.store.latest(name, site.caller)
                assert found is not None
                if found.at != before[name]:
                    before[name] = found.at
                    minutes[name].add(k)
        assert {len(own) for own in minutes.values()} <= {2, 3}
        assert len({min(own) for own in minutes.values()}) > 6


def test_forecasts_are_those_of_the_verb(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        fleets = live(site, history(3))
        send(site, [dose(START + 4 * HOUR, 5.0), rate(START + 4 * HOUR, 8.0, START + 5 * HOUR)])
        (made,) = fleets.forecast()
        own = site.load("t")
        whole = forecast_all([own], AHEAD[-1], [None], ahead=[0, *AHEAD])[0]
    assert made.issued == own.now and made.units == {"level": "mg/dL"}
    table = np.asarray(whole.quantile("level", LEVELS))[:, 1:].T
    assert np.allclose(made.quantiles["level"], table, rtol=1e-12, atol=0.0)
    low, high = np.asarray(whole.quantile("level", (0.05, 0.95), readings=False))[:, 0]
    assert np.allclose(made.now["level"], (whole.mean("level")[0], low, high), rtol=1e-12)


def test_of_a_twin_one_forecast_in_five_minutes_goes_into_the_ledger_and_says_so(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        made: list[Outlook] = []
        for k in range(1, 31):
            send(site, [reading(START + k * MINUTE, 100.0 + k)])
            made += site.fleets().forecast()
        written = [outlook for outlook in made if outlook.ledger]
        assert len(made) == 30 and len(written) == 30 * MINUTE // EVERY
        rows = {row.id: row for row in site.ledger("t")}
        assert set(rows) == {id for outlook in written for id in outlook.ledger}
        for outlook in written:
            for id in outlook.ledger:
                row = rows[id]
                shown = np.asarray(outlook.quantiles["level"])[AHEAD.index(row.target - row.issued)]
                assert np.allclose(list(row.quantiles.values()), shown)
                assert row.last == 100.0 + (row.issued - START) // MINUTE and row.issued == outlook.issued


def meanwhile(fleets: Fleets, act: Callable[[], object]) -> list[Outlook]:
    """Forecasts during which another thread does something, to its end."""

    def slow(*given: Any) -> Any:
        other = Thread(target=act)
        other.start()
        other.join(30.0)
        assert not other.is_alive()  # it need not wait for the forecast
        return paths_of(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fleet_outlook, "paths_of", slow)
        return fleets.forecast()


def test_a_twin_takes_in_readings_while_its_forecast_is_made_which_tells_of_before(tmp_path: Path) -> None:
    facts, at = history(3), START + 4 * HOUR
    (tmp_path / "still").mkdir()
    with new_site(tmp_path) as site, new_site(tmp_path / "still") as still:
        fleets = live(site, facts)
        (quiet,) = live(still, facts).forecast()
        (made,) = meanwhile(fleets, lambda: send(site, [reading(at, 150.0), dose(at, 5.0)]))
        assert (made.issued, made.now, made.ledger) == (facts[-1].at, quiet.now, quiet.ledger)
        assert np.array_equal(made.quantiles["level"], quiet.quantiles["level"])
        assert site.ledger("t") == still.ledger("t") and made.ledger
        (next_one,) = fleets.forecast()
        assert next_one.issued == at and fleets.owed == 0
        once = site.tick("t")[0]
        assert once.now == at and once.cursor.used == len([f for f in facts if f.code in codes_of(tank.model)]) + 2


@pytest.mark.parametrize("how", ["asked for", "described anew", "late fact"])
def test_the_forecast_of_a_twin_that_leaves_its_fleet_meanwhile_is_neither_told_nor_written(
    tmp_path: Path, how: str
) -> None:
    facts = history(3)
    with new_site(tmp_path, ("t", "u")) as site:
        fleets = live(site, facts)

        def leave() -> None:
            if how == "asked for":
                site.load("t")
            elif how == "described anew":
                site.enrol(Subject(id="s-1", zone="Asia/Tokyo"))
            else:
                send(site, [reading(START + 7 * MINUTE // 2, 130.0)])

        made = meanwhile(fleets, leave)
        assert [o.twin for o in made] == (["u"] if how == "asked for" else [])
        assert site.ledger("t") == [] and site.ledger("u") == []  # of "u" the past is read in the next run
        send(site, [reading(START + 4 * HOUR, 100.0)])
        after = fleets.forecast()
        assert {o.twin for o in after} == {"t", "u"} and any(o.ledger for o in after)
        assert {o.issued for o in after} == {START + 4 * HOUR}


def test_a_run_of_forecasts_that_fails_leaves_the_twins_where_they_are(tmp_path: Path) -> None:
    facts = history(3)
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        fleets = live(site, facts)

        def wrong(*_: Any) -> Any:
            raise RuntimeError("struck by lightning")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fleet_outlook, "paths_of", wrong)
            with pytest.raises(RuntimeError):
                fleets.forecast()
        assert fleets.live == 1 and fleets.forecast() == [] and site.ledger("t") == []
        as_alone(site, facts, once)


def test_rows_of_the_ledger_are_those_that_the_site_would_issue(tmp_path: Path) -> None:
    facts = [f for f in history(5) if isinstance(f, Observation) and f.code == "test:level"]
    with new_site(tmp_path) as site:
        fleets = live(site, facts, 1)
        (made,) = fleets.forecast()
        issued = {row.target: row for row in site.forecast("t", made.issued + 2 * HOUR).rows}
        for row in site.ledger("t"):
            if row.id in made.ledger:
                other = issued[row.target]
                assert (row.last, row.usual, row.reach, row.facts_hash) == (
                    other.last, other.usual, other.reach, other.facts_hash,
                )  # fmt: skip


def test_forecasts_that_are_owed_are_made_of_the_newest_belief_oldest_first(tmp_path: Path) -> None:
    with new_site(tmp_path, ("t", "u", "v")) as site:
        for k in range(1, 4):
            send(site, [reading(START + k * MINUTE, 100.0)])
        fleets = site.fleets()
        assert fleets.owed == 3
        first, rest = fleets.forecast(1), fleets.forecast()
        assert [o.twin for o in (*first, *rest)] == ["t", "u", "v"] and fleets.owed == 0
        assert {o.issued for o in (*first, *rest)} == {START + 3 * MINUTE}


def test_a_subject_described_anew_takes_its_twins_with_it(tmp_path: Path) -> None:
    facts = history(3)
    with new_site(tmp_path) as site:
        live(site, facts)
        new = Subject(id="s-1", zone="Asia/Tokyo")
        writes = [Write(subject="s-1", enrol=new)]
        site.fleets().arrive(zip(writes, site.store.commit(writes, site.caller), strict=True))
        settle(site.fleets())
        assert site.load("t").subject == new and site.load("t").now == facts[-1].at


def test_readings_are_thinned_but_the_newest_is_always_there() -> None:
    second = MINUTE // 60
    recent = Recent()
    for k in range(3600):
        recent.add(START + k * second, float(k))
    found = recent.readings(START + 2 * HOUR)
    assert found.values[-1] == 3599.0 and len(found.values) == 1 + 3600 * second // THIN
    usual = Recent()
    facts = [f for f in history(5) if isinstance(f, Observation) and f.code == "test:level"]
    for fact in facts:
        usual.add(fact.at, fact.value.value)  # type: ignore[union-attr]
    whole = readings(tank.model, tank.model.observables[0], facts)
    assert np.array_equal(usual.readings(facts[-1].at).values, whole.values)
    assert np.array_equal(usual.readings(facts[-1].at).times, whole.times)


@pytest.mark.parametrize("count", [1, 8, 9, 16, 17, 32, 33, 64, 65, 100, 128, 129, 500])
def test_a_crowd_is_cut_into_few_sizes_and_little_is_padded(count: int) -> None:
    parts = crews(range(count))
    sizes = [len(padded(part)) for part in parts]
    assert [one for part in parts for one in part] == list(range(count))
    assert set(sizes) <= set(SIZES) and sum(sizes) < max(2 * count, SIZES[0] + 1)


def test_a_twin_that_the_site_has_moved_before_it_was_set_down_is_saved_at_a_stop(tmp_path: Path) -> None:
    facts = history(0.5)
    with new_site(tmp_path) as site:
        fleets = live(site, facts, len(facts))
        assert fleets.live == 1 and fleets.all_due() == 1 and fleets.save(1) == 0
        found = site.store.latest("t", site.caller)
        assert found is not None and found.at == facts[-1].at
