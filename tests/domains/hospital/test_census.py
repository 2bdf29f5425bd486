"""The census against the shared stream, against hospitals whose truth was drawn first, and case by case."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import pytest

from gemel.core.clock import MINUTE, instant
from gemel.domains.hospital.census import Census
from gemel.domains.hospital.stays import UNASSIGNED, Kind, Movement
from gemel.ingest import hl7v2
from tests.domains.hospital.nasty_feed import DAYS, WARDS, census, feed


def _census(events: Iterable[object]) -> Census:
    found = Census()
    for event in events:
        assert isinstance(event, hl7v2.AdtEvent), event
        if kind := hl7v2.MOVEMENTS.get(event.trigger):
            found.add(
                Movement(
                    id=event.control, kind=kind, patient=event.patient, at=event.at, sent=event.sent, ward=event.ward,
                    prior=event.prior_ward, visit=event.visit, merged=event.merged,
                )
            )  # fmt: skip
    return found


def test_shared_stream_has_no_mismatch_at_any_time(shared: Path) -> None:
    folder = shared / "data/hospital"
    wanted = json.loads((folder / "adt_stream_expected.json").read_text())["census"]
    found = _census(hl7v2.events(hl7v2.read(folder / "adt_stream.hl7")))
    counts = found.counts([hl7v2.timestamp(row["t"].encode(), "UTC") for row in wanted])
    for i, row in enumerate(wanted):
        assert {ward: int(counts[ward][i]) for ward in counts} == {w: row[w] for w in counts}, row["t"]
        assert sum(int(counts[ward][i]) for ward in counts) == row["total"]


@pytest.mark.parametrize("wild", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_nasty_feeds_give_the_census_of_the_hospital_that_was_drawn(seed: int, wild: bool) -> None:
    drawn = feed(seed, wild=wild)
    data = b"\r\n".join(text for _, text in drawn.messages)
    found = _census(hl7v2.events(hl7v2.messages(io.BytesIO(data), "feed")))
    luck = random.Random(seed)
    minutes = [luck.uniform(0, DAYS * 1440) for _ in range(40)] + [float(a) for _, _, a, _ in drawn.truth][:40]
    start = instant("2026-03-01T00:00:00Z")
    counts = found.counts([start + round(m * 60) * 1_000_000 for m in minutes])
    for i, minute in enumerate(minutes):
        mine = {ward: int(counts[ward][i]) if ward in counts else 0 for ward in WARDS}
        assert mine == census(drawn.truth, round(minute * 60) / 60), minute
    assert set(counts) <= set(WARDS)


def _move(kind: Kind, at: int, ward: str = "", **more: str | int) -> Movement:
    """A movement of patient p at a minute, sent then, numbered by what it says."""
    patient, sent = str(more.get("patient", "p")), int(more.get("sent", at))
    number = f"{kind}{at}{ward}{sent}{patient}{more.get('merged', '')}"
    return Movement(
        id=number, kind=kind, patient=patient, at=at * MINUTE, sent=sent * MINUTE, ward=ward,
        prior=str(more.get("prior", "")), visit=str(more.get("visit", "")), merged=str(more.get("merged", "")),
    )  # fmt: skip


def _path(*moves: Movement) -> list[tuple[str, int, int | None]]:
    """Places as (ward, from, to) in minutes, the same for every order of arrival."""
    found: list[list[tuple[str, int, int | None]]] = []
    for order in list(permutations(moves))[:120]:
        own = Census()
        own.extend(order)
        found.append([(p.ward, p.start // MINUTE, p.end // MINUTE if p.end else None) for p in own.placements()])
    assert all(path == found[0] for path in found)
    return found[0]


def test_patient_is_admitted_moved_and_discharged() -> None:
    path = _path(
        _move("admit", 10, "ED"), _move("reclass", 40, "MED"), _move("transfer", 90, "ICU"), _move("discharge", 200)
    )
    assert path == [("ED", 10, 40), ("MED", 40, 90), ("ICU", 90, 200)]


def test_events_of_one_minute_happen_in_the_only_possible_order() -> None:
    moves = (
        _move("admit", 10, "ED", sent=14),
        _move("transfer", 10, "MED", sent=13),
        _move("transfer", 10, "ICU", sent=12, prior="MED"),
    )
    assert _path(*moves) == [("ICU", 10, None)]
    assert _path(*moves, _move("discharge", 10, sent=11)) == []


def test_patient_discharged_and_admitted_again_in_one_minute_is_in() -> None:
    path = _path(_move("admit", 10, "ED"), _move("discharge", 50, sent=55), _move("admit", 50, "MED", sent=51))
    assert path == [("ED", 10, 50), ("MED", 50, None)]


def test_admission_that_never_happened_takes_its_transfers_with_it() -> None:
    taken = _move("admit", 10, "MED"), _move("transfer", 20, "ICU"), _move("cancel-admit", 30, "MED")
    assert _path(*taken) == []
    assert _path(_move("admit", 1, "ED"), *taken) == [("ED", 1, None)]


def test_entry_made_again_after_its_cancellation_stands_until_it_is_cancelled_again() -> None:
    again = _move("admit", 10, "MED"), _move("cancel-admit", 10, "MED", sent=20), _move("admit", 10, "MED", sent=30)
    assert _path(*again) == [("MED", 10, None)]
    assert _path(*again, _move("cancel-admit", 10, "MED", sent=40)) == []


def test_second_cancellation_of_one_discharge_does_not_reach_back_to_the_stay_before() -> None:
    moves = [_move("admit", 10, "A"), _move("discharge", 20), _move("admit", 30, "B"), _move("discharge", 40)]
    moves += [_move("cancel-discharge", 45, "B"), _move("cancel-discharge", 45, "B", sent=46)]
    assert _path(*moves) == [("A", 10, 20), ("B", 30, None)]


def test_cancelled_transfer_is_the_one_to_the_ward_it_names() -> None:
    moves = [_move("admit", 10, "A"), _move("transfer", 20, "B", sent=21), _move("transfer", 24, "C", sent=50)]
    moves += [_move("cancel-transfer", 30, "A", prior="B", sent=31)]
    assert _path(*moves) == [("A", 10, 24), ("C", 24, None)]


def test_cancellation_of_what_nobody_told_says_where_the_patient_is() -> None:
    assert _path(_move("cancel-discharge", 30, "MED")) == [("MED", 30, None)]
    assert _path(_move("admit", 10, "A"), _move("cancel-transfer", 30, "A", prior="B")) == [("A", 10, None)]
    assert _path(_move("cancel-admit", 30, "MED")) == []


def test_discharge_of_another_visit_ends_nothing() -> None:
    moves = _move("admit", 10, "ED", visit="1"), _move("admit", 50, "MED", visit="2"), _move("discharge", 60, visit="1")
    assert _path(*moves) == [("ED", 10, 50), ("MED", 50, None)]


def test_merged_patients_share_one_history_whatever_the_order_and_cycles_do_no_harm() -> None:
    moves = [_move("admit", 10, "ED", patient="tmp"), _move("transfer", 30, "ICU"), _move("merge", 40, merged="tmp")]
    assert _path(*moves) == [("ED", 10, 30), ("ICU", 30, None)]
    assert _path(*moves, _move("merge", 50, patient="tmp", merged="p")) == [("ED", 10, 30), ("ICU", 30, None)]
    assert _path(*moves, _move("discharge", 60, patient="tmp")) == [("ED", 10, 30), ("ICU", 30, 60)]


def test_patient_without_a_ward_is_counted_and_a_stranger_who_is_moved_is_in() -> None:
    assert _path(_move("admit", 10)) == [(UNASSIGNED, 10, None)]
    assert _path(_move("transfer", 10, "ICU")) == [("ICU", 10, None)]
    assert _path(_move("discharge", 10, "ICU")) == []


def test_feed_sent_twice_changes_nothing_and_is_counted() -> None:
    moves = [_move("admit", 10, "ED"), _move("transfer", 20, "ICU")]
    own = Census()
    own.extend([*moves, *moves])
    assert own.repeated == 2 and [p.ward for p in own.placements()] == ["ED", "ICU"]


def test_present_says_since_when_and_counts_agree_with_it_at_the_very_instant() -> None:
    own = Census()
    own.extend([_move("admit", 10, "ED"), _move("transfer", 20, "ICU"), _move("discharge", 30)])
    (here,) = own.present(20 * MINUTE)
    assert (here.ward, here.arrived, here.start) == ("ICU", 10 * MINUTE, 20 * MINUTE)
    assert own.present(30 * MINUTE) == own.present(10 * MINUTE - 1) == ()
    counts = own.counts([10 * MINUTE - 1, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE])
    assert counts["ED"].tolist() == [0, 1, 0, 0] and counts["ICU"].tolist() == [0, 0, 1, 0]


def test_a_past_answer_changes_when_a_late_report_arrives() -> None:
    own = Census()
    own.add(_move("admit", 10, "ED"))
    assert own.counts([25 * MINUTE])["ED"].tolist() == [1]
    own.add(_move("transfer", 20, "ICU", sent=400))
    assert own.counts([25 * MINUTE])["ED"].tolist() == [0]
