"""From schema version 2 to 3: facts and audit entries, which stood in a row each, become blocks.

What was altered in the old file must not look sound in the new one: each fact is held against its fingerprint, and the
records of the audit trail are taken over, not made anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from gemel.core.errors import StoreError
from gemel.core.fact import Fact
from gemel.core.ports import JournalEntry

from . import audit
from .blocks import LONGEST, facts_row
from .memory import NEVER
from .prepare import Facts, digests
from .rows import JournalBlock, insertion
from .vault import STORE, Vault

__all__ = ["into_blocks"]

_FACTS = msgspec.msgpack.Decoder(Fact)

TOGETHER = 500
"""Audit entries of one block."""

R = TypeVar("R")

_OldFact = tuple[int, int, bytes, str, bytes]
_OldEntry = tuple[int, str, bytes, bytes]


def into_blocks(connection: sqlite3.Connection, vault: Vault) -> None:
    """Bring facts and audit entries over; StoreError for a fact that is missing or was altered."""
    subjects = connection.execute("SELECT key, id_key, id, blind FROM subject ORDER BY key").fetchall()
    for key, *sealed in subjects:
        _facts(connection, vault, key, vault.subject_id(*sealed))
    rows = connection.execute("SELECT seq, key_id, payload, record FROM journal ORDER BY seq")
    for some in _portions(rows, TOGETHER):
        for run in _runs(some):
            connection.execute(insertion("journal_block"), _entries(vault, run))


def _facts(connection: sqlite3.Connection, vault: Vault, key: int, subject: str) -> None:
    rows = connection.execute(
        "SELECT seq, recorded, content, key_id, payload FROM fact WHERE subject = ? ORDER BY seq", (key,)
    )
    first, top, digest_key = 1, NEVER, vault.digest_key(subject)
    for some in _portions(rows, LONGEST):
        clear = [_clear(vault, subject, key, first + place, row) for place, row in enumerate(some)]
        facts = Facts([_FACTS.decode(one) for one in clear], clear, digests(clear, digest_key))
        block = facts_row(vault, subject, key, first, facts, top)
        connection.execute(insertion("fact_block"), block)
        first, top = block.last + 1, block.recorded_top


def _clear(vault: Vault, subject: str, key: int, expected: int, row: _OldFact) -> bytes:
    """The fact's msgpack, if it is the expected one and what was written."""
    seq, recorded, content, key_id, payload = row
    clear = vault.cipher.open(subject, key_id, payload, f"fact/{key}/{seq}/{recorded}".encode())
    if seq != expected or vault.blind(subject, "fact", hashlib.sha256(clear).hexdigest()) != content:
        raise StoreError(f"subject {key}: fact {expected} was altered or is missing: restore a copy of the file")
    return clear


def _entries(vault: Vault, rows: Sequence[_OldEntry]) -> JournalBlock:
    """A block of audit entries, with the record that the last of them had."""
    entries = [vault.open(STORE, key_id, payload, f"journal/{seq}", JournalEntry) for seq, key_id, payload, _ in rows]
    before = audit.Head(rows[0][0] - 1, b"")
    return audit.block(vault, entries, before)._replace(record=rows[-1][3])


def _runs(rows: Sequence[_OldEntry]) -> Iterator[Sequence[_OldEntry]]:
    """The rows, parted where one is missing."""
    start = 0
    for place in range(1, len(rows)):
        if rows[place][0] != rows[place - 1][0] + 1:
            yield rows[start:place]
            start = place
    yield rows[start:]


def _portions(rows: Iterable[R], size: int) -> Iterator[list[R]]:
    remaining = iter(rows)
    while some := list(islice(remaining, size)):
        yield some
