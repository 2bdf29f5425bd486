"""Files as version 2 wrote them: a fact and an audit entry in a row each."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gemel.core.fact import Fact
from gemel.core.ports import JournalEntry
from gemel.core.subject import Subject
from gemel.store.schema import MIGRATIONS, migrate
from gemel.store.vault import STORE, Vault


def write(path: Path, vault: Vault, held: Mapping[Subject, Sequence[Fact]], entries: Sequence[JournalEntry]) -> bytes:
    """A file of these subjects, facts and audit entries; returns the head of the audit chain."""
    connection = sqlite3.connect(path, isolation_level=None)
    assert migrate(connection, "x", vault, MIGRATIONS[:2]) == 2
    connection.execute("BEGIN")
    for key, (subject, facts) in enumerate(held.items(), start=1):
        blind = vault.blind(STORE, "subject", subject.id)
        named = vault.seal(STORE, subject.id, f"subject/{blind.hex()}/id")
        described = vault.seal(subject.id, subject, f"subject/{blind.hex()}")
        connection.execute("INSERT INTO subject VALUES (?, ?, ?, ?, ?, ?)", (key, blind, *named, *described))
        for seq, fact in enumerate(facts, start=1):
            clear = msgspec.msgpack.encode(fact)
            sealed = vault.cipher.seal(subject.id, clear, f"fact/{key}/{seq}/{fact.recorded}".encode())
            blinds = [
                vault.blind(subject.id, kind, word)
                for kind, word in (("code", fact.code), ("id", fact.id), ("fact", hashlib.sha256(clear).hexdigest()))
            ]
            connection.execute(
                "INSERT INTO fact VALUES (?, ?, ?, ?, 'observation', ?, ?, ?, ?, ?)",
                (key, seq, fact.at, fact.recorded, *blinds, *sealed),
            )
    record = b""
    for seq, entry in enumerate(entries, start=1):
        record = vault.journal.record(entry, record)
        sealed = vault.seal(STORE, entry, f"journal/{seq}")
        blind = vault.blind(STORE, "subject", entry.subject)
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", (seq, blind, *sealed, record))
    connection.execute("COMMIT")
    connection.close()
    return record
