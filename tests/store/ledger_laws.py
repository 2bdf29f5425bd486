"""What every store must do with subjects, rejected rows, checkpoints and the ledger."""

from __future__ import annotations

import msgspec
import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import (
    Rejected,
)
from gemel.core.ports import Store
from gemel.core.subject import Subject
from tests.store.toys import (
    ANN,
    OTHER,
    SUBJECT,
    checkpoint,
    forecast,
    reading,
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

    def test_the_ledger_returns_forecasts_in_order_with_their_scores(self, store: Store) -> None:
        store.issue([forecast(2), forecast(1)], ANN)
        scored = msgspec.structs.replace(forecast(1), truth=101.0, crps=3.25)
        store.score([scored], ANN)
        assert store.ledger("t-1", ANN) == [forecast(2), scored]
        assert store.ledger("unknown", ANN) == []

    def test_issuing_the_same_forecast_twice_is_harmless_and_another_under_its_id_is_refused(
        self, store: Store
    ) -> None:
        store.issue([forecast(1)], ANN)
        store.issue([forecast(1), forecast(2)], ANN)
        with pytest.raises(StoreError, match="f1"):
            store.issue([forecast(3), msgspec.structs.replace(forecast(1), plan="more insulin")], ANN)
        assert store.ledger("t-1", ANN) == [forecast(1), forecast(2)]

    def test_a_forecast_issued_with_its_truth_is_refused(self, store: Store) -> None:
        with pytest.raises(StoreError, match="f1"):
            store.issue([msgspec.structs.replace(forecast(1), truth=1.0)], ANN)

    def test_a_score_is_written_once_and_changes_nothing_else(self, store: Store) -> None:
        store.issue([forecast(1)], ANN)
        scored = msgspec.structs.replace(forecast(1), truth=101.0, crps=3.25)
        for wrong in (
            forecast(1),
            msgspec.structs.replace(scored, quantiles={"0.5": 101.0}),
            msgspec.structs.replace(scored, id="never issued"),
            msgspec.structs.replace(scored, crps=None),
        ):
            with pytest.raises(StoreError):
                store.score([wrong], ANN)
        assert store.ledger("t-1", ANN) == [forecast(1)]
        store.score([scored], ANN)
        store.score([scored], ANN)
        with pytest.raises(StoreError, match="final"):
            store.score([msgspec.structs.replace(scored, truth=102.0)], ANN)
        assert store.ledger("t-1", ANN) == [scored]
