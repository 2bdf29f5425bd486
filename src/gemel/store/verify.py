"""Is the file what was written?  Its pages, the audit chain, and each fact against its fingerprint."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from gemel.core.errors import GemelError
from gemel.core.ports import JournalEntry

from .vault import STORE, Vault

__all__ = ["faults"]


def faults(connection: sqlite3.Connection, vault: Vault) -> list[str]:
    """Everything found wrong, in words; empty for a sound file."""
    pages = [str(row[0]) for row in connection.execute("PRAGMA quick_check(20)")]
    if pages != ["ok"]:
        return pages  # rows of damaged pages would only repeat it
    return [*_chain(connection, vault), *_facts(connection, vault)]


def _chain(connection: sqlite3.Connection, vault: Vault) -> Iterator[str]:
    """Audit entries that the one before does not vouch for."""
    previous, expected = b"", 1
    for seq, key_id, payload, record in connection.execute(
        "SELECT seq, key_id, payload, record FROM journal ORDER BY seq"
    ):
        if seq != expected:
            yield f"journal: entries {expected} to {seq - 1} are missing"
        try:
            entry = vault.open(STORE, key_id, payload, f"journal/{seq}", JournalEntry)
        except GemelError as error:
            yield f"journal: entry {seq} cannot be read ({error})"
        else:
            if vault.journal.record(entry, previous) != record:
                yield f"journal: entry {seq} was altered, or one before it removed"
        previous, expected = record, seq + 1


def _facts(connection: sqlite3.Connection, vault: Vault) -> Iterator[str]:
    """Facts that are missing, unreadable or altered."""
    for key, blind, id_key, sealed_id in connection.execute("SELECT key, blind, id_key, id FROM subject ORDER BY key"):
        subject, expected = vault.subject_id(id_key, sealed_id, blind), 1
        for seq, recorded, content, key_id, payload in connection.execute(
            "SELECT seq, recorded, content, key_id, payload FROM fact WHERE subject = ? ORDER BY seq", (key,)
        ):
            if seq != expected:
                yield f"subject {key}: facts {expected} to {seq - 1} are missing"
            expected = seq + 1
            try:
                clear = vault.cipher.open(subject, key_id, payload, f"fact/{key}/{seq}/{recorded}".encode())
            except GemelError as error:
                yield f"subject {key}: fact {seq} cannot be opened ({error})"
                continue
            if vault.blind(subject, "fact", hashlib.sha256(clear).hexdigest()) != content:
                yield f"subject {key}: fact {seq} was altered"
