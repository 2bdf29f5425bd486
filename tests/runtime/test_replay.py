"""The same facts give the same belief, to the bit, however and in whatever order they came."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gemel import forecast
from gemel.core.clock import HOUR, MINUTE
from gemel.core.errors import StoreError
from gemel.core.fact import Exact, Fact, Observation, Status
from gemel.runtime import Site
from gemel.runtime.freeze import thaw
from gemel.runtime.records import codes_of, said, trail
from tests.runtime import tank
from tests.runtime.tank import Pull
from tests.runtime.world import (
    START,
    SUBJECT,
    create,
    held,
    history,
    new_site,
    open_site,
    rate,
    reading,
    same,
    undisturbed,
)


def hash_of(site: Site, facts: list[Fact]) -> str:
    standing = site.standing("t")
    codes = codes_of(standing.twin.model)
    return trail([f for f in facts if f.code in codes], START).at(standing.twin.now)


@pytest.mark.parametrize("portion", [1, 2, 5, 17])
def test_a_twin_ticked_often_is_the_twin_ticked_once(tmp_path: Path, portion: int) -> None:
    facts = history()
    once = undisturbed(tmp_path / "once", facts)
    with new_site(tmp_path) as site:
        for k in range(0, len(facts), portion):
            site.take_in("s-1", facts[k : k + portion])
            often = site.tick("t")[0]
        assert same(often, once)
        assert site.standing("t").facts_hash == hash_of(site, facts)


def test_a_twin_whose_site_is_opened_again_for_every_fact_is_the_same(tmp_path: Path) -> None:
    facts = history(3)
    once = undisturbed(tmp_path / "once", facts)
    new_site(tmp_path).close()
    for fact in facts:
        with open_site(tmp_path) as site:
            site.take_in("s-1", [fact])
            twin = site.tick("t")[0]
    assert same(twin, once)


@pytest.mark.parametrize("seed", range(4))
def test_facts_in_any_order_with_ticks_between_end_in_the_same_belief(tmp_path: Path, seed: int) -> None:
    facts, luck = history(), random.Random(seed)
    once = undisturbed(tmp_path / "once", facts)
    shuffled = luck.sample(facts, len(facts))
    with new_site(tmp_path) as site:
        while shuffled:
            taken = [shuffled.pop() for _ in range(min(len(shuffled), luck.randint(1, 9)))]
            site.take_in("s-1", taken)
            twin = site.tick("t")[0]
        assert same(twin, once) and not site.stale("t")
        assert site.standing("t").facts_hash == hash_of(site, facts)


def test_an_amended_fact_counts_as_if_it_had_always_said_so(tmp_path: Path) -> None:
    facts = history()
    first = next(f for f in facts if isinstance(f, Observation))
    better = held(first, value=Exact(140.0))
    once = undisturbed(tmp_path / "once", [better if f is first else f for f in facts])
    with new_site(tmp_path) as site:
        site.take_in("s-1", facts)
        wrong = site.tick("t")[0]
        site.take_in("s-1", [better])
        right = site.tick("t")[0]
        assert same(right, once) and not same(wrong, once)


def test_an_amendment_that_moves_a_fact_in_time_is_undone_where_it_was(tmp_path: Path) -> None:
    facts = history()
    moved = held(next(f for f in facts if isinstance(f, Observation)), at=START + 5 * HOUR + MINUTE)
    once = undisturbed(tmp_path / "once", [moved if f.id == moved.id else f for f in facts])
    with new_site(tmp_path) as site:
        site.take_in("s-1", facts)
        site.tick("t")
        site.take_in("s-1", [moved])
        assert same(site.tick("t")[0], once)


def test_a_withdrawn_fact_counts_as_if_it_had_never_been(tmp_path: Path) -> None:
    facts = history()
    gone = [f for f in facts if isinstance(f, Observation)][-1]
    once = undisturbed(tmp_path / "once", [f for f in facts if f is not gone])
    new_site(tmp_path).close()
    with open_site(tmp_path) as site:
        site.take_in("s-1", facts)
        site.tick("t")
        site.take_in("s-1", [held(gone, status=Status.ENTERED_IN_ERROR)])
        assert same(site.tick("t")[0], once)
    with open_site(tmp_path) as site:  # its last checkpoint stands at the fact that is gone
        assert site.load("t").now <= once.now
        assert same(site.tick("t")[0], once)


def test_a_preliminary_value_confirmed_days_later_changes_nothing(tmp_path: Path) -> None:
    facts = history(1)
    first = held(facts[0], status=Status.PRELIMINARY, recorded=facts[0].recorded)  # type: ignore[arg-type]
    with new_site(tmp_path, budget=0) as site:
        site.take_in("s-1", [first, *facts[1:]])
        before = site.tick("t")[0]
        site.take_in("s-1", [held(first, status=Status.FINAL, recorded=START + 300 * HOUR)])
        assert same(site.tick("t")[0], before) and not site.stale("t")
        assert said(first) == said(facts[0])


def test_a_fact_of_the_future_waits_for_its_time(tmp_path: Path) -> None:
    with new_site(tmp_path, now=lambda: START + HOUR) as site:
        site.take_in("s-1", [*history(1), reading(START + 2 * HOUR, 100.0)])
        assert site.tick("t")[0].now == START + HOUR
        assert site.account("t").waiting == 1
        assert site.tick("t", until=START + 3 * HOUR)[0].now == START + 2 * HOUR


def test_a_fact_from_before_the_twin_is_no_late_fact(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        site.take_in("s-1", history(1))
        before = site.tick("t")[0]
        site.take_in("s-1", [reading(START - HOUR, 300.0)])
        assert same(site.tick("t")[0], before) and not site.stale("t")


def test_a_late_fact_no_part_of_the_model_takes_replays_nothing(tmp_path: Path) -> None:
    with new_site(tmp_path, budget=0) as site:
        site.take_in("s-1", history(1))
        before = site.tick("t")[0]
        site.take_in("s-1", [reading(START + MINUTE, 3.0, code="test:other")])
        assert site.tick("t")[0] is before and site.account("t").others == 1


def test_beyond_the_budget_a_twin_is_stale_until_refit_and_says_so(tmp_path: Path) -> None:
    facts = history(9)
    late = reading(START + 2 * HOUR + MINUTE, 150.0)
    with new_site(tmp_path, budget=3 * HOUR) as site:
        site.take_in("s-1", [f for f in facts if f.at <= START + 8 * HOUR])
        before = site.tick("t")[0]
        site.take_in("s-1", [late])
        assert same(site.tick("t")[0], before)
        assert "stale until refit" in site.stale("t")
    with open_site(tmp_path, budget=3 * HOUR) as site:
        assert "stale until refit" in site.stale("t")
        site.take_in("s-1", facts)
        assert site.tick("t")[0].now == facts[-1].at  # it goes on, marked
        issued = site.forecast("t", facts[-1].at + HOUR)
        assert issued.forecast.stale == forecast(site.load("t"), facts[-1].at + HOUR).stale == issued.stale
        assert issued.stale and all(row.stale == issued.stale for row in site.ledger("t"))
        fresh = site.refit("t")
        assert site.stale("t") == "" and not site.forecast("t", facts[-1].at + HOUR).stale
        assert same(fresh, undisturbed(tmp_path / "once", [*facts, late]))
    with open_site(tmp_path, budget=3 * HOUR) as site:
        assert site.stale("t") == "" and same(site.load("t"), fresh)


def test_after_a_refit_no_checkpoint_from_the_stale_time_is_replayed_from(tmp_path: Path) -> None:
    facts, late = history(9), reading(START + 2 * HOUR + MINUTE, 150.0)
    later = reading(facts[-1].at - 2 * HOUR + MINUTE, 90.0)
    with new_site(tmp_path, budget=3 * HOUR) as site:
        for known in ([f for f in facts if f.at <= START + 8 * HOUR], [late], facts):
            site.take_in("s-1", known)
            site.tick("t")
        site.refit("t")
        site.take_in("s-1", [later])
        twin = site.tick("t")[0]
        assert not site.stale("t")
        assert same(twin, undisturbed(tmp_path / "once", [*facts, late, later]))


def test_a_refit_of_a_twin_that_is_not_stale_changes_nothing(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        site.take_in("s-1", history(30))
        before = site.tick("t")[0]
        for window in (3 * HOUR, 26 * HOUR, 400 * HOUR):
            assert same(site.refit("t", window), before)


def test_a_refit_engine_takes_the_window_at_once_and_no_older_checkpoint_stands_in_for_it(tmp_path: Path) -> None:
    with new_site(tmp_path, ()) as site:
        create(site, refit=Pull(far=59.0))
        site.take_in("s-1", [*history(), reading(START + HOUR + MINUTE, 9e9)])
        live = site.tick("t")[0]
        fitted = site.refit("t")
        assert fitted.inference == live.inference and fitted.cursor == live.cursor
        assert site.standing("t").lineage == 1 and len(site.store.rejected(site.caller)) == 1
        site.take_in("s-1", [reading(START + 3 * HOUR + MINUTE, 120.0)])
        assert same(site.tick("t")[0], fitted) and "stale until refit" in site.stale("t")
        assert not same(site.refit("t"), fitted) and site.stale("t") == ""
    with open_site(tmp_path) as site:
        assert site.standing("t").lineage == 2 and site.stale("t") == ""


def test_without_a_checkpoint_to_start_from_a_refit_starts_from_the_prior_under_the_rates_then_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [*history(), rate(START + 2 * HOUR, 7.0, START + 5 * HOUR), rate(START + 3 * HOUR, 1.0, unit="stone/h")]
    with new_site(tmp_path) as site:
        site.take_in("s-1", facts)
        site.tick("t")
    monkeypatch.setattr(tank, "model", tank.newer)  # so that no checkpoint fits
    with open_site(tmp_path) as site:
        twin = site.refit("t", 3 * HOUR)
        standing = site.standing("t")
        assert (standing.since, twin.cursor.epoch) == (START + 3 * HOUR, START + 3 * HOUR)
        assert twin.now == START + 6 * HOUR and twin.cursor.rates == (6.0, 0.0)
        start = site.store.latest("t", site.caller, before=START + 3 * HOUR)
        assert start is not None
        first = thaw(start, SUBJECT).twin
        assert first.cursor.rates == (6.0, 0.0) and [e.rate for e in first.cursor.pending] == [7.0, 3.0]
        assert np.ptp(np.asarray(first.belief.covariates)) == 0.0  # the size was measured before
        site.take_in("s-1", [reading(START + 4 * HOUR + MINUTE, 111.0), reading(START + HOUR, 111.0, id="before")])
        site.tick("t")
        assert site.stale("t") == "" and same(site.refit("t"), site.load("t"))


def test_what_a_twin_knew_is_what_a_twin_stopped_then_would_know(tmp_path: Path) -> None:
    facts = history()
    moment = START + 3 * HOUR + 5 * MINUTE
    late = reading(START + 2 * HOUR + MINUTE, 170.0, recorded=START + 5 * HOUR)
    then = undisturbed(tmp_path / "once", [f for f in facts if f.recorded <= moment])
    with new_site(tmp_path) as site:
        for fact in [*facts, late]:
            site.take_in("s-1", [fact])
            site.tick("t")
        checkpoints = site.store.info()["checkpoint"]
        assert same(site.as_of("t", moment), then)
        assert same(site.as_of("t", START + 6 * HOUR), site.load("t"))
        assert site.store.info()["checkpoint"] == checkpoints


def test_an_earlier_twin_knows_what_holds_now_and_has_seen_what_had_happened(tmp_path: Path) -> None:
    facts = [*history(), reading(START + 2 * HOUR + MINUTE, 170.0, recorded=START + 5 * HOUR)]
    moment = START + 3 * HOUR + 5 * MINUTE
    then = undisturbed(tmp_path / "once", [f for f in facts if f.at <= moment])
    with new_site(tmp_path) as site:
        site.take_in("s-1", facts)
        site.tick("t")
        checkpoints = site.store.info()["checkpoint"]
        assert same(site.earlier("t", moment), then)
        assert same(site.earlier("t", START + 6 * HOUR), site.load("t"))
        assert site.store.info()["checkpoint"] == checkpoints
        with pytest.raises(StoreError, match="did not exist"):
            site.earlier("t", START - 1)


def test_twins_ticked_together_agree_with_twins_ticked_alone(tmp_path: Path) -> None:
    names = ("a", "b", "c")
    twins: dict[str, list[object]] = {}
    for way in ("together", "alone"):
        (tmp_path / way).mkdir()
        with new_site(tmp_path / way, ()) as site:
            for seed, name in enumerate(names):
                create(site, name, seed=seed)
            site.take_in("s-1", history())
            ticks = [names] if way == "together" else [(name,) for name in names]
            twins[way] = [twin for some in ticks for twin in site.tick(some)]
    assert all(same(a, b) for a, b in zip(twins["together"], twins["alone"], strict=True))  # type: ignore[arg-type]


def test_checkpoints_lie_an_hour_apart_and_before_two_days_a_day(tmp_path: Path) -> None:
    every = 20 * MINUTE
    facts = [reading(START + k * every, 105.0) for k in range(1, 3 * 24 * 4 + 1)]
    with new_site(tmp_path) as site:
        site.take_in("s-1", facts)
        end = site.tick("t")[0].now
        kept, found = [], site.store.latest("t", site.caller)
        while found is not None:
            kept.append(found.at)
            found = site.store.latest("t", site.caller, before=found.at - 1)
    recent = [at for at in kept if at > end - 47 * HOUR]
    early = [at for at in kept if at < end - 49 * HOUR]
    assert len(recent) in (46, 47, 48) and all(a - b == HOUR for a, b in pairwise(recent))
    assert 2 <= len(early) <= 3  # the start, and the first instant of each day
    assert SUBJECT.id == "s-1"
