"""What every store must do with documents and waveforms."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest

from gemel.core.errors import StoreError
from gemel.core.ports import Store
from gemel.core.subject import Subject
from gemel.core.writing import Waveform, Write
from tests.store.toys import ANN, OTHER, Reopen, document, now_and_later, signal

SECOND = 1_000_000


class DocumentLaws:
    """Laws of every store; a subclass provides `reopen` and `store`."""

    def test_documents_come_back_as_they_were_in_order_of_arrival(self, store: Store, reopen: Reopen) -> None:
        noise = random.Random(1)
        given = (
            document("s-1.b", body=b'{"resourceType":"Observation"}'),
            document("s-1.a", kind="Condition", body=b""),
            document("s-1.c", kind="gemel/raw", body=noise.randbytes(300_000)),
            document("s-1.d", body=bytes(range(256)) * 20, recorded=-5),
            document("s-1.\u2602", body="µ-meter ☂".encode()),
        )
        store.commit([Write(subject="s-1", documents=given[:2])], ANN)
        store.commit([Write(subject="s-1", documents=given[2:])], ANN)
        for opened in now_and_later(store, reopen):
            assert opened.documents("s-1", ANN) == list(given)

    def test_every_version_is_kept_and_a_deletion_is_one(self, store: Store) -> None:
        versions = tuple(document("s-1.a", version=n, body=str(n).encode(), recorded=n) for n in (1, 2))
        gone = document("s-1.a", version=3, body=b"", recorded=3, deleted=True)
        store.commit([Write(subject="s-1", documents=versions)], ANN)
        store.commit([Write(subject="s-1", documents=(gone,))], ANN)
        assert store.documents("s-1", ANN) == [*versions, gone]

    def test_documents_are_chosen_by_kind_and_by_what_was_known(self, store: Store) -> None:
        kinds = ("Observation", "Condition", "Encounter")
        given = [document(f"s-1.{n}", kind=kinds[n % 3], recorded=(7 * n) % 10) for n in range(10)]
        for start in (0, 4, 7):
            store.commit([Write(subject="s-1", documents=tuple(given[start : {0: 4, 4: 7, 7: 10}[start]]))], ANN)
        for wanted in (None, frozenset({"Condition"}), frozenset({"Condition", "Encounter"}), frozenset[str]()):
            for as_of in (None, -1, 0, 4, 9):
                expected = [
                    d for d in given if (wanted is None or d.kind in wanted) and (as_of is None or d.recorded <= as_of)
                ]
                assert store.documents("s-1", ANN, kinds=wanted, as_of=as_of) == expected

    def test_two_subjects_documents_are_kept_apart_even_under_one_id(self, store: Store) -> None:
        one, two = document("a", body=b"1"), document("a", body=b"2")
        store.commit([Write(subject="s-1", documents=(one,)), Write(subject="s-2", enrol=OTHER, documents=(two,))], ANN)
        assert (store.documents("s-1", ANN), store.documents("s-2", ANN)) == ([one], [two])

    def test_shared_documents_are_found_by_kind_and_id(self, store: Store, reopen: Reopen) -> None:
        first = document("client-7", shared=True, body=b"1")
        second = msgspec.structs.replace(first, version=2, body=b"2", recorded=9)
        store.commit([Write(subject="s-1", documents=(first, document("s-1.a")))], ANN)
        store.commit([Write(subject="s-1", documents=(second,))], ANN)
        for opened in now_and_later(store, reopen):
            assert opened.document("Observation", "client-7", ANN) == ("s-1", [first, second])
            for kind, id in (("Condition", "client-7"), ("Observation", "client-8"), ("Observation", "s-1.a")):
                assert opened.document(kind, id, ANN) is None
            assert len(opened.documents("s-1", ANN)) == 3

    def test_documents_about_nobody_are_always_shared(self, store: Store) -> None:
        ward, clinic = document("w", kind="Location"), document("c", kind="Organization")
        store.commit([Write(documents=(ward, clinic))], ANN)
        assert store.document("Location", "w", ANN) == ("", [ward])
        assert store.document("Organization", "c", ANN) == ("", [clinic])
        assert store.documents("", ANN, kinds=frozenset({"Location"})) == [ward]
        assert store.documents("s-1", ANN) == []

    def test_the_same_kind_and_id_pasted_together_are_not_the_same_document(self, store: Store) -> None:
        one, two = document("b:c", kind="a", shared=True), document("c", kind="a:b", shared=True)
        store.commit([Write(subject="s-1", documents=(one, two))], ANN)
        assert store.document("a", "b:c", ANN) == ("s-1", [one])
        assert store.document("a:b", "c", ANN) == ("s-1", [two])

    def test_a_document_that_could_not_be_read_back_is_refused(self, store: Store) -> None:
        for wrong in (document("a", recorded=2**63), document("a", version=2**70)):
            with pytest.raises(StoreError, match="a"):
                store.commit([Write(subject="s-1", documents=(wrong,))], ANN)
        assert store.documents("s-1", ANN) == []

    def test_documents_and_waveforms_of_an_unknown_subject_are_refused(self, store: Store) -> None:
        with pytest.raises(StoreError, match="nobody"):
            store.documents("nobody", ANN)
        with pytest.raises(StoreError, match="nobody"):
            store.waveforms("nobody", "ecg", 0, 1, ANN)

    # waveforms

    def test_samples_come_back_to_the_bit_with_missing_and_extreme_ones(self, store: Store, reopen: Reopen) -> None:
        rng = np.random.default_rng(5)
        shapes = [
            rng.integers(-32768, 32768, 5000),
            np.full(100, -32768),
            np.tile([-32768, 32767], 500),
            np.zeros(1),
            np.cumsum(rng.integers(-3, 4, 4000)).clip(-32767, 32767),
        ]
        given = tuple(
            signal(at=n * 100 * SECOND, samples=shape.astype("<i2").tobytes(), source=f"lead {n}", recorded=n)
            for n, shape in enumerate(shapes)
        )
        store.commit([Write(subject="s-1", waveforms=given)], ANN)
        for opened in now_and_later(store, reopen):
            assert opened.waveforms("s-1", "ecg", -SECOND, 1000 * SECOND, ANN) == list(given)

    def test_a_stretch_is_found_by_any_sample_in_the_range(self, store: Store) -> None:
        """Ten samples, one a second: the first at 0 s, the last at 9 s; the range is after < t <= until."""
        whole = signal(samples=bytes(20), rate=1.0)
        store.commit([Write(subject="s-1", waveforms=(whole,))], ANN)
        for after, until, found in (
            (-5 * SECOND, -1, False), (-5 * SECOND, 0, True), (3 * SECOND, 4 * SECOND, True),
            (9 * SECOND - 1, 20 * SECOND, True), (9 * SECOND, 20 * SECOND, False), (20 * SECOND, 30 * SECOND, False),
            (-5 * SECOND, 20 * SECOND, True),
        ):  # fmt: skip
            assert store.waveforms("s-1", "ecg", after, until, ANN) == ([whole] if found else [])

    def test_stretches_are_told_apart_by_code_and_come_in_order_of_time(self, store: Store) -> None:
        late, early = signal(at=50 * SECOND), signal(at=10 * SECOND)
        other = signal(at=20 * SECOND, code="pleth")
        long = signal(at=0, samples=bytes(2 * 60 * 4), rate=4.0)
        store.commit([Write(subject="s-1", waveforms=(late, other))], ANN)
        store.commit([Write(subject="s-1", waveforms=(early, long))], ANN)
        assert store.waveforms("s-1", "ecg", -1, 100 * SECOND, ANN) == [long, early, late]
        assert store.waveforms("s-1", "pleth", -1, 100 * SECOND, ANN) == [other]
        assert store.waveforms("s-1", "spo2", -1, 100 * SECOND, ANN) == []
        assert store.waveforms("s-1", "ecg", 55 * SECOND, 100 * SECOND, ANN) == [long]

    def test_a_long_stretch_before_many_short_ones_is_not_overlooked(self, store: Store) -> None:
        long = signal(at=0, samples=bytes(2 * 1000), rate=1.0)
        short = [signal(at=n * SECOND, samples=bytes(2), rate=1.0) for n in range(1, 300)]
        store.commit([Write(subject="s-1", waveforms=(long, *short))], ANN)
        assert store.waveforms("s-1", "ecg", 500 * SECOND, 501 * SECOND, ANN) == [long]
        found = store.waveforms("s-1", "ecg", 99 * SECOND, 101 * SECOND, ANN)
        assert found == [long, short[99], short[100]]

    def test_every_field_of_a_waveform_comes_back(self, store: Store) -> None:
        store.enrol(Subject(id="s-3"), ANN)
        full = Waveform(
            code="MDC_ECG_ELEC_POTL_II", at=-7, rate=0.2, unit="mV", gain=-0.0048828125, offset=1e-9,
            samples=b"\x01\x00\x00\x80", source="monitor 4", recorded=2**62,
        )  # fmt: skip
        store.commit([Write(subject="s-3", waveforms=(full,))], ANN)
        assert store.waveforms("s-3", "MDC_ECG_ELEC_POTL_II", -8, 0, ANN) == [full]

    @pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_signal_without_a_rate_is_refused(self, store: Store, rate: float) -> None:
        with pytest.raises(StoreError, match="rate"):
            store.commit([Write(subject="s-1", waveforms=(signal(rate=rate),))], ANN)
