"""Subjects, the names of their twins, the audit trail and the counts, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from gemel.core.ports import JournalEntry
from gemel.core.subject import Subject

from .vault import STORE, Vault

__all__ = ["counts", "enrol", "journal", "read", "twins"]


def enrol(connection: sqlite3.Connection, vault: Vault, subject: Subject) -> None:
    """Add a subject under a new key, or replace the description of a known one."""
    blind = vault.blind(STORE, "subject", subject.id)
    id_key, sealed_id = vault.seal(STORE, subject.id, f"subject/{blind.hex()}/id")
    key_id, payload = vault.seal(subject.id, subject, f"subject/{blind.hex()}")
    connection.execute(
        "INSERT INTO subject (blind, id_key, id, key_id, payload) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (blind) DO UPDATE SET key_id = excluded.key_id, payload = excluded.payload",
        (blind, id_key, sealed_id, key_id, payload),
    )


def read(connection: sqlite3.Connection, vault: Vault, visible: Callable[[str], bool]) -> Iterator[Subject]:
    """Subjects that are visible, in order of enrolment."""
    rows = connection.execute("SELECT id_key, id, blind, key_id, payload FROM subject ORDER BY key")
    for id_key, sealed_id, blind, key_id, payload in rows:
        subject = vault.subject_id(id_key, sealed_id, blind)
        if visible(subject):
            yield vault.open(subject, key_id, payload, f"subject/{blind.hex()}", Subject)


def twins(connection: sqlite3.Connection, vault: Vault, visible: Callable[[str], bool]) -> Iterator[str]:
    """Names of the twins of visible subjects, oldest first."""
    rows = connection.execute(
        "SELECT t.blind, t.key_id, t.payload, s.id_key, s.id, s.blind FROM twin t "
        "JOIN subject s ON s.key = t.subject ORDER BY t.key"
    )
    for blind, key_id, payload, *owner in rows:
        subject = vault.subject_id(*owner)
        if visible(subject):
            yield vault.open(subject, key_id, payload, f"twin/{blind.hex()}", str)


def journal(connection: sqlite3.Connection, vault: Vault, subject: str | None) -> list[JournalEntry]:
    """Audit entries of a subject, or all of them, oldest first."""
    if subject is None:
        rows = connection.execute("SELECT seq, key_id, payload FROM journal ORDER BY seq")
    else:
        blind = vault.blind(STORE, "subject", subject)
        rows = connection.execute("SELECT seq, key_id, payload FROM journal WHERE subject = ? ORDER BY seq", (blind,))
    return [vault.open(STORE, key_id, payload, f"journal/{seq}", JournalEntry) for seq, key_id, payload in rows]


def counts(connection: sqlite3.Connection) -> dict[str, Any]:
    """Rows of each table, bytes of the file and the head of the audit chain (hex)."""
    # facts are numbered without gaps and never removed, so the last number of a subject counts them
    tables = {name: f"SELECT count(*) FROM {name}" for name in ("subject", "twin", "checkpoint", "forecast", "score")}  # noqa: S608
    tables |= {name: f"SELECT coalesce(max(seq), 0) FROM {name}" for name in ("rejected", "journal", "switch")}  # noqa: S608
    tables["fact"] = "SELECT coalesce(sum((SELECT max(seq) FROM fact WHERE subject = key)), 0) FROM subject"
    found: dict[str, Any] = {name: connection.execute(query).fetchone()[0] for name, query in tables.items()}
    (pages,), (size,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    head = connection.execute("SELECT record FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return {**found, "bytes": pages * size, "journal_head": "" if head is None else head[0].hex()}
