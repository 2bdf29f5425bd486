"""What every store must do with writes: all or none, once, in order, with receipts and identifiers."""

from __future__ import annotations

import random

import msgspec
import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import Exact, Fact, Observation, Rejected
from gemel.core.ports import Store
from gemel.core.subject import Subject
from gemel.core.timeline import facts_hash
from gemel.core.writing import Committed, Receipt, Write
from tests.store.toys import ANN, OTHER, SUBJECT, Reopen, document, now_and_later, reading, run_together, signal

UNREADABLE = Observation(id="g9", code="c", value=Exact(1.0), unit="1", at=2**63, recorded=1)


def told(id: str, reply: bytes = b"AA", channel: str = "mllp") -> Receipt:
    return Receipt(channel=channel, id=id, reply=reply)


class WriteLaws:
    """Laws of every store; a subclass provides `reopen` and `store`."""

    def test_several_subjects_are_written_in_one_piece_and_answered_in_order(self, store: Store) -> None:
        writes = [
            Write(subject="s-2", enrol=OTHER, facts=(reading(1), reading(2))),
            Write(subject="s-1", facts=(reading(1),)),
            Write(subject="s-2", facts=(reading(2), reading(3))),
            Write(),
        ]
        done = store.commit(writes, ANN)
        assert [(c.subject, c.accepted, c.repeated, c.last) for c in done] == [
            ("s-2", 2, 0, 2), ("s-1", 1, 0, 1), ("s-2", 1, 1, 3), ("", 0, 0, 0),
        ]  # fmt: skip
        assert all(c.receipt is None for c in done)
        assert store.subject("s-2", ANN) == OTHER
        assert store.facts("s-2", ANN) == [(n, reading(n)) for n in (1, 2, 3)]

    def test_no_writes_at_all_are_answered_with_none(self, store: Store) -> None:
        assert store.commit([], ANN) == []
        assert store.submit([], ANN).result(30) == []
        assert len(store.journal(ANN)) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            Write(subject="nobody", facts=(reading(1),)),
            Write(subject="nobody"),
            Write(subject="s-1", facts=(reading(2), UNREADABLE)),
            Write(facts=(reading(1),)),
            Write(waveforms=(signal(),)),
            Write(identifiers=("mrn|7",)),
            Write(subject="s-1", enrol=Subject(id="s-3")),
            Write(enrol=Subject(id="s-3")),
            Write(subject="s-1", waveforms=(signal(samples=b"odd"),)),
        ],
        ids=["stranger", "stranger says nothing", "unreadable fact", "nobody's facts", "nobody's waveform",
            "nobody's identifier", "another enrolled", "nobody enrolled", "half a sample"],
    )  # fmt: skip
    def test_one_wrong_write_keeps_all_of_them_out(self, store: Store, wrong: Write) -> None:
        good = Write(
            subject="s-2", enrol=OTHER, identifiers=("mrn|1",), facts=(reading(1),), documents=(document("s-2.a"),),
            rejected=(Rejected(reason="r", source="s", raw="x"),), waveforms=(signal(),), receipt=told("m1"),
        )  # fmt: skip
        for writes in ([good, wrong], [wrong, good]):
            with pytest.raises(StoreError):
                store.commit(writes, ANN)
        assert store.subjects(ANN) == [SUBJECT]
        assert store.facts("s-1", ANN) == []
        assert (store.find("mrn|1", ANN), store.receipt("mllp", "m1", ANN), store.rejected(ANN)) == (None, None, [])
        assert len(store.journal(ANN)) == 1
        (done,) = store.commit([good], ANN)
        assert (done.accepted, done.last) == (1, 1)
        assert len(store.documents("s-2", ANN)) == 1

    def test_a_subject_may_be_enrolled_by_an_earlier_write_of_the_same_commit(self, store: Store) -> None:
        done = store.commit([Write(subject="s-2", enrol=OTHER), Write(subject="s-2", facts=(reading(1),))], ANN)
        assert [c.last for c in done] == [0, 1]
        assert store.subject("s-2", ANN) == OTHER

    def test_enrolling_by_a_write_replaces_the_description_and_keeps_the_facts(self, store: Store) -> None:
        store.commit([Write(subject="s-1", facts=(reading(1),))], ANN)
        merged = msgspec.structs.replace(SUBJECT, merged_into="s-2")
        store.commit([Write(subject="s-1", enrol=merged, facts=(reading(2),))], ANN)
        assert store.subject("s-1", ANN) == merged and store.subjects(ANN) == [merged]
        assert [n for n, _ in store.facts("s-1", ANN)] == [1, 2]
        assert store.subject("s-7", ANN) is None

    def test_a_fact_repeated_within_a_write_or_across_writes_is_kept_once(self, store: Store) -> None:
        first, second = store.commit(
            [
                Write(subject="s-1", facts=(reading(1), reading(1), reading(2))),
                Write(subject="s-1", facts=(reading(2), reading(3))),
            ],
            ANN,
        )
        (third,) = store.commit([Write(subject="s-1", facts=(reading(3), reading(1)))], ANN)
        assert [(c.accepted, c.repeated, c.last) for c in (first, second, third)] == [(2, 1, 2), (1, 1, 3), (0, 2, 3)]
        assert store.facts("s-1", ANN) == [(n, reading(n)) for n in (1, 2, 3)]

    def test_a_fact_is_recognised_after_opening_again_whatever_wrote_it(self, store: Store, reopen: Reopen) -> None:
        store.append("s-1", [reading(1)], ANN)
        store.commit([Write(subject="s-1", facts=tuple(reading(n) for n in range(2, 400)))], ANN)
        store = reopen()
        (done,) = store.commit([Write(subject="s-1", facts=tuple(reading(n) for n in range(1, 401)))], ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 399, 400)
        assert store.append("s-1", [reading(400), reading(1)], ANN).repeated == 2

    def test_two_facts_that_differ_in_one_field_are_two(self, store: Store) -> None:
        one = reading(1, sd=1.0, entity="bed 1", source="a")
        differing = {
            "id": "g2", "code": "c", "value": Exact(1.5), "unit": "1", "at": one.at + 1, "recorded": one.recorded + 1,
            "status": "amended", "source": "b", "sd": 2.0, "entity": "bed 2",
        }  # fmt: skip
        others = [msgspec.structs.replace(one, **{name: value}) for name, value in differing.items()]
        assert set(differing) == set(one.__struct_fields__)
        (done,) = store.commit([Write(subject="s-1", facts=(one, *others))], ANN)
        assert (done.accepted, done.repeated) == (len(differing) + 1, 0)

    def test_submitted_writes_are_kept_in_the_order_they_were_given(self, store: Store) -> None:
        futures = [store.submit([Write(subject="s-1", facts=(reading(n),))], ANN) for n in range(1, 101)]
        assert [future.result(60)[0].last for future in futures] == list(range(1, 101))
        assert store.facts("s-1", ANN) == [(n, reading(n)) for n in range(1, 101)]

    def test_a_submitted_write_that_is_refused_says_so_by_its_future_and_spoils_no_other(self, store: Store) -> None:
        writes = [
            Write(subject="s-1", facts=(reading(1),)),
            Write(subject="nobody", facts=(reading(1),)),
            Write(subject="s-1", facts=(UNREADABLE,)),
            Write(subject="s-1", facts=(reading(2),)),
        ]
        futures = [store.submit([write], ANN) for write in writes]
        outcomes = [future.exception(60) for future in futures]
        assert [type(outcome) for outcome in outcomes] == [type(None), StoreError, StoreError, type(None)]
        assert store.facts("s-1", ANN) == [(1, reading(1)), (2, reading(2))]

    def test_each_write_leaves_one_audit_entry_in_the_same_order(self, store: Store) -> None:
        store.commit([Write(subject="s-2", enrol=OTHER), Write(subject="s-1", facts=(reading(1),)), Write()], ANN)
        entries = store.journal(ANN)[1:]
        assert [entry.subject for entry in entries] == ["s-2", "s-1", ""]
        assert {entry.caller.id for entry in entries} == {"ann"}
        assert all("1980" not in entry.detail and "2339" not in entry.detail for entry in entries)

    # receipts

    def test_a_message_sent_twice_is_written_once_and_answered_as_before(self, store: Store, reopen: Reopen) -> None:
        message = Write(subject="s-1", facts=(reading(1),), receipt=told("m1", b"MSA|AA|m1"))
        (first,) = store.commit([message], ANN)
        assert first.receipt is None and first.accepted == 1
        entries = len(store.journal(ANN))
        for opened in now_and_later(store, reopen):
            again = Write(
                subject="s-1", facts=(reading(2),), documents=(document("s-1.a"),), receipt=told("m1", b"another")
            )
            (done,) = opened.commit([again], ANN)
            assert (done.subject, done.accepted, done.last) == ("s-1", 0, 1)
            assert done.receipt == told("m1", b"MSA|AA|m1")
            assert opened.receipt("mllp", "m1", ANN) == told("m1", b"MSA|AA|m1")
            assert opened.facts("s-1", ANN) == [(1, reading(1))] and opened.documents("s-1", ANN) == []
            assert len(opened.journal(ANN)) == entries

    def test_one_known_message_among_several_writes_keeps_all_out(self, store: Store) -> None:
        store.commit([Write(subject="s-1", receipt=told("m1"))], ANN)
        done = store.commit(
            [
                Write(subject="s-2", enrol=OTHER),
                Write(subject="s-1", facts=(reading(2),), receipt=told("m2")),
                Write(subject="s-1", facts=(reading(1),), receipt=told("m1", b"x")),
            ],
            ANN,
        )
        assert [c.accepted for c in done] == [0, 0, 0]
        assert [c.receipt for c in done] == [told("m1")] * 3  # that there is one says that nothing was written
        assert store.receipt("mllp", "m2", ANN) is None
        assert store.subject("s-2", ANN) is None and store.facts("s-1", ANN) == []

    def test_messages_are_told_apart_by_channel_and_id(self, store: Store) -> None:
        names = [("mllp", "a"), ("mllp", "b"), ("http", "a"), ("http:a", ""), ("http", ":a"), ("", "http:a")]
        for number, (channel, id) in enumerate(names):
            receipt = told(id, str(number).encode(), channel)
            (done,) = store.commit([Write(subject="s-1", receipt=receipt)], ANN)
            assert done.receipt is None
        found = [store.receipt(channel, id, ANN) for channel, id in names]
        assert [receipt.reply for receipt in found if receipt] == [b"0", b"1", b"2", b"3", b"4", b"5"]
        assert store.receipt("mllp", "c", ANN) is None

    def test_of_many_senders_of_one_message_only_one_writes(self, store: Store) -> None:
        answers: list[Committed] = []

        def send(n: int) -> None:
            message = Write(subject="s-1", facts=(reading(n),), receipt=told("m1", str(n).encode()))
            answers.extend(store.commit([message], ANN))

        run_together([lambda n=n: send(n) for n in range(12)])
        ((_, fact),) = store.facts("s-1", ANN)
        repeats = [answer.receipt for answer in answers if answer.receipt is not None]
        assert len(repeats) == 11
        assert {receipt.reply for receipt in repeats} == {fact.id.removeprefix("g").encode()}

    def test_a_repeat_that_shares_a_commit_with_the_first_is_recognised(self, store: Store) -> None:
        """Submitted at once, both may land in one transaction."""
        futures = [
            store.submit([Write(subject="s-1", facts=(reading(n),), receipt=told("m1", str(n).encode()))], ANN)
            for n in range(5)
        ]
        done = [future.result(60)[0] for future in futures]
        assert [c.receipt for c in done] == [None, *[told("m1", b"0")] * 4]
        assert store.facts("s-1", ANN) == [(1, reading(0))]

    # identifiers

    def test_an_identifier_leads_to_the_subject_it_was_last_given_for(self, store: Store, reopen: Reopen) -> None:
        store.commit([Write(subject="s-1", identifiers=("mrn|1", "mrn|2")), Write(subject="s-2", enrol=OTHER)], ANN)
        assert [store.find(f"mrn|{n}", ANN) for n in (1, 2, 3)] == ["s-1", "s-1", None]
        store.commit([Write(subject="s-2", identifiers=("mrn|1",)), Write(subject="s-1", identifiers=("mrn|1",))], ANN)
        assert store.find("mrn|1", ANN) == "s-1"
        store.commit([Write(subject="s-2", identifiers=("mrn|2", "mrn|2"))], ANN)
        for opened in now_and_later(store, reopen):
            assert [opened.find(f"mrn|{n}", ANN) for n in (1, 2, 3)] == ["s-1", "s-2", None]

    def test_an_identifier_is_found_as_a_whole_only(self, store: Store) -> None:
        store.commit([Write(subject="s-1", identifiers=("urn:a|1", "urn:b|", "x'; DROP TABLE subject; --|1"))], ANN)
        for stranger in ("1", "urn:a|", "urn:a", "urn:A|1", "urn:a|1 ", ""):
            assert store.find(stranger, ANN) is None
        assert store.find("urn:b|", ANN) == "s-1"
        assert store.find("x'; DROP TABLE subject; --|1", ANN) == "s-1"

    # against a reference

    def test_any_course_of_writes_leaves_what_a_list_and_a_set_would_hold(self, store: Store, reopen: Reopen) -> None:
        """Random commits, some refused, some repeated, with the store opened again now and then."""
        draw = random.Random(20260331)
        held: dict[str, list[Fact]] = {"s-1": []}
        pointers: dict[str, str] = {}
        seen: dict[str, Receipt] = {}
        for step in range(60):
            writes = [a_write(draw, first=not n) for n in range(draw.randint(1, 4))]
            expected = reference(writes, held, pointers, seen)
            if expected is None:
                with pytest.raises(StoreError):
                    store.commit(writes, ANN)
            else:
                assert store.commit(writes, ANN) == expected
            if step % 20 == 19:
                store = reopen()
        assert sorted(subject.id for subject in store.subjects(ANN)) == sorted(held)
        for subject, facts in held.items():
            records = store.facts(subject, ANN)
            assert [n for n, _ in records] == list(range(1, len(facts) + 1))
            assert facts_hash(fact for _, fact in records) == facts_hash(facts)
            middle = 8 * 5 * 60_000_000
            known = [(n, fact) for n, fact in enumerate(facts, start=1) if fact.recorded <= middle]
            assert store.facts(subject, ANN, as_of=middle) == known
        for n in range(4):
            assert store.find(f"mrn|{n}", ANN) == pointers.get(f"mrn|{n}")
        assert {id: store.receipt("mllp", id, ANN) for id in seen} == seen

    def test_threads_that_write_about_several_subjects_at_once_lose_and_double_nothing(self, store: Store) -> None:
        people = [f"p{n}" for n in range(3)]
        store.commit([Write(subject=id, enrol=Subject(id=id)) for id in people], ANN)

        def feed(thread: int) -> None:
            mine = [reading(n, entity=f"device {thread}") for n in range(40)]
            futures = [
                store.submit([Write(subject=id, facts=tuple(mine[start : start + 6])) for id in people], ANN)
                for start in range(0, 40, 4)  # each overlaps the one before by two
            ]
            done = [future.result(60) for future in futures]
            assert sum(c.accepted for group in done for c in group) == 40 * len(people)

        before = len(store.journal(ANN))
        run_together([lambda thread=thread: feed(thread) for thread in range(6)])
        for id in people:
            records = store.facts(id, ANN)
            assert [seq for seq, _ in records] == list(range(1, 6 * 40 + 1))
            for thread in range(6):
                of = [f.id for _, f in records if isinstance(f, Observation) and f.entity == f"device {thread}"]
                assert of == [f"g{n}" for n in range(40)]
        assert len(store.journal(ANN)) == before + 6 * 10 * len(people)


def a_write(draw: random.Random, *, first: bool) -> Write:
    """One of a small world, so that repeats and strangers are frequent; the first of a commit may be a message."""
    subject = draw.choice(["s-1", "s-2", "s-3", "s-4"])
    facts = tuple(reading(draw.randint(1, 15)) for _ in range(draw.randint(0, 5)))
    return Write(
        subject=subject,
        enrol=Subject(id=subject) if draw.random() < 0.3 else None,
        facts=facts,
        identifiers=tuple(f"mrn|{draw.randint(0, 3)}" for _ in range(draw.randint(0, 2))),
        receipt=told(f"m{draw.randint(0, 20)}", draw.randbytes(4)) if first and draw.random() < 0.3 else None,
    )


def reference(
    writes: list[Write], held: dict[str, list[Fact]], pointers: dict[str, str], seen: dict[str, Receipt]
) -> list[Committed] | None:
    """What a store must answer, and None where it must refuse; changes the three that it holds."""
    ids = [write.receipt.id for write in writes if write.receipt]
    known = next((seen[id] for id in ids if id in seen), None)
    if known is not None:
        lasts = [len(held.get(write.subject, [])) for write in writes]
        return [
            Committed(subject=w.subject, accepted=0, repeated=0, last=last, receipt=known)
            for w, last in zip(writes, lasts, strict=True)
        ]
    new, answers = {id: list(facts) for id, facts in held.items()}, list[Committed]()
    for write in writes:
        if write.enrol is not None:
            new.setdefault(write.subject, [])
        if write.subject not in new:
            return None
        facts, before = new[write.subject], len(new[write.subject])
        for fact in write.facts:
            if fact not in facts:
                facts.append(fact)
        accepted = len(facts) - before
        repeated = len(write.facts) - accepted
        answers.append(Committed(subject=write.subject, accepted=accepted, repeated=repeated, last=len(facts)))
    held.update(new)
    pointers.update({identifier: write.subject for write in writes for identifier in write.identifiers})
    seen.update({write.receipt.id: write.receipt for write in writes if write.receipt})
    return answers
