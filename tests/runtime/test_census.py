"""One census of HL7 v2 and FHIR, from feeds and from a store, now and as it was known."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gemel.core.clock import MINUTE, instant, text
from gemel.core.fact import Instant
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.domains.hospital.census import Census
from gemel.ingest import fhir, hl7v2
from gemel.ingest.hl7v2 import AdtEvent
from gemel.runtime.census import hear, held
from gemel.store import SqliteStore
from tests.domains.hospital.nasty_feed import DAYS, WARDS, Feed, census, feed

Json = dict[str, Any]
Stay = tuple[list[tuple[str, Instant]], Instant | None]
START = instant("2026-03-01T00:00:00Z")
LATE = instant("2026-04-01T00:00:00Z")
ME = Caller(id="test")


def encounter(patient: str, number: int, stay: Stay, *, updated: Instant = LATE, **more: Any) -> Json:
    """A stay as an Encounter: wards and when they were entered, and the end."""
    wards, end = stay
    ends = [at for _, at in wards[1:]] + [end]
    where = [
        {"location": {"display": ward}, "period": {"start": text(at)} | ({} if left is None else {"end": text(left)})}
        for (ward, at), left in zip(wards, ends, strict=True)
    ]
    random.Random(number).shuffle(where)
    return {
        "resourceType": "Encounter", "id": f"{patient}-{number}",
        "status": "in-progress" if end is None else "finished", "meta": {"lastUpdated": text(updated)},
        "class": {"code": "IMP"},
        "subject": {"identifier": {"system": "hl7v2:HOSP", "value": patient}},
        "period": {"start": text(wards[0][1])} | ({} if end is None else {"end": text(end)}),
        "location": where,
    } | more  # fmt: skip


def lines(path: Path, visits: list[Json]) -> Path:
    path.write_text("\n".join(json.dumps(visit) for visit in visits) + "\n")
    return path


def played(events: list[AdtEvent]) -> Iterator[Stay]:
    """The stays of one patient of the shared stream, by its own note: a cancelled event never happened."""
    known = {event.control: event for event in sorted(events, key=lambda e: (e.at, e.sent))}
    standing: list[AdtEvent] = []
    for event in known.values():
        undone = {"A11": "A01", "A12": "A02", "A13": "A03"}.get(event.trigger)
        if undone is None:
            standing.append(event)
        elif found := [k for k, e in enumerate(standing) if e.trigger == undone]:
            del standing[found[-1]]
    wards: list[tuple[str, Instant]] = []
    for event in standing:
        if event.trigger == "A03":
            yield wards, event.at
            wards = []
        else:
            wards.append((event.ward, event.at))
    if wards:
        yield wards, None


def test_the_shared_stream_as_encounters_gives_its_census(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data/hospital"
    wanted = json.loads((folder / "adt_stream_expected.json").read_text())["census"]
    patients: dict[str, list[AdtEvent]] = {}
    for event in hl7v2.events(hl7v2.read(folder / "adt_stream.hl7")):
        assert isinstance(event, AdtEvent)
        patients.setdefault(event.patient, []).append(event)
    visits = [
        encounter(patient.partition(":")[2], number, stay)
        for patient, events in patients.items()
        for number, stay in enumerate(played(events))
    ]
    random.Random(1).shuffle(visits)
    found = hear([lines(tmp_path / "visits.ndjson", visits)], "UTC").census
    counts = found.counts([hl7v2.timestamp(row["t"].encode(), "UTC") for row in wanted])
    for i, row in enumerate(wanted):
        assert {ward: int(counts[ward][i]) for ward in counts} == {w: row[w] for w in counts}, row["t"]
        assert sum(int(counts[ward][i]) for ward in counts) == row["total"]


def stays(drawn: Feed) -> dict[str, list[Stay]]:
    """The drawn truth as stays: a ward entered at the minute at which the one before was left is the same stay."""
    found: dict[str, list[Stay]] = {}
    for patient, ward, a, b in drawn.truth:
        own = found.setdefault(patient, [])
        start, end = START + a * MINUTE, None if b is None else START + b * MINUTE
        if own and own[-1][1] == start:
            own[-1] = ([*own[-1][0], (ward, start)], end)
        else:
            own.append(([(ward, start)], end))
    return found


def messy(drawn: Feed, patients: set[str], luck: random.Random) -> list[Json]:
    """Encounters of these patients, with versions that no longer hold, some that never were, repeats, and shuffled."""
    visits: list[Json] = []
    for patient, own in stays(drawn).items():
        if patient not in patients:
            continue
        for number, stay in enumerate(own):
            visits.append(encounter(patient, number, stay))
            wrong = ([(luck.choice(WARDS), at) for _, at in stay[0]], None)
            if luck.random() < 0.5:
                visits.append(encounter(patient, number, wrong, updated=LATE - luck.randrange(1, 500) * MINUTE))
            if luck.random() < 0.3:
                visits.append(visits[-1])
            if luck.random() < 0.3:
                state = luck.choice(["cancelled", "entered-in-error", "planned"])
                visits.append(encounter(patient, 100 + number, wrong, status=state))
                visits.append(encounter(patient, 200 + number, wrong, **{"class": {"code": "VR"}}))
    luck.shuffle(visits)
    return visits


def agrees(found: Census, drawn: Feed, luck: random.Random) -> None:
    minutes = [luck.uniform(0, DAYS * 1440) for _ in range(40)] + [float(a) for _, _, a, _ in drawn.truth][:40]
    counts = found.counts([START + round(m * 60) * 1_000_000 for m in minutes])
    for i, minute in enumerate(minutes):
        mine = {ward: int(counts[ward][i]) if ward in counts else 0 for ward in WARDS}
        assert mine == census(drawn.truth, round(minute * 60) / 60), minute


@pytest.mark.parametrize("seed", range(8))
def test_half_the_patients_by_hl7_and_half_by_fhir_give_the_census_of_the_hospital_that_was_drawn(
    seed: int, tmp_path: Path
) -> None:
    drawn, luck = feed(seed), random.Random(seed)
    by_fhir = {patient for patient in stays(drawn) if luck.random() < 0.5}
    number = re.compile(rb"PID\|1\|\|[PTU](\d+)")
    told = [raw for _, raw in drawn.messages if f"P{number.findall(raw)[0].decode()}" not in by_fhir]
    (tmp_path / "feed").write_bytes(b"\r\n".join(told))
    visits = lines(tmp_path / "visits", messy(drawn, by_fhir, luck))
    for feeds in ([tmp_path / "feed", visits], [visits, tmp_path / "feed", visits]):
        agrees(hear(feeds, "UTC").census, drawn, luck)


def test_a_patient_told_of_by_both_is_counted_once(tmp_path: Path) -> None:
    drawn, luck = feed(3), random.Random(3)
    once = [raw for _, raw in drawn.messages if not re.search(rb"PID\|1\|\|[TU]|ADT\^A40", raw)]
    whole = {p for p in stays(drawn) if not any(re.search(rb"\|[TU]" + p[1:].encode(), r) for _, r in drawn.messages)}
    assert len(whole) > 10
    told = [raw for raw in once if re.search(rb"PID\|1\|\|(P\d+)", raw)[1].decode() in whole]
    (tmp_path / "feed").write_bytes(b"\r\n".join(told))
    again = [encounter(p, n, s) for p in sorted(whole) for n, s in enumerate(stays(drawn)[p])]
    visits = lines(tmp_path / "visits.ndjson", again)
    drawn.truth = [row for row in drawn.truth if row[0] in whole]
    agrees(hear([tmp_path / "feed", visits], "UTC").census, drawn, luck)


def test_a_bundle_names_its_patients_once_for_all(tmp_path: Path) -> None:
    person = {"resourceType": "Patient", "id": "a", "identifier": [{"value": "9"}, {"system": "hl7v2:H", "value": "1"}]}
    visit = encounter("1", 0, ([("ICU", START)], None)) | {"subject": {"reference": "Patient/a"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": visit}, {"resource": person}]}
    (tmp_path / "bundle").write_text(json.dumps(bundle))
    heard = hear([tmp_path / "bundle"], "UTC")
    ((here,), read) = heard.census.present(START), heard.messages
    assert (here.patient, here.ward, read) == ("H:1", "ICU", 1)


def test_a_store_is_counted_as_it_is_known_and_as_it_was_known() -> None:
    noon = START + 720 * MINUTE
    versions = [
        encounter("1", 0, ([("A", START)], None), updated=START + 5 * MINUTE),
        encounter("1", 0, ([("A", START), ("B", noon)], None), updated=noon + 30 * MINUTE),
        encounter("1", 0, ([("A", START), ("B", noon)], None), updated=noon + 90 * MINUTE, status="entered-in-error"),
    ]
    with SqliteStore() as store:
        for version in versions:
            facts = tuple(fhir.read(json.dumps(version | {"subject": {"reference": "Patient/1"}}).encode()))
            store.commit([Write(subject="1", enrol=Subject(id="1"), facts=facts)], ME)  # pyright: ignore[reportArgumentType]

        def wards(known: Instant | None) -> list[str]:
            return [place.ward for place in held(store, ME, known).census.present(noon + 60 * MINUTE)]

        assert wards(START) == []
        assert wards(noon) == ["A"]
        assert wards(noon + 60 * MINUTE) == ["B"]
        assert wards(None) == []
