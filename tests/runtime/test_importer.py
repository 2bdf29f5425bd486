"""What an import does to a store: people found or made, nothing doubled, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import msgspec
import pytest

from gemel.core.errors import IngestError
from gemel.core.fact import Exact, Observation, Rejected
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Document, Waveform, Write
from gemel.runtime.importer import Imported, Importer
from gemel.store import SqliteStore

CALLER = Caller(id="test")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "gemel.db") as made:
        yield made


def importer(store: SqliteStore) -> Importer:
    ticks = count(1)
    return Importer(store, CALLER, now=lambda: next(ticks), zone="Europe/Paris")


def fact(n: int, code: str = "loinc:8867-4") -> Observation:
    return Observation(id=f"f{n}", code=code, value=Exact(n), unit="/min", at=n, recorded=n)


def taken(own: Importer, *writes: Write, describes: bool = True) -> Imported:
    done = Imported()
    own.take(writes, done, describes=describes)
    return done


def whole(store: SqliteStore, subject: str) -> tuple[int, int, int, int]:
    """Facts, documents, stretches and rejected rows of a subject."""
    return (
        len(store.facts(subject, CALLER)), len(store.documents(subject, CALLER)),
        len(store.waveforms(subject, "x", -1, 10**12, CALLER)), len(store.rejected(CALLER, subject)),
    )  # fmt: skip


EVERYTHING = Write(
    subject="s", facts=(fact(1), fact(2)), rejected=(Rejected(reason="bad: 3", source="file", raw="3"),),
    documents=(Document(kind="gemel/vcf", id="s.1", body=b"##", recorded=1),),
    waveforms=(Waveform(code="x", at=0, rate=1.0, unit="mV", gain=1.0, offset=0.0, samples=b"\x01\x00"),),
)  # fmt: skip


def test_a_subject_that_nobody_knows_is_enrolled_in_the_zone_of_the_import(store: SqliteStore) -> None:
    done = taken(importer(store), EVERYTHING)
    assert (done.accepted, done.repeated, done.documents, done.waveforms) == (2, 0, 1, 1)
    assert done.rejected == {"bad": 1} and done.subjects == {"s"}
    assert store.subject("s", CALLER) == Subject(id="s", zone="Europe/Paris")
    assert whole(store, "s") == (2, 1, 1, 1)


def test_the_same_source_again_doubles_nothing(store: SqliteStore) -> None:
    taken(importer(store), EVERYTHING)
    again = taken(importer(store), EVERYTHING, EVERYTHING)
    assert (again.accepted, again.repeated, again.documents, again.waveforms) == (0, 4, 0, 0)
    assert whole(store, "s") == (2, 1, 1, 1)


def test_a_longer_source_brings_only_what_is_new(store: SqliteStore) -> None:
    taken(importer(store), Write(subject="s", facts=(fact(1), fact(2))))
    done = taken(importer(store), Write(subject="s", facts=(fact(1), fact(2), fact(3))))
    assert (done.accepted, done.repeated) == (1, 2)


def test_a_resource_that_changed_is_a_new_version_and_one_that_did_not_is_none(store: SqliteStore) -> None:
    def write(body: bytes, n: int) -> Write:
        return Write(subject="s", facts=(fact(n),), documents=(Document(kind="Goal", id="s.g", body=body, recorded=0),))

    for n, body in enumerate((b"{}", b"{}", b'{"a":1}')):
        taken(importer(store), write(body, n))
    versions = store.documents("s", CALLER)
    assert [(one.version, one.body) for one in versions] == [(1, b"{}"), (2, b'{"a":1}')]
    assert all(one.recorded for one in versions)


def test_numbers_lead_to_one_person_within_a_run_and_in_the_next(store: SqliteStore) -> None:
    own = importer(store)
    found = own.who(("hospital|7",))
    assert own.who(("hospital|7",)) == found != own.who(("hospital|8",))
    taken(own, Write(subject=found, identifiers=("hospital|7",), facts=(fact(1),)))
    assert importer(store).who(("hospital|7",)) == found == store.find("hospital|7", CALLER)


def test_a_scanner_does_not_overwrite_what_the_admission_office_said(store: SqliteStore) -> None:
    office = Subject(id="s", zone="UTC", sex="female")
    taken(importer(store), Write(subject="s", enrol=office, facts=(fact(1),)))
    scanner = Write(subject="s", enrol=msgspec.structs.replace(office, sex="male"), facts=(fact(2),))
    taken(importer(store), scanner, describes=False)
    assert store.subject("s", CALLER) == office
    taken(importer(store), msgspec.structs.replace(scanner, facts=(fact(3),)))
    known = store.subject("s", CALLER)
    assert known is not None and known.sex == "male"


def test_whom_the_run_has_made_any_of_its_sources_may_describe(store: SqliteStore) -> None:
    told = Subject(id="s", zone="UTC", sex="female")
    taken(importer(store), Write(subject="s", facts=(fact(1),)), Write(subject="s", enrol=told), describes=False)
    assert store.subject("s", CALLER) == told


def test_what_came_before_a_source_breaks_off_is_kept(store: SqliteStore) -> None:
    def source() -> Iterator[Write]:
        yield Write(subject="s", facts=(fact(1),))
        raise IngestError("cut short")

    done = Imported()
    with pytest.raises(IngestError, match="cut short"):
        importer(store).take(source(), done)
    assert done.accepted == 1 and len(store.facts("s", CALLER)) == 1


def test_a_write_that_the_store_refuses_is_rejected_and_the_others_are_kept(store: SqliteStore) -> None:
    stretch = msgspec.structs.replace(EVERYTHING.waveforms[0], rate=-1.0)
    done = taken(
        importer(store), Write(subject="s", facts=(fact(1),)), Write(subject="s", waveforms=(stretch,)),
        Write(subject="t", facts=(fact(2),)),
    )  # fmt: skip
    assert done.accepted == 2 and done.rejected == {"cannot be stored": 1}
    assert any("cannot be stored" in row.reason for row in store.rejected(CALLER))


def test_one_fact_that_cannot_be_stored_spoils_none_beside_it(store: SqliteStore) -> None:
    beyond = msgspec.structs.replace(fact(2), at=2**70)
    done = taken(importer(store), Write(subject="s", facts=(fact(1), beyond, fact(3))))
    assert (done.accepted, done.rejected) == (2, {"cannot be stored": 1})


def test_many_writes_become_durable_in_portions(store: SqliteStore) -> None:
    writes = (Write(subject=f"s{n % 7}", facts=tuple(fact(1000 * n + k) for k in range(1000))) for n in range(12))
    done = Imported()
    importer(store).take(writes, done)
    assert done.accepted == 12_000 and len(done.subjects) == 7
    assert sum(len(store.facts(f"s{n}", CALLER)) for n in range(7)) == 12_000


def test_counts_of_two_sources_are_apart() -> None:
    first, second = Imported(), Imported()
    first.rejected["bad"] += 1
    assert second.rejected == {} and replace(first).rejected == {"bad": 1}
