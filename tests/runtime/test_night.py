"""The nightly refit: who is due, what it does, and that one twin's trouble is not another's."""

from __future__ import annotations

from pathlib import Path

from gemel.core.clock import DAY, HOUR
from gemel.runtime.night import Refitted
from tests.runtime.tank import Pull
from tests.runtime.world import START, SUBJECT, create, history, new_site, open_site, reading, same


def test_a_twin_is_refitted_once_a_day_and_the_next_night_knows_it(tmp_path: Path) -> None:
    with new_site(tmp_path, ()) as site:
        create(site, "fitted", refit=Pull(far=59.0))
        create(site, "plain")
        site.take_in(SUBJECT.id, history(23))
        site.tick(["fitted", "plain"])
        assert site.night() == []  # a day has not passed
        site.take_in(SUBJECT.id, [f for f in history(26) if f.at > START + 23 * HOUR])
        lived = site.tick(["fitted", "plain"])[0]
        assert site.night() == [Refitted(twin="fitted", at=lived.now)]
        assert not same(site.load("fitted"), lived) or site.standing("fitted").refitted == lived.now
        assert site.night() == []  # not twice
    with open_site(tmp_path) as site:
        assert site.night() == []  # nor after a restart
        assert site.standing("fitted").refitted == lived.now and site.standing("fitted").lineage == 1
        assert [r.twin for r in site.night(every=0)] == ["fitted"]


def test_a_stale_twin_is_refitted_without_waiting_for_its_day(tmp_path: Path) -> None:
    with new_site(tmp_path, budget=HOUR) as site:
        site.take_in(SUBJECT.id, history(6))
        site.tick("t")
        site.take_in(SUBJECT.id, [reading(START + 90_000_000, 101.0, recorded=START + 7 * HOUR)])
        site.tick("t")
        assert site.stale("t")
        assert [r.problem for r in site.night()] == [""] and site.stale("t") == ""


def test_a_twin_that_cannot_be_refitted_is_told_and_stops_nobody(tmp_path: Path) -> None:
    with new_site(tmp_path, ()) as site:
        create(site, "a", refit=Pull(far=0.001))  # no reading fits this engine
        create(site, "b", refit=Pull(far=59.0))
        site.take_in(SUBJECT.id, history(25))
        before = site.tick(["a", "b"])[0]
        told = {r.twin: r.problem for r in site.night(every=DAY)}
        assert "mg/dL off" in told["a"] and told["b"] == ""
        assert same(site.load("a"), before)  # as it was
