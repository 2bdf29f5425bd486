"""Copies of a store: whole, of one state, into either kind, and never half."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard

from gemel.core.errors import StoreError
from gemel.core.fact import Rejected
from gemel.core.subject import Subject
from gemel.core.timeline import facts_hash
from gemel.core.writing import Receipt, Write
from gemel.store import SqliteStore, archive
from gemel.store.connection import Database
from gemel.store.postgres import PostgresStore
from gemel.store.rows import COLUMNS
from gemel.store.sql import SqlStore
from tests.store.server import emptied, new_store
from tests.store.toys import (
    ANN,
    OTHER,
    SUBJECT,
    LockedCipher,
    checkpoint,
    document,
    forecast,
    reading,
    scores,
    signal,
    switch,
)

Open = Callable[..., SqlStore]
KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return opener(request, tmp_path / "source.db", "first")


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return opener(request, tmp_path / "target.db", "second")


@pytest.fixture(scope="module")
def first() -> Iterator[str]:
    with new_store() as url:
        yield url


@pytest.fixture(scope="module")
def second() -> Iterator[str]:
    with new_store() as url:
        yield url


def opener(request: pytest.FixtureRequest, path: Path, schema: str) -> Open:
    """Opens one and the same store of a kind, empty at first."""
    if request.param == "sqlite":
        return lambda **options: SqliteStore(path, **options)
    url = emptied(request.getfixturevalue(schema))
    return lambda **options: PostgresStore(url, **options)


def fill(store: SqlStore) -> None:
    """A row or more in every table, some of them written again."""
    people = [Write(subject=f"p{n}", enrol=Subject(id=f"p{n}"), facts=(reading(n),)) for n in range(30)]
    full = Write(
        subject="s-1", enrol=SUBJECT, identifiers=("mrn|1", "mrn|2"), facts=tuple(reading(n) for n in range(300)),
        documents=(document("c", shared=True), document("s-1.a", body=b"x" * 5000)), waveforms=(signal(),),
        rejected=(Rejected(reason="r", source="s", raw="x"),), receipt=Receipt(channel="c", id="m", reply=b"1"),
    )  # fmt: skip
    store.commit([full, *people, Write(documents=(document("w", kind="Location"),))], ANN)
    store.commit([Write(subject="s-2", enrol=OTHER, identifiers=("mrn|2",), facts=(reading(1),))], ANN)
    store.save(checkpoint(1), ANN)
    store.issue([forecast(1), forecast(2)], ANN)
    store.score("t-1", scores((1, 100.0)), ANN)
    store.switch(switch(1), ANN)


def everything(store: SqlStore) -> dict[str, object]:
    """All that can be read, save where it lies."""
    people = [subject.id for subject in store.subjects(ANN)]
    where = {"kind", "location", "bytes", "sqlite", "server", "fsync"}
    return {
        "subjects": store.subjects(ANN),
        "facts": {id: store.facts(id, ANN) for id in people},
        "hashes": [facts_hash(fact for _, fact in store.facts(id, ANN)) for id in people],
        "documents": [store.documents(id, ANN) for id in ("", *people)],
        "shared": store.document("Observation", "c", ANN),
        "waveforms": store.waveforms("s-1", "ecg", -1, 10**9, ANN),
        "found": [store.find(name, ANN) for name in ("mrn|1", "mrn|2", "mrn|3")],
        "receipt": store.receipt("c", "m", ANN),
        "rejected": store.rejected(ANN),
        "twins": store.twins(ANN),
        "checkpoint": store.latest("t-1", ANN),
        "ledger": store.ledger("t-1", ANN),
        "switches": store.switches(ANN),
        "journal": store.journal(ANN),
        "info": {name: value for name, value in store.info().items() if name not in where},
    }


def copied(source: SqlStore, file: Path, target: SqlStore) -> archive.Footer:
    archive.back_up(source._database, file, lambda _: None)
    return archive.restore(file, target._database, lambda _: None)


def test_a_copy_of_either_kind_holds_all_and_goes_on(source: Open, target: Open, tmp_path: Path) -> None:
    with source() as store, target() as other:
        fill(store)
        footer = copied(store, tmp_path / "copy", other)
        assert everything(other) == everything(store)
        assert footer.facts == 331 and footer.journal_head == store.info()["journal_head"]
        assert all(footer.rows[table] for table in COLUMNS)
        assert other.verify() == []
    with target() as other:
        done = other.append("s-1", [reading(299), reading(300)], ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 1, 301)
        other.save(checkpoint(2, twin="t-2"), ANN)
        other.save(checkpoint(3), ANN)
        other.issue([forecast(3)], ANN)
        other.commit([Write(subject="s-1", identifiers=("mrn|2",))], ANN)
        assert other.find("mrn|2", ANN) == "s-1"
        assert other.commit([Write(subject="s-1", receipt=Receipt(channel="c", id="m", reply=b""))], ANN)[0].receipt
        assert len(other.ledger("t-1", ANN)) == 3 and other.latest("t-1", ANN) == checkpoint(3)
        assert other.verify() == []


def test_a_copy_of_a_copy_has_the_same_sum(source: Open, target: Open, tmp_path: Path) -> None:
    with source() as store, target() as other:
        fill(store)
        first = archive.back_up(store._database, tmp_path / "one", lambda _: None)
        archive.restore(tmp_path / "one", other._database, lambda _: None)
        assert archive.back_up(other._database, tmp_path / "two", lambda _: None) == first
    assert archive.contents(tmp_path / "two")[1] == first


def test_an_empty_store_can_be_copied(source: Open, target: Open, tmp_path: Path) -> None:
    with source() as store, target() as other:
        assert copied(store, tmp_path / "copy", other).rows == dict.fromkeys(COLUMNS, 0)
        assert other.subjects(ANN) == [] and other.journal(ANN) == [] and other.verify() == []


def test_a_copy_made_while_others_write_is_of_one_state(source: Open, tmp_path: Path) -> None:
    """Every commit adds a fact to both subjects, so in any one state they have equally many."""
    stop = threading.Event()
    with source() as store:
        store.commit([Write(subject=id, enrol=Subject(id=id)) for id in ("a", "b")], ANN)

        def feed() -> None:
            n = 0
            while not stop.is_set():
                n += 1
                store.commit([Write(subject=id, facts=(reading(n),)) for id in ("a", "b")], ANN)

        thread = threading.Thread(target=feed)
        thread.start()
        for k in range(6):
            while len(store.facts("a", ANN)) <= 3 * k:
                pass
            archive.back_up(store._database, tmp_path / str(k), lambda _: None)
        stop.set()
        thread.join()
    for k in range(6):
        with SqliteStore(tmp_path / f"{k}.db") as other:
            archive.restore(tmp_path / str(k), other._database, lambda _: None)
            a, b = (len(other.facts(id, ANN)) for id in ("a", "b"))
            assert a == b > 3 * k and len(other.journal(ANN)) == 2 + 2 * a
            assert other.verify() == []


def test_sealed_rows_stay_sealed_and_open_with_their_keys(source: Open, target: Open, tmp_path: Path) -> None:
    cipher, file = LockedCipher(), tmp_path / "copy"
    with source(cipher=cipher) as store:
        fill(store)
        whole = everything(store)
        archive.back_up(store._database, file, lambda _: None)
    clear = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()[len(archive.MAGIC) :]).read()
    assert [word for word in (b"s-1", b"2339-0", b"mrn", b"Location", b"ann") if word in clear] == []
    with target() as bare:  # no key is needed to restore
        archive.restore(file, bare._database, lambda _: None)
    with target(cipher=cipher) as other:
        assert everything(other) == whole


def test_only_an_empty_store_is_filled(target: Open, tmp_path: Path) -> None:
    with SqliteStore() as store, target() as other:
        fill(store)
        archive.back_up(store._database, tmp_path / "copy", lambda _: None)
        other.enrol(OTHER, ANN)
        with pytest.raises(StoreError, match=r"holds rows \(subject, journal_block\)"):
            archive.restore(tmp_path / "copy", other._database, lambda _: None)
        assert other.subjects(ANN) == [OTHER] and other.verify() == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """An archive of a full store."""
    with SqliteStore() as store:
        fill(store)
        archive.back_up(store._database, tmp_path / "copy", lambda _: None)
    return tmp_path / "copy"


def refused(file: Path, reason: str) -> None:
    """Neither read nor restored, and nothing of it is kept."""
    with pytest.raises(StoreError, match=reason):
        archive.contents(file)
    with SqliteStore() as store:
        with pytest.raises(StoreError, match=reason):
            archive.restore(file, store._database, lambda _: None)
        assert store.subjects(ANN) == [] and store.journal(ANN) == []


def test_an_archive_cut_short_anywhere_is_refused(copy: Path) -> None:
    whole = copy.read_bytes()
    for length in (len(archive.MAGIC), len(archive.MAGIC) + 1, len(whole) // 3, len(whole) // 2, len(whole) - 8):
        copy.write_bytes(whole[:length])
        refused(copy, "cut short|damaged")


def test_a_changed_byte_is_noticed_unless_it_changes_nothing_that_is_said(copy: Path) -> None:
    whole, said, noticed = copy.read_bytes(), archive.contents(copy), 0
    places = range(0, len(whole), len(whole) // 40)
    for place in places:
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        try:
            assert archive.contents(copy) == said  # some bits of a Zstandard frame are free
        except StoreError:
            noticed += 1
    assert noticed >= len(places) - 2


@pytest.mark.parametrize("content", [b"", b"not an archive of anything", b"SQLite format 3\x00"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    refused(tmp_path / "x", "no archive")
    refused(tmp_path / "absent", "absent: No such file")


def rewritten(file: Path, change: Callable[[list[object]], object]) -> None:
    """The archive with its frames changed, and made whole again."""
    stream = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()[len(archive.MAGIC) :])
    clear, frames = stream.read(), list[object]()
    while clear:
        size = int.from_bytes(clear[:4], "little")
        frames.append(msgspec.msgpack.decode(clear[4 : 4 + size]))
        clear = clear[4 + size :]
    change(frames)
    written = b"".join(archive._framed(frame) for frame in frames)
    file.write_bytes(archive.MAGIC + zstandard.ZstdCompressor().compress(written))


def test_rows_changed_with_care_are_noticed_by_the_sum(copy: Path) -> None:
    def forge(frames: list[object]) -> None:
        rows = next(frame[1] for frame in frames if isinstance(frame, list) and frame[0] == "receipt")
        rows[0][2] = rows[0][2] + b"forged"

    rewritten(copy, forge)
    refused(copy, "damaged: its rows|not restored as it was")


def test_a_missing_frame_is_noticed(copy: Path) -> None:
    rewritten(copy, lambda frames: frames.pop(2))
    refused(copy, "damaged: its rows|not restored as it was")


def test_rows_of_an_unknown_table_and_of_another_schema_are_refused(copy: Path) -> None:
    whole = copy.read_bytes()
    rewritten(copy, lambda frames: frames.insert(1, ["cookie", [[1]]]))
    refused(copy, "'cookie'.*update gemel")
    copy.write_bytes(whole)
    rewritten(copy, lambda frames: frames[0].update(schema=2))  # type: ignore[attr-defined]
    with SqliteStore() as store, pytest.raises(StoreError, match="schema 2"):
        archive.restore(copy, store._database, lambda _: None)


def test_an_existing_file_is_not_overwritten_and_a_failed_copy_leaves_none(tmp_path: Path) -> None:
    file = tmp_path / "copy"
    with SqliteStore() as store:
        fill(store)
        file.write_bytes(b"mine")
        with pytest.raises(StoreError, match="exists"):
            archive.back_up(store._database, file, lambda _: None)
        assert file.read_bytes() == b"mine"
        file.unlink()

        def fail(_: int) -> None:
            raise RuntimeError

        with pytest.raises(RuntimeError):
            archive.back_up(store._database, file, fail)
        with pytest.raises(StoreError, match="folder must exist"):
            archive.back_up(store._database, tmp_path / "absent" / "copy", lambda _: None)
        assert os.listdir(tmp_path) == []
        database: Database = store._database
        assert archive.back_up(database, file, lambda _: None).facts == 331
