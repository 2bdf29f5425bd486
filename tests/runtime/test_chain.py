"""From files to forecasts: a glucose twin on damaged and on real tables, through ingest, store and ticks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.errors import IngestError
from gemel.core.fact import Exact, Fact, Intervention, Observation, Rejected
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.ingest import t1d_uom
from gemel.runtime import Site
from tests.runtime.world import same

START = instant("2023-11-13T00:00:00Z")
PERSON = Subject(id="p", zone="Europe/London")
MEMBERS = 128


def clinic(folder: Path, names: tuple[str, ...] = ("p:bg",)) -> Site:
    folder.mkdir(parents=True, exist_ok=True)
    site = Site.open(folder / "gemel.db", now=lambda: START + 60 * 24 * HOUR)
    site.enrol(PERSON)
    for seed, name in enumerate(names):
        site.create(
            "replaybg", "p", at=START, id=name, members=MEMBERS, seed=seed,
            covariates={"weight": 75.0, "basal": 0.8}, rates={"insulin": 0.8},
        )  # fmt: skip
    return site


def tables(folder: Path) -> Path:
    """Three hours of one person, with everything wrong that happens: see the test."""
    folder.mkdir(exist_ok=True)
    rows = [f"2023-11-13T{k // 12:02d}:{5 * (k % 12):02d}:00,{130 + 10 * np.sin(k / 5):.1f}" for k in range(1, 36)]
    rows[3], rows[4] = rows[4], rows[3]  # out of order
    rows.insert(9, rows[8])  # repeated
    rows[12] = "2023-11-13T01:00:00,5000"  # impossible
    rows[15] = "2023-11-13T01:15:00,HIGHISH"
    rows[18] = "2023-11-13T25:30:00,140"
    del rows[22:30]  # a gap
    cut_short = "2023-11-13T02:58:00,12"
    (folder / "x_glucose.csv").write_text("\n".join(["t,glucose_mgdl", *rows, cut_short]))
    (folder / "x_basal.csv").write_bytes(b"")
    (folder / "x_bolus.csv").write_text("t,bolus_dose\n2023-11-13T00:31:00,2.0\n2023-11-13T00:41:00,-2.0\n")
    return folder


def test_damaged_tables_are_named_row_by_row_and_the_twin_goes_on(tmp_path: Path) -> None:
    feed = t1d_uom.read(tables(tmp_path / "raw"), "x")
    with clinic(tmp_path) as site:
        taken = site.take_in("p", feed)
        twin = site.tick("p:bg")[0]
        kept = site.store.rejected(site.caller, "p")
        account = site.account("p:bg")
    assert taken.items == taken.accepted + taken.repeated + taken.rejected
    assert (taken.repeated, len(kept)) == (1, taken.rejected)
    assert {"impossible value", "not a number", "bad time", "truncated", "unreadable file"} <= set(taken.reasons)
    assert twin.now == START + 175 * MINUTE and np.isfinite(np.asarray(twin.belief.logw)).all()
    assert (account.used, account.refused, account.stale) == (taken.accepted, 0, "")


def test_a_source_that_breaks_off_is_a_rejected_row_after_what_it_gave() -> None:
    def broken() -> Iterator[Fact]:
        yield Observation(id="g", code="loinc:99504-3", value=Exact(120.0), unit="mg/dL", at=START + 1, recorded=START)
        raise IngestError("'x.csv' is a damaged gzip file")

    with Site.open(":memory:") as site:
        site.enrol(PERSON)
        taken = site.take_in("p", broken())
        assert (taken.accepted, taken.reasons) == (1, {"unreadable source": 1})


def real(shared: Path, hours: float) -> list[Fact]:
    """The first hours of one person of T1D-UOM."""
    feed = t1d_uom.read(shared / "data" / "metabolic" / "t1d_uom", "2301", zone="Europe/London")
    facts = [f for f in feed if not isinstance(f, Rejected) and START < f.at <= START + hours * HOUR]
    return sorted(facts, key=lambda f: (f.at, f.id))


@pytest.mark.slow
def test_real_data_give_the_same_bits_however_they_are_portioned_out(tmp_path: Path, shared: Path) -> None:
    facts = real(shared, 9)
    with clinic(tmp_path / "once") as site:
        site.take_in("p", facts)
        once = site.tick("p:bg")[0]
    with clinic(tmp_path / "often") as site:
        glucose = [f for f in facts if isinstance(f, Observation)]
        given = [f for f in facts if isinstance(f, Intervention)]
        rest = iter(glucose)
        while some := list(islice(rest, 12)):
            site.take_in("p", some)
            site.tick("p:bg")
        site.take_in("p", given)  # the pump is read out at the end: all of it is late
        often = site.tick("p:bg")[0]
        assert len(given) > 50 and site.stale("p:bg") == ""
        issued = site.forecast("p:bg", often.now + 2 * HOUR)
    assert same(once, often)
    assert 40 < issued.rows[0].quantiles["0.5"] < 400


@pytest.mark.slow
def test_twins_in_one_call_agree_with_twins_alone_to_round_off(tmp_path: Path, shared: Path) -> None:
    """Sums over members are rounded otherwise in a larger array (measured: 1e-14 of the largest value)."""
    facts, names = real(shared, 4), ("a", "b", "c")
    found: dict[str, list[Twin]] = {}
    for way, ticks in (("together", [names]), ("alone", [(name,) for name in names])):
        with clinic(tmp_path / way, names) as site:
            site.take_in("p", facts)
            found[way] = [twin for some in ticks for twin in site.tick(some)]
    for a, b in zip(found["together"], found["alone"], strict=True):
        np.testing.assert_allclose(np.asarray(a.belief.theta), np.asarray(b.belief.theta), rtol=1e-9)
        for name, leaf in a.belief.state.items():
            other = np.asarray(b.belief.state[name])
            np.testing.assert_allclose(np.asarray(leaf), other, rtol=1e-9, atol=1e-9 * np.abs(other).max())
