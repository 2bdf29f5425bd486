"""The tables of the embedded store, as forward migrations from version 1.

What could say who or what is sealed: the subject's id, the facts, documents, waveforms, checkpoints, forecasts and
the audit entries are (key id, payload) pairs, and what must be found again is a blind index (a keyed hash).  In clear
stand only surrogate numbers and instants.  Everything but a subject's description only grows: what became of a
forecast is a row of its own (in version 1 it stood in the forecast's row, once).  Since version 3 facts, documents and
audit entries that became durable together stand in one row, a block: an index then has one entry for a message and not
one for a fact, so a large file takes as little time a fact as a small one.  To change the schema, append a tuple of
steps to `MIGRATIONS`; never edit an old one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from gemel.core.errors import StoreError

from .convert import into_blocks
from .vault import Vault

__all__ = ["APPLICATION", "MIGRATIONS", "Migrations", "migrate", "version"]

APPLICATION = 0x67656D6C
"""SQLite application id of our files: 'geml' in ASCII."""


Step = str | Callable[[sqlite3.Connection, Vault], None]
"""A statement, or a function that brings rows over."""


def _only_grows(table: str) -> tuple[str, str]:
    """Triggers that refuse to change or remove rows of a table."""
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refuse}; END",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}; END",
    )


_FIRST: tuple[str, ...] = (
    """CREATE TABLE subject (
        key INTEGER PRIMARY KEY, blind BLOB NOT NULL UNIQUE,
        id_key TEXT NOT NULL, id BLOB NOT NULL, key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    """CREATE TABLE fact (
        subject INTEGER NOT NULL REFERENCES subject, seq INTEGER NOT NULL,
        at INTEGER NOT NULL, recorded INTEGER NOT NULL, kind TEXT NOT NULL,
        code_blind BLOB NOT NULL, id_blind BLOB NOT NULL, content BLOB NOT NULL,
        key_id TEXT NOT NULL, payload BLOB NOT NULL,
        PRIMARY KEY (subject, seq), UNIQUE (subject, content)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE rejected (
        seq INTEGER PRIMARY KEY, subject INTEGER REFERENCES subject, at INTEGER NOT NULL,
        key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "CREATE INDEX rejected_subject ON rejected (subject, seq)",
    """CREATE TABLE twin (
        key INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES subject, blind BLOB NOT NULL UNIQUE,
        key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "CREATE INDEX twin_subject ON twin (subject)",
    """CREATE TABLE checkpoint (
        seq INTEGER PRIMARY KEY, twin INTEGER NOT NULL REFERENCES twin, at INTEGER NOT NULL,
        key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "CREATE INDEX checkpoint_at ON checkpoint (twin, at, seq)",
    """CREATE TABLE forecast (
        seq INTEGER PRIMARY KEY, blind BLOB NOT NULL UNIQUE, twin INTEGER NOT NULL REFERENCES twin,
        issued INTEGER NOT NULL, target INTEGER NOT NULL, key_id TEXT NOT NULL, payload BLOB NOT NULL,
        score_key TEXT, score BLOB) STRICT""",
    "CREATE INDEX forecast_twin ON forecast (twin, seq)",
    """CREATE TABLE journal (
        seq INTEGER PRIMARY KEY, subject BLOB NOT NULL,
        key_id TEXT NOT NULL, payload BLOB NOT NULL, record BLOB NOT NULL) STRICT""",
    "CREATE INDEX journal_subject ON journal (subject, seq)",
    *_only_grows("fact"),
    *_only_grows("rejected"),
    *_only_grows("checkpoint"),
    *_only_grows("journal"),
    """CREATE TRIGGER forecast_score_once BEFORE UPDATE ON forecast
        WHEN old.score IS NOT NULL OR new.score IS NULL
          OR new.seq IS NOT old.seq OR new.blind IS NOT old.blind
          OR new.twin IS NOT old.twin OR new.issued IS NOT old.issued OR new.target IS NOT old.target
          OR new.key_id IS NOT old.key_id OR new.payload IS NOT old.payload
        BEGIN SELECT RAISE(ABORT, 'a forecast can only be scored, once'); END""",
    """CREATE TRIGGER forecast_no_delete BEFORE DELETE ON forecast
        BEGIN SELECT RAISE(ABORT, 'forecast is append-only'); END""",
)

_LEDGER: tuple[str, ...] = (
    "CREATE INDEX forecast_target ON forecast (twin, target)",
    """CREATE TABLE score (
        seq INTEGER PRIMARY KEY, twin INTEGER NOT NULL REFERENCES twin, at INTEGER NOT NULL,
        key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "CREATE INDEX score_twin ON score (twin, seq)",
    """CREATE TABLE switch (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "DROP TRIGGER forecast_score_once",
    """CREATE TRIGGER forecast_no_update BEFORE UPDATE ON forecast
        BEGIN SELECT RAISE(ABORT, 'forecast is append-only'); END""",
    *_only_grows("score"),
    *_only_grows("switch"),
)

_BLOCKS: tuple[Step, ...] = (
    """CREATE TABLE fact_block (
        seq INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES subject,
        first INTEGER NOT NULL, last INTEGER NOT NULL, at_low INTEGER NOT NULL, at_high INTEGER NOT NULL,
        recorded_low INTEGER NOT NULL, recorded_high INTEGER NOT NULL, recorded_top INTEGER NOT NULL,
        digests BLOB NOT NULL, key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "CREATE UNIQUE INDEX fact_block_subject ON fact_block (subject, first)",
    """CREATE TABLE journal_block (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL,
        key_id TEXT NOT NULL, payload BLOB NOT NULL, record BLOB NOT NULL) STRICT""",
    """CREATE TABLE document_block (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL, subject INTEGER REFERENCES subject,
        recorded_low INTEGER NOT NULL, recorded_high INTEGER NOT NULL,
        key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "CREATE INDEX document_block_subject ON document_block (subject, first)",
    """CREATE TABLE document_index (
        blind BLOB NOT NULL, block INTEGER NOT NULL REFERENCES document_block,
        PRIMARY KEY (blind, block)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE identifier (
        seq INTEGER PRIMARY KEY, blind BLOB NOT NULL, subject INTEGER NOT NULL REFERENCES subject) STRICT""",
    "CREATE INDEX identifier_blind ON identifier (blind, seq)",
    """CREATE TABLE receipt (
        seq INTEGER PRIMARY KEY, blind BLOB NOT NULL UNIQUE, key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    """CREATE TABLE waveform (
        seq INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES subject, code BLOB NOT NULL,
        at INTEGER NOT NULL, ends INTEGER NOT NULL, key_id TEXT NOT NULL, payload BLOB NOT NULL) STRICT""",
    "CREATE INDEX waveform_at ON waveform (subject, code, at, ends)",
    into_blocks,
    "DROP TABLE fact",
    "DROP TABLE journal",
    *_only_grows("fact_block"),
    *_only_grows("journal_block"),
    *_only_grows("document_block"),
    *_only_grows("document_index"),
    *_only_grows("identifier"),
    *_only_grows("receipt"),
    *_only_grows("waveform"),
)

Migrations = tuple[tuple[Step, ...], ...]
"""Steps that lead from version n to n + 1, for n = 0, 1, ..."""

MIGRATIONS: Migrations = (_FIRST, _LEDGER, _BLOCKS)
"""Those of this program."""


def version(connection: sqlite3.Connection, location: str, migrations: Migrations = MIGRATIONS) -> int:
    """Schema version of a file, 0 for an empty one; StoreError for another program's or a newer gemel's."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application == APPLICATION:
        (found,) = connection.execute("SELECT coalesce(max(version), 0) FROM migration").fetchone()
        if found > len(migrations):
            known = len(migrations)
            raise StoreError(
                f"store {location}: schema version {found}, but this gemel knows up to {known}: update gemel"
            )
        return int(found)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables:
        raise StoreError(f"store {location}: an SQLite file of another program: choose a new path")
    return 0


def migrate(connection: sqlite3.Connection, location: str, vault: Vault, migrations: Migrations = MIGRATIONS) -> int:
    """Bring an open file to the last version, all or nothing, and return that; StoreError as in `version`.

    Rows that change their form are opened and sealed anew by the vault, which must hold the keys they were sealed with.
    """
    found = version(connection, location, migrations)
    if found == len(migrations):
        return found
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = version(connection, location, migrations)  # again, now that no other process can be half-way through
        if found == 0:
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute("CREATE TABLE migration (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL) STRICT")
        for number, steps in enumerate(migrations[found:], start=found + 1):
            for step in steps:
                if isinstance(step, str):
                    connection.execute(step)
                else:
                    step(connection, vault)
            connection.execute("INSERT INTO migration VALUES (?, ?)", (number, time.time_ns() // 1000))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return len(migrations)
