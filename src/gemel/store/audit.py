"""The audit trail: the entries of one transaction are one block, each chained to the one before.

record_n = journal(entry_n, record_(n-1));  a block keeps the record of its last entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gemel.core.errors import GemelError, StoreError
from gemel.core.ports import JournalEntry

from .connection import Connection
from .packing import pack, unpack
from .rows import JournalBlock
from .vault import STORE, Vault

__all__ = ["Head", "block", "broken", "head", "read"]

_ENCODE = msgspec.msgpack.Encoder().encode
_ENTRIES = msgspec.msgpack.Decoder(list[JournalEntry])


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The number of the last audit entry and its record; 0 and nothing at first."""

    last: int = 0
    record: bytes = b""


def head(connection: Connection) -> Head:
    """Where the audit trail ends."""
    found = connection.row("SELECT last, record FROM journal_block ORDER BY first DESC LIMIT 1")
    return Head() if found is None else Head(*found)


def block(vault: Vault, entries: Sequence[JournalEntry], before: Head) -> JournalBlock:
    """The row of these entries."""
    record, chain = before.record, vault.journal.record
    for entry in entries:
        record = chain(entry, record)
    first, last = before.last + 1, before.last + len(entries)
    sealed = vault.cipher.seal(STORE, pack(_ENCODE(entries)), _bound(first, last))
    return JournalBlock(first, last, *sealed, record)


def read(connection: Connection, vault: Vault, subject: str | None) -> list[JournalEntry]:
    """Audit entries of a subject, or all of them, oldest first.  All are opened to find one subject's."""
    rows = connection.rows("SELECT first, last, key_id, payload FROM journal_block ORDER BY first")
    entries = (entry for row in rows for entry in _opened(vault, *row))
    return [entry for entry in entries if subject is None or entry.subject == subject]


def broken(connection: Connection, vault: Vault) -> Iterator[str]:
    """Audit entries that are missing, or that the one before does not vouch for."""
    previous, expected = b"", 1
    rows = connection.rows("SELECT first, last, key_id, payload, record FROM journal_block ORDER BY first")
    for first, last, key_id, payload, record in rows:
        if first != expected:
            yield f"journal: entries {expected} to {first - 1} are missing"
        try:
            for entry in _opened(vault, first, last, key_id, payload):
                previous = vault.journal.record(entry, previous)
        except GemelError as error:
            yield f"journal: entries {first} to {last} cannot be read ({error})"
        else:
            if previous != record:
                yield f"journal: one of the entries {first} to {last} was altered, or one before them removed"
        previous, expected = record, last + 1


def _opened(vault: Vault, first: int, last: int, key_id: str, payload: bytes) -> list[JournalEntry]:
    try:
        entries = _ENTRIES.decode(unpack(vault.cipher.open(STORE, key_id, payload, _bound(first, last))))
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"entries {first} to {last} of the journal cannot be read ({error}): damaged") from error
    if len(entries) != last - first + 1:
        raise StoreError(f"entries {first} to {last} of the journal are {len(entries)}: damaged; restore a copy")
    return entries


def _bound(first: int, last: int) -> bytes:
    return f"journal/{first}/{last}".encode()
