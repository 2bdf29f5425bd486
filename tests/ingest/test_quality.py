"""Data quality: every figure of a feed made by hand, and the laws that hold for any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.clock import HOUR, MINUTE, SECOND, instant
from gemel.core.fact import Exact, Fact, Intervention, Observation, Rejected, Status
from gemel.core.subject import Subject
from gemel.ingest.flow import MOST, OTHER, Flow, source_of
from gemel.ingest.quality import quality

START = instant("2026-03-01T00:00:00Z")
WHO = Subject(id="p")
SENSOR = "loinc:99504-3"


def reading(minute: float, value: float = 100.0, *, delay: float = 0.0, **more: Any) -> Observation:
    """A sensor reading at a minute, recorded so many minutes later."""
    at = START + round(minute * MINUTE)
    said = {"id": f"g{minute}", "code": SENSOR, "value": Exact(value), "unit": "mg/dL", "source": "sensor"}
    return Observation(**{**said, "at": at, "recorded": at + round(delay * MINUTE), **more})


def test_the_figures_of_a_feed_made_by_hand() -> None:
    present = [k for k in range(0, 300, 5) if not 100 <= k < 190]  # every 5 min for 5 h, but for an hour and a half
    records: list[Fact] = [reading(k, delay=1.0 if k < 200 else 61.0) for k in present]
    records += [
        reading(10, 101.0, delay=30, status=Status.AMENDED), reading(20, delay=40, status=Status.ENTERED_IN_ERROR),
        reading(30, id="again", delay=2, source="phone"), reading(7, 80.0, code="text:mood", id="m", source="phone"),
        Intervention(id="o", code="gemel:rapid-insulin", at=START, recorded=START - MINUTE, unit="[IU]", dose=4.0,
                     status=Status.ORDERED, source="pump"),
    ]  # fmt: skip
    rejected = [
        Rejected(reason="impossible value: 2000 mg/dL", source="sensor.csv:17", raw="", code=SENSOR),
        Rejected(reason="wrong unit: kg", source="sensor.csv:18", raw="", code=SENSOR),
        Rejected(reason="impossible value: 3 mg/dL", source="sensor.csv:19#2", raw="", code=SENSOR),
    ]
    told = quality(WHO, records, rejected)
    n = len(present)
    assert (n, told.records, told.held, told.rejected) == (42, n + 5, n - 1 + 2, 3)
    assert (told.amended, told.withdrawn, told.duplicates) == (1, 1, 1)
    assert [(u.code, u.count) for u in told.unmapped] == [("text:mood", 1)]

    sources = {s.source: s for s in told.sources}
    assert sorted(sources) == ["phone", "pump", "sensor", "sensor.csv"]
    sensor, file = sources["sensor"], sources["sensor.csv"]
    assert (sensor.facts, sensor.first, sensor.last) == (n + 2, START, START + 295 * MINUTE)
    assert sensor.late == sum(k >= 200 for k in present) == 20
    assert sensor.late_share == pytest.approx(20 / 44)
    assert sensor.delay_median == pytest.approx(1.0, rel=0.025)
    assert sensor.delay_p95 == pytest.approx(61.0, rel=0.025)
    assert sensor.statuses == {"final": n, "amended": 1, "entered-in-error": 1}
    assert (file.facts, file.rejected) == (0, 3) and file.reasons == {"impossible value": 2, "wrong unit": 1}
    assert sources["pump"].ahead == 1 and sources["pump"].statuses == {"ordered": 1}

    codes = {(c.source, c.code): c for c in told.codes}
    cgm = codes["sensor", SENSOR]
    assert (cgm.facts, cgm.dense, cgm.step, cgm.expected) == (n - 1, True, 5.0, 60)
    assert cgm.filled == 41 and cgm.completeness == pytest.approx(41 / 60)  # 18 in the gap, 1 withdrawn
    assert (cgm.gaps, cgm.longest_gap) == (1, 95.0)
    assert (codes["sensor.csv", SENSOR].rejected, codes["sensor.csv", SENSOR].impossible) == (3, 2)
    assert not codes["phone", "text:mood"].mapped and codes["phone", "text:mood"].completeness is None


def test_readings_between_two_steps_make_a_record_no_more_complete() -> None:
    regular = [reading(k) for k in range(0, 600, 15)]
    looked = [reading(k + 3.3, id=f"x{k}") for k in range(0, 600, 30)]
    whole = quality(WHO, regular + looked, []).codes[0]
    assert whole.completeness == 1.0 and whole.filled == whole.expected
    half = quality(WHO, [r for r in regular if not 150 <= (r.at - START) / MINUTE < 300] + looked[:2], []).codes[0]
    assert half.completeness == pytest.approx(30 / 40, abs=0.03)


def test_a_clock_that_drifts_a_little_loses_nothing() -> None:
    slow = [reading(k * 5.02) for k in range(2000)]  # 24 s slow an hour, 0.4 %
    assert quality(WHO, slow, []).codes[0].completeness == 1.0


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(-5, 3000)), min_size=1, max_size=60), st.integers(1, 7))
def test_a_flow_counts_the_same_however_it_is_portioned_out(told: list[tuple[int, int]], portion: int) -> None:
    facts = [
        reading(m, delay=d, id=str(k), source="abc"[k % 3]) for k, (m, d) in enumerate(told)
    ]  # fmt: skip
    whole, parts = Flow(), Flow()
    whole.take(facts)
    for k in range(0, len(facts), portion):
        parts.take(facts[k : k + portion])
    assert whole.told() == parts.told() == quality(WHO, facts, []).sources
    for source in whole.told():
        delays = sorted(f.recorded - f.at for f in facts if f.source == source.source)
        assert source.facts == len(delays) and source.ahead == sum(d < 0 for d in delays)
        exact = delays[max(0, int(np.ceil(len(delays) / 2)) - 1)] / MINUTE
        assert source.delay_median == pytest.approx(max(exact, 0.0), rel=0.026)


@pytest.mark.parametrize(
    ("where", "source"),
    [("a.csv:12", "a.csv"), ("b.json#3", "b.json"), ("c.ndjson:7#2", "c.ndjson"), ("urn:oid:1.2.3", "urn:oid:1.2.3"),
     ("device-4", "device-4"), ("", "")],
)  # fmt: skip
def test_the_place_in_a_source_is_not_part_of_its_name(where: str, source: str) -> None:
    assert source_of(Rejected(reason="r", source=where, raw="")) == source


def test_nothing_at_all_has_a_quality_too() -> None:
    empty = quality(WHO, [], [])
    assert (empty.records, empty.sources, empty.codes) == (0, [], [])
    two = quality(WHO, [reading(0), reading(0, id="b")], []).codes[0]
    assert two.completeness is None and not two.dense


def test_many_readings_of_one_instant_have_no_step() -> None:
    one = quality(WHO, [reading(0, id=str(k)) for k in range(5)], []).codes[0]
    assert one.step is None and one.completeness is None


def test_a_flow_of_ever_new_sources_stays_bounded_and_loses_nothing() -> None:
    flow = Flow()
    for k in range(MOST + 300):
        flow.take([reading(0, id=str(k), source=f"device-{k}")])
    told = {s.source: s.facts for s in flow.told()}
    assert len(told) == MOST + 1 and told[OTHER] == 300


def test_a_delay_under_a_second_is_none() -> None:
    flow = Flow()
    flow.take([reading(0, delay=0.9 * SECOND / MINUTE)])
    assert flow.told()[0].delay_median == 0.0 and flow.told()[0].untimed == 0


def test_sensor_records_are_as_complete_as_counted_apart(shared: Path) -> None:
    """28 days of a sensor: completeness against a count of filled 5 min steps that shares no code with it."""
    from gemel.ingest import t1d_uom

    folder = shared / "data/metabolic/t1d_uom"
    name = sorted(p.name.removesuffix("_glucose.csv") for p in folder.glob("*_glucose.csv"))[0]
    facts = [f for f in t1d_uom.read(folder, name) if isinstance(f, Observation) and f.code == SENSOR]
    (cgm,) = quality(Subject(id=name, zone="Europe/London"), facts, []).codes
    assert cgm.step is not None and cgm.completeness is not None
    times = np.array(sorted({f.at for f in facts}))
    step = round(cgm.step * MINUTE)
    covered = np.minimum(np.diff(times), 1.5 * step).sum() / (times[-1] - times[0])  # share of time near a reading
    assert cgm.completeness == pytest.approx(float(covered), abs=0.02)
    assert cgm.longest_gap is None or cgm.longest_gap * MINUTE <= times[-1] - times[0] + HOUR
