"""Files that are not what they should be, history that cannot be changed, and what `verify` finds."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import Rejected
from gemel.core.subject import Subject
from gemel.store import SqliteStore
from gemel.store.plain import HashChainJournal, PlainCipher
from gemel.store.schema import MIGRATIONS, migrate
from gemel.store.vault import Vault
from tests.store.toys import (
    ANN,
    OTHER,
    SUBJECT,
    LockedCipher,
    checkpoint,
    everything,
    forecast,
    reading,
    scores,
    switch,
    tampered,
)


def test_an_empty_file_works_as_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "gemel.db"
    path.touch()
    with SqliteStore(path) as store:
        store.enrol(SUBJECT, ANN)
        assert store.subjects(ANN) == [SUBJECT]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gemel.db"
    path.write_bytes(b"glucose;120\n" * 1000)
    with pytest.raises(StoreError, match=r"gemel.db.*restore a copy"):
        SqliteStore(path)
    assert path.read_bytes() == b"glucose;120\n" * 1000


def test_a_half_written_file_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match=r"gemel.db.*damaged.*restore a copy"):
        SqliteStore(path)


def test_damaged_pages_are_reported_when_read_and_by_verify(path: Path) -> None:
    with SqliteStore(path) as store:
        store.append("s-1", [reading(n) for n in range(10, 3000)], ANN)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2 // 4096 * 4096
    for page in range(middle, middle + 40 * 4096, 4096):
        whole[page : page + 100] = b"\xff" * 100
    path.write_bytes(whole)
    with SqliteStore(path) as store:
        assert store.verify() != []
        with pytest.raises(StoreError, match=r"damaged.*restore a copy"):
            store.facts("s-1", ANN)


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "browser.db"
    tampered(path, "CREATE TABLE cookie (jar TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(path: Path) -> None:
    tampered(path, f"INSERT INTO migration VALUES ({len(MIGRATIONS) + 1}, 0)")
    with pytest.raises(StoreError, match=re.escape(f"version {len(MIGRATIONS) + 1}") + ".*update gemel"):
        SqliteStore(path)


def test_a_migration_keeps_the_data_and_a_failing_one_changes_nothing(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    vault = Vault(PlainCipher(), HashChainJournal())
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, "x", vault, (*MIGRATIONS, ("ALTER TABLE twin ADD COLUMN note TEXT", "nonsense")))
    assert migrate(connection, "x", vault) == len(MIGRATIONS)
    noted = (*MIGRATIONS, ("ALTER TABLE twin ADD COLUMN note TEXT",))
    assert migrate(connection, "x", vault, noted) == len(MIGRATIONS) + 1
    assert connection.execute("SELECT last FROM fact_block").fetchall() == [(1,), (2,), (3,)]
    connection.close()


@pytest.mark.parametrize("place", ["missing/gemel.db", "."])
def test_a_place_that_cannot_be_a_file_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(StoreError, match="directory"):
        SqliteStore(tmp_path / place)


def test_a_parent_that_is_a_file_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="writable"):
        SqliteStore(path / "gemel.db")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_is_refused(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="writable"):
            SqliteStore(path.parent / "new.db")
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fact_block SET at_low = 0",
        "DELETE FROM fact_block",
        "UPDATE journal_block SET payload = x'00'",
        "DELETE FROM journal_block",
        "UPDATE document_block SET subject = NULL",
        "DELETE FROM document_block",
        "UPDATE document_index SET block = 1",
        "DELETE FROM document_index",
        "UPDATE identifier SET subject = 1",
        "DELETE FROM identifier",
        "UPDATE receipt SET payload = x'00'",
        "DELETE FROM receipt",
        "UPDATE waveform SET at = 0",
        "DELETE FROM waveform",
        "UPDATE rejected SET at = 0",
        "DELETE FROM rejected",
        "UPDATE checkpoint SET at = 0",
        "DELETE FROM checkpoint",
        "UPDATE forecast SET payload = x'00'",
        "UPDATE forecast SET score_key = 'k', score = x'00'",
        "UPDATE score SET payload = x'00'",
        "DELETE FROM score",
        "UPDATE switch SET at = 0",
        "DELETE FROM switch",
        "DELETE FROM forecast",
    ],
)
def test_history_cannot_be_changed_even_with_sql(path: Path, statement: str) -> None:
    with SqliteStore(path) as store:
        store.reject("s-1", [Rejected(reason="r", source="s", raw="x")], ANN)
        store.save(checkpoint(1), ANN)
        store.issue([forecast(1)], ANN)
        store.score("t-1", scores((1, 100.0)), ANN)
        store.switch(switch(1), ANN)
        store.commit([everything(1)], ANN)
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only"):
        tampered(path, statement)


def test_replacing_a_fact_is_refused_on_the_store_s_own_connections(path: Path) -> None:
    replace = "REPLACE INTO fact_block SELECT * FROM fact_block WHERE seq = 1"
    with SqliteStore(path) as store, pytest.raises(StoreError, match="append-only"):
        store._writer.run(lambda connection: (connection.run(replace), [])).result()


UNLOCK = "DROP TRIGGER {0}_no_update", "DROP TRIGGER {0}_no_delete"


@pytest.mark.parametrize(
    ("table", "statement", "finding"),
    [
        (
            "journal_block",
            "UPDATE journal_block SET payload = (SELECT payload FROM journal_block WHERE first = 1) WHERE first = 2",
            "entries 2 to 2 was altered",
        ),
        ("journal_block", "DELETE FROM journal_block WHERE first = 1", "entries 1 to 1 are missing"),
        (
            "fact_block",
            "UPDATE fact_block SET payload = (SELECT payload FROM fact_block WHERE first = 1) WHERE first = 2",
            "fact 2 was altered",
        ),
        ("fact_block", "DELETE FROM fact_block WHERE first = 2", "facts 2 to 2 are missing"),
        ("fact_block", "UPDATE fact_block SET recorded_high = 7 WHERE first = 2", "times of facts 2 to 2"),
        ("fact_block", "UPDATE fact_block SET payload = x'0091c0' WHERE first = 3", "facts 3 to 3 cannot be opened"),
        ("document_block", "DELETE FROM document_block WHERE first = 1", "documents 1 to 1 are missing"),
        ("waveform", "UPDATE waveform SET payload = x'0190' WHERE seq = 2", "waveform 2 cannot be opened"),
        ("document_block", "UPDATE document_block SET payload = x'0190' WHERE first = 2", "documents 2 to 2"),
    ],
)
def test_verify_finds_what_was_altered_behind_the_store_s_back(
    path: Path, table: str, statement: str, finding: str
) -> None:
    with SqliteStore(path) as store:
        for n in range(1, 3):
            store.commit([everything(n)], ANN)
        assert store.verify() == []
    tampered(path, "PRAGMA foreign_keys = OFF", *(trigger.format(table) for trigger in UNLOCK), statement)
    with SqliteStore(path) as store:
        assert any(finding in fault for fault in store.verify())


def test_a_row_moved_under_a_cipher_does_not_open(tmp_path: Path) -> None:
    path, cipher = tmp_path / "gemel.db", LockedCipher()
    with SqliteStore(path, cipher=cipher) as store:
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(1)], ANN)
        store.append("s-1", [reading(2)], ANN)
    swap = "UPDATE fact_block SET payload = (SELECT payload FROM fact_block WHERE first = 1) WHERE first = 2"
    tampered(path, *(trigger.format("fact_block") for trigger in UNLOCK), swap)
    with (
        SqliteStore(path, cipher=cipher) as store,
        pytest.raises(StoreError, match="row that is not its own"),
    ):
        store.facts("s-1", ANN)


def test_nothing_readable_stands_in_a_file_under_a_cipher(tmp_path: Path) -> None:
    path = tmp_path / "gemel.db"
    secrets = ("subject-of-rowena", "2339-0", "twin-of-rowena", "unreadable row", "nurse-jones", "as is",
        "a secret note", "ward 3")  # fmt: skip
    caller = type(ANN)(id="nurse-jones")
    with SqliteStore(path, cipher=LockedCipher()) as store:
        store.enrol(Subject(id="subject-of-rowena"), caller)
        store.append("subject-of-rowena", [reading(1)], caller)
        store.reject("subject-of-rowena", [Rejected(reason="unreadable row", source="s", raw="x")], caller)
        store.save(checkpoint(1, subject="subject-of-rowena", twin="twin-of-rowena"), caller)
        store.issue([forecast(1, subject="subject-of-rowena", twin="twin-of-rowena")], caller)
        store.score("twin-of-rowena", scores((1, 1.0), note="a secret note"), caller)
        store.switch(switch(1), caller)
        raw = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert [secret for secret in secrets if secret.encode() in raw] == []


def test_a_sealed_file_opened_without_its_cipher_says_so(tmp_path: Path) -> None:
    path = tmp_path / "gemel.db"
    with SqliteStore(path, cipher=LockedCipher()) as store:
        store.enrol(OTHER, ANN)
    with SqliteStore(path) as store, pytest.raises(StoreError, match="open the store with the cipher"):
        store.subjects(ANN)


def test_the_head_of_the_audit_chain_moves_with_every_write(path: Path) -> None:
    with SqliteStore(path) as store:
        before = store.info()["journal_head"]
        store.append("s-1", [reading(5)], ANN)
        assert store.info()["journal_head"] != before
