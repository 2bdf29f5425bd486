"""A file of schema version 2 is read on: the same facts, the same audit trail, and nothing altered passes for sound."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gemel.core.errors import StoreError
from gemel.core.ports import Cipher, JournalEntry
from gemel.core.subject import Subject
from gemel.core.timeline import facts_hash
from gemel.store import HashChainJournal, PlainCipher, SqliteStore
from gemel.store.blocks import LONGEST
from gemel.store.convert import TOGETHER
from gemel.store.schema import MIGRATIONS
from gemel.store.vault import Vault
from tests.store import old_files
from tests.store.toys import ANN, OTHER, SUBJECT, LockedCipher, reading, tampered

EMPTY = Subject(id="s-3")
FACTS = [reading((7 * n) % 60) for n in range(60)]
HELD = {SUBJECT: FACTS, EMPTY: [], OTHER: FACTS[:3]}
ENTRIES = [JournalEntry(at=n, caller=ANN, action="append", subject=f"s-{n % 3}") for n in range(TOGETHER + 7)]


@pytest.fixture(params=[PlainCipher, LockedCipher])
def cipher(request: pytest.FixtureRequest) -> Cipher:
    return request.param()


def old_file(path: Path, cipher: Cipher) -> bytes:
    return old_files.write(path, Vault(cipher, HashChainJournal()), HELD, ENTRIES)


def test_every_fact_and_audit_entry_of_a_version_2_file_is_read_as_it_was(tmp_path: Path, cipher: Cipher) -> None:
    path = tmp_path / "gemel.db"
    head = old_file(path, cipher)
    with SqliteStore(path, cipher=cipher) as store:
        assert store.info()["schema"] == len(MIGRATIONS) > 2
        for subject, facts in HELD.items():
            assert store.facts(subject.id, ANN) == list(enumerate(facts, start=1))
            assert facts_hash(fact for _, fact in store.facts(subject.id, ANN)) == facts_hash(facts)
        assert store.journal(ANN) == ENTRIES and store.info()["journal_head"] == head.hex()
        assert store.subjects(ANN) == list(HELD)
        assert store.verify() == []
        half = [(n, fact) for n, fact in enumerate(FACTS, start=1) if fact.recorded <= FACTS[1].recorded]
        assert store.facts("s-1", ANN, as_of=FACTS[1].recorded) == half


def test_facts_of_a_version_2_file_are_recognised_and_numbered_on(tmp_path: Path, cipher: Cipher) -> None:
    path = tmp_path / "gemel.db"
    old_file(path, cipher)
    with SqliteStore(path, cipher=cipher) as store:
        done = store.append("s-1", [*FACTS[50:60], reading(10**6), FACTS[3]], ANN)
        assert (done.accepted, done.repeated, done.last) == (1, 11, len(FACTS) + 1)
        assert store.append("s-3", FACTS[:2], ANN).last == 2
        assert len(store.journal(ANN)) == len(ENTRIES) + 2 and store.verify() == []


def test_a_long_history_becomes_several_blocks(tmp_path: Path) -> None:
    path, facts = tmp_path / "gemel.db", [reading((7 * n) % (LONGEST + 9)) for n in range(LONGEST + 9)]
    old_files.write(path, Vault(PlainCipher(), HashChainJournal()), {SUBJECT: facts}, [])
    before = path.stat().st_size
    with SqliteStore(path) as store:
        assert store.facts("s-1", ANN) == list(enumerate(facts, start=1))
        assert store.facts("s-1", ANN, after=LONGEST + 2) == list(enumerate(facts, start=1))[LONGEST + 2 :]
        assert store.verify() == []
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("VACUUM")
    connection.close()
    assert path.stat().st_size < before / 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fact SET payload = (SELECT payload FROM fact WHERE subject = 1 AND seq = 1) WHERE seq = 2",
        "DELETE FROM fact WHERE subject = 3 AND seq = 2",
    ],
)
def test_a_version_2_file_with_an_altered_or_missing_fact_is_refused_and_left_alone(
    tmp_path: Path, statement: str
) -> None:
    path = tmp_path / "gemel.db"
    old_file(path, PlainCipher())
    tampered(path, "DROP TRIGGER fact_no_update", "DROP TRIGGER fact_no_delete", statement)
    for _ in range(2):
        with pytest.raises(StoreError, match="fact 2 was altered or is missing"):
            SqliteStore(path)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM journal WHERE seq = 3", "entries 3 to 3 are missing"),
        ("UPDATE journal SET record = x'00' WHERE seq = 500", "entries 1 to 500 was altered"),
    ],
)
def test_a_broken_audit_chain_stays_broken(tmp_path: Path, statement: str, finding: str) -> None:
    path = tmp_path / "gemel.db"
    old_file(path, PlainCipher())
    tampered(path, "DROP TRIGGER journal_no_update", "DROP TRIGGER journal_no_delete", statement)
    with SqliteStore(path) as store:
        assert any(finding in fault for fault in store.verify())


def test_a_version_2_file_without_the_keys_it_was_sealed_with_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gemel.db"
    old_file(path, LockedCipher())
    with pytest.raises(StoreError, match="open the store with the cipher"):
        SqliteStore(path)
