"""What must hold where two programs have one and the same store open."""

from __future__ import annotations

import pytest

from gemel.core.fact import Observation
from gemel.core.ports import Store
from gemel.core.subject import Subject
from gemel.core.writing import Receipt, Write
from tests.store.toys import ANN, OTHER, SUBJECT, document, reading, run_together

Pair = tuple[Store, Store]


class SharingLaws:
    """Laws of every store that outlives its process; a subclass provides `pair`: one store, opened twice."""

    def test_what_one_writes_the_other_reads_and_recognises(self, pair: Pair) -> None:
        one, two = pair
        one.enrol(SUBJECT, ANN)
        one.append("s-1", [reading(1), reading(2)], ANN)
        assert two.append("s-1", [reading(2), reading(3)], ANN).last == 3
        done = one.append("s-1", [reading(3), reading(4)], ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 1, 4)
        assert one.facts("s-1", ANN) == two.facts("s-1", ANN) == [(n, reading(n)) for n in (1, 2, 3, 4)]

    def test_a_message_answered_by_one_is_known_to_the_other(self, pair: Pair) -> None:
        one, two = pair
        one.enrol(SUBJECT, ANN)
        two.enrol(OTHER, ANN)
        message = Write(subject="s-1", identifiers=("mrn|1",), receipt=Receipt(channel="c", id="m", reply=b"1"))
        one.commit([message], ANN)
        assert two.find("mrn|1", ANN) == "s-1"
        two.commit([Write(subject="s-2", identifiers=("mrn|1",))], ANN)
        assert one.find("mrn|1", ANN) == "s-2"
        assert two.commit([message], ANN)[0].receipt == message.receipt

    def test_descriptions_and_documents_of_one_reach_the_other(self, pair: Pair) -> None:
        one, two = pair
        one.enrol(SUBJECT, ANN)
        assert two.subject("s-1", ANN) == SUBJECT
        two.enrol(Subject(id="s-1", zone="America/Lima"), ANN)
        assert one.subject("s-1", ANN) == Subject(id="s-1", zone="America/Lima")
        first = document("c", shared=True)
        two.commit([Write(subject="s-1", documents=(first,))], ANN)
        assert one.document("Observation", "c", ANN) == ("s-1", [first])
        second = document("c", shared=True, version=2)
        one.commit([Write(subject="s-1", documents=(second,))], ANN)
        assert two.document("Observation", "c", ANN) == ("s-1", [first, second])

    def test_both_writing_at_once_double_and_renumber_nothing(self, pair: Pair) -> None:
        pair[0].commit([Write(subject=f"p{n}", enrol=Subject(id=f"p{n}")) for n in range(2)], ANN)
        lasts: list[int] = []

        def feed(store: Store, start: int) -> None:
            for n in range(start, start + 20):
                both = [Write(subject=f"p{k}", facts=(reading(n), reading(n + 1))) for k in range(2)]
                lasts.append(store.commit(both, ANN)[1].last)

        run_together([lambda store=store, start=start: feed(store, start) for store in pair for start in (0, 10)])
        for k in range(2):
            records = pair[0].facts(f"p{k}", ANN)
            assert [seq for seq, _ in records] == list(range(1, 32))
            assert {fact.id for _, fact in records} == {f"g{n}" for n in range(31)}
        assert max(lasts) == 31
        entries = pair[1].journal(ANN)
        assert len(entries) == 2 + 4 * 20 * 2
        assert pair[1].verify() == []  # type: ignore[attr-defined]  # of both built-in stores

    def test_a_message_sent_to_both_at_once_is_written_by_one(self, pair: Pair) -> None:
        pair[0].enrol(SUBJECT, ANN)

        def send(store: Store, own: int) -> None:
            for n in range(20):
                receipt = Receipt(channel="c", id=str(n), reply=str(own).encode())
                store.commit([Write(subject="s-1", facts=(reading(n, entity=str(own)),), receipt=receipt)], ANN)

        run_together([lambda store=store, own=own: send(store, own) for own, store in enumerate(pair)])
        facts = [fact for _, fact in pair[0].facts("s-1", ANN) if isinstance(fact, Observation)]
        assert sorted(int(fact.id.removeprefix("g")) for fact in facts) == list(range(20))
        for fact in facts:
            told = pair[1].receipt("c", fact.id.removeprefix("g"), ANN)
            assert told is not None and told.reply.decode() == fact.entity

    @pytest.mark.parametrize("which", [0, 1])
    def test_the_one_that_stays_open_goes_on_after_the_other_closes(self, pair: Pair, which: int) -> None:
        stays, goes = pair[which], pair[1 - which]
        goes.enrol(SUBJECT, ANN)
        goes.append("s-1", [reading(1)], ANN)
        goes.close()
        assert stays.append("s-1", [reading(1), reading(2)], ANN).last == 2
