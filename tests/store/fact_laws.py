"""What every store must do with facts."""

from __future__ import annotations

import msgspec
import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import (
    Above,
    Asset,
    Below,
    Between,
    Count,
    Exact,
    Fact,
    Intervention,
    Level,
    Observation,
    Rejected,
    Status,
    Value,
)
from gemel.core.ports import Store
from gemel.core.subject import Subject
from gemel.core.timeline import Timeline, facts_hash
from tests.store.toys import (
    ANN,
    MINUTE,
    OTHER,
    SUBJECT,
    Reopen,
    checkpoint,
    forecast,
    reading,
    run_together,
)


class FactLaws:
    """Laws of every store; a subclass provides `reopen` and `store`."""

    def test_every_kind_of_fact_comes_back_as_it_was(self, store: Store) -> None:
        values: list[Value] = [
            Exact(5.5), Below(0.3), Above(400.0), Between(1.0, 2.0), Count(7), Level("grade 2"),
            Asset("ab" * 32), Exact(float("inf")), Exact(-0.0), Exact(5e-324),
        ]  # fmt: skip
        facts: list[Fact] = [reading(n, value=value) for n, value in enumerate(values)]
        facts.append(reading(20, sd=3.5, entity="bed 4", source="µ-meter ☂", status="preliminary"))
        facts.append(Intervention(id="i1", code="insulin", at=5, recorded=-6, unit="U", dose=4.0))
        facts.append(Intervention(id="i2", code="basal", at=5, recorded=6, unit="U/h", rate=0.8, until=9))
        store.append("s-1", facts, ANN)
        assert [fact for _, fact in store.facts("s-1", ANN)] == facts

    def test_facts_are_numbered_from_one_without_gaps_in_order_of_arrival(self, store: Store) -> None:
        late_first = [reading(n) for n in (9, 3, 7)]
        assert store.append("s-1", late_first, ANN).last == 3
        done = store.append("s-1", iter([reading(1)]), ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 0, 4)
        assert store.facts("s-1", ANN) == list(enumerate([*late_first, reading(1)], start=1))

    def test_facts_after_a_sequence_number_are_those_not_yet_used(self, store: Store) -> None:
        store.append("s-1", [reading(n) for n in range(5)], ANN)
        assert [seq for seq, _ in store.facts("s-1", ANN, after=3)] == [4, 5]
        assert store.facts("s-1", ANN, after=5) == []

    def test_a_repeated_record_is_counted_and_not_stored_again(self, store: Store) -> None:
        store.append("s-1", [reading(n) for n in range(1200)], ANN)
        done = store.append("s-1", [reading(n) for n in range(1190, 1201)] + [reading(1200)], ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 11, 1201)
        assert len(store.facts("s-1", ANN)) == 1201

    def test_the_same_number_written_as_an_integer_is_the_same_record(self, store: Store) -> None:
        whole = Observation(id="g", code="c", value=Exact(5), unit="1", at=1, recorded=1)
        store.append("s-1", [whole], ANN)
        done = store.append("s-1", [msgspec.structs.replace(whole, value=Exact(5.0))], ANN)
        assert (done.accepted, done.repeated) == (0, 1)

    def test_an_amendment_is_a_new_record_and_the_old_one_stays(self, store: Store) -> None:
        amended = reading(1, value=Exact(77.0), recorded=10**12, status=Status.AMENDED)
        withdrawn = reading(2, recorded=10**12, status=Status.ENTERED_IN_ERROR)
        store.append("s-1", [reading(1), reading(2)], ANN)
        store.append("s-1", [amended, withdrawn], ANN)
        facts = [fact for _, fact in store.facts("s-1", ANN)]
        assert facts == [reading(1), reading(2), amended, withdrawn]
        assert list(Timeline(SUBJECT, tuple(facts))) == [amended]

    def test_as_of_leaves_out_what_was_recorded_later(self, store: Store) -> None:
        late = reading(1, value=Exact(1.0), recorded=100 * MINUTE)
        store.append("s-1", [late, reading(2), reading(3)], ANN)
        assert [seq for seq, _ in store.facts("s-1", ANN, as_of=12 * MINUTE)] == [2]
        assert [seq for seq, _ in store.facts("s-1", ANN, as_of=100 * MINUTE - 1)] == [2, 3]
        assert [seq for seq, _ in store.facts("s-1", ANN, as_of=100 * MINUTE, after=2)] == [3]
        assert [seq for seq, _ in store.facts("s-1", ANN, as_of=100 * MINUTE)] == [1, 2, 3]

    def test_two_subjects_are_numbered_and_recognised_apart(self, store: Store) -> None:
        store.enrol(OTHER, ANN)
        store.append("s-1", [reading(1), reading(2)], ANN)
        assert store.append("s-2", [reading(2)], ANN).last == 1
        assert store.facts("s-2", ANN) == [(1, reading(2))]

    def test_an_empty_append_changes_nothing(self, store: Store) -> None:
        store.append("s-1", [reading(1)], ANN)
        done = store.append("s-1", [], ANN)
        assert (done.accepted, done.repeated, done.last) == (0, 0, 1)

    @pytest.mark.parametrize(
        "wrong",
        [
            Observation(id="g9", code="c", value="high", unit="1", at=1, recorded=1),  # type: ignore[arg-type]
            Observation(id="g9", code="c", value=Exact(1.0), unit=None, at=1, recorded=1),  # type: ignore[arg-type]
            Observation(id="g9", code="c", value=Exact(1.0), unit="1", at=2**63, recorded=1),
            Observation(id="g9", code="c", value=Exact(1.0), unit="1", at=1, recorded=2**80),
            Observation(id="g9", code="c", value=object(), unit="1", at=1, recorded=1),  # type: ignore[arg-type]
        ],
    )
    def test_a_fact_that_could_not_be_read_back_is_refused_with_its_whole_batch(
        self, store: Store, wrong: Observation
    ) -> None:
        with pytest.raises(StoreError, match="g9"):
            store.append("s-1", [reading(1), wrong], ANN)
        assert store.facts("s-1", ANN) == []

    def test_an_unknown_subject_is_refused(self, store: Store) -> None:
        for call in (
            lambda: store.append("nobody", [reading(1)], ANN),
            lambda: store.facts("nobody", ANN),
            lambda: store.save(checkpoint(1, subject="nobody"), ANN),
            lambda: store.issue([forecast(1, subject="nobody")], ANN),
            lambda: store.reject("nobody", [Rejected(reason="r", source="s", raw="x")], ANN),
        ):
            with pytest.raises(StoreError, match="nobody"):
                call()

    def test_the_hash_of_the_facts_is_the_same_after_opening_again(self, store: Store, reopen: Reopen) -> None:
        facts = [reading(n, value=Exact(n / 7)) for n in range(100)]
        store.append("s-1", facts, ANN)
        read = [fact for _, fact in reopen().facts("s-1", ANN)]
        assert facts_hash(read) == facts_hash(facts)

    def test_eight_threads_lose_double_and_disorder_nothing(self, store: Store) -> None:
        for n in range(4):
            store.enrol(Subject(id=f"p{n}"), ANN)
        lasts: dict[int, list[int]] = {}

        def feed(thread: int) -> None:
            batches = [[reading(n, entity=f"device {thread}") for n in range(b, b + 3)] for b in range(0, 60, 2)]
            lasts[thread] = [store.append(f"p{thread % 4}", batch, ANN).last for batch in batches]

        run_together([lambda thread=thread: feed(thread) for thread in range(8)])
        for n in range(4):
            records = store.facts(f"p{n}", ANN)
            assert [seq for seq, _ in records] == list(range(1, 2 * 61 + 1))
            for thread in (n, n + 4):
                mine = [f.id for _, f in records if isinstance(f, Observation) and f.entity == f"device {thread}"]
                assert mine == [f"g{k}" for k in range(61)]
                assert lasts[thread] == sorted(lasts[thread])

    def test_a_refused_append_does_not_disturb_those_it_shares_a_commit_with(self, store: Store) -> None:
        refused: list[str] = []

        def bad() -> None:
            for _ in range(20):
                try:
                    store.append("nobody", [reading(1)], ANN)
                except StoreError as error:
                    refused.append(str(error))

        def good() -> None:
            for n in range(20):
                store.append("s-1", [reading(n)], ANN)

        run_together([bad, good, bad])
        assert len(refused) == 40
        assert [fact for _, fact in store.facts("s-1", ANN)] == [reading(n) for n in range(20)]
