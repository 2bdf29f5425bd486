"""What every store must do with subjects, rejected rows, checkpoints and the ledger."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import (
    Rejected,
)
from gemel.core.ledger import LEVELS, SCORE, Planned
from gemel.core.ports import Store
from gemel.core.subject import Subject
from tests.store.toys import (
    ANN,
    KIND,
    MINUTE,
    OTHER,
    SUBJECT,
    checkpoint,
    forecast,
    reading,
    score,
    scores,
    switch,
)


class LedgerLaws:
    """Laws of every store; a subclass provides `reopen` and `store`."""

    def test_subjects_come_back_and_enrolling_again_replaces_the_description(self, store: Store) -> None:
        store.enrol(OTHER, ANN)
        store.append("s-1", [reading(1)], ANN)
        moved = msgspec.structs.replace(SUBJECT, zone="America/Lima")
        store.enrol(moved, ANN)
        assert store.subjects(ANN) == [moved, OTHER]
        assert len(store.facts("s-1", ANN)) == 1

    def test_a_subject_without_an_id_is_refused(self, store: Store) -> None:
        with pytest.raises(StoreError, match="needs an id"):
            store.enrol(Subject(id=""), ANN)

    def test_rejected_rows_are_kept_with_their_reasons(self, store: Store) -> None:
        row = Rejected(reason="unit 'mg' is no concentration", source="feed.csv:7", raw="7;mg;\x00", code="2339-0")
        stray = Rejected(reason="no subject", source="feed.csv:8", raw="8")
        assert store.reject("s-1", iter([row, row]), ANN) == 2
        assert store.reject(None, [stray], ANN) == 1
        assert store.rejected(ANN) == [row, row, stray]
        assert store.rejected(ANN, "s-1") == [row, row]

    def test_the_latest_checkpoint_is_the_last_standing_at_or_before_an_instant(self, store: Store) -> None:
        for at in (10, 30, 20):
            store.save(checkpoint(at, payload=bytes([at])), ANN)
        assert store.latest("t-1", ANN) == checkpoint(30, payload=b"\x1e")
        assert store.latest("t-1", ANN, before=29) == checkpoint(20, payload=b"\x14")
        assert store.latest("t-1", ANN, before=10) == checkpoint(10, payload=b"\x0a")
        assert store.latest("t-1", ANN, before=9) is None
        assert store.latest("t-2", ANN) is None

    def test_of_two_checkpoints_at_one_instant_the_last_saved_holds(self, store: Store) -> None:
        store.save(checkpoint(10, payload=b"before the late fact"), ANN)
        store.save(checkpoint(10, payload=b"after"), ANN)
        assert store.latest("t-1", ANN) == checkpoint(10, payload=b"after")

    def test_checkpoints_saved_together_are_all_kept_or_none(self, store: Store) -> None:
        together = [checkpoint(n, twin=f"t-{n % 3}", payload=bytes([n])) for n in range(9)]
        before = len(store.journal(ANN))
        store.save_all(together, ANN)
        store.save_all([], ANN)
        assert [store.latest(f"t-{n}", ANN) for n in range(3)] == together[6:]
        assert len(store.journal(ANN)) == before + 9
        with pytest.raises(StoreError, match="nobody"):
            store.save_all([checkpoint(50), checkpoint(51, twin="t-9", subject="nobody")], ANN)
        assert store.latest("t-1", ANN) == together[7] and store.latest("t-9", ANN) is None

    def test_twins_are_listed_by_subject_in_order_of_appearance(self, store: Store) -> None:
        store.enrol(OTHER, ANN)
        store.save(checkpoint(1, twin="z"), ANN)
        store.save(checkpoint(1, twin="a", subject="s-2"), ANN)
        store.issue([forecast(1, twin="m")], ANN)
        store.save(checkpoint(2, twin="z"), ANN)
        assert store.twins(ANN) == ["z", "a", "m"]
        assert store.twins(ANN, "s-1") == ["z", "m"]

    def test_a_twin_cannot_change_its_subject(self, store: Store) -> None:
        store.enrol(OTHER, ANN)
        store.save(checkpoint(1), ANN)
        with pytest.raises(StoreError, match="t-1"):
            store.save(checkpoint(2, subject="s-2"), ANN)
        with pytest.raises(StoreError, match="t-1"):
            store.issue([forecast(1, subject="s-2")], ANN)

    def test_the_ledger_returns_forecasts_in_order_with_their_last_score(self, store: Store) -> None:
        store.issue([forecast(2), forecast(1)], ANN)
        store.score("t-1", scores((2, 101.0)), ANN)
        assert store.ledger("t-1", ANN) == [forecast(2), msgspec.structs.replace(forecast(1), score=score(101.0))]
        assert store.ledger("unknown", ANN) == []

    def test_every_field_of_a_forecast_comes_back(self, store: Store) -> None:
        full = msgspec.structs.replace(
            forecast(1), site="ward 3", course="schedule", last=99.5, usual=120.0, reach=7, stale="late facts",
            actions=(Planned("insulin", 5, "[IU]", dose=4.0), Planned("insulin", 6, "[IU]/h", rate=0.5, until=9)),
            raw={"0.05": 90.0, "0.5": 110.0, "0.95": 130.0}, quantiles={"0.05": 80.0, "0.5": 110.0, "0.95": 140.0},
        )  # fmt: skip
        usual = msgspec.structs.replace(forecast(2), quantiles={f"{p:g}": p for p in LEVELS})
        store.issue([full, usual], ANN)
        assert store.ledger("t-1", ANN) == [full, usual]

    def test_issuing_the_same_forecast_twice_is_harmless_and_another_under_its_id_is_refused(
        self, store: Store
    ) -> None:
        store.issue([forecast(1)], ANN)
        store.issue([forecast(1), forecast(2)], ANN)
        with pytest.raises(StoreError, match="f1"):
            store.issue([forecast(3), msgspec.structs.replace(forecast(1), plan="more insulin")], ANN)
        assert store.ledger("t-1", ANN) == [forecast(1), forecast(2)]

    def test_a_forecast_issued_with_its_score_is_refused(self, store: Store) -> None:
        with pytest.raises(StoreError, match="f1"):
            store.issue([msgspec.structs.replace(forecast(1), score=score(1.0))], ANN)

    def test_an_amended_truth_is_a_further_record_and_the_last_one_holds(self, store: Store) -> None:
        store.issue([forecast(1), forecast(2)], ANN)
        store.score("t-1", scores((1, 101.0), (2, 99.0)), ANN)
        store.score("t-1", scores((1, 104.0)), ANN)
        store.score("t-1", scores((2, float("nan")), note="no reading near the target"), ANN)
        first, second = (row.score for row in store.ledger("t-1", ANN))
        assert first == score(104.0)
        assert second is not None and second.truth is None and second.note == "no reading near the target"
        blocks = store.scores("t-1", ANN)
        assert [block.rows["truth"][0] for block in blocks[:2]] == [101.0, 104.0] and len(blocks) == 3
        assert [block.number for block in store.scores("t-1", ANN, after=blocks[0].number)] == [
            block.number for block in blocks[1:]
        ]

    def test_records_come_back_to_the_bit_with_where_they_looked(self, store: Store) -> None:
        store.issue([forecast(1), forecast(2)], ANN)
        written = scores((1, 101.0), (2, 99.0))
        store.score("t-1", written, ANN)
        (read,) = store.scores("t-1", ANN)
        assert read.rows.dtype == SCORE and read.rows.tobytes() == written.rows.tobytes()
        assert (read.kinds, read.notes, read.at, read.sequence, read.upto) == ((KIND,), ("",), 100, 7, 2)

    def test_only_forecasts_of_the_twin_can_be_scored(self, store: Store) -> None:
        store.issue([forecast(1), forecast(2, twin="t-2")], ANN)
        for twin, number in (("t-1", 2), ("t-1", 3), ("t-2", 1), ("t-9", 1)):
            with pytest.raises(StoreError, match="issue"):
                store.score(twin, scores((number, 100.0)), ANN)
        assert store.scores("t-1", ANN) == [] and store.scores("t-9", ANN) == []

    def test_what_waits_comes_as_columns_for_later_targets_and_new_rows(self, store: Store) -> None:
        other = msgspec.structs.replace(forecast(4), quantiles={"0.5": 1.0}, plan="more", course="policy", last=5.0)
        store.issue([forecast(1), forecast(2), forecast(3), other], ANN)
        three, one = store.waiting("t-1", ANN, since=32 * MINUTE, after=3)
        assert (three.number.tolist(), one.number.tolist()) == ([2, 3], [4])
        assert three.levels.tolist() == [0.05, 0.5, 0.95] and three.shown.tolist() == [[80.0, 110.0, 140.5]] * 2
        assert three.raw.tolist() == three.shown.tolist() and np.isnan(three.last).all() and three.plans == {}
        assert (one.last.tolist(), one.plans) == ([5.0], {0: ("policy", "more", ())})
        assert three.kinds == (KIND,) and three.target.tolist() == [32 * MINUTE, 33 * MINUTE]
        again, new = store.waiting("t-1", ANN, since=40 * MINUTE, after=2)
        assert (again.number.tolist(), new.number.tolist()) == ([3], [4])
        assert store.waiting("t-9", ANN, since=0) == []

    def test_switches_come_back_in_order(self, store: Store) -> None:
        assert store.switches(ANN) == []
        for n in (5, 3):
            store.switch(switch(n), ANN)
        assert store.switches(ANN) == [switch(5), switch(3)]
