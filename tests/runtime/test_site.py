"""A site: twins come back as they were saved, bad facts are named and do not stop them, forecasts are scored."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.errors import CapabilityError, CollapseError, GemelError, PlanError, StoreError
from gemel.core.fact import Between, Intervention, Level, Observation, Rejected, Status
from gemel.core.ports import Caller, Store
from gemel.core.prior import JointPrior
from gemel.core.quantity import Prior
from gemel.core.twin import Twin
from gemel.engines.particle import TemperedParticle
from gemel.runtime import Site
from gemel.store import SqliteStore, pack
from tests.runtime import tank
from tests.runtime.tank import Pull
from tests.runtime.world import (
    START,
    SUBJECT,
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


def equal(a: Twin, b: Twin) -> bool:
    """All of two twins, evidence included."""
    plain = [f.name for f in fields(Twin) if f.name not in ("belief", "evidence")]
    same_rest = all(getattr(a, name) == getattr(b, name) for name in plain)
    return same_rest and weighed(a) == weighed(b) and pack(a.belief) == pack(b.belief)


def weighed(twin: Twin) -> list[list[float]]:
    e = twin.evidence
    return [] if e is None else [np.asarray(c).tolist() for c in (e.ess, e.ancestors, e.log_evidence, e.failed)]


# saving and loading


def test_a_created_twin_is_saved_at_once_and_comes_back_whole(tmp_path: Path) -> None:
    prior = JointPrior((replace(tank.model.parameters[0], prior=Prior("uniform", (90.0, 110.0), tank.MADE_UP)),))
    with new_site(tmp_path, ()) as site:
        twin = create(
            site, "x", covariates={"size": 2.0}, settings={"lid": "shut"}, members=32, prior=prior,
            engine=TemperedParticle(keep=0.4), refit=Pull(far=9.0),
        )  # fmt: skip
        assert site.twins() == site.twins("s-1") == ["x"]
    with open_site(tmp_path) as site:
        back = site.load("x")
        assert equal(back, twin)
        assert (back.settings, back.inference.live, back.inference.refit) == (
            {"lid": "shut"}, TemperedParticle(keep=0.4), Pull(far=9.0),
        )  # fmt: skip
        assert back.parameter("rest").min() > 90.0
        birth = site.standing("x").birth
        assert (birth.engine.name, birth.refit and birth.refit.name) == ("particle", "tests.runtime.tank:Pull")


def test_a_saved_twin_comes_back_with_rates_pending_changes_and_evidence(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        site.take_in("s-1", [*history(2), rate(START + 2 * HOUR, 9.0, START + 5 * HOUR)])
        site.tick("t")
        twin = site.load("t")
        assert len(twin.cursor.pending) == 2 and twin.evidence is not None
        site.save(twin)
    with open_site(tmp_path) as site:
        assert equal(site.load("t"), twin)
        assert site.tick("t")[0] is site.load("t")


def test_a_twin_moved_by_hand_is_kept_as_having_used_what_holds(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        site.take_in("s-1", history(2))
        twin = site.tick("t", until=START + HOUR)[0]
        moved = replace(twin, belief=replace(twin.belief, logw=np.linspace(-1, 0, 64)))
        site.save(moved)
        assert site.load("t") is moved and site.stale("t") == ""
        with pytest.raises(StoreError, match="another model"):
            site.save(replace(moved, model=tank.newer))


def test_a_twin_of_a_newer_model_is_refused_and_refitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_site(tmp_path) as site:
        site.take_in("s-1", history())
        site.tick("t")
    monkeypatch.setattr(tank, "model", tank.newer)
    with open_site(tmp_path) as site:
        with pytest.raises(StoreError, match=r"version 1, but version 2 is installed: refit"):
            site.load("t")
        assert site.refit("t").now == START + 6 * HOUR
    with open_site(tmp_path) as site:
        assert site.load("t").model == tank.newer and not site.stale("t")


def test_what_cannot_be_done_says_why(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        for call, message in (
            (lambda: create(site), "there is a twin 't' already"),
            (lambda: site.load("u"), "no twin 'u'"),
            (lambda: site.take_in("s-9", []), "no subject 's-9'"),
            (lambda: site.as_of("t", START - 1), "did not exist"),
        ):
            with pytest.raises(StoreError, match=message):
                call()
        with pytest.raises(CapabilityError, match="no setting"):
            create(site, "u", settings={"door": "open"})
        with pytest.raises(PlanError):
            site.forecast("t", START)


@pytest.mark.parametrize("cut", [5, 14, 40, 600, -1])
def test_a_damaged_checkpoint_is_a_named_error(tmp_path: Path, cut: int) -> None:
    with new_site(tmp_path) as site:
        whole = site.store.latest("t", site.caller)
        assert whole is not None
        site.store.save(msgspec.structs.replace(whole, payload=whole.payload[:cut]), site.caller)
    with open_site(tmp_path) as site, pytest.raises(StoreError):
        site.load("t")


def test_a_subject_described_anew_is_seen_by_its_twins(tmp_path: Path) -> None:
    with new_site(tmp_path) as site:
        site.enrol(msgspec.structs.replace(SUBJECT, zone="America/Lima"))
        assert site.load("t").subject.zone == "America/Lima"


def test_a_refused_caller_gets_nothing_from_memory(tmp_path: Path) -> None:
    gate = Gate()
    store = SqliteStore(tmp_path / "gemel.db", access=gate)
    with Site(store, caller=Caller(id="ann")) as site:
        assert isinstance(store, Store)
        site.enrol(SUBJECT)
        create(site)
        gate.shut = True
        for call in (lambda: site.load("t"), lambda: site.tick("t"), lambda: site.forecast("t", START + HOUR)):
            with pytest.raises(ForbiddenError):
                call()


class ForbiddenError(GemelError):
    pass


class Gate:
    shut = False

    def check(self, caller: Caller, action: str, subject: str) -> None:
        if self.shut:
            raise ForbiddenError(action)


# bad input

BAD = (
    (reading(START + 31 * MINUTE, 5000.0), "impossible value"),
    (reading(START + 32 * MINUTE, float("nan")), "impossible value"),
    (reading(START + 33 * MINUTE, float("inf")), "impossible value"),
    (reading(START + 34 * MINUTE, 100.0, unit="mg/mL/h"), "wrong unit"),
    (reading(START + 35 * MINUTE, 100.0, unit="stones"), "wrong unit"),
    (reading(START + 36 * MINUTE, 100.0, sd=0.0), "impossible value"),
    (reading(START + 37 * MINUTE, 0, value=Level("high")), "not a number"),
    (reading(START + 38 * MINUTE, 0, value=Between(120.0, 80.0)), "impossible value"),
    (reading(START + 39 * MINUTE, -3.0, code="test:size", unit="dL"), "impossible value"),
    (reading(START + 49 * MINUTE, 8.0, code="test:flow"), "no such use"),
    (dose(START + 41 * MINUTE, -4.0), "impossible value"),
    (dose(START + 42 * MINUTE, float("inf")), "impossible value"),
    (dose(START + 43 * MINUTE, 4.0, unit="mL"), "wrong unit"),
    (dose(START + 44 * MINUTE, 4.0, code="test:heat"), "no such use"),
    (rate(START + 45 * MINUTE, 4.0, START + 44 * MINUTE), "impossible time"),
    (dose(START + 46 * MINUTE, 4.0, code="test:level", unit="mg/dL"), "no such use"),
)


@pytest.mark.parametrize(("bad", "kind"), BAD)
def test_a_fact_no_twin_can_use_is_named_kept_once_and_passed_over(
    tmp_path: Path, bad: Observation | Intervention, kind: str
) -> None:
    with new_site(tmp_path) as site:
        site.take_in("s-1", [*history(1), bad])
        twin = site.tick("t")[0]
        (row,) = site.store.rejected(site.caller, "s-1")
        assert row.reason.startswith(f"{kind}: ") and row.code == bad.code and bad.id in row.raw
        assert twin.now == START + HOUR and twin.cursor.used == len(history(1))
        site.take_in("s-1", [reading(START + 5 * MINUTE, 100.0)])  # replays the bad one
        site.tick("t")
        account = site.account("t")
        assert (account.used, account.refused, account.stale) == (len(history(1)) + 1, 1, "")


def test_a_bad_fact_at_the_instant_of_good_ones_takes_none_of_them_with_it(tmp_path: Path) -> None:
    at = START + HOUR
    with new_site(tmp_path) as site:
        site.take_in("s-1", [reading(at, 104.0), reading(at, 9e9, id="typo"), dose(at, 3.0)])
        assert site.tick("t")[0].cursor.used == 2


def test_of_twins_ticked_together_only_the_one_that_collapses_stands_still(tmp_path: Path) -> None:
    with new_site(tmp_path, ("a", "b")) as site:
        create(site, "shy", engine=Pull(far=25.0))
        site.take_in("s-1", history(3))
        site.take_in("s-1", [reading(START + HOUR + MINUTE, 290.0)])
        a, b, shy = site.tick(["a", "b", "shy"])
        assert a.now == b.now == START + 3 * HOUR and same(replace(a, id="b"), b)
        assert shy.now == START + HOUR and "off" in site.stale("shy")
        with pytest.raises(CollapseError, match="stays as it was"):
            site.refit("shy")
    with open_site(tmp_path) as site:
        assert "off" in site.stale("shy") and same(site.load("shy"), shy)
        site.take_in("s-1", [held(reading(START + HOUR + MINUTE, 290.0), status=Status.ENTERED_IN_ERROR)])
        assert site.tick("shy")[0].now == START + 3 * HOUR and site.stale("shy") == ""


def test_counts_say_how_much_of_a_stream_was_used(tmp_path: Path) -> None:
    facts = history(1)
    rows = [
        Rejected(reason="wrong unit: 'mg'", source="f:3", raw="3;mg"),
        Rejected(reason="bad time: x", source="f:9", raw="9"),
    ]
    with new_site(tmp_path) as site:
        taken = site.take_in("s-1", [rows[0], *facts, facts[0], rows[1], rows[1]])
        n = len(facts)
        assert (taken.items, taken.accepted, taken.repeated, taken.rejected, taken.last) == (n + 4, n, 1, 3, n)
        assert taken.reasons == {"wrong unit": 1, "bad time": 2}
        assert "accepted" in taken.render() and "rejected 2: bad time" in taken.render()
        again = site.take_in("s-1", [rows[0], *facts, rows[1]])
        assert (again.accepted, again.repeated) == (0, n)
        assert site.store.rejected(site.caller, "s-1") == rows


def test_a_fact_that_cannot_be_stored_is_a_rejected_row(tmp_path: Path) -> None:
    bad = reading(2**70, 100.0)
    with new_site(tmp_path) as site:
        taken = site.take_in("s-1", [*history(1), bad])
        assert (taken.accepted, taken.rejected, taken.reasons) == (len(history(1)), 1, {"cannot be stored": 1})


def test_a_gap_of_hours_loses_nothing(tmp_path: Path) -> None:
    early, late = history(2), [f for f in history(14) if f.at > START + 13 * HOUR]
    with new_site(tmp_path) as site:
        site.take_in("s-1", early)
        site.tick("t")
        site.take_in("s-1", late)
        assert same(site.tick("t")[0], undisturbed(tmp_path / "once", [*early, *late]))


def test_the_hour_that_autumn_repeats_is_two_hours_of_facts(tmp_path: Path) -> None:
    start = instant("2026-10-25T00:30:00+01:00")
    facts = [reading(start + k * 10 * MINUTE, 105.0) for k in range(1, 20)]
    assert facts[5].at == instant("2026-10-25T01:30:00", tz="Europe/London", repeated=0)
    assert facts[11].at == instant("2026-10-25T01:30:00", tz="Europe/London", repeated=1)
    with new_site(tmp_path, (), now=lambda: start + 24 * HOUR) as site:
        create(site, at=start)
        site.take_in("s-1", facts)
        assert site.tick("t")[0].cursor.used == 19


def test_a_store_is_opened_by_path_or_by_its_registered_scheme(tmp_path: Path) -> None:
    with pytest.raises(GemelError, match="no stores named 'nowhere'"):
        Site.open("nowhere://there")
    with Site.open(":memory:") as site:
        assert site.now() > START and site.twins() == []
