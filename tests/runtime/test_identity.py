"""Record numbers lead to one subject a person, whatever comes first, at once, again, or from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from gemel.core.errors import StoreError
from gemel.core.fact import Exact, Observation
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Committed, Document, Waveform, Write
from gemel.ingest.mention import Meant, Mention
from gemel.runtime.identity import People
from gemel.runtime.merging import Merged, commit, merges
from gemel.store import SqliteStore

ME = Caller(id="test")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "people.db") as opened:
        yield opened


def write(meant: Meant) -> list[Write]:
    own = Write(subject=meant.subject, enrol=meant.enrol, identifiers=meant.identifiers)
    return [own, *(Write(subject=prior.id, enrol=prior) for prior in meant.prior)]


def named(*identifiers: str, merged: tuple[str, ...] = (), born: date | None = None, changes: bool = False) -> Mention:
    return Mention(identifiers=identifiers, merged=merged, born=born, changes=changes)


def reading(id: str, value: float, at: int = 0) -> Observation:
    return Observation(id=id, code="x", value=Exact(value), unit="1", at=at, recorded=at)


def test_a_number_means_one_subject_for_ever_and_a_second_number_joins_it(store: SqliteStore) -> None:
    people = People(store, ME)
    first = people.meant(named("a|1"))
    store.commit(write(first), ME)
    both = people.meant(named("b|2", "a|1"))
    store.commit(write(both), ME)
    assert first.subject == both.subject and both.identifiers == ("b|2",) and both.enrol is None
    anew = People(store, ME)
    assert anew.who(("b|2",)) == anew.who(("a|1",)) == first.subject and anew.who(("c|3",)) is None


def test_what_is_said_again_after_something_else_was_said_is_a_change_again(store: SqliteStore) -> None:
    people, one, other = People(store, ME), date(1979, 1, 1), date(1980, 1, 1)
    for born, enrols in ((one, True), (one, False), (other, True), (other, False), (one, True), (one, False)):
        meant = people.meant(named("a|1", born=born, changes=True))
        done = store.commit(write(meant), ME)
        people.heard(write(meant), done)
        assert (meant.enrol is not None) == enrols
        assert (known := store.subject(meant.subject, ME)) is not None and known.born == born


def test_messages_about_a_new_patient_at_once_make_one_subject(store: SqliteStore) -> None:
    people = People(store, ME)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: people.meant(named("a|1", "b|2")), range(64)))
    assert len({meant.subject for meant in found}) == 1
    assert sum(meant.enrol is not None for meant in found) == 1


def test_what_was_not_kept_is_asked_of_the_store_again(store: SqliteStore) -> None:
    people = People(store, ME)
    lost = people.meant(named("a|1"))
    people.forget(write(lost))
    kept = people.meant(named("a|1"))
    assert kept.subject != lost.subject and kept.enrol is not None


def test_what_others_wrote_is_heard(store: SqliteStore) -> None:
    people = People(store, ME)
    mine = people.meant(named("a|1"))
    store.commit(write(mine), ME)
    other = Write(subject="other", enrol=Subject(id="other"), identifiers=("a|1",))
    people.heard([other], store.commit([other], ME))
    assert people.who(("a|1",)) == "other"
    repeated = Committed(subject="x", accepted=0, repeated=0, last=0)
    people.heard([Write(subject=mine.subject)], [repeated])
    assert people.who(("a|1",)) == "other"


def test_a_description_is_filled_by_any_message_and_replaced_only_by_one_that_may(store: SqliteStore) -> None:
    people, old, new = People(store, ME), date(1950, 1, 1), date(1951, 1, 1)
    told = [people.meant(named("a|1", born=b, changes=c)).enrol for b, c in ((old, False), (new, False), (new, True))]
    assert [None if one is None else one.born for one in told] == [old, None, new]


def test_numbers_that_lead_to_different_people_are_told_and_change_nothing(store: SqliteStore) -> None:
    people = People(store, ME)
    one, two = people.meant(named("a|1")), people.meant(named("b|2"))
    mixed = people.meant(named("a|1", "b|2"))
    assert mixed.subject == one.subject != two.subject and mixed.doubtful == ("b|2",) and mixed.identifiers == ()
    assert people.who(("b|2",)) == two.subject


def test_a_merge_gives_the_survivor_everything_and_both_numbers_lead_to_it(store: SqliteStore) -> None:
    people, merged = People(store, ME), Merged()
    gone, stays = people.meant(named("a|1")), people.meant(named("b|2"))
    wave = Waveform(code="ecg", at=0, rate=1.0, unit="mV", gain=1.0, offset=0.0, samples=b"\1\0\2\0")
    document = Document(kind="note", id=f"{gone.subject}.1", body=b"words", recorded=1)
    first = replace(write(gone)[0], facts=(reading("f1", 1.0), reading("f2", 2.0)), documents=(document,))
    commit(store, ME, [replace(first, waveforms=(wave,)), *write(stays)], merged)
    again = people.meant(named("b|2", merged=("a|1",)))
    assert again.subject == stays.subject and [prior.id for prior in again.prior] == [gone.subject]
    commit(store, ME, write(again), merged)
    assert [fact for _, fact in store.facts(stays.subject, ME)] == [reading("f1", 1.0), reading("f2", 2.0)]
    assert store.documents(stays.subject, ME) == [document]
    assert [w.samples for w in store.waveforms(stays.subject, "ecg", -1, 10**9, ME)] == [wave.samples]
    for known in (people, People(store, ME)):
        assert known.who(("a|1",)) == known.who(("b|2",)) == stays.subject
    prior = store.subject(gone.subject, ME)
    assert prior is not None and prior.merged_into == stays.subject
    assert len(store.facts(gone.subject, ME)) == 2  # nothing that was written changes


def test_a_merge_told_twice_moves_nothing_twice(store: SqliteStore) -> None:
    people, merged = People(store, ME), Merged()
    for number in ("a|1", "b|2"):
        commit(store, ME, [replace(write(people.meant(named(number)))[0], facts=(reading(number, 1.0),))], merged)
    merge = people.meant(named("b|2", merged=("a|1",)))
    for _ in range(2):
        commit(store, ME, write(merge), merged)
    assert people.meant(named("b|2", merged=("a|1",))).prior == ()
    assert len(store.facts(merge.subject, ME)) == 2


def test_a_merge_into_a_number_nobody_has_seen_keeps_the_subject(store: SqliteStore) -> None:
    people = People(store, ME)
    known = people.meant(named("a|1"))
    store.commit(write(known), ME)
    moved = people.meant(named("new|9", merged=("a|1",)))
    assert moved.subject == known.subject and moved.prior == () and moved.identifiers == ("new|9",)
    nobody = people.meant(named("x|1", merged=("y|1",)))
    assert nobody.prior == () and set(nobody.identifiers) == {"x|1", "y|1"}


def test_merges_in_a_chain_end_at_the_last_survivor(store: SqliteStore) -> None:
    people, merged = People(store, ME), Merged()
    for number in ("a|1", "b|2", "c|3"):
        commit(store, ME, [replace(write(people.meant(named(number)))[0], facts=(reading(number, 1.0),))], merged)
    commit(store, ME, write(people.meant(named("b|2", merged=("a|1",)))), merged)
    commit(store, ME, write(people.meant(named("c|3", merged=("b|2",)))), merged)
    last = people.who(("c|3",))
    assert last is not None and people.who(("a|1",)) == people.who(("b|2",)) == last
    assert {fact.id for _, fact in store.facts(last, ME)} == {"a|1", "b|2", "c|3"}
    assert Merged.of(store, ME).root(people.meant(named("a|1")).subject) == last


def test_what_is_written_about_a_merged_subject_reaches_the_survivor(store: SqliteStore) -> None:
    merged = Merged()
    commit(store, ME, [Write(subject=s, enrol=Subject(id=s)) for s in ("old", "new")], merged)
    merge = Write(subject="old", enrol=Subject(id="old", merged_into="new"))
    late, later = (Write(subject="old", facts=(reading(name, 1.0),)) for name in ("f1", "f2"))
    assert merges(merge) and not merges(late)
    done = commit(store, ME, [merge, late], merged)
    done += commit(store, ME, [later], Merged.of(store, ME))
    assert [committed.accepted for committed in done] == [0, 1, 1]
    assert [fact.id for _, fact in store.facts("new", ME)] == ["f1", "f2"] and store.facts("old", ME) == []


def test_a_merge_that_cannot_be_kept_is_forgotten_and_one_in_a_circle_refused(store: SqliteStore) -> None:
    merged = Merged()
    store.commit([Write(subject=s, enrol=Subject(id=s)) for s in ("old", "new")], ME)
    store.commit([Write(subject="old", facts=(reading("f", 1.0),))], ME)
    with pytest.raises(StoreError):
        commit(store, ME, [Write(subject="old", enrol=Subject(id="old", merged_into="nobody"))], merged)
    assert merged.root("old") == "old"
    commit(store, ME, [Write(subject="old", enrol=Subject(id="old", merged_into="new"))], merged)
    with pytest.raises(StoreError, match="other way"):
        commit(store, ME, [Write(subject="new", enrol=Subject(id="new", merged_into="old"))], merged)
    assert merged.root("old") == merged.root("new") == "new"
